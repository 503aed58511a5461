"""What a compaction reads an hour from: packs, which are sorted by tag already, and the commits beside them.

An hour of a large plant comes in ranges of tags, so that it takes little memory however many samples it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples, Times
from hmi.stores.sqlite._connect import one_row
from hmi.stores.sqlite._packs import Pack, block_of, clock_of, decoded, packs_of
from hmi.stores.sqlite._recent import Mark, Segment, Seqs
from hmi.stores.sqlite._rows import COLUMNS, Effect, effect_of
from hmi.stores.sqlite._slim import Instants, slim_joined, slim_taken, tag_order

_KEPT_MOST: Final = 4_000_000
_HELD_MOST: Final = 4_000_000
"""Samples beside packs that are held at once: where there are more, their commits are read once for each range."""
_RANGE: Final = 500_000
"""Samples of a range of tags, about."""
WIDE: Final = 2 * HOUR
"""ns from the first to the last source time of a commit that is read once for all hours."""
_LAST_TAG: Final = 1 << 31


class CommitLost(BlockDamaged):
    """A commit cannot be read: ``seq``."""

    def __init__(self, seq: int, text: str) -> None:
        super().__init__(text)
        self.seq = seq


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Samples, and the commit of each."""

    tags: NDArray[np.int32]
    seqs: Seqs
    samples: Samples

    def between(self, low: int, high: int) -> Part:
        """Those of tags with low <= tag < high."""
        return self.chosen((self.tags >= low) & (self.tags < high))

    def chosen(self, left: NDArray[np.bool_]) -> Part:
        if left.all():
            return self
        return Part(self.tags[left], self.seqs[left], self.samples.take(left))


class Effects:
    """Effects of commits; those that go over many hours are kept for the next one.

    ``known``: by number those that need not be read again.
    """

    def __init__(self, database: apsw.Connection, known: Mapping[int, Effect]) -> None:
        self._database, self._known = database, known
        self._kept: dict[int, Effect] = {}

    def of(self, seq: int) -> Effect:
        """CommitLost."""
        known = self._kept.get(seq)
        if known is not None:
            return known
        effect = self._known.get(seq) or self._read(seq)
        first, last = effect.span
        if last - first > WIDE:
            if sum(len(one.added) for one in self._kept.values()) > _KEPT_MOST:
                self._kept.clear()
            self._kept[seq] = effect = Effect(_by_time(effect.added), _by_time(effect.removed))
        return effect

    def _read(self, seq: int) -> Effect:
        row = one_row(self._database, f"select {COLUMNS} from commits where seq = ?", (seq,))
        try:
            return effect_of(row)
        except BlockDamaged as error:
            raise CommitLost(seq, str(error)) from error

    def within(self, seq: int, span: range) -> tuple[Batch, Batch]:
        """What the commit adds to a span of time (UTC ns), and what it takes away there; CommitLost."""
        effect = self.of(seq)
        added, removed = (
            _within(one, span, in_time=seq in self._kept) for one in (effect.added, effect.removed)
        )
        return added, removed


class Sources:
    """Of one run over the live file; ``database`` is a connection to it, ``known`` as of ``Effects``."""

    def __init__(self, database: apsw.Connection, known: Mapping[int, Effect]) -> None:
        self.effects = Effects(database, known)
        self._packs = [_PackSource(database, pack, self.effects) for pack in packs_of(database).values()]

    def within(self, span: range, head: Mark, seqs: Sequence[int]) -> News:
        """What these commits say of a span of time (UTC ns) and a file with this ``head`` does not hold."""
        wanted = np.array(seqs, np.int64)
        packs = [one for one in self._packs if one.begin(span, head, wanted)]
        covered = [one.covers for one in packs]
        loose = np.setdiff1d(wanted, np.concatenate(covered)) if covered else wanted
        return News(packs, _Loose(self.effects, span, head, loose.tolist()))

    def alone(self, span: range, head: Mark, seqs: Sequence[int]) -> list[Part]:
        """The same where each of these commits only adds, and to a tag that no other one says anything of; else none.

        CommitLost.
        """
        parts: list[Part] = []
        seen: set[int] = set()
        for seq in seqs:
            effect = self.effects.of(seq)
            tags = effect.added.tags
            if len(effect.removed) or not len(tags) or int(tags[0]) in seen or not (tags == tags[0]).all():
                return []
            seen.add(int(tags[0]))
            parts.append(_part(seq, self.effects.within(seq, span)[0], head))
        return parts


