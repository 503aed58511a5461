"""Data types of Kepware in the types of tags, and how many registers each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class KepwareType(NamedTuple):
    """``called`` in Kepware; ``type`` of the tag; ``wire`` the type in the device; ``words`` are registers (0: as many
    as its text has).
    """

    called: str
    type: str
    wire: str
    words: int


TYPES: Final[Mapping[str, KepwareType]] = {
    "boolean": KepwareType("Boolean", "bool", "bool", 1),
    "word": KepwareType("Word", "uint16", "uint16", 1),
    "short": KepwareType("Short", "int16", "int16", 1),
    "dword": KepwareType("DWord", "uint32", "uint32", 2),
    "long": KepwareType("Long", "int32", "int32", 2),
    "float": KepwareType("Float", "float32", "float32", 2),
    "double": KepwareType("Double", "float64", "float64", 4),
    "qword": KepwareType("QWord", "uint64", "uint64", 4),
    "llong": KepwareType("LLong", "int64", "int64", 4),
    "bcd": KepwareType("BCD", "uint16", "bcd16", 1),
    "lbcd": KepwareType("LBCD", "uint32", "bcd32", 2),
    "string": KepwareType("String", "string", "string", 0),
}
ARRAY: Final = " array"
