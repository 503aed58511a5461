"""What is known of a node of an address space, as cells of tags.csv."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from hmi.project._space_model import Facts, SpaceNode
from hmi.project._space_names import cell

MOST_STATES: Final = 1000
UNECE: Final = (
    "http://www.opcfoundation.org/UA/units/un/cefact",
    "http://opcfoundation.org/UA/units/un/cefact",
)
_WITHOUT_RANGE: Final = frozenset(("bool", "enum", "string", "time", "bytes", "structure"))


def fact_cells(facts: Facts) -> Iterator[tuple[str, str]]:
    """Unit, range and states as cells; only what is stated."""
    if facts.unit:
        yield "unit", cell(facts.unit)
    if facts.unit_code:
        yield "unit_code", facts.unit_code
    if (ends := facts.ends) and facts.type not in _WITHOUT_RANGE:
        yield "low", number(ends[0])
        yield "high", number(ends[1])
    if facts.states:
        yield "states", states_cell(facts.states)


def states_cell(states: Mapping[int, str]) -> str:
    """``0=Closed;1=Open``; the mark between two states cannot stand in a text."""
    some = sorted(states.items())[:MOST_STATES]
    return ";".join(f"{value}={cell(text).replace(';', ',')}" for value, text in some)


def unit_code(number: object, namespace: str) -> str:
    """The UNECE code that a unit's number stands for (Part 8, 5.6.4.3): its letters one after the other."""
    if not isinstance(number, int) or namespace not in UNECE or not 0 < number < 1 << 32:
        return ""
    letters = number.to_bytes(4, "big").lstrip(b"\0")
    return letters.decode("ascii") if letters.isalnum() and letters.isascii() else ""


def number(value: float) -> str:
    """Shortest text that reads as the same number."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def described(node: SpaceNode) -> str:
    """What people read of a node: its description, else a title that says more than its name."""
    return next((text for text in (node.description, node.title) if text and text != node.name), "")