class News:
    """One span of time, to be taken range by range of tags."""

    def __init__(self, packs: list[_PackSource], loose: _Loose) -> None:
        self._packs, self._loose = packs, loose

    def clock(self, span: range) -> Times:
        """Instants within a span that many samples share."""
        clock = np.unique(np.concatenate([self._loose.clock(), *(one.clock() for one in self._packs)]))
        low, high = np.searchsorted(clock, [span.start, span.stop])
        return clock[low:high]

    def ranges(self) -> Iterator[tuple[int, int]]:
        """(lowest tag, tag behind the highest); all tags there can be are in one of them."""
        parts = -(-(self._loose.count + sum(one.count for one in self._packs)) // _RANGE)
        lows = max((one.lows for one in (*self._packs, self._loose)), key=len)
        places = np.unique(np.linspace(0, len(lows), parts + 1).astype(np.intp)[1:-1])
        edges = np.unique(lows[places]).tolist()
        return pairwise([0, *(edge for edge in edges if edge > 0), _LAST_TAG])

    def between(self, low: int, high: int) -> tuple[list[Part], list[Part]]:
        """(what is added, what is taken away) of the tags of a range; CommitLost."""
        added, removed = self._loose.between(low, high)
        return [*(one.between(low, high) for one in self._packs), *added], removed


class _PackSource:
    """One pack: ranges are to be asked for in rising order, then each block is decoded once or twice."""

    def __init__(self, database: apsw.Connection, pack: Pack, effects: Effects) -> None:
        self._database, self._pack, self._effects = database, pack, effects
        self._last: tuple[int, Part] | None = None
        self._instead: Part | None = None
        self._span, self._head = range(0), Mark()
        self._wanted = self.covers = np.empty(0, np.int64)

    @property
    def lows(self) -> NDArray[np.int32]:
        return self._pack.lows

    @property
    def count(self) -> int:
        """How many samples there are, about."""
        return self._pack.size

    def clock(self) -> Times:
        return clock_of(self._database, self._pack)

    def begin(self, span: range, head: Mark, wanted: Seqs) -> bool:
        """Whether it holds something of these commits and this span."""
        pack = self._pack
        self._span, self._head, self._last, self._instead = span, head, None, None
        self.covers = pack.covers[np.isin(pack.covers, wanted)]
        return bool(len(self.covers)) and pack.first < span.stop and pack.last >= span.start

    def between(self, low: int, high: int) -> Part:
        """CommitLost."""
        if self._instead is None:
            try:
                return self._of_blocks(low, high)
            except BlockDamaged:
                self._instead = self._of_commits()
        return self._instead.between(low, high)

    def _of_commits(self) -> Part:
        """What the pack should say."""
        batches = [(seq, self._effects.within(seq, self._span)[0]) for seq in self.covers.tolist()]
        return _joined([_part(seq, one, self._head) for seq, one in batches])

    def _of_blocks(self, low: int, high: int) -> Part:
        lows = self._pack.lows
        first = max(int(np.searchsorted(lows, low, side="right")) - 1, 0)
        last = int(np.searchsorted(lows, high, side="left"))
        return _joined([_sliced(self._block(place), low, high) for place in range(first, last)])

    def _block(self, place: int) -> Part:
        if self._last is None or self._last[0] != place:
            one = decoded(self._pack, place, block_of(self._database, self._pack, place))
            self._last = (place, self._news(one))
        return self._last[1]

    def _news(self, one: Segment) -> Part:
        found, times = Part(one.tags, one.seqs, one.samples), one.samples.times
        left = (times >= self._span.start) & (times < self._span.stop)
        if len(self.covers) < len(self._pack.covers):
            left &= np.isin(one.seqs, self.covers)
        return _beyond(found.chosen(left), self._head)


class _Loose:
    """Commits that are in no pack."""

    def __init__(self, effects: Effects, span: range, head: Mark, seqs: list[int]) -> None:
        self._effects, self._span, self._head, self._seqs = effects, span, head, seqs
        self._removed: list[Part] = []
        self.count, held = 0, list[Part]()
        tags = [np.empty(0, np.int32)]
        for part in self._read():
            self.count += len(part.tags)
            tags.append(part.tags[:: max(1, len(part.tags) // 64)])
            if self.count <= _HELD_MOST:
                held.append(part)
        self.lows = np.sort(np.concatenate(tags))
        self._held = _by_tag(held) if self.count <= _HELD_MOST else None

    def clock(self) -> Times:
        """Instants that many of its samples share."""
        instants = Instants()
        for part in self._read() if self._held is None else (self._held,):
            instants.add(part.samples)
        return instants.shared()

    def between(self, low: int, high: int) -> tuple[list[Part], list[Part]]:
        """As ``News.between``."""
        if self._held is not None:
            added = [_sliced(self._held, low, high)]
        else:
            added = [part.between(low, high) for part in self._read()]
        return added, [part.between(low, high) for part in self._removed]

    def _read(self) -> Iterator[Part]:
        self._removed = []
        for seq in self._seqs:
            added, removed = (_part(seq, one, self._head) for one in self._effects.within(seq, self._span))
            if len(removed.tags):
                self._removed.append(removed)
            if len(added.tags):
                yield added


def _by_time(batch: Batch) -> Batch:
    steps = np.diff(batch.samples.times)
    if bool((steps >= 0).all()):
        return batch
    order = np.argsort(batch.samples.times, kind="stable")
    return Batch(batch.tags[order], batch.samples.take(order))


def _within(batch: Batch, span: range, *, in_time: bool) -> Batch:
    times = batch.samples.times
    if in_time:
        low, high = np.searchsorted(times, [span.start, span.stop])
        rows = slice(int(low), int(high))
        return Batch(batch.tags[rows], slim_taken(batch.samples, rows))
    inside = (times >= span.start) & (times < span.stop)
    return batch if inside.all() else Batch(batch.tags[inside], batch.samples.take(inside))


def _part(seq: int, batch: Batch, head: Mark) -> Part:
    return _beyond(Part(batch.tags, np.full(len(batch), seq, np.int64), batch.samples), head)


def _beyond(part: Part, head: Mark) -> Part:
    """What a file with this ``head`` does not hold."""
    return part.chosen(~head.holds(part.seqs, part.samples.times)) if head.seq else part


def _sliced(part: Part, low: int, high: int) -> Part:
    """Those of tags with low <= tag < high of a part that is sorted by tag."""
    begin, end = (int(place) for place in np.searchsorted(part.tags, [low, high]))
    if end - begin == len(part.tags):
        return part
    return Part(part.tags[begin:end], part.seqs[begin:end], part.samples.take(slice(begin, end)))


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    tags = np.concatenate([np.empty(0, np.int32), *(part.tags for part in parts)])
    seqs = np.concatenate([np.empty(0, np.int64), *(part.seqs for part in parts)])
    return Part(tags, seqs, slim_joined([part.samples for part in parts]))


def _by_tag(parts: Sequence[Part]) -> Part:
    """As one, sorted by tag, time and version, equal ones in the order of their commits."""
    one = _joined(parts)
    order = tag_order(one.tags, one.samples)
    return one if order is None else Part(one.tags[order], one.seqs[order], slim_taken(one.samples, order))
