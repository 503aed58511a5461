"""Puts stored chunks and what is committed beyond them together into samples in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.rollups import HOUR
from hmi.historian.samples import Samples, Times, joined
from hmi.stores.sqlite._damage import BAD_DATA_UNAVAILABLE, lost
from hmi.stores.sqlite._days import DAY, ChunkRow, day_of
from hmi.stores.sqlite._recent import EARLIEST, LATEST, DayRef, Hole, Mark, Removal, Seqs, Snapshot
from hmi.stores.sqlite._stored import DayReader, Stored

PIECE: Final = 65_536
"""Samples of one piece, more only where one chunk holds more."""
_EXPECTED_MOST: Final = 256
"""Tags times days whose chunks are brought into memory at once, undecoded."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Samples of a tag with start <= time <= end (UTC ns); ``piece``: how many are wanted at a time."""

    tag: int
    start: int
    end: int
    piece: int = PIECE
    backwards: bool = False


def expect(
    days: DayReader, snapshot: Snapshot, tags: Sequence[int], ranges: Sequence[tuple[int, int]]
) -> None:
    """``pieces`` is about to be asked for each of these ranges (UTC ns) of each of these tags. StorageError."""
    asked = [
        (snapshot.days[day], max(start, day * DAY), min(end, day * DAY + DAY - 1))
        for start, end in ranges
        if day_of(end) - day_of(start) < _EXPECTED_MOST
        for day in range(day_of(start), day_of(end) + 1)
        if day in snapshot.days
    ]
    if len(asked) * len(tags) <= _EXPECTED_MOST:
        for one in asked:
            days.expect(one[0], tags, one[1], one[2])


def pieces(days: DayReader, snapshot: Snapshot, asked: Asked) -> Iterator[Samples]:
    """Samples in order, piece by piece; backwards the last piece comes first. No instant is in two pieces. PackGone."""
    return _pieces(days, snapshot, asked, *snapshot.of_tag(asked.tag, asked.start, asked.end))


