"""What the importer of Ignition's tag exports is called and which settings it takes."""

from __future__ import annotations

import re

from hmi.plugins.definition import ImporterDefinition, Setting

SETTINGS = (
    Setting(
        "base", "integer", 1, "0 where the Modbus device counts from 0 in Ignition", minimum=0, maximum=1
    ),
    Setting("order", "string", "", "byte order of Modbus numbers", ("", "ABCD", "CDAB", "BADC", "DCBA")),
    Setting("devices", "string", "", "connections of devices and OPC UA servers: PLC1=plc1,PLC2=plc2"),
    Setting(
        "prefix", "string", "", "put before the names of types, where the plant has others of their names"
    ),
    Setting(
        "nested",
        "string",
        "members",
        "signals: UDTs inside of UDTs become signals of the outer type",
        ("members", "signals"),
    ),
    Setting("writable", "string", "stated", "all: tags that do not say readOnly too", ("stated", "all")),
)


def recognises(start: str) -> float:
    """Sure when the words of a tag export stand in JSON."""
    if not start.lstrip().startswith(("{", "[")):
        return 0.0
    if re.search(r'"tagType"\s*:', start):
        return 1.0
    return 0.7 if re.search(r'"(?:valueSource|opcItemPath|typeId)"\s*:', start) else 0.0


DEFINITION = ImporterDefinition(
    name="ignition",
    title="Ignition tag export (JSON)",
    suffixes=(".json",),
    recognises=recognises,
    settings=SETTINGS,
)
