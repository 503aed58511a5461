"""What the importer of Kepware lists is called, its settings, and how its files are told from others."""

from __future__ import annotations

from collections.abc import Sequence

from hmi.plugins.definition import ImporterDefinition, Setting

NEEDED = ("tag name", "address", "data type", "client access")


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row is the header of such a list, in its present or its older form."""
    words = [cell.strip().strip('"').lower() for cell in cells]
    return all(word in words for word in NEEDED)


def recognises(start: str) -> float:
    """By the header, which no other product writes."""
    lines = start.splitlines()[:50]
    return 1.0 if any(is_header(line.split(",")) for line in lines) else 0.0


DEFINITION = ImporterDefinition(
    name="kepware",
    title="Kepware KEPServerEX: tags of a device as CSV",
    suffixes=(".csv", ".txt"),
    recognises=recognises,
    settings=(
        Setting(
            "prefix",
            "string",
            "keep",
            "channel and device before the names: keep, or drop",
            choices=("keep", "drop"),
        ),
        Setting("writable", "boolean", True, "tags that are R/W may be written by operators"),
        Setting(
            "device",
            "string",
            "",
            "Channel.Device of a list that does not name it, where the tags are read over OPC UA",
        ),
        Setting("namespace", "integer", 2, "OPC UA: namespace of the tags", minimum=0, maximum=65_535),
    ),
)
