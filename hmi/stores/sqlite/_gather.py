"""Takes what commits say of one hour out of the live file and sorts it by tag."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.rollups import HOUR
from hmi.historian.samples import Samples, Times
from hmi.stores.sqlite._damage import lost
from hmi.stores.sqlite._marks import expected_of
from hmi.stores.sqlite._recent import Mark, Seqs
from hmi.stores.sqlite._rows import HEAD_COLUMNS, is_sound
from hmi.stores.sqlite._slim import slim_joined, slim_taken, tag_order
from hmi.stores.sqlite._sources import Part, Sources


@dataclass(frozen=True, slots=True, eq=False)
class HourData:
    """What is new to the day file of an hour, of some tags, sorted by (tag, time, version), and what goes.

    ``begins``: where each of ``numbers`` (tags) begins in ``samples``, and the end behind them. ``gone``: instants by
    tag at which what the file holds is taken away. ``clock``: instants that many tags share.
    """

    hour: int
    numbers: NDArray[np.int32]
    begins: NDArray[np.int64]
    samples: Samples
    gone: dict[int, Times]
    clock: Times

    @property
    def is_empty(self) -> bool:
        return not (len(self.numbers) or self.gone)

    def of(self, tag: int) -> Samples:
        place = int(np.searchsorted(self.numbers, np.int32(tag)))
        if place == len(self.numbers) or self.numbers[place] != tag:
            return Samples.empty()
        return self.at(place)

    def at(self, place: int) -> Samples:
        return self.samples.take(slice(int(self.begins[place]), int(self.begins[place + 1])))

    def touched(self) -> list[int]:
        return sorted({*self.numbers.tolist(), *self.gone})


@dataclass(frozen=True, slots=True, eq=False)
class OpenCommits:
    """Commits that are not all in day files: number, and first and last source time (UTC ns) of each.

    ``holes``: (number, UTC ns) of commits that cannot be read: from then on every tag is unknown until its next sample.
    """

    seqs: NDArray[np.int64]
    firsts: Times
    lasts: Times
    holes: tuple[tuple[int, int], ...]

    def within(self, span: range) -> list[int]:
        """Those that say something of a span of time (UTC ns)."""
        return self.seqs[(self.lasts >= span.start) & (self.firsts < span.stop)].tolist()

    def holes_within(self, span: range) -> list[tuple[int, int]]:
        return [(seq, at) for seq, at in self.holes if at in span]

    def before(self, time: int) -> list[int]:
        """Those that say something of times before an instant (UTC ns)."""
        return self.seqs[self.firsts < time].tolist()


def open_commits(database: apsw.Connection, mark: Mark, target: Mark, lost: Container[int]) -> OpenCommits:
    """Those that say something of times before the target and are not held by the day files (``mark``).

    ``lost``: commits of which it is known already that they cannot be read.
    """
    query = f"select {HEAD_COLUMNS} from commits where (seq > ? or last >= ?) and seq <= ? order by seq"
    kept: list[tuple[int, int, int]] = []
    holes: list[tuple[int, int]] = []
    expected = expected_of(database)
    last, before = 0, max(mark.until, 0)
    for row in database.execute(query, (mark.seq, mark.until, target.seq)):
        seq, time, _, begin, end = row[:5]
        is_lost = seq in lost or not is_sound(row)
        if expected.missing(last, seq) or is_lost:
            holes.append((seq, min(before or time, target.until - 1)))
        if not is_lost and begin <= end and begin < target.until:
            kept.append((seq, begin, end))
        last, before = seq, before if is_lost else time
    columns = np.array(kept, np.int64).reshape(-1, 3)
    return OpenCommits(columns[:, 0], columns[:, 1], columns[:, 2], tuple(holes))


def gathered(
    sources: Sources,
    hour: int,
    head: Mark,
    commits: OpenCommits,
    tags: NDArray[np.int32],
    done: NDArray[np.int32],
) -> Iterator[HourData]:
    """What commits say of an hour (since the epoch) and the file with this ``head`` does not hold; CommitLost.

    A large hour comes in several ranges of tags, one after the other. ``tags``: all there are, for what is lost;
    ``done``: those that have been seen to.
    """
    span = range(hour * HOUR, (hour + 1) * HOUR)
    holes = [_hole(seq, at, tags) for seq, at in commits.holes_within(span)]
    news = sources.within(span, head, commits.within(span))
    clock = news.clock(span)
    for low, high in news.ranges():
        added, removed = news.between(low, high)
        lost_here = (
            part.between(low, high)
            for part in holes
            if not head.holds_all(int(part.seqs[0]), part.samples.times)
        )
        parts = [*added, *lost_here]
        if len(done):
            parts = [part.chosen(~np.isin(part.tags, done)) for part in parts]
        data = _sorted(hour, parts, removed, clock)
        if not data.is_empty:
            yield data


def gathered_days(
    sources: Sources, span: range, head: Mark, seqs: list[int], tags: NDArray[np.int32]
) -> Iterator[tuple[int, Samples | None]]:
    """(tag, samples) within a span of time (UTC ns) of tags to which commits only add, each instant once; CommitLost.

    None for all others, and for tags that are none of ``tags``.
    """
    alone = sources.alone(span, head, seqs)
    if alone:
        asked = set(tags.tolist())
        for part in alone:
            if len(part.tags):
                tag, samples = int(part.tags[0]), part.samples
                yield tag, samples if tag in asked and _rises(samples.times) else None
        return
    news = sources.within(span, head, seqs)
    for low, high in news.ranges():
        added, removed = news.between(low, high)
        data = _sorted(0, added, [], np.empty(0, np.int64))
        touched = {tag for part in removed for tag in np.unique(part.tags).tolist()}
        yield from ((tag, None) for tag in touched)
        is_asked = np.isin(data.numbers, tags).tolist()
        for place, tag in enumerate(data.numbers.tolist()):
            samples = data.at(place)
            fits = is_asked[place] and tag not in touched and _rises(samples.times)
            yield tag, samples if fits else None


def _rises(times: Times) -> bool:
    return bool((times[1:] > times[:-1]).all())


def _hole(seq: int, at: int, tags: NDArray[np.int32]) -> Part:
    """Of every tag that it is not known from an instant on."""
    return Part(tags, np.full(len(tags), seq, np.int64), lost(at).take(np.zeros(len(tags), np.intp)))


def _sorted(hour: int, added: list[Part], removed: list[Part], clock: Times) -> HourData:
    tags, seqs, samples = _in_order(added)
    gone: dict[int, Times] = {}
    if any(len(part.tags) for part in removed):
        tags, samples, gone = _without(tags, seqs, samples, removed)
    firsts = np.flatnonzero(np.diff(tags, prepend=np.int32(-1))).astype(np.int64)
    return HourData(hour, tags[firsts], np.append(firsts, len(tags)), samples, gone, clock)


def _in_order(parts: list[Part]) -> tuple[NDArray[np.int32], Seqs, Samples]:
    """All samples by (tag, time, version), equal ones in the order of their commits."""
    parts = sorted((part for part in parts if len(part.tags)), key=lambda part: int(part.seqs[0]))
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.int64), Samples.empty()
    tags = np.concatenate([part.tags for part in parts])
    seqs = np.concatenate([part.seqs for part in parts])
    samples = slim_joined([part.samples for part in parts])
    parts.clear()  # a range of a large plant is not held twice
    order = tag_order(tags, samples, seqs)
    if order is None:
        return tags, seqs, samples
    return tags[order], seqs[order], slim_taken(samples, order)


def _without(
    tags: NDArray[np.int32], seqs: NDArray[np.int64], samples: Samples, removed: list[Part]
) -> tuple[NDArray[np.int32], Samples, dict[int, Times]]:
    left = np.ones(len(tags), bool)
    gone: dict[int, list[Times]] = {}
    for part in removed:
        for tag in np.unique(part.tags).tolist():
            times = part.samples.times[part.tags == tag]
            gone.setdefault(tag, []).append(times)
            low, high = (int(np.searchsorted(tags, np.int32(tag), side=side)) for side in ("left", "right"))
            out = (seqs[low:high] < part.seqs[0]) & np.isin(samples.times[low:high], times)
            left[low:high] &= ~out
    return (
        tags[left],
        slim_taken(samples, left),
        {tag: np.unique(np.concatenate(parts)) for tag, parts in gone.items()},
    )
