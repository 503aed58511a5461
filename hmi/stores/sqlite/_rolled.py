"""Reads rollups: rows out of day files, made from samples where something came after them or they cannot be trusted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

import apsw
import numpy as np
from numpy.typing import NDArray

from hmi.historian.blocks import BlockDamaged
from hmi.historian.rollups import HOUR, Rollups, joined_rollups
from hmi.stores.sqlite._connect import FileDamaged
from hmi.stores.sqlite._days import DAY, HOURS, Head, Presence, day_of
from hmi.stores.sqlite._recent import DayRef, Snapshot
from hmi.stores.sqlite._rollup_rows import day_rows_of
from hmi.stores.sqlite._stored import DayReader

_CACHED_ROWS: Final = 400_000
"""About 40 MB."""
Hours = NDArray[np.int64]
FromSamples = Callable[[int, int], Rollups]
"""Rows of whole intervals from one instant to another (UTC ns; the end is left out)."""


@dataclass(frozen=True, slots=True, eq=False)
class DayRows:
    """Stored rows of one tag, day and level; ``absent``: hours that have samples and no rows."""

    rows: Rollups
    absent: tuple[int, ...]


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


class RollupReader:
    """Rows of one archive; ``days``: its day files."""

    def __init__(self, days: DayReader) -> None:
        self._days, self._cache = days, RollupCache()

    def read(
        self, snapshot: Snapshot, tag: int, level: int, begin: int, stop: int, made: FromSamples
    ) -> Rollups:
        """Rows whose interval begins in [begin, stop) (UTC ns, multiples of the level), which day files keep."""
        wanted = [
            ref for day, ref in sorted(snapshot.days.items()) if day_of(begin) <= day <= day_of(stop - 1)
        ]
        parts = [self._of_day(ref, tag, level) for ref in wanted]
        rows = joined_rollups([part.rows for part in parts], level)
        changed = _changed_hours(snapshot, tag, begin, stop)
        absent = np.array([hour for part in parts for hour in part.absent], np.int64)
        dirty = np.union1d(_with_next(changed, rows.starts // HOUR), absent)
        dirty = dirty[(dirty >= begin // HOUR) & (dirty <= (stop - 1) // HOUR)]
        low, high = np.searchsorted(rows.starts, [begin, stop])
        rows = rows.take(slice(int(low), int(high)))
        if not len(dirty):
            return rows
        clean = rows.take(~np.isin(rows.starts // HOUR, dirty))
        fresh = [made(max(start, begin), min(end, stop)) for start, end in _runs(dirty)]
        merged = joined_rollups([clean, *fresh], level)
        return merged.take(np.argsort(merged.starts, kind="stable"))

    def _of_day(self, ref: DayRef, tag: int, level: int) -> DayRows:
        known = self._cache.get(ref, tag, level)
        if known is not None:
            return known

        def read(database: apsw.Connection, head: Head, presence: Presence) -> tuple[int, DayRows]:
            mask = presence.of(tag)
            if not mask:
                return head.change, DayRows(Rollups.empty(level), ())
            has = [ref.day * HOURS + place for place in range(HOURS) if mask >> place & 1]
            try:
                rows = day_rows_of(database, tag, level)
            except BlockDamaged as error:
                self._days.note(ref.name, tag, ref.day * DAY, ref.day * DAY + DAY - 1, f"rollups: {error}")
                rows = Rollups.empty(level)
            known = set((rows.starts // HOUR).tolist())
            return head.change, DayRows(rows, tuple(hour for hour in has if hour not in known))

        try:
            change, found = self._days.look(ref, read)
        except (FileDamaged, BlockDamaged):
            return DayRows(Rollups.empty(level), tuple(range(ref.day * HOURS, (ref.day + 1) * HOURS)))
        self._cache.put(ref, tag, level, change, found)
        return found


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
