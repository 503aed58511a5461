"""Takes what commits say of one hour out of the live file and sorts it by tag."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples, Times
from hmi.stores.sqlite._connect import one_row
from hmi.stores.sqlite._damage import lost
from hmi.stores.sqlite._marks import expected_of
from hmi.stores.sqlite._recent import Mark
from hmi.stores.sqlite._rows import COLUMNS, HEAD_COLUMNS, Effect, effect_of, is_sound
from hmi.stores.sqlite._slim import slim_joined, slim_taken, tag_order
from hmi.stores.sqlite._spool import Part, Spool

_KEPT_MOST = 4_000_000


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


class CommitLost(BlockDamaged):
    """A commit cannot be read: ``seq``."""

    def __init__(self, seq: int, text: str) -> None:
        super().__init__(text)
        self.seq = seq


@dataclass(frozen=True, slots=True, eq=False)
class OpenCommits:
    """Commits that are not all in day files: number, and first and last source time (UTC ns) of each.

    ``holes``: (number, UTC ns) of commits that cannot be read: from then on every tag is unknown until its next sample.
    """

    seqs: NDArray[np.int64]
    firsts: Times
    lasts: Times
    holes: tuple[tuple[int, int], ...]

    def of_hour(self, hour: int) -> list[int]:
        inside = (self.lasts >= hour * HOUR) & (self.firsts < (hour + 1) * HOUR)
        return self.seqs[inside].tolist()

    def holes_of(self, hour: int) -> list[tuple[int, int]]:
        return [(seq, at) for seq, at in self.holes if at // HOUR == hour]

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


class Effects:
    """Effects of commits; those that go over many hours are kept for the next one."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._kept: dict[int, Effect] = {}

    def of(self, seq: int) -> Effect:
        """CommitLost."""
        known = self._kept.get(seq)
        if known is not None:
            return known
        row = one_row(self._database, f"select {COLUMNS} from commits where seq = ?", (seq,))
        try:
            effect = effect_of(row)
        except BlockDamaged as error:
            raise CommitLost(seq, str(error)) from error
        if row[4] - row[3] > 2 * HOUR:
            if sum(len(one.added) for one in self._kept.values()) > _KEPT_MOST:
                self._kept.clear()
            self._kept[seq] = effect
        return effect


def gathered(
    effects: Effects, hour: int, head: Mark, commits: OpenCommits, tags: NDArray[np.int32]
) -> Iterator[HourData]:
    """What commits say of an hour (since the epoch) and the file with this ``head`` does not hold; CommitLost.

    A large hour comes in several ranges of tags, one after the other. ``tags``: all there are, for what is lost.
    """
    spool, removed = Spool(), list[Part]()
    for seq in commits.of_hour(hour):
        effect = effects.of(seq)
        spool.add(_part(seq, effect.added, hour, head))
        removed += _part(seq, effect.removed, hour, head)
    for seq, at in commits.holes_of(hour):
        gap = lost(at).take(np.zeros(len(tags), np.intp))
        spool.add(_part(seq, Batch(tags, gap), hour, head))
    clock = spool.clock()
    for low, high, parts in spool.ranges():
        data = _sorted(hour, parts, [_inside(part, low, high) for part in removed], clock)
        if not data.is_empty:
            yield data


def _part(seq: int, batch: Batch, hour: int, head: Mark) -> list[Part]:
    times = batch.samples.times
    if not len(times):
        return []
    inside = (times >= hour * HOUR) & (times < (hour + 1) * HOUR)
    if seq <= head.seq:
        inside &= times >= head.until
    if inside.all():
        return [Part(seq, batch.tags, batch.samples)]
    if not inside.any():
        return []
    return [Part(seq, batch.tags[inside], batch.samples.take(inside))]


def _inside(part: Part, low: int, high: int) -> Part:
    left = (part.tags >= low) & (part.tags < high)
    return Part(part.seq, part.tags[left], part.samples.take(left))


def _sorted(hour: int, added: list[Part], removed: list[Part], clock: Times) -> HourData:
    tags = np.concatenate([part.tags for part in added]) if added else np.empty(0, np.int32)
    lengths = [len(part.tags) for part in added]
    seqs = np.array([part.seq for part in added], np.int64)
    samples = slim_joined([part.samples for part in added])
    added.clear()  # an hour of a large plant is not held twice
    order = tag_order(tags, samples)
    if order is not None:
        tags, samples = tags[order], slim_taken(samples, order)
    gone: dict[int, Times] = {}
    if any(len(part.tags) for part in removed):
        owners = np.repeat(seqs, lengths)
        tags, samples, gone = _without(tags, owners if order is None else owners[order], samples, removed)
    firsts = np.flatnonzero(np.diff(tags, prepend=np.int32(-1))).astype(np.int64)
    return HourData(hour, tags[firsts], np.append(firsts, len(tags)), samples, gone, clock)


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
            out = (seqs[low:high] < part.seq) & np.isin(samples.times[low:high], times)
            left[low:high] &= ~out
    return (
        tags[left],
        slim_taken(samples, left),
        {tag: np.unique(np.concatenate(parts)) for tag, parts in gone.items()},
    )
