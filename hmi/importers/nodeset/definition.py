"""How a NodeSet2 file is recognised, and what can be chosen when it is read."""

from __future__ import annotations

from hmi.plugins.definition import ImporterDefinition, Setting

SETTINGS = (
    Setting(
        "types",
        "string",
        "auto",
        "types that no object of the file has: auto proposes them when the file has no objects with values",
        ("auto", "all", "none"),
    ),
    Setting("shapes", "boolean", True, "objects with the same variables become instances of a proposed type"),
    Setting("shape_objects", "integer", 3, "so many such objects at least", minimum=2, maximum=1000),
    Setting("optional", "boolean", False, "types have their optional variables too"),
    Setting("writable", "boolean", True, "propose as writable what the file says can be written"),
    Setting("properties", "boolean", False, "propose the properties of objects as tags too"),
)


def recognises(start: str) -> float:
    """The root element and its namespace stand near the beginning."""
    if "<UANodeSet" not in start and ":UANodeSet" not in start:
        return 0.0
    return 1.0 if "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd" in start else 0.5


DEFINITION = ImporterDefinition(
    name="nodeset", title="OPC UA NodeSet2", suffixes=(".xml",), recognises=recognises, settings=SETTINGS
)
