"""What is committed and not yet in a day file, held in memory by tag: one snapshot is one state of the live file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.historian.rollups import HOUR
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
    """Samples of some commits sorted by (tag, time, version); ``seqs``: the commit of each, ``covers``: all of them."""

    tags: NDArray[np.int32]
    seqs: Seqs
    samples: Samples
    first: int
    last: int
    commits: int
    covers: Seqs

    @classmethod
    def of(
        cls,
        tags: NDArray[np.int32],
        seqs: Seqs,
        samples: Samples,
        *,
        commits: int = 1,
        covers: Seqs | None = None,
    ) -> Segment:
        """The samples in order; those of earlier commits first."""
        order = tag_order(tags, samples)
        samples = slimmed(samples) if order is None else slim_taken(slimmed(samples), order)
        if order is not None:
            tags, seqs = tags[order], seqs[order]
        first, last = (
            (int(samples.times.min()), int(samples.times.max())) if len(tags) else (LATEST, EARLIEST)
        )
        return cls(tags, seqs, samples, first, last, commits, np.unique(seqs) if covers is None else covers)

    @classmethod
    def joined(cls, parts: Sequence[Segment]) -> Segment:
        """One segment of several, in the order of their commits."""
        tags = np.concatenate([one.tags for one in parts])
        seqs = np.concatenate([one.seqs for one in parts])
        samples = slim_joined([one.samples for one in parts])
        covers = np.unique(np.concatenate([one.covers for one in parts]))
        return cls.of(tags, seqs, samples, commits=sum(one.commits for one in parts), covers=covers)

    @property
    def commits_span(self) -> tuple[int, int]:
        """Numbers of the first and the last commit in it."""
        return int(self.covers[0]), int(self.covers[-1])

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        columns = (getattr(self.samples, name) for name in ("times", "bits", "receives", "statuses", "flags"))
        same = self.samples.receives is self.samples.times
        held = sum(one.nbytes for one in columns if one.strides != (0,)) - (
            self.samples.times.nbytes if same else 0
        )
        return self.tags.nbytes + self.seqs.nbytes + held + 64 * len(self.samples.objects) + 1_000

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

    def held(self, tags: NDArray[np.int32], at: int) -> tuple[NDArray[np.intp], Samples]:
        """(places of the tags that have a sample at or before an instant, the last such sample of each)."""
        found = _last_in(self, tags, at)
        has = np.flatnonzero(found >= 0)
        return has, self.samples.take(found[has])

    def hours_of(self, tag: int) -> Iterable[int]:
        """Hours (since the epoch) in which a tag has samples."""
        found = self.of_tag(tag, EARLIEST, LATEST)
        return np.unique(found[1].times // HOUR).tolist() if found else ()

    def of_commits(self, seqs: Seqs, *, others: bool = False) -> Segment:
        """What these commits said, or what all others did; itself where that is everything."""
        chosen = np.isin(self.covers, seqs, invert=others)
        if chosen.all():
            return self
        covers = self.covers[chosen]
        left = np.isin(self.seqs, covers)
        tags, seqs, samples = self.tags[left], self.seqs[left], self.samples.take(left)
        return Segment.of(tags, seqs, samples, commits=self.commits, covers=covers)

    @classmethod
    def unsorted(cls, seq: int, batch: Batch) -> Segment:
        """The samples of one commit as they came, to be joined."""
        seqs = np.full(len(batch), seq, np.int64)
        return cls(batch.tags, seqs, batch.samples, EARLIEST, LATEST, 1, seqs[:1])

    def without(self, mark: Mark) -> Segment:
        """What ``mark`` does not hold; itself where that is more than half."""
        left = ~mark.holds(self.seqs, self.samples.times)
        if 2 * int(np.count_nonzero(left)) > len(left):
            return self
        return Segment.of(self.tags[left], self.seqs[left], self.samples.take(left), commits=self.commits)


def _last_in(segment: Segment, tags: NDArray[np.int32], at: int) -> NDArray[np.int64]:
    """Place of the last sample at or before an instant for each tag, -1 without one."""
    low = np.searchsorted(segment.tags, tags, side="left").astype(np.int64)
    high = np.searchsorted(segment.tags, tags, side="right").astype(np.int64)
    begins = low.copy()
    if segment.last > at:
        times = segment.samples.times
        bottom, top = low, high
        while bool((bottom < top).any()):
            middle = (bottom + top) // 2
            early = (bottom < top) & (times[np.minimum(middle, len(times) - 1)] <= at)
            bottom, top = np.where(early, middle + 1, bottom), np.where(early | (bottom >= top), top, middle)
        high = bottom
    return np.where(high > begins, high - 1, -1)


class Packed(Protocol):
    """A part of a snapshot that is not in memory: ``hmi.stores.sqlite._packs.PackedSegment``."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def commits_span(self) -> tuple[int, int]: ...
    def of_tag(self, tag: int, start: int, end: int) -> tuple[Seqs, Samples] | None: ...
    def held(self, tags: NDArray[np.int32], at: int) -> tuple[NDArray[np.intp], Samples]: ...
    def hours_of(self, tag: int) -> Iterable[int]: ...


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
    packs: tuple[Packed, ...] = ()
    segments: tuple[Segment, ...] = ()
    removals: dict[int, tuple[Removal, ...]] = field(default_factory=dict)
    holes: tuple[Hole, ...] = ()

    def of_tag(self, tag: int, start: int, end: int) -> tuple[Seqs, Samples]:
        """Samples of one tag with start <= time <= end beside the commit of each, in order of (time, version).

        What a later commit took away is left out.
        """
        found = [part for part in (one.of_tag(tag, start, end) for one in self.parts) if part]
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

    @property
    def parts(self) -> tuple[Packed | Segment, ...]:
        """Packs and segments, older ones first."""
        return (*self.packs, *self.segments)

    def touched_hours(self, tag: int) -> NDArray[np.int64]:
        """Hours (since the epoch) of a tag in which something may be added or removed beyond the day files."""
        hours: set[int] = set()
        for part in self.parts:
            if found := part.hours_of(tag):
                is_old = part.commits_span[1] <= self.mark.seq
                hours.update(hour for hour in found if not is_old or hour * HOUR >= self.mark.until)
        times = [one.times for one in self.removals.get(tag, ())]
        if not hours and not times:
            return np.empty(0, np.int64)
        gone = np.concatenate(times) // HOUR if times else np.empty(0, np.int64)
        return np.union1d(np.fromiter(hours, np.int64, len(hours)), gone)

    def with_packs(self, packs: Sequence[Packed], covered: Seqs) -> Snapshot:
        """With these packs and no others; ``covered``: commits that are in one of them."""
        left = (one.of_commits(covered, others=True) for one in self.segments)
        return replace(self, packs=tuple(packs), segments=tuple(one for one in left if len(one.tags)))

    def with_commits(self, commits: Sequence[tuple[int, int, Effect]]) -> Snapshot:
        """The state after more commits: (seq, time, what it does)."""
        if not commits:
            return self
        added = [Segment.unsorted(seq, effect.added) for seq, _, effect in commits if len(effect.added)]
        removals = dict(self.removals)
        for seq, _, effect in commits:
            for tag, samples in effect.removed.by_tag() if len(effect.removed) else ():
                removals[tag] = (*removals.get(tag, ()), Removal(seq, samples.times))
        while len(added) >= _FOLD:
            added[:_FOLD] = [Segment.joined(added[:_FOLD])]
            ready, added = added[:1], added[1:]
            self = replace(self, segments=(*_folded(self.segments, 1), *ready))
        fresh = [Segment.of(one.tags, one.seqs, one.samples, covers=one.covers) for one in added]
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
