"""The nodes of an OPC UA address space as browsing a server and reading a NodeSet2 file both give them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from hmi.project._space_standard import ENUMERATION

UA_SPACE: Final = "http://opcfoundation.org/UA/"

BUILT_IN: Final[Mapping[int, str]] = {
    1: "bool", 2: "int8", 3: "uint8", 4: "int16", 5: "uint16", 6: "int32", 7: "uint32", 8: "int64", 9: "uint64",
    10: "float32", 11: "float", 12: "string", 13: "time", 14: "string", 15: "bytes", 16: "string", 17: "string",
    18: "string", 19: "uint32", 20: "string", 21: "string", 22: "structure", 23: "structure", 25: "structure",
    ENUMERATION: "enum",
}  # fmt: skip
"""Our type by the number of a built-in type (Part 6, 5.1.2), and of Enumeration; 24, any of them, is not here."""


@dataclass(slots=True)
class Facts:
    """What is known of a variable or a method. ``type`` in the words of tags.csv; empty: not known."""

    type: str = ""
    is_writable: bool = False
    has_history: bool = False
    low: float | None = None
    high: float | None = None
    unit: str = ""
    unit_code: str = ""
    states: Mapping[int, str] = field(default_factory=dict[int, str])
    problem: str = ""
    """Why it cannot be a tag."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """The range where it is one."""
        low, high = self.low, self.high
        if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)) or low >= high:
            return None
        return low, high


@dataclass(slots=True)
class SpaceNode:
    """An object, variable or method where it was found first. ``parent``: place in the list, -1 below the root.

    ``address`` is in the words of the driver; ``space`` and ``type_space`` are the namespaces of the browse name and
    of the type; ``identity`` holds the properties by which a device says what it is.
    """

    address: str
    parent: int
    name: str
    kind: Literal["object", "variable", "method"] = "object"
    space: str = ""
    title: str = ""
    description: str = ""
    type_name: str = ""
    type_space: str = ""
    facts: Facts | None = None
    identity: dict[str, str] = field(default_factory=dict[str, str])
    line: int = 0

    @property
    def is_typed(self) -> bool:
        """An object that is of a type somebody thought of."""
        return self.kind == "object" and bool(self.type_name) and self.type_space not in ("", UA_SPACE)


@dataclass(frozen=True, slots=True)
class SpaceAsk:
    """How it is proposed: the connection and area of the tags.

    ``types``: instances of one type become instances of a proposed type, and with ``shapes`` so do so many objects with
    the same variables, 0 = never. ``writable``: what the server lets us write is proposed as writable.
    """

    connection: str = ""
    area: str = ""
    types: bool = True
    writable: bool = True
    shapes: int = 3


class Paths:
    """Browse paths as texts for people and for names."""

    def __init__(self, nodes: Sequence[SpaceNode]) -> None:
        self._nodes = nodes

    def parts(self, place: int) -> tuple[str, ...]:
        out: list[str] = []
        while place >= 0:
            out.append(self._nodes[place].name)
            place = self._nodes[place].parent
        return tuple(reversed(out))

    def text(self, place: int) -> str:
        return "/".join(self.parts(place))
