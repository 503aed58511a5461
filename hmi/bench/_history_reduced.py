"""What recording with reduction costs: every tag told each second, tested, led through the door, and stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hmi.bench._history_signals import BEGIN_S, Signal, plant
from hmi.bench._history_sizes import Sizes
from hmi.bench.figure import Figure
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.historian import History, Opened
from hmi.historian.port import Archive
from hmi.stores.sqlite import open_archive
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag

GOAL = 1.0
TOLD_AT_ONCE = 1_000
"""Changes of one call of the fan-out."""
Changes = list[tuple[int, DataValue]]
_KINDS = {"bool": ValueType.BOOL, "counter": ValueType.INT64}


@dataclass
class _Spent:
    """CPU seconds of the process beside what the bench needs to make its values."""

    total: float = 0.0
    making: float = 0.0

    @property
    def recording(self) -> float:
        return self.total - self.making


def reduced_figure(folder: Path, sizes: Sizes) -> Figure:
    """Share of one core of recording ``tags`` samples a second with the settings that a plant has by itself."""
    signals, clock = plant(sizes.tags), ManualClock(BEGIN_S * NS_PER_S)
    tags = [
        make_tag(
            f"area/{n}", history=True, type=_KINDS.get(one.kind, ValueType.FLOAT64), range=EURange(0, 100)
        )
        for n, one in enumerate(signals)
    ]
    archives: list[Archive] = []

    def opener(run_id: str) -> Opened:
        archives.append(open_archive(folder / "reduced", stepped=history.is_number_stepped))
        return Opened(archives[-1], folder / "reduced")

    (folder / "reduced").mkdir()
    history = History(make_plant(tags), clock=clock, run_id="run_1", opener=opener)
    history.start()
    while history.archive is None:
        time.sleep(0.01)
    spent = _recorded(history, clock, signals, sizes.core_scans)
    begun = time.process_time()
    report = archives[0].compact(clock.now_ns() + 3_600 * NS_PER_S)
    compacted = time.process_time() - begun
    history.close()
    percent = 100 * (spent.recording + compacted) / sizes.core_scans
    against = (
        f"{sizes.core_scans:,} s of {sizes.tags:,} samples/s, {report.samples / sizes.core_scans:,.0f}/s kept: tests"
        f" and commits {spent.recording:.1f} s, compaction {compacted:.1f} s of CPU"
    )
    name = "history.recorder_reduced_core_percent"
    return Figure(name, percent, "%", against=against, goal=f"<= {GOAL:g}", passed=percent <= GOAL)


def _recorded(history: History, clock: ManualClock, signals: list[Signal], seconds: int) -> _Spent:
    """Each second all tags in some calls, and one durable commit."""
    spent, begun, making = _Spent(), time.process_time(), time.thread_time()
    for portions in _seconds(signals, clock, seconds):
        spent.making += time.thread_time() - making
        for changes in portions:
            history.append(changes, now=clock.now_ns(), seen=clock.now_ns() - NS_PER_S)
        history.sync()
        making = time.thread_time()
    spent.total = time.process_time() - begun
    return spent


def _seconds(signals: list[Signal], clock: ManualClock, seconds: int) -> Iterator[list[Changes]]:
    makers = [{"bool": bool, "counter": int}.get(one.kind, float) for one in signals]
    table = np.ascontiguousarray(np.stack([one.hour(0)[:seconds] for one in signals]).T)
    for row in table:
        at = clock.now_ns()
        values: list[Value] = [make(number) for make, number in zip(makers, row.tolist(), strict=True)]
        told = [(n, DataValue(value, 0, at, at)) for n, value in enumerate(values)]
        yield [told[low : low + TOLD_AT_ONCE] for low in range(0, len(told), TOLD_AT_ONCE)]
        clock.advance(1)
