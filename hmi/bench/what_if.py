"""Measures the replay of other settings of an alarm (what-if): a tag that is kept every second, for each sort of alarm.

``WATCHKEEPER_BENCH_DAYS`` sets how many days are replayed (the full size is 30); figures are scaled to 30 days.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hmi.alarms import AlarmEngine
from hmi.alarms.what_if import Case, case_of, replay
from hmi.bench.figure import Figure
from hmi.core import quality
from hmi.core.alarms import Priority
from hmi.core.clock import NS_PER_S
from hmi.core.values import WAITING, DataValue
from hmi.historian.samples import Samples
from hmi.project.plant import AlarmDef
from hmi.project.recording import RecordRules
from hmi.testing.plant import make_plant, make_tag

DAYS, FULL_DAYS = 1.0, 30
DAY_S = 86_400
BEGIN = 1_700_000_000 * NS_PER_S
OWN, GOAL = "a/pv", "a/sp"
PIECE = 3_600
GOAL_RATIO = 3.0
BROKEN_EVERY_S, BROKEN_S = 5_000, 40
_ALARMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "limit": ({"kind": "high", "limit": 57.0}, {"limit": 57.5}),
    "deviation": (
        {"kind": "deviation", "limit": 8.0, "deadband": 0.5, "setpoint": GOAL, "hold_s": 30.0, "on_delay_s": 5.0},
        {"limit": 9.0},
    ),
    "rate": ({"kind": "rate_up", "limit": 0.005, "window_s": 60.0}, {"limit": 0.006}),
    "bad": ({"kind": "bad", "limit": 0.0}, {"on_delay_s": 60.0}),
}  # fmt: skip


def run() -> list[Figure]:
    """Processor time of both replays together, against each sample through both engines."""
    days = float(os.environ.get("WATCHKEEPER_BENCH_DAYS", DAYS))
    source = _Memory(int(days * DAY_S))
    figures: list[Figure] = []
    for name, (fields, changes) in _ALARMS.items():
        case = _case(fields, changes)
        begun = time.process_time()
        found, _ = replay(case, source, BEGIN, BEGIN + source.seconds * NS_PER_S)
        spent = time.process_time() - begun
        plain = _plain_s(case, source)
        ratio, size = plain / spent, f"{found.was.count} and {found.proposed.count} alarms in {days:g} days"
        figures += [
            Figure(f"what_if.{name}_30d_s", spent * FULL_DAYS / days, "s", against=f"a sample a second; {size}"),
            Figure(f"what_if.{name}_vs_plain", ratio, "x", against="each sample through both engines",
                   goal=f"> {GOAL_RATIO:g}" if name == "deviation" else "",
                   passed=ratio > GOAL_RATIO if name == "deviation" else None),
        ]  # fmt: skip
    return figures


class _Memory:
    """A noisy value that swings slowly and is broken at times, a set point that moves every ten minutes."""

    def __init__(self, seconds: int) -> None:
        chance = random.Random(1)
        self.seconds = seconds
        own = [
            _value(second, 50.0 + 8.0 * math.sin(second / 5_000) + chance.gauss(0.0, 0.3))
            for second in range(seconds)
        ]
        goal = [_value(second, 50.0 + second // 600 % 7) for second in range(0, seconds, 600)]
        self._samples = {f"t_{OWN}": Samples.of(own), f"t_{GOAL}": Samples.of(goal)}

    def samples(self, tag_id: str, start: int, end: int) -> Iterator[Samples]:
        found = self._samples[tag_id].between(start, end)
        for begin in range(0, len(found), PIECE):
            yield found.take(slice(begin, begin + PIECE))

    def read_at(self, tag_id: str, at: int) -> DataValue:
        return DataValue(None, quality.BAD_NO_DATA, at, at)


def _value(second: int, value: float) -> DataValue:
    at = BEGIN + second * NS_PER_S
    is_broken = second % BROKEN_EVERY_S >= BROKEN_EVERY_S - BROKEN_S and second % 600
    return DataValue(None, quality.BAD_SENSOR_FAILURE, at, at) if is_broken else DataValue(value, 0, at, at)


def _case(fields: dict[str, Any], changes: dict[str, Any]) -> Case:
    was = AlarmDef(
        id="a_bench", tag_id=f"t_{OWN}", name="bench", message="bench", priority=Priority.P2, **fields
    )
    rules = RecordRules(compression=False)
    tags = [make_tag(name, history=True, recording=rules) for name in (OWN, GOAL)]
    return case_of(make_plant(tags, [was]), was, replace(was, **changes))


def _plain_s(case: Case, source: _Memory) -> float:
    values, names = [WAITING for _ in case.inputs], [tag.name for tag in case.inputs]
    by_name = dict.fromkeys(names, WAITING)
    engines = [AlarmEngine(plant, values, by_name) for plant in (case.was, case.proposed)]
    begun = time.process_time()
    rows = sorted(
        (value.receive_time, tag.handle, value)
        for tag in case.inputs
        for piece in source.samples(tag.id, BEGIN, BEGIN + source.seconds * NS_PER_S)
        for value in piece.values()
    )
    for at, handle, value in rows:
        values[handle] = by_name[names[handle]] = value
        for engine in engines:
            while (due := engine.next_due()) and due < at:
                engine.tick(due)
            engine.evaluate([(handle, value)], at)
    return time.process_time() - begun
