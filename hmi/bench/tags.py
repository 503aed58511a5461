"""Measures how many changes a second one core takes through the tag and alarm engines."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hmi.acquisition.port import Batch
from hmi.alarms import AlarmEngine
from hmi.bench.figure import Figure
from hmi.core.alarms import Priority
from hmi.core.clock import SystemClock
from hmi.core.values import DataValue, EURange
from hmi.project.plant import AlarmDef, Plant, Scaling
from hmi.tags import TagEngine
from hmi.testing.plant import make_plant, make_tag

TAGS = 10_000
BLOCK = 100
ROUNDS = 4
REPEATS = 5
GOAL = 100_000
LIMITS = (("high_high", 95.0), ("high", 90.0), ("low", 10.0), ("low_low", 5.0))


def run() -> list[Figure]:
    """Scaled tags with four limits each, in blocks of 100; CPU time, best of several repeats."""
    plant, batches = _plant(), _batches()
    tags = TagEngine(plant, SystemClock())
    alarms = AlarmEngine(plant, tags.latest, tags.values)
    rate = 1 / min(_cost(tags, alarms, batches) for _ in range(REPEATS))
    return [
        Figure(
            "tags.changes_per_s_core",
            rate,
            "changes/s",
            against=f"{TAGS:,} scaled tags with {len(LIMITS)} limits each",
            goal=f">= {GOAL:,}",
            passed=rate >= GOAL,
        )
    ]


def _plant() -> Plant:
    scaling = Scaling(EURange(0, 10_000), EURange(0, 100))
    tags = [make_tag(f"bench/t{i}", scaling=scaling, range=EURange(0, 100), unit="%") for i in range(TAGS)]
    alarms = [
        AlarmDef(
            id=f"a_{tag.name}.{kind}",
            tag_id=tag.id,
            name=kind,
            kind=kind,
            priority=Priority.P3,
            message=kind,
            limit=limit,
            deadband=1.0,
        )
        for tag in tags
        for kind, limit in LIMITS
    ]
    return make_plant(tags, alarms)


def _batches() -> list[Batch]:
    """Every value differs from the one before it; none crosses a limit, as in a calm plant."""
    return [
        Batch(
            f"block {first}",
            [(h, DataValue(3_000 + 7 * turn + h % 50, 0, 1, 1)) for h in range(first, first + BLOCK)],
        )
        for turn in range(ROUNDS)
        for first in range(0, TAGS, BLOCK)
    ]


def _cost(tags: TagEngine, alarms: AlarmEngine, batches: Sequence[Batch]) -> float:
    """CPU seconds per change."""
    started, changes = time.process_time(), 0
    for batch in batches:
        updates = tags.ingest(batch)
        changes += len(updates.changes)
        alarms.evaluate(updates.changes, updates.now_ns)
    return (time.process_time() - started) / changes
