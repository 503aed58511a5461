"""How many expressions one core evaluates a second, driven by changes, and how near that is to bare Python."""

from __future__ import annotations

import re
import time
from types import FunctionType
from typing import Any

from hmi.acquisition.port import Batch
from hmi.bench.figure import Figure
from hmi.core.clock import SystemClock
from hmi.core.values import DataValue
from hmi.project.plant import Plant
from hmi.tags import TagEngine
from hmi.testing.plant import make_plant, make_tag

GROUPS = 500
ROUNDS = 8
REPEATS = 5
GOAL = 100_000
# what plants write: sums, differences, ratios, choices, limits, conditions and a value that others rest on
MIX = {
    "sum": "'{g}/a' + '{g}/b' + '{g}/c'",
    "difference": "'{g}/a' - '{g}/b'",
    "ratio": "'{g}/a' / max('{g}/b', 0.1) * 100",
    "mean": "round(('{g}/a' + '{g}/b') / 2, 1)",
    "chosen": "'{g}/a' if '{g}/on' else '{g}/b'",
    "busy": "'{g}/on' and '{g}/a' > 50",
    "clamped": "min(max('{g}/c' * 1.8 + 32, 0), 400)",
    "deviation": "abs('{g}/sum' - 2 * '{g}/mean')",
}
INPUTS = ("a", "b", "c", "on")
_TAG = re.compile(r"'([^']+)'")


def run() -> list[Figure]:
    """Derived tags of a plant whose inputs change one third at a time; the cost of taking the inputs in is part."""
    plant = _plant()
    ours = [_ours(plant) for _ in range(REPEATS)]
    bare = min(_bare(plant) for _ in range(REPEATS))
    cost, share = min(cost for cost, _ in ours), ours[0][1]
    kinds = f"{len(MIX)} kinds of expressions on {GROUPS * len(INPUTS):,} inputs; {share:.0%} were due"
    return [
        Figure("expressions.per_s_core", 1 / cost, "evaluations/s", kinds, f">= {GOAL:,}", 1 / cost >= GOAL),
        Figure("expressions.cost_vs_bare_python", cost / bare, "times", "the same text, Python alone, no quality"),
    ]  # fmt: skip


def _plant() -> Plant:
    names = [f"area{n % 8}/g{n}" for n in range(GROUPS)]
    inputs = [make_tag(f"{group}/{name}") for group in names for name in INPUTS]
    derived = [
        make_tag(f"{group}/{name}", expression=text.format(g=group))
        for group in names
        for name, text in MIX.items()
    ]
    return make_plant([*inputs, *derived])


def _batches(plant: Plant) -> list[Batch]:
    """Round by round every third input changes, as one block of each hundred."""
    handles = [tag.handle for tag in plant.tags if not tag.expression]
    batches = [Batch("all", [(handle, _value(0, handle)) for handle in handles])]
    for turn in range(1, ROUNDS + 1):
        due = handles[turn % 3 :: 3]
        batches += [
            Batch("all", [(handle, _value(turn, handle)) for handle in due[first : first + 100]])
            for first in range(0, len(due), 100)
        ]
    return batches


def _value(turn: int, handle: int) -> DataValue:
    if handle % len(INPUTS) == INPUTS.index("on"):
        return DataValue((turn + handle // 4) % 2 == 0, 0, 1, 1)
    return DataValue(10.0 + (handle * 7 + turn * 13) % 800 / 10, 0, 1, 1)


def _ours(plant: Plant) -> tuple[float, float]:
    """CPU seconds for one evaluation, and the share of all expressions that a round evaluates."""
    engine = TagEngine(plant, SystemClock())
    derived = {tag.handle for tag in plant.tags if tag.expression}
    first, *batches = _batches(plant)
    engine.ingest(first)
    read: dict[int, list[int]] = {}
    for tag in plant.tags:
        for name in set(_TAG.findall(tag.expression or "")):
            read.setdefault(plant.by_name[name].handle, []).append(tag.handle)
    began, changed = time.process_time(), []
    for batch in batches:
        changed.append(engine.ingest(batch).changes)
    spent = time.process_time() - began
    evaluated = sum(
        len({due for handle, _ in changes for due in read.get(handle, ())}) for changes in changed
    )
    return spent / evaluated, evaluated / (ROUNDS * len(derived))


def _bare(plant: Plant) -> float:
    """CPU seconds for one run of the same texts, names replaced by plain variables: the limit of Python."""
    programs: list[FunctionType] = []
    for tag in plant.tags:
        if not tag.expression:
            continue
        values: dict[str, Any] = {"__builtins__": {"min": min, "max": max, "abs": abs, "round": round}}
        text = tag.expression
        for number, name in enumerate(dict.fromkeys(_TAG.findall(text))):
            text = text.replace(f"'{name}'", f"v{number}")
            handle = plant.by_name[name].handle
            values[f"v{number}"] = _value(1, handle).value if handle < GROUPS * len(INPUTS) else 100.0
        programs.append(FunctionType(compile(text, "<bare>", "eval"), values))
    began = time.process_time()
    for program in programs:
        program()
    return (time.process_time() - began) / len(programs)
