"""What reading a display has to say: one sentence for each doubt, and not more than people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_FINDINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Embedding:
    """Where one display stands inside another: the file and the element that embeds it."""

    file: str
    element: str


@dataclass(frozen=True, slots=True)
class DisplayFinding:
    """One doubt about a display: where, what, and what to do.

    ``through`` are the embedding elements, outermost first, of a doubt about an embedded display. ``rule`` is the
    lint rule, where it is not the general one.
    """

    severity: str
    file: str
    line: int
    text: str
    do: str = ""
    element: str = ""
    through: tuple[Embedding, ...] = ()
    rule: str = ""


class Notes:
    """Collects findings; the last one says how many more there would be."""

    def __init__(self) -> None:
        self._found: dict[DisplayFinding, None] = {}
        self._left_out = 0
        self._file = ""

    def add(self, finding: DisplayFinding) -> None:
        if len(self._found) < MOST_FINDINGS:
            self._found[finding] = None
        elif finding not in self._found:
            self._left_out += 1
            self._file = finding.file

    def take(self, other: Notes) -> None:
        for finding in other._found:
            self.add(finding)
        if other._left_out:
            self._left_out += other._left_out
            self._file = other._file

    @property
    def findings(self) -> tuple[DisplayFinding, ...]:
        found = tuple(self._found)
        if not self._left_out:
            return found
        what = f"{self._left_out} more findings are not listed"
        return (*found, DisplayFinding("error", self._file, 0, what, "correct the listed ones first"))
