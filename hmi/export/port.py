"""What a job hands to an exporter, and what the exporter owes it (standards 7.4, 8.5; design 2b.8).

An exporter is a folder below ``hmi/exporters`` with ``definition.py`` (``ExporterDefinition``) and ``exporter.py``
(``create(settings, context) -> Exporter``). It is called by one thread at a time and may block: each job has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.core.errors import WatchkeeperError
from hmi.core.values import ValueType
from hmi.historian.port import ArchiveReader
from hmi.historian.samples import Samples
from hmi.journal import JournalReader
from hmi.project.plant import Plant


class ExportError(WatchkeeperError):
    """A package was not delivered; the message is one sentence for a person."""


class TargetUnavailable(ExportError):
    """The target does not answer, or not now: the same package is tried again, later and later."""


class TargetRefused(ExportError):
    """The target says no, and will until a person changes something (rights, schema, certificate, a full disk)."""


class RecordsRefused(ExportError):
    """Some rows cannot be taken (``reasons`` by row of the package): they go to quarantine, the rest is tried again."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__(f"{len(self.reasons)} rows were refused: {next(iter(self.reasons.values()), '')}")


@dataclass(frozen=True, slots=True)
class ExportTag:
    """One series. ``key`` is its name for programs and never changes: the tag's id, for an aggregate
    ``ID/Average/60s``. ``path``: names of the ISA-95 tree from the plant down, the signal last. ``unit_code``: UNECE
    Recommendation 20. ``connection``: the device it
    comes from. ``aggregate`` and ``interval_s`` of a series that is calculated. ``is_stepped``: between two
    samples the value stands; ``was_stepped`` and ``was_compressed``: so it was of the samples that an aggregate is made
    of.
    ``held_s``: so long a sample may be held back before it is recorded.
    """

    key: str
    name: str
    path: tuple[str, ...]
    area: str
    type: ValueType
    unit: str = ""
    unit_code: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""
    states: Mapping[int, str] = field(default_factory=dict[int, str])
    connection: str = ""
    is_stepped: bool = False
    is_compressed: bool = False
    aggregate: str = ""
    interval_s: int = 0
    was_stepped: bool = False
    was_compressed: bool = False
    held_s: float = 0.0


class Haste(Enum):
    """Why a package comes now."""

    LIVE = "live"
    BACKFILL = "backfill"
    """It waited, or is from before the job began: it says nothing of how the plant is now."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """The statement that goes with each package; they are a chain (``digest`` of one is ``previous`` of the next).

    ``number`` counts 1, 2, 3 … for each stream without a hole. ``first`` to ``last``: the commits of the history that
    are in it (0 where it was read out of the archive). ``rows`` and ``sum``: how many there are and the sum of their
    digests (``hmi.export.digest``). ``complete_until``: everything of the stream with an earlier source time and
    recorded until then is in this package or one before (UTC ns; 0: not known). ``dropped``: commits that fell out
    of the quota, as pairs. ``schema``: digest of the list of series. ``coverage``: by key up to when it is final, and
    its gaps, where it was asked for.
    """

    stream: str
    number: int
    previous: str
    first: int
    last: int
    rows: int
    sum: str
    complete_until: int
    schema: str
    made: int
    haste: Haste = Haste.LIVE
    dropped: tuple[tuple[int, int], ...] = ()
    quarantined: int = 0
    coverage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples of several series as columns of one length, in commit order; of one series in time order.

    ``places``: which of ``tags`` each row is of. ``revisions``: the commit that brought it; the highest one of a
    (key, time, version) counts. ``deleted``: the row says that this sample is no more. Bad values are no values:
    ``kinds`` NONE with their status (``samples.statuses``), never 0.
    """

    tags: tuple[ExportTag, ...]
    places: NDArray[np.int32]
    samples: Samples
    revisions: NDArray[np.int64]
    deleted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True, slots=True)
class Event:
    """One record of alarms or audit, as a flat mapping of texts and numbers; ``number`` is its place in the journal."""

    number: int
    time: int
    kind: str
    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Package:
    """What is delivered in one step, whole or not at all: ``rows`` or ``events``, and the statement about it."""

    watermark: Watermark
    rows: Rows | None = None
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        return len(self.rows) if self.rows is not None else len(self.events)


@dataclass(frozen=True, slots=True)
class Schema:
    """All series of a stream in one version; ``digest`` names it. ``site``: short name of the plant."""

    stream: str
    digest: str
    tags: tuple[ExportTag, ...]
    site: str
    title: str
    zone: str
    quality_rule: str
    made: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What an exporter that answers questions may read (``ExporterDefinition.reads``). ``plant``: the revision that its
    series are of. ``data``: the folder of the runtime, ``archive_name`` the archive below it. Whoever opens a reader
    closes it; one of the journal is for one thread at a time.
    """

    plant: Plant
    data: Path
    archive_name: str
    archive: Callable[[], ArchiveReader]
    journal: Callable[[], JournalReader]


@dataclass(frozen=True, slots=True)
class ExportContext:
    """What an exporter may know of its job. ``secret`` reads one of the operating system's key store by name."""

    job: str
    stream: str
    site: str
    title: str
    is_simulated: bool
    what: str
    secret: Callable[[str], str]
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    stored: Stored | None = None
    hears: Callable[[], bool] = lambda: True
    """Whether the running plant is heard now, for an exporter that shows it."""


class Exporter(Protocol):
    """A target. Every method may raise TargetUnavailable or TargetRefused, and is called again then."""

    def open(self) -> Watermark | None:
        """Get ready; the last statement that the target itself holds of this stream, where it can tell."""
        ...

    def describe(self, schema: Schema) -> None:
        """Publish the list of series; called after ``open`` and whenever it changes, before their first row."""
        ...

    def deliver(self, package: Package) -> None:
        """Return only when the target has it for good. The same package may come again and must change nothing."""
        ...

    def idle(self) -> None:
        """Called about once a second while nothing is to be delivered: life signs, births, expiry."""
        ...

    def close(self) -> None: ...


class LiveExporter(Exporter, Protocol):
    """A target that also shows how the plant is now (``ExporterDefinition.live``)."""

    def live(self, rows: Rows) -> None:
        """The newest values as they change, without those between: in the order of time, at least once a second.

        They come from the running plant and not from the history, so nothing is held back by compression. What was
        not told while the target was away is not told here: it comes by ``deliver`` as BACKFILL. After ``open`` the
        first call brings every series. A series whose source is lost comes with its Bad status. Raises as ``deliver``.
        """
        ...