def _pieces(
    days: DayReader, snapshot: Snapshot, asked: Asked, seqs: Seqs, live: Samples
) -> Iterator[Samples]:
    first, last = day_of(asked.start), day_of(asked.end)
    if last - first < len(snapshot.days):
        wanted = {day for day in range(first, last + 1) if day in snapshot.days}
    else:
        wanted = {day for day in snapshot.days if first <= day <= last}
    if len(live):
        wanted.update(np.unique(live.times // DAY).tolist())
    holes = [one for one in snapshot.holes if one.first <= asked.end and one.last >= asked.start]
    wanted.update(day_of(max(one.first, asked.start)) for one in holes)
    for day in sorted(wanted, reverse=asked.backwards):
        ref = snapshot.days.get(day)
        if ref and days.mask(ref, asked.tag) == 0:
            ref = None  # without a look into the file, which has nothing of the tag
        yield from _of_day(days, snapshot, asked, day, ref, seqs, live)


def _of_day(
    days: DayReader,
    snapshot: Snapshot,
    asked: Asked,
    day: int,
    ref: DayRef | None,
    seqs: Seqs,
    live: Samples,
) -> Iterator[Samples]:
    start, end = max(asked.start, day * DAY), min(asked.end, day * DAY + DAY - 1)
    stored = days.stored(ref, asked.tag, start, end) if ref else Stored(Mark(), [], {})
    extra = [lost(max(one.first, start)) for one in _open_holes(snapshot, stored.mark, start, end)]
    extra += [lost(start)] if stored.is_lost else []
    extra += [lost(start, BAD_DATA_UNAVAILABLE)] if stored.is_thinned else []
    name = ref.name if ref else ""
    extra += [days.note_missing(name, asked.tag, hour).between(start, end) for hour in stored.missing]
    if len(live):
        extra = [live.take(_beside(stored.mark, seqs, live.times, start, end)), *extra]
    more = joined(extra).in_order()
    gone = _gone(snapshot.removals.get(asked.tag, ()), stored.mark)
    if not len(more) and not len(gone):
        groups = [[row] for row in reversed(stored.rows)] if asked.backwards else _groups(stored.rows, asked)
        for group in groups:
            for piece, rows in days.together(name, asked.tag, group, stored.clocks):
                if rows[0].first < start or rows[-1].last > end or len(piece) != sum(row.n for row in rows):
                    piece = piece.between(start, end)
                if len(piece):
                    yield piece
        return
    for low, high, rows in _windows(stored.rows, start, end, asked):
        base = joined(days.decoded(name, asked.tag, row, stored.clocks) for row in rows)
        merged = merge(base.between(low, high), more.between(low, high), gone)
        if len(merged):
            yield merged


def merge(base: Samples, more: Samples, gone: Times) -> Samples:
    """``base`` without the instants ``gone``, with ``more`` put in; both in order."""
    if len(gone) and len(base):
        left = ~np.isin(base.times, gone)
        if not left.all():
            base = base.take(left)
    if not len(more):
        return base
    return joined([base, more]).in_order()


def _beside(mark: Mark, seqs: Seqs, times: Times, start: int, end: int) -> NDArray[np.intp]:
    """Places of the live samples of a range that the day file does not hold."""
    low, high = np.searchsorted(times, start, side="left"), np.searchsorted(times, end, side="right")
    left = ~mark.holds(seqs[low:high], times[low:high])
    return int(low) + np.flatnonzero(left)


def _open_holes(snapshot: Snapshot, mark: Mark, start: int, end: int) -> Iterator[Hole]:
    for hole in snapshot.holes:
        held = hole.seq <= mark.seq and hole.last < mark.until
        if not held and hole.first <= end and hole.last >= start:
            yield hole


def _gone(removals: tuple[Removal, ...], mark: Mark) -> Times:
    """Instants at which what the day file holds was taken away since."""
    parts = [one.times if one.seq > mark.seq else one.times[one.times >= mark.until] for one in removals]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _windows(
    rows: list[ChunkRow], start: int, end: int, asked: Asked
) -> Iterator[tuple[int, int, list[ChunkRow]]]:
    """Ranges of whole hours that cover start to end, each with its chunks: about ``asked.piece`` samples."""
    groups = _groups(rows, asked)
    if len(groups) < 2:
        yield start, end, rows
        return
    if asked.backwards:
        groups = [group[::-1] for group in groups]
        lows = [group[0].hours[0] * HOUR for group in groups[:-1]] + [start]
        highs = [end] + [low - 1 for low in lows[:-1]]
    else:
        lows = [start] + [group[0].hours[0] * HOUR for group in groups[1:]]
        highs = [low - 1 for low in lows[1:]] + [end]
    yield from ((low, high, group) for low, high, group in zip(lows, highs, groups, strict=True))


def _groups(rows: list[ChunkRow], asked: Asked) -> list[list[ChunkRow]]:
    """Chunks of about ``asked.piece`` samples together; backwards the last ones come first."""
    groups: list[list[ChunkRow]] = []
    count = 0
    for row in reversed(rows) if asked.backwards else rows:
        if not groups or count >= asked.piece:
            groups.append([])
            count = 0
        groups[-1].append(row)
        count += row.n
    return groups


def cut(samples: Samples, limit: int) -> Samples:
    """At most ``limit`` samples (0: all) and no instant cut apart: the first one whole where it holds more."""
    if not limit or len(samples) <= limit:
        return samples
    if samples.times[limit - 1] != samples.times[limit]:
        return samples.take(slice(0, limit))
    edges = np.flatnonzero(np.diff(samples.times)) + 1
    fitting = edges[edges <= limit]
    if len(fitting):
        return samples.take(slice(0, int(fitting[-1])))
    return samples.take(slice(0, int(edges[0]) if len(edges) else len(samples)))


__all__ = ["EARLIEST", "LATEST", "PIECE", "Asked", "cut", "expect", "merge", "pieces"]
