"""Measures how many changes a second one core takes through the tag and alarm engines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

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
ROUNDS = 5
REPEATS = 5
GOAL = 100_000
GOAL_FLOOD = 20_000  # all that a station is measured with, at once
FLOOD_SHARE = 0.95
LIMITS = (("high_high", 95.0), ("high", 90.0), ("low", 10.0), ("low_low", 5.0))


def run() -> list[Figure]:
    """Scaled tags with four limits each, in blocks of 100; CPU time, best of several repeats.

    Once as in a calm plant, once as in a flood where every change raises an alarm or returns one to normal.
    """
    plant = _plant()
    calm = [_cost(plant, _batches(_calm)) for _ in range(REPEATS)]
    flood = [_cost(plant, _batches(_crossing)) for _ in range(REPEATS)]
    rate, flood_rate = 1 / min(cost for cost, _ in calm), 1 / min(cost for cost, _ in flood)
    share = min(share for _, share in flood)
    return [
        Figure(
            "tags.changes_per_s_core",
            rate,
            "changes/s",
            against=f"{TAGS:,} scaled tags with {len(LIMITS)} limits each",
            goal=f">= {GOAL:,}",
            passed=rate >= GOAL,
        ),
        Figure(
            "tags.flood_changes_per_s_core",
            flood_rate,
            "changes/s",
            against=f"the same tags; {share:.0%} of the changes turn an alarm",
            goal=f">= {GOAL_FLOOD:,}",
            passed=flood_rate >= GOAL_FLOOD and share >= FLOOD_SHARE,
        ),
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


def _calm(turn: int, handle: int) -> float:
    """Differs from the value before it and crosses no limit."""
    return 3_000 + 7 * turn + handle % 50


def _crossing(turn: int, handle: int) -> float:
    """Beyond the high limit in every second turn, normal in the others."""
    return 9_200 + handle % 50 if turn % 2 else 3_000 + 7 * turn + handle % 50


def _batches(value: Callable[[int, int], float]) -> list[Batch]:
    return [
        Batch(
            f"block {first}",
            [(h, DataValue(value(turn, h), 0, 1, 1)) for h in range(first, first + BLOCK)],
        )
        for turn in range(ROUNDS)
        for first in range(0, TAGS, BLOCK)
    ]


def _cost(plant: Plant, batches: Sequence[Batch]) -> tuple[float, float]:
    """CPU seconds for one change, and how many of the changes turned an alarm; first values not counted."""
    tags = TagEngine(plant, SystemClock())
    alarms = AlarmEngine(plant, tags.latest, tags.values)
    first = TAGS // BLOCK
    for batch in batches[:first]:
        updates = tags.ingest(batch)
        alarms.evaluate(updates.changes, updates.now_ns)
    started, changes, turned = time.process_time(), 0, 0
    for batch in batches[first:]:
        updates = tags.ingest(batch)
        changes += len(updates.changes)
        turned += len(alarms.evaluate(updates.changes, updates.now_ns))
    return (time.process_time() - started) / changes, turned / changes
