"""Alarms as they stood in the middle of a journal: with the notes of what stood, and without them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import apsw

from hmi.bench.figure import Figure
from hmi.core.clock import NS_PER_S, SystemClock
from hmi.journal import NOTED_EVERY, JournalReader, SqliteJournal, standing_plainly

REPEATS = 5
AHEAD_NS = 3_600 * NS_PER_S
GOAL_MS = 300.0
NEAR = 0.1
"""The place in the journal that the middle is held against: so far the cost must not grow."""
MS = 1000.0


class StepClock(SystemClock):
    """Each look at it is one step later, so that the records of a bench are spread over time."""

    def __init__(self, step_ns: int) -> None:
        super().__init__()
        self._now, self._step = 0, step_ns

    def jump(self, to_ns: int) -> None:
        """Go on from there."""
        self._now = to_ns

    def now_ns(self) -> int:
        self._now += self._step
        return self._now


async def past_figures(journal: SqliteJournal, rows: int, step_ns: int) -> list[Figure]:
    """``step_ns``: between two records. Processor time, median of some; the wall time of one call for a person."""
    await _noted(journal.path, rows)
    at = rows // 2 * step_ns
    found = await journal.past(at, at)
    begun = time.perf_counter()
    await journal.past(at, at + AHEAD_NS)
    wall = (time.perf_counter() - begun) * MS
    cpu, near, plain = await asyncio.to_thread(_measured, journal.path, rows, step_ns)
    size = f"{len(found.states):,} alarms stand in the middle of {rows:,} records"
    return [
        Figure("journal.alarms_at_ms", cpu, "ms", against=f"{size}; wall {wall:.0f} ms with the changes of an hour",
               goal=f"< {GOAL_MS:g}", passed=cpu < GOAL_MS),
        Figure("journal.alarms_at_vs_plain", plain / cpu, "x",
               against=f"asking each alarm for its newest record before then, {plain:.0f} ms"),
        Figure("journal.alarms_at_growth", cpu / near, "x",
               against=f"the same after {int(rows * NEAR):,} records, {near:.1f} ms"),
    ]  # fmt: skip


async def _noted(path: Path, rows: int) -> None:
    """The notes are made beside the records: wait for the last one."""
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        while _last_note(database) < rows // NOTED_EVERY * NOTED_EVERY:
            await asyncio.sleep(0.05)
    finally:
        database.close()


def _last_note(database: apsw.Connection) -> int:
    row = database.execute("select max(seq) from standing").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _measured(path: Path, rows: int, step_ns: int) -> tuple[float, float, float]:
    """In the middle, near the begin, and in the middle without notes."""
    reader, database = JournalReader(path), apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        middle, near = rows // 2, int(rows * NEAR)
        return (
            _cpu_ms(lambda: reader.past(middle * step_ns, middle * step_ns)),
            _cpu_ms(lambda: reader.past(near * step_ns, near * step_ns)),
            _cpu_ms(lambda: standing_plainly(database, middle)),
        )
    finally:
        reader.close()
        database.close()


def _cpu_ms(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(REPEATS):
        begun = time.thread_time()
        work()
        times.append((time.thread_time() - begun) * MS)
    return median(times)
