"""The archive as a port: what the historian asks of the place that keeps samples (design section 5).

One process writes, any number of processes and threads read meanwhile. The embedded archive is ``hmi.stores.sqlite``;
the same blocks can live in a server. Every adapter passes ``tests/contract/archive_contract.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hmi.core.history import Modification
from hmi.historian.rollups import Rollups
from hmi.historian.samples import Batch, Samples


class DuplicatePolicy(Enum):
    """What becomes of a sample at an instant that is kept already (standards 7.2)."""

    KEEP_OR_REPLACE = "keep or replace"
    """Keep the first one where the value is the same, else replace it and keep the old one as modified history."""
    REPLACE = "replace"
    KEEP_FIRST = "keep first"
    APPEND = "append"
    """Keep both, told apart by their version."""


class CommitKind(Enum):
    """What a commit of the change feed did."""

    LIVE = "live"
    LATE = "late"
    """Out of order or back-filled: its samples lie before others that are known."""
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of the change feed: ``seq`` is its place in commit order, ``time`` when (UTC ns)."""

    seq: int
    time: int
    kind: CommitKind
    batch: Batch
    modification: Modification | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark of a person on a tag at an instant (UTC ns); ``deleted`` ones stay for the trail."""

    id: str
    tag_id: str
    time: int
    text: str
    user: str
    made: int
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """A block that cannot be trusted: which one, of which tag (0: several) and range, and what is wrong."""

    file: str
    block: str
    tag: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What one compaction did; ``until``: everything before it (UTC ns) is in chunks."""

    until: int
    samples: int = 0
    chunks: int = 0
    bytes: int = 0
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is complete: the newest commit, and up to when every live sample is durable (UTC ns)."""

    seq: int
    until: int
    first_seq: int = 0
    """Oldest commit that the feed still holds."""
    compacted: int = 0


class ArchiveReader(Protocol):
    """Reading; from any thread (each with its own connection) and any process. StorageError when it cannot be read.

    Damaged blocks are left out, never guessed: their range reads as one Bad sample with BadDataLost and GAP_BEFORE
    behind it, and ``damaged`` names them.
    """

    def tags(self) -> dict[str, int]:
        """Number of every tag id in the catalogue."""
        ...

    def read(self, tag: int, start: int, end: int, limit: int = 0, *, backwards: bool = False) -> Samples:
        """Samples with start <= time <= end in order of (time, version), at most ``limit`` (0: all of them).

        ``backwards``: newest first. Overlay (late, edited) and durable live samples are merged in. Samples of one
        instant are never cut apart.
        """
        ...

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        """The same in pieces of a bounded size, in time order; stop iterating to cancel."""
        ...

    def before(self, tag: int, at: int) -> Samples:
        """The newest sample with time < at, or none."""
        ...

    def after(self, tag: int, at: int) -> Samples:
        """The oldest sample with time > at, or none."""
        ...

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        """Rows of one level whose interval begins in [start, end); levels that are not kept are made from raw."""
        ...

    def expect(self, tags: Sequence[int], start: int, end: int, level_ns: int) -> None:
        """``rollups`` of all these tags are about to be asked for, and the samples on both sides of them; with a level
        of 0 ``blocks``: what they share is read once. Never raises.
        """
        ...

    def levels(self, tag: int) -> tuple[int, ...]:
        """Levels kept for a tag in ns, finest first."""
        ...

    def at(self, tags: Sequence[int], at: int) -> Batch:
        """The sample that held at an instant for each tag, exactly; tags without one are left out."""
        ...

    def keyframe(self, at: int) -> tuple[int, Batch] | None:
        """(its time, all values) of the newest keyframe at or before an instant, or None."""
        ...

    def modified(self, tag: int, start: int, end: int) -> list[tuple[Samples, Modification]]:
        """Replaced and deleted versions, each a Samples of one."""
        ...

    def feed(self, after: int, limit: int = 1_000) -> list[Commit]:
        """Commits with seq > after in order; a hole in ``seq`` at the begin is what fell out of the quota."""
        ...

    def coverage(self) -> Coverage: ...

    def annotations(self, tag_id: str, start: int, end: int) -> list[Annotation]: ...

    def damaged(self) -> list[Damage]: ...

    def close(self) -> None: ...


class Archive(ArchiveReader, Protocol):
    """Writing, by one process at a time and one thread at a time."""

    def number(self, tag_id: str) -> int:
        """Number of a tag id, given once and for ever."""
        ...

    def run(self, run_id: str) -> int:
        """Number of a run, given once and for ever."""
        ...

    def commit(self, batch: Batch, *, time: int) -> int:
        """Make live samples durable (fsync) in one commit; returns its ``seq``. StorageError: nothing was kept."""
        ...

    def insert(
        self,
        batch: Batch,
        *,
        time: int,
        kind: CommitKind = CommitKind.LATE,
        policy: DuplicatePolicy = DuplicatePolicy.KEEP_OR_REPLACE,
        modification: Modification | None = None,
    ) -> int:
        """Late, back-filled or edited samples into the overlay, durable; with DELETE those at these instants go."""
        ...

    def annotate(self, annotation: Annotation) -> None: ...

    def compact(self, until: int, *, stop: Callable[[], bool] = lambda: False) -> CompactReport:
        """Turn what lies before ``until`` (UTC ns, cut down to whole hours) into chunks, rollups and keyframes.

        Called in the writing process, between commits or beside them (it has its own connection); what it does is
        whole or not done. ``stop`` ends it early between two files.
        """
        ...
