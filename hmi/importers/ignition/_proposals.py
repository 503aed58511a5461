"""What an Ignition file proposes, gathered from tags and instances, and how fields become cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.importers.ignition._fields import Point
from hmi.importers.ignition._tree import Node
from hmi.importers.ignition._values import words
from hmi.project.import_names import legal_part
from hmi.project.importing import ImportFault, ProposedAlarm, ProposedRow, ProposedType

_HOLE: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)([+-]\d+)?\}")
_WIDE: Final = ("int32", "uint32", "int64", "uint64", "float32", "float64", "bcd32")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")


@dataclass(slots=True)
class Proposals:
    """Rows, alarms of single tags, types of single instances, and faults, in their order. ``wide``: how many tags have
    several registers whose order nobody has said.
    """

    rows: list[ProposedRow] = field(default_factory=list[ProposedRow])
    alarms: list[ProposedAlarm] = field(default_factory=list[ProposedAlarm])
    types: list[ProposedType] = field(default_factory=list[ProposedType])
    faults: list[ImportFault] = field(default_factory=list[ImportFault])
    wide: int = 0

    @property
    def errors(self) -> int:
        """How many faults leave something out."""
        return sum(fault.is_error for fault in self.faults)

    def count(self, points: Iterable[Point]) -> None:
        """Look for points with several registers and no byte order."""
        self.wide += sum(
            point.target is not None
            and point.target.wire in _WIDE
            and "order" not in point.fields.get("options", {})
            for point in points
        )

    def alarm(self, tag: str, name: str, alarm: Mapping[str, Any], node: Node) -> None:
        """A row of alarms.csv."""
        cells = {"tag": tag, "name": words(name)}
        cells.update({key: text for key, value in alarm.items() if (text := cell(value)) != ""})
        self.alarms.append(ProposedAlarm(cells, node.place))


def cell(value: Any) -> str:
    """A field as a cell of tags.csv."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, Mapping):
        return ";".join(f"{key}={cell(part)}" for key, part in value.items())
    return "" if value is None else str(value)


def fits_a_cell(text: str) -> bool:
    """Whether a value can stand in the column parameters, which parts at semicolons and strips blanks."""
    return ";" not in text and text == text.strip() and text.isprintable()


def filled(value: Any, texts: Mapping[str, str]) -> Any:
    """The value with the holes of a type filled for one instance, where a file has none."""

    def fill(found: re.Match[str]) -> str:
        text = texts.get(found[1], found[0])
        return str(int(text) + int(found[2])) if found[2] and _WHOLE.fullmatch(text) else text

    return _HOLE.sub(fill, value) if isinstance(value, str) else value


def described(original: str, text: str) -> str:
    """What people read: the text, with the name that the tag had where it could not stay."""
    if legal_part(original) == original:
        return text
    return f"{text} ({words(original)})" if text else words(original)
