"""The value of many tags at one instant: a keyframe first, then what came between it and the instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged, LastOnes, decode_keyframe
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples, Times, joined
from hmi.stores.sqlite._connect import FileDamaged
from hmi.stores.sqlite._days import HOURS, ChunkRow, Head, Presence, bound, day_of, key_of, tag_of
from hmi.stores.sqlite._recent import EARLIEST, DayRef, Snapshot
from hmi.stores.sqlite._rows import Effect
from hmi.stores.sqlite._stored import DayReader

_LAST: Final = (
    "select k, first, last, n, clock, tail, crc, block from carray(?) as asked left join chunks on k = ("
    "select k from chunks where k between (asked.value << 32) + ? and (asked.value << 32) + ? order by k desc limit 1)"
)
"""For each of many tags the chunk that begins last in some hours."""
_AT_ONCE: Final = 1_000
"""Chunks that are fetched together."""
_LARGE: Final = 4_096
"""A chunk of more samples, of a whole day, is decoded once and kept."""
_WALK_LEAST: Final = 600
"""For fewer tags their chunks are read."""
_WALK_RATIO: Final = 3
"""A commit takes as long as so many chunks."""
Walk = Callable[[int, int, int], "list[Effect] | None"]
"""Commits that say something of times from one instant to another, at most so many; None where some are missing."""
Before = Callable[[int, int], Samples]
"""The newest sample of a tag before an instant, the long way."""


class Best:
    """The newest sample that is known for each of some tags, which rise."""

    def __init__(self, tags: NDArray[np.int32]) -> None:
        self.tags = tags
        self.times = np.full(len(tags), EARLIEST, np.int64)
        self._versions = np.zeros(len(tags), np.int64)
        self._parts: list[Samples] = []
        self._where = np.full((len(tags), 2), -1, np.int64)

    def offer(self, places: NDArray[np.intp], samples: Samples, *, is_later: bool = False) -> None:
        """A sample for each of these places, each place once; the newer one stays.

        Two of one instant and version come from a clock that went back: the one of the later commit stays, which is
        the known one unless ``is_later``.
        """
        known, versions = self.times[places], self._versions[places]
        newer = (samples.times > known) | ((samples.times == known) & (samples.versions > versions))
        if is_later:
            newer |= (samples.times == known) & (samples.versions == versions)
        newer |= self._where[places, 0] < 0
        if not newer.any():
            return
        chosen, places = samples.take(newer), places[newer]
        self.times[places], self._versions[places] = chosen.times, chosen.versions
        self._where[places, 0], self._where[places, 1] = len(self._parts), np.arange(len(places))
        self._parts.append(chosen)

    def offer_all(self, places: NDArray[np.intp], samples: Samples) -> None:
        """Samples of a later commit in any order, several of one place among them."""
        if len(places) > 1 and not bool((np.diff(places) > 0).all()):
            order = np.lexsort((samples.versions, samples.times, places))
            places = places[order]
            ends = np.append(np.flatnonzero(np.diff(places)), len(places) - 1)
            places, samples = places[ends], samples.take(order[ends])
        self.offer(places, samples, is_later=True)

    def force(self, place: int, sample: Samples) -> None:
        """What is known better than all that was offered."""
        self.clear(place)
        self.offer(np.array([place]), sample)

    def clear(self, place: int) -> None:
        self._where[place, 0], self.times[place] = -1, EARLIEST

    def batch(self) -> Batch:
        """Tags that have a sample."""
        found = np.flatnonzero(self._where[:, 0] >= 0)
        starts = np.cumsum([0, *(len(part) for part in self._parts)])
        order = starts[self._where[found, 0]] + self._where[found, 1]
        return Batch(self.tags[found], joined(self._parts).take(order))


@dataclass(frozen=True, slots=True)
class Instant:
    """Reads the values at one instant (UTC ns) out of one state of the archive."""

    days: DayReader
    snapshot: Snapshot
    before: Before
    walk: Walk
    at: int

    def values(self, tags: Sequence[int]) -> Batch:
        """The sample that held for each tag; tags without one are left out."""
        best = Best(np.unique(np.asarray(tags, np.int32)))
        slow = np.isin(best.tags, np.fromiter(self.snapshot.removals, np.int32, len(self.snapshot.removals)))
        if any(hole.first <= self.at for hole in self.snapshot.holes):
            slow[:] = True
        open_ = ~slow
        slow |= self._live(best, open_)
        open_ &= ~slow
        open_ &= best.times < self.snapshot.mark.until
        for day in sorted(self.snapshot.days, reverse=True):
            if not open_.any():
                break
            if day <= day_of(self.at):
                slow |= self._stored(best, open_, self.snapshot.days[day])
        for place in np.flatnonzero(slow).tolist():
            sample = self.before(int(best.tags[place]), self.at + 1)
            if len(sample):
                best.force(place, sample)
            else:
                best.clear(place)
        return best.batch()

    def _live(self, best: Best, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take what is committed beyond the day files; the places that need the long way."""
        slow, mark = np.zeros(len(wanted), bool), self.snapshot.mark
        for part in sorted(self.snapshot.parts, key=lambda one: one.commits_span[1], reverse=True):
            if part.first > self.at:
                continue
            places = np.flatnonzero(wanted & (best.times <= part.last))
            has, samples = part.held(best.tags[places], self.at)
            old = samples.times < mark.until
            if old.any() and part.commits_span[0] <= mark.seq:
                # day files hold it, and may know that it was taken away since
                if part.commits_span[1] > mark.seq:
                    slow[places[has[old]]] = True
                has, samples = has[~old], samples.take(~old)
            if len(has):
                best.offer(places[has], samples)
        return slow

    def _stored(self, best: Best, open_: NDArray[np.bool_], ref: DayRef) -> NDArray[np.bool_]:
        """Take what a day file knows; closes what is known then. Returns the places that need the long way."""
        slow, wanted = np.zeros(len(open_), bool), open_.copy()

        def read(database: apsw.Connection, head: Head, presence: Presence) -> None:
            self._from_file(database, presence, ref, best, open_, slow)

        try:
            self.days.look(ref, read)
        except (FileDamaged, BlockDamaged):
            # also those that got an older sample of the file before it turned out to be damaged
            slow |= wanted
            open_[:] = False
        return slow

    def _from_file(
        self,
        database: apsw.Connection,
        presence: Presence,
        ref: DayRef,
        best: Best,
        open_: NDArray[np.bool_],
        slow: NDArray[np.bool_],
    ) -> None:
        first = ref.day * HOURS
        hour = min(self.at // HOUR, first + HOURS - 1)
        frame = keyframe_of(database, self.at)
        places = np.flatnonzero(open_)
        since = frame[0] // HOUR if frame else first
        masks = presence.masks_of(best.tags[places])
        busy = (masks & _bits(since - first, hour - first)) != 0
        if frame is not None:
            _offer(best, places, frame[1], self.at)
            open_[places] = False
            following = following_of(database, self.at)
            if following is not None:
                busy[_offer(best, places, following, self.at)] = False
        todo = places[busy]
        if frame is not None and len(todo) > _WALK_LEAST:
            todo = self._walked(best, todo, frame[0])
        self._from_chunks(database, ref, best, todo, (since, hour), open_, slow)

    def _from_chunks(
        self,
        database: apsw.Connection,
        ref: DayRef,
        best: Best,
        todo: NDArray[np.intp],
        hours: tuple[int, int],
        open_: NDArray[np.bool_],
        slow: NDArray[np.bool_],
    ) -> None:
        """Take the last sample at or before the instant out of the chunks of these places."""
        ones, found = LastOnes(self.at), list[int]()
        keys = key_of(0, ref.day * HOURS), key_of(0, hours[1])
        for begin in range(0, len(todo), _AT_ONCE):
            places = todo[begin : begin + _AT_ONCE]
            tags = best.tags[places].astype(np.int64)
            rows = [
                ChunkRow._make(row) if row[0] is not None else None
                for row in database.execute(_LAST, (apsw.carray(tags), *keys))
            ]
            clocks = self.days.clocks(database, ref.name, {row.clock for row in rows if row})
            for place, tag, row in zip(places.tolist(), tags.tolist(), rows, strict=True):
                known = self._last_of(ref.name, clocks, tag, row, hours[0], ones)
                if known is None:
                    slow[place] = True
                    open_[place] = False
                elif known:
                    found.append(place)
                    open_[place] = False
        if found:
            best.offer(np.array(found, np.intp), ones.samples())

    def _walked(self, best: Best, places: NDArray[np.intp], since: int) -> NDArray[np.intp]:
        """Take what commits said after a keyframe, where the feed still holds them; the places that are left over."""
        effects = self.walk(since, self.at, len(places) // _WALK_RATIO)
        if effects is None:
            return places
        removed = [effect.removed.tags for effect in effects if len(effect.removed)]
        left = np.isin(best.tags[places], np.concatenate(removed)) if removed else np.zeros(len(places), bool)
        wanted = np.zeros(len(best.tags), bool)
        wanted[places[~left]] = True
        for effect in effects:
            tags, samples = effect.added.tags, effect.added.samples
            known = np.minimum(np.searchsorted(best.tags, tags), len(best.tags) - 1)
            fit = (
                (best.tags[known] == tags)
                & wanted[known]
                & (samples.times > since)
                & (samples.times <= self.at)
            )
            if fit.all():
                best.offer_all(known, samples)
            elif fit.any():
                best.offer_all(known[fit], samples.take(fit))
        return places[left]

    def _last_of(
        self,
        name: str,
        clocks: dict[int, Times],
        tag: int,
        row: ChunkRow | None,
        since: int,
        ones: LastOnes,
    ) -> bool | None:
        """Whether the chunk gives its last sample of the hours from ``since`` to ``ones``; None: it takes longer."""
        if row is None or not row.is_sound or tag_of(row.key) != tag:
            return None
        if row.first > self.at:
            return None if row.hours[0] > since else False
        try:
            if row.n > _LARGE:
                return ones.add_decoded(self.days.chunk(name, row, clocks))
            return ones.add(row.block or b"", clocks.get(row.clock))
        except BlockDamaged:
            return None


def _offer(best: Best, places: NDArray[np.intp], frame: Batch, at: int) -> NDArray[np.intp]:
    """Take samples of a keyframe that are not behind the instant; which of the places got one."""
    if not len(frame):
        return np.empty(0, np.intp)
    known = np.minimum(np.searchsorted(frame.tags, best.tags[places]), len(frame) - 1)
    has = np.flatnonzero((frame.tags[known] == best.tags[places]) & (frame.samples.times[known] <= at))
    best.offer(places[has], frame.samples.take(known[has]))
    return has


def following_of(database: apsw.Connection, at: int) -> Batch | None:
    """The first keyframe behind an instant: where its sample is older than that, none came between the two."""
    row = database.execute(
        "select time, crc, block from keyframes where time > ? order by time limit 1", (at,)
    ).fetchone()
    try:
        return decode_keyframe(row[2]) if row and row[1] == bound(row[2], row[0]) else None
    except BlockDamaged:
        return None


def keyframe_of(database: apsw.Connection, at: int) -> tuple[int, Batch] | None:
    """The newest sound keyframe at or before an instant."""
    for time, crc, block in database.execute(
        "select time, crc, block from keyframes where time <= ? order by time desc", (at,)
    ):
        if crc != bound(block, time):
            continue
        try:
            return int(time), decode_keyframe(block)
        except BlockDamaged:
            continue
    return None


def _bits(low: int, high: int) -> np.uint32:
    """Hours of the day from one to another, both included."""
    return np.uint32(((1 << (high + 1)) - 1) & ~((1 << max(low, 0)) - 1) & 0xFFFFFFFF)
