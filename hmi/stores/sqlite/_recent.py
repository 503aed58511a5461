"""What is committed and not yet in a day file, held in memory by tag: one snapshot is one state of the live file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.samples import Batch, Samples, joined
from hmi.stores.sqlite._rows import Effect
from hmi.stores.sqlite._slim import slim_joined, slim_taken, slimmed, tag_order

EARLIEST: Final = int(np.iinfo(np.int64).min)
LATEST: Final = int(np.iinfo(np.int64).max)
Seqs = NDArray[np.int64]
_FOLD: Final = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """A day file (or all of them) holds what commits up to ``seq`` say of times before ``until`` (UTC ns)."""

    seq: int = 0
    until: int = EARLIEST

    def holds(self, seqs: Seqs, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (seqs <= self.seq) & (times < self.until)

    def holds_all(self, seq: int, times: NDArray[np.int64]) -> bool:
        return seq <= self.seq and bool((times < self.until).all())


@dataclass(frozen=True, slots=True)
class DayRef:
    """The file of a UTC day (days since the epoch) as the live file names it; ``change`` counts its transactions."""

    day: int
    name: str
    change: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A commit that cannot be read: nobody knows what it said between two instants (UTC ns)."""

    seq: int
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Samples of some commits sorted by (tag, time, version); ``seqs``: the commit of each."""

    tags: NDArray[np.int32]
    seqs: Seqs
    samples: Samples
    first: int
    last: int
    commits: int

    @classmethod
    def of(cls, tags: NDArray[np.int32], seqs: Seqs, samples: Samples, *, commits: int = 1) -> Segment:
        """The samples in order; those of earlier commits first."""
        order = tag_order(tags, samples)
        samples = slimmed(samples) if order is None else slim_taken(slimmed(samples), order)
        if order is not None:
            tags, seqs = tags[order], seqs[order]
        first, last = (
            (int(samples.times.min()), int(samples.times.max())) if len(tags) else (LATEST, EARLIEST)
        )
        return cls(tags, seqs, samples, first, last, commits)

    @classmethod
    def joined(cls, parts: Sequence[Segment]) -> Segment:
        """One segment of several, in the order of their commits."""
        tags = np.concatenate([one.tags for one in parts])
        seqs = np.concatenate([one.seqs for one in parts])
        samples = slim_joined([one.samples for one in parts])
        return cls.of(tags, seqs, samples, commits=sum(one.commits for one in parts))

    def of_tag(self, tag: int, start: int, end: int) -> tuple[Seqs, Samples] | None:
        """Those of one tag with start <= time <= end."""
        if self.last < start or self.first > end:
            return None
        low = int(np.searchsorted(self.tags, np.int32(tag), side="left"))
        high = int(np.searchsorted(self.tags, np.int32(tag), side="right"))
        times = self.samples.times[low:high]
        begin = low + int(np.searchsorted(times, start, side="left"))
        stop = low + int(np.searchsorted(times, end, side="right"))
        if begin == stop:
            return None
        return self.seqs[begin:stop], self.samples.take(slice(begin, stop))

    @classmethod
    def unsorted(cls, seq: int, batch: Batch) -> Segment:
        """The samples of one commit as they came, to be joined."""
        return cls(batch.tags, np.full(len(batch), seq, np.int64), batch.samples, EARLIEST, LATEST, 1)

    def without(self, mark: Mark) -> Segment:
        """What ``mark`` does not hold; itself where that is more than half."""
        left = ~mark.holds(self.seqs, self.samples.times)
        if 2 * int(np.count_nonzero(left)) > len(left):
            return self
        return Segment.of(self.tags[left], self.seqs[left], self.samples.take(left), commits=self.commits)


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """A commit took samples away at these times (sorted)."""

    seq: int
    times: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One state of the live file: what is committed beyond ``mark`` and which file holds which day."""

    seq: int = 0
    time: int = 0
    mark: Mark = Mark()
    days: dict[int, DayRef] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    removals: dict[int, tuple[Removal, ...]] = field(default_factory=dict)
    holes: tuple[Hole, ...] = ()

    def of_tag(self, tag: int, start: int, end: int) -> tuple[Seqs, Samples]:
        """Samples of one tag with start <= time <= end beside the commit of each, in order of (time, version).

        What a later commit took away is left out.
        """
        found = [part for part in (one.of_tag(tag, start, end) for one in self.segments) if part]
        if not found:
            return np.empty(0, np.int64), Samples.empty()
        seqs, samples = np.concatenate([part[0] for part in found]), joined(part[1] for part in found)
        if len(found) > 1 and not bool((np.diff(samples.times) > 0).all()):
            order = np.lexsort((seqs, samples.versions, samples.times))
            seqs, samples = seqs[order], samples.take(order)
        for removal in self.removals.get(tag, ()):
            gone = (seqs < removal.seq) & np.isin(samples.times, removal.times)
            if gone.any():
                seqs, samples = seqs[~gone], samples.take(~gone)
        return seqs, samples

    def touched_hours(self, tag: int, hour_ns: int) -> NDArray[np.int64]:
        """Hours (since the epoch) of a tag in which something is added or removed beyond the day files."""
        _, samples = self.of_tag(tag, EARLIEST, LATEST)
        times = [samples.times, *(one.times for one in self.removals.get(tag, ()))]
        return np.unique(np.concatenate(times) // hour_ns)

    def with_commits(self, commits: Sequence[tuple[int, int, Effect]]) -> Snapshot:
        """The state after more commits: (seq, time, what it does)."""
        if not commits:
            return self
        added = [Segment.unsorted(seq, effect.added) for seq, _, effect in commits if len(effect.added)]
        removals = dict(self.removals)
        for seq, _, effect in commits:
            for tag, samples in effect.removed.by_tag() if len(effect.removed) else ():
                removals[tag] = (*removals.get(tag, ()), Removal(seq, samples.times))
        while len(added) > _FOLD:
            added[:_FOLD] = [Segment.joined(added[:_FOLD])]
            ready, added = added[:1], added[1:]
            self = replace(self, segments=(*_folded(self.segments, 1), *ready))
        fresh = [Segment.of(one.tags, one.seqs, one.samples) for one in added]
        segments = _folded((*self.segments, *fresh), _FOLD)
        last = commits[-1]
        return replace(self, seq=max(last[0], self.seq), time=last[1], segments=segments, removals=removals)

    def beyond(self, mark: Mark) -> Snapshot:
        """Without what the day files hold now."""
        left = [one.without(mark) for one in self.segments]
        removals = {
            tag: kept
            for tag, ones in self.removals.items()
            if (kept := tuple(one for one in ones if not mark.holds_all(one.seq, one.times)))
        }
        holes = tuple(one for one in self.holes if one.seq > mark.seq or one.last >= mark.until)
        segments = tuple(one for one in left if len(one.tags))
        return replace(self, mark=mark, segments=segments, removals=removals, holes=holes)


def _folded(segments: tuple[Segment, ...], least: int) -> tuple[Segment, ...]:
    """The small segments at the end as one, where they are so many: a tag is looked up in few places."""
    fresh = 0
    while fresh < len(segments) and segments[-1 - fresh].commits == 1:
        fresh += 1
    if fresh < max(least, 2):
        return segments
    return (*segments[:-fresh], Segment.joined(segments[-fresh:]))
