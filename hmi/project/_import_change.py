"""What an import does to one thing of the plant, and what it collects while it is planned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hmi.project.importing import ImportFault, Place

ADDED: Final = "added"
CHANGED: Final = "changed"
UNCHANGED: Final = "unchanged"
NOWHERE: Final = Place()


@dataclass(frozen=True, slots=True)
class Change:
    """``verb`` is added, changed or unchanged; ``what`` a tag, the type of an instance, an alarm, area, type or
    connection. ``details`` are words such as ``range 0 … 5 -> 0 … 10``; confidence and why are of guesses.
    """

    verb: str
    what: str
    name: str
    details: tuple[str, ...] = ()
    place: Place = NOWHERE
    confidence: float = 1.0
    why: str = ""

    @property
    def sentence(self) -> str:
        """``tag intake/li101.pv: range 0 … 5 -> 0 … 10``."""
        head = f"{self.what} {self.name}"
        words = ", ".join(self.details)
        if self.verb == CHANGED:
            return f"{head}: {words}"
        return f"{head} {self.verb}{f' ({words})' if words else ''}"


@dataclass(frozen=True, slots=True)
class Followed:
    """References of one file that follow new names, one sentence each: ``alarm … : tag a/b -> a/c``."""

    file: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A proposal by its list and number: what is left out when it is at fault."""

    kind: str
    number: int


@dataclass(slots=True)
class Work:
    """Changes, faults and texts so far. ``names`` maps names of the source to those of the plant; ``left_out`` are
    proposals that are not taken; ``lines`` says which proposal stands in which line of a new text. ``type_names``:
    what the list calls types whose names the plant has for others; ``used_types``: kinds of the rows; ``spared_types``:
    those that instances of the plant do not take. ``renamed``: new names of rows of the plant; ``followed``: what of
    each file follows them.
    """

    left_out: frozenset[Source] = frozenset()
    changes: list[Change] = field(default_factory=list[Change])
    faults: list[ImportFault] = field(default_factory=list[ImportFault])
    at_fault: set[Source] = field(default_factory=set[Source])
    notes: list[str] = field(default_factory=list[str])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    names: dict[str, str] = field(default_factory=dict[str, str])
    areas: dict[str, str] = field(default_factory=dict[str, str])
    lines: dict[tuple[str, int], Source] = field(default_factory=dict[tuple[str, int], Source])
    type_names: dict[str, str] = field(default_factory=dict[str, str])
    used_types: set[str] = field(default_factory=set[str])
    spared_types: set[str] = field(default_factory=set[str])
    renamed: dict[str, str] = field(default_factory=dict[str, str])
    followed: list[Followed] = field(default_factory=list[Followed])

    def refuse(self, source: Source, text: str, place: Place, do: str = "") -> None:
        """An error of one proposal."""
        self.at_fault.add(source)
        self.faults.append(ImportFault(text, place, do))

    def remark(self, text: str, place: Place, do: str = "") -> None:
        """Something that is taken over otherwise than it stands in the source."""
        self.faults.append(ImportFault(text, place, do, is_error=False))
