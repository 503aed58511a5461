"""Reads rollups: rows out of day files, made from samples where something came after them or they cannot be trusted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from threading import Lock
from typing import Final, NamedTuple

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged
from hmi.historian.rollups import HOUR, Rollups, joined_rollups
from hmi.stores.sqlite._cache import ByteCache
from hmi.stores.sqlite._connect import FileDamaged
from hmi.stores.sqlite._days import DAY, HOURS, Head, Presence, day_of
from hmi.stores.sqlite._months import FEW_DAYS, MONTH_LEVELS, MonthReader, MonthRows, month_of
from hmi.stores.sqlite._recent import DayRef, Snapshot
from hmi.stores.sqlite._rollup_rows import Stored, absent_hours, opened_rows, stored_rows_of
from hmi.stores.sqlite._stored import DayReader

_CACHED_ROWS: Final = 400_000
"""About 40 MB."""
_ROW_BYTES: Final = 92
_PART_BYTES: Final = 16
_RUN_BYTES: Final = 32 << 20
_MONTH_BYTES: Final = 32 << 20
_MONTH_LEAST: Final = 400
_MANY: Final = 64
"""So many files are looked into by several threads."""
_AT_ONCE: Final = 4
_EXPECTED_MOST: Final = 20_000
"""Tags times days that are brought into memory at once."""
Hours = NDArray[np.int64]
FromSamples = Callable[[int, int], Rollups]
"""Rows of whole intervals from one instant to another (UTC ns; the end is left out)."""


@dataclass(frozen=True, slots=True, eq=False)
class DayRows:
    """Stored rows of one tag, day and level; ``absent``: hours that have samples and no rows."""

    rows: Rollups
    absent: tuple[int, ...]
    is_lost: bool = False
    """The file cannot be read, for now or for ever."""


class RollupCache:
    """Rows of days that were read lately; safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[str, int, int], tuple[int, DayRows]] = OrderedDict()
        self._rows = 0

    def get(self, ref: DayRef, tag: int, level: int) -> DayRows | None:
        with self._lock:
            known = self._known.get((ref.name, tag, level))
            if known is None or known[0] < ref.change:
                return None
            self._known.move_to_end((ref.name, tag, level))
            return known[1]

    def put(self, ref: DayRef, tag: int, level: int, change: int, rows: DayRows) -> None:
        with self._lock:
            before = self._known.pop((ref.name, tag, level), None)
            self._known[ref.name, tag, level] = (change, rows)
            self._rows += len(rows.rows) + 1 - (len(before[1].rows) + 1 if before else 0)
            while self._rows > _CACHED_ROWS:
                self._rows -= len(self._known.popitem(last=False)[1][1].rows) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Rows of some days one after the other, as they were put together last."""

    refs: tuple[DayRef, ...]
    rows: Rollups
    absent: Hours


class Looked(NamedTuple):
    """What a day file says of some tags: hours that each is present in, and its rows of a level, undecoded."""

    change: int
    masks: dict[int, int]
    rows: dict[int, list[Stored]]


class RollupReader:
    """Rows of one archive; ``days``: its day files, ``months``: what is kept of those that are over."""

    def __init__(self, days: DayReader, months: MonthReader) -> None:
        self._days, self._cache = days, RollupCache()
        self._months = months
        self._months_known = ByteCache[tuple[int, int, int], MonthRows](_MONTH_BYTES)
        self._runs = ByteCache[tuple[int, int], Run](_RUN_BYTES)

    def read(
        self, snapshot: Snapshot, tag: int, level: int, begin: int, stop: int, made: FromSamples
    ) -> Rollups:
        """Rows whose interval begins in [begin, stop) (UTC ns, multiples of the level), which day files keep."""
        run = self._run(_refs(snapshot, begin, stop), tag, level)
        rows, dirty = run.rows, run.absent
        changed = _changed_hours(snapshot, tag, begin, stop)
        if len(changed):
            dirty = np.union1d(_with_next(changed, rows.starts // HOUR), dirty)
        dirty = dirty[(dirty >= begin // HOUR) & (dirty <= (stop - 1) // HOUR)]
        low, high = np.searchsorted(rows.starts, [begin, stop])
        rows = rows.take(slice(int(low), int(high)))
        if not len(dirty):
            return rows
        clean = rows.take(~np.isin(rows.starts // HOUR, dirty))
        fresh = [made(max(start, begin), min(end, stop)) for start, end in _runs(dirty)]
        merged = joined_rollups([clean, *fresh], level)
        return merged.take(np.argsort(merged.starts, kind="stable"))

    def expect(self, snapshot: Snapshot, tags: Sequence[int], level: int, begin: int, stop: int) -> None:
        """Bring the rows that these tags are about to be asked for into memory: each file is looked into once."""
        refs = _refs(snapshot, begin, stop)
        wanted = [tag for tag in tags if not self._is_known(refs, tag, level)]
        if len(wanted) * len(refs) > _EXPECTED_MOST:
            return
        refs = self._not_by_month(refs, wanted, level)
        fresh = [(ref, [tag for tag in wanted if self._cache.get(ref, tag, level) is None]) for ref in refs]
        fresh = [(ref, ones) for ref, ones in fresh if ones]
        if len(fresh) < _MANY:
            for ref, ones in fresh:
                self._kept(ref, ones, level, self._looked(ref, ones, level))
            return
        # what is not in memory comes from the disk meanwhile
        with ThreadPoolExecutor(_AT_ONCE, "history-rollups") as pool:
            looked = pool.map(lambda one: self._looked(one[0], one[1], level), fresh)
            for (ref, ones), found in zip(fresh, looked, strict=True):
                self._kept(ref, ones, level, found)

    def _not_by_month(self, refs: Sequence[DayRef], tags: Sequence[int], level: int) -> list[DayRef]:
        """The days whose own files have to be asked, after what months tell of the others was brought into memory."""
        left: list[DayRef] = []
        for group in _by_month(refs):
            found: dict[int, MonthRows] = {}
            if level in MONTH_LEVELS and len(group) >= FEW_DAYS:
                month = month_of(group[0].day)
                known = {tag: self._months_known.get((month, tag, level)) for tag in tags}
                fresh = [tag for tag, one in known.items() if not _serves_all(one, group)]
                found = {tag: one for tag, one in known.items() if one is not None}
                if not fresh:
                    continue
                found |= self._look_up(group, fresh, level)
            left += [ref for ref in group if not all(_serves(found.get(tag), ref) for tag in tags)]
        return left

    def _is_known(self, refs: tuple[DayRef, ...], tag: int, level: int) -> bool:
        known = self._runs.get((tag, level))
        return known is not None and known.refs == refs

    def _run(self, refs: tuple[DayRef, ...], tag: int, level: int) -> Run:
        known = self._runs.get((tag, level))
        if known is not None and known.refs == refs:
            return known
        parts = [part for group in _by_month(refs) for part in self._parts(group, tag, level)]
        rows = joined_rollups([part.rows for part in parts], level)
        run = Run(refs, rows, np.array([hour for part in parts for hour in part.absent], np.int64))
        if not any(part.is_lost for part in parts):
            self._runs.put((tag, level), run, _ROW_BYTES * len(rows) + _PART_BYTES * len(refs))
        return run

    def _parts(self, refs: Sequence[DayRef], tag: int, level: int) -> Iterator[DayRows]:
        """Rows of some days of one month, in order."""
        month = self._month(refs, tag, level)
        if month is None:
            groups = [(False, refs)]
        elif month.source.serves_all(refs):
            groups = [(True, refs)]
        else:
            groups = [(serves, list(group)) for serves, group in groupby(refs, month.source.serves)]
        for serves, ones in groups:
            if serves and month is not None:
                rows, absent = month.of_days(ones[0].day, ones[-1].day)
                yield DayRows(rows, tuple(absent.tolist()))
            else:
                yield from (self._cache.get(ref, tag, level) or self._of_day(ref, tag, level) for ref in ones)

    def _month(self, refs: Sequence[DayRef], tag: int, level: int) -> MonthRows | None:
        """Rows of the month of some of its days, where one look for all of them is worth it."""
        if level not in MONTH_LEVELS or len(refs) < FEW_DAYS:
            return None
        known = self._months_known.get((month_of(refs[0].day), tag, level))
        if known is not None and known.source.serves_all(refs):
            return known
        return self._look_up(refs, (tag,), level).get(tag)

    def _look_up(self, refs: Sequence[DayRef], tags: Sequence[int], level: int) -> dict[int, MonthRows]:
        """Rows of some tags of the month of these days, which are kept for the next one who asks."""
        month = month_of(refs[0].day)
        found = self._months.look(month, level, tags)
        for tag, one in found.items():
            self._months_known.put((month, tag, level), one, _ROW_BYTES * len(one.rows) + _MONTH_LEAST)
        return found

    def _of_day(self, ref: DayRef, tag: int, level: int) -> DayRows:
        return self._kept(ref, (tag,), level, self._looked(ref, (tag,), level))[tag]

    def _looked(self, ref: DayRef, tags: Sequence[int], level: int) -> Looked | None:
        """What a file has of these tags; None where it cannot be read."""

        def read(database: apsw.Connection, head: Head, presence: Presence) -> Looked:
            masks = {tag: presence.of(tag) for tag in tags}
            there = [tag for tag, mask in masks.items() if mask]
            return Looked(head.change, masks, stored_rows_of(database, there, level))

        try:
            return self._days.look(ref, read)
        except (FileDamaged, BlockDamaged):
            return None

    def _kept(
        self, ref: DayRef, tags: Sequence[int], level: int, looked: Looked | None
    ) -> dict[int, DayRows]:
        """Rows of each of these tags, which are kept for the next one who asks."""
        if looked is None:
            hours = tuple(range(ref.day * HOURS, (ref.day + 1) * HOURS))
            return dict.fromkeys(tags, DayRows(Rollups.empty(level), hours, is_lost=True))
        found: dict[int, DayRows] = {}
        for tag in tags:
            found[tag] = self._opened(ref, tag, level, looked.rows.get(tag, []), looked.masks[tag])
            self._cache.put(ref, tag, level, looked.change, found[tag])
        return found

    def _opened(self, ref: DayRef, tag: int, level: int, stored: list[Stored], mask: int) -> DayRows:
        try:
            rows = opened_rows(tag, level, stored)
        except BlockDamaged as error:
            self._days.note(ref.name, tag, ref.day * DAY, ref.day * DAY + DAY - 1, f"rollups: {error}")
            rows = Rollups.empty(level)
        return DayRows(rows, absent_hours(rows, ref.day, mask))


def _by_month(refs: Sequence[DayRef]) -> list[list[DayRef]]:
    return [list(ones) for _, ones in groupby(refs, lambda ref: month_of(ref.day))]


def _serves(rows: MonthRows | None, ref: DayRef) -> bool:
    return rows is not None and rows.source.serves(ref)


def _serves_all(rows: MonthRows | None, refs: Sequence[DayRef]) -> bool:
    return rows is not None and rows.source.serves_all(refs)


def _refs(snapshot: Snapshot, begin: int, stop: int) -> tuple[DayRef, ...]:
    """Files of the days from one instant to another, in order."""
    first, last = day_of(begin), day_of(stop - 1)
    if last - first > len(snapshot.days):
        return tuple(ref for day, ref in sorted(snapshot.days.items()) if first <= day <= last)
    return tuple(snapshot.days[day] for day in range(first, last + 1) if day in snapshot.days)


def _changed_hours(snapshot: Snapshot, tag: int, begin: int, stop: int) -> Hours:
    """Hours in which something is committed beyond what the live file's mark says is in day files.

    The last one before the range is among them: it may change what stands at its begin.
    """
    hours = snapshot.touched_hours(tag)
    for hole in snapshot.holes:
        low, high = max(hole.first, begin - HOUR) // HOUR, min(hole.last, stop) // HOUR
        hours = np.union1d(hours, np.arange(low, high + 1))
    place = int(np.searchsorted(hours, begin // HOUR))
    return hours[max(place - 1, 0) : int(np.searchsorted(hours, (stop - 1) // HOUR, side="right"))]


def _with_next(changed: Hours, stored: Hours) -> Hours:
    """The hours, and the next one with rows behind each: another value may stand before it."""
    if not len(changed) or not len(stored):
        return changed
    places = np.searchsorted(stored, changed, side="right")
    return np.union1d(changed, stored[places[places < len(stored)]])


def _runs(hours: Hours) -> list[tuple[int, int]]:
    """Ranges (UTC ns; the end is left out) of hours that follow each other."""
    breaks = np.flatnonzero(np.diff(hours) > 1)
    firsts, lasts = hours[np.append(0, breaks + 1)], hours[np.append(breaks, len(hours) - 1)]
    return [(int(low) * HOUR, (int(high) + 1) * HOUR) for low, high in zip(firsts, lasts, strict=True)]
