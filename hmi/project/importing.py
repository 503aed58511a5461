"""What a list of tags or a device proposes for a plant: rows, types and alarms as texts of the plant's own files.

Importers read files into it, browsers of drivers read devices into it, and one road (``hmi.project.import_plan``)
compares it with the plant, shows the difference and writes it. Nothing here knows where a proposal came from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where a proposal stands in its source: ``line`` from 1 (0 = no line), ``path`` such as a folder of a tree."""

    line: int = 0
    path: str = ""


class Reference(NamedTuple):
    """One place that names a tag or an instance: ``kind`` such as display or alarm, the ``user``, an ``element`` of a
    display, the ``name``; ``file`` and ``line`` say where.
    """

    kind: str
    user: str
    element: str
    name: str
    file: str = ""
    line: int = 0

    @property
    def what(self) -> tuple[str, str, str, str]:
        """It without its place."""
        return self.kind, self.user, self.element, self.name


@dataclass(frozen=True, slots=True)
class ProposedRow:
    """One row of tags.csv. ``cells`` are texts by ``TAG_COLUMNS``, always with ``kind`` and ``name``.

    Only cells that the source states are named: what is not named stays as the plant has it. ``id`` may be given by a
    list that this product wrote; it then finds its row even when the name has changed. ``confidence`` (0 to 1) and
    ``why`` are of guesses; 1 and empty = the source says so. A cell that is named and empty says that there is nothing.
    ``option_keys``: the options that the source speaks of; further ones of the plant stay. Empty: it speaks of all.
    """

    cells: Mapping[str, str]
    place: Place = Place()
    confidence: float = 1.0
    why: str = ""
    option_keys: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.cells["name"]


@dataclass(frozen=True, slots=True)
class ProposedAlarm:
    """One row of alarms.csv, texts by ``ALARM_COLUMNS``, always with ``tag`` and ``kind``."""

    cells: Mapping[str, str]
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class ProposedType:
    """One file ``types/<name>.toml``; ``text`` is the whole file. A type that the plant has is never overwritten."""

    name: str
    text: str
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class ProposedConnection:
    """One ``[connection.NAME]`` of plant.toml: made only where the plant has none of this name."""

    name: str
    driver: str
    endpoint: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ImportFault:
    """Something that cannot be taken over. ``is_error`` False: it is left out or changed, and this says how."""

    text: str
    place: Place = Place()
    do: str = ""
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything that a source proposes. ``areas``: paths that the names need, by title. ``notes``: facts for people,
    such as the identity of a device.
    """

    rows: Sequence[ProposedRow] = ()
    alarms: Sequence[ProposedAlarm] = ()
    types: Sequence[ProposedType] = ()
    connections: Sequence[ProposedConnection] = ()
    areas: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: Sequence[ImportFault] = ()
    notes: Sequence[str] = ()


Told = Callable[[str, int, int], None]
"""Progress in words: what is done, how many of how many (0 = not known)."""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What an importer may know of the plant. ``connection``: the one that tags belong to where the source names none;
    ``area``: put before every name that has no area of the plant; ``columns``: names of columns of the source by
    ``TAG_COLUMNS`` (``hmi import --map``).
    """

    connections: Mapping[str, str] = field(default_factory=dict[str, str])
    """Driver by name of connection."""
    areas: Sequence[str] = ()
    connection: str = ""
    area: str = ""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    scans: Mapping[str, int] = field(default_factory=dict[str, int])
    """Period in ms by name of scan class."""
    signals: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])
    """Signals by name of type."""
    told: Told = lambda _what, _done, _of: None

    def scan_for(self, period_ms: float) -> str:
        """The scan class of this period, else the slowest that is not slower, else the fastest; empty without any."""
        fitting = [name for name, period in self.scans.items() if period <= period_ms]
        if fitting:
            return max(fitting, key=lambda name: self.scans[name])
        return min(self.scans, key=lambda name: self.scans[name], default="")


class Importer(Protocol):
    """The module ``importer.py`` of ``hmi/importers/<name>/``."""

    def read(self, file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
        """What the file proposes. ConfigurationError in one sentence when it cannot be read at all; a row that cannot
        be taken is an ``ImportFault`` and the others go on.
        """
        ...


@dataclass(frozen=True, slots=True)
class BrowseAsk:
    """What to look at. ``endpoint`` in the words of the driver, ``settings`` those of its connection, ``options`` those
    of the browser (``BROWSE_OPTIONS`` of its module), ``data`` the folder with the plant's certificates and trust list
    (None: none), ``connection`` the name that proposed tags get.
    """

    endpoint: str
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    connection: str
    area: str = ""
    data: Path | None = None
    told: Told = lambda _what, _done, _of: None


class Browser(Protocol):
    """The module ``browser.py`` of ``hmi/drivers/<name>/``, for drivers that can list what a device has.

    It only reads, bounded in nodes, time and rate, and ends when it is cancelled.
    """

    async def browse(self, ask: BrowseAsk) -> Imported:
        """What the device proposes. ConfigurationError or CommunicationError, in one sentence, when it fails."""
        ...
