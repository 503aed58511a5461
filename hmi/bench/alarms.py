"""Alarms: how fast they are judged, stored and loaded, and a flood of 10,000 in 10 s through runtime and window."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hmi.alarms import AlarmChange, AlarmEngine, AlarmService
from hmi.bench._alarm_plant import FILE_ALARMS, FILE_TAGS, LIMIT, flood_plant, write_large_plant
from hmi.bench._alarm_station import Flood, FloodedStation
from hmi.bench.figure import Figure
from hmi.client.local import is_running
from hmi.core.clock import SystemClock
from hmi.core.values import DataValue
from hmi.journal import SqliteJournal
from hmi.project import load_plant

JUDGED, ROUNDS = 10_000, 20
STORED = 20_000
BATCH = 200
FLOOD, FLOOD_S = 10_000, 10.0
START_S = 60.0
PUBLISHED_PER_S = 500.0
GOAL_STORED, GOAL_PAINTED_MS, GOAL_TURN_MS, GOAL_LOAD_S = 10 * PUBLISHED_PER_S, 1_000.0, 100.0, 5.0


def run() -> list[Figure]:
    """Every figure from this machine now; the flood runs in two processes."""
    stored = asyncio.run(_durable_per_s())
    loaded = _load_s()
    flood, in_journal = _flood()
    lost = FLOOD - min(flood.listed, in_journal)
    painted, turn = _percentile(flood.delays_ms, 0.99), _percentile(flood.turns_ms, 0.99)
    against = f"{FLOOD:,} alarms in {FLOOD_S:g} s through runtime, journal, socket and alarm page"
    median = _percentile(flood.delays_ms, 0.5)
    return [
        Figure(
            "alarms.evaluations_per_s", _evaluations_per_s(), "1/s",
            f"changes of {JUDGED:,} tags with a high limit each; every tenth turns its alarm",
        ),
        Figure(
            "alarms.durable_per_s", stored, "1/s",
            f"transitions on the disk (fsync); a published system keeps {PUBLISHED_PER_S:g}/s",
            f">= {GOAL_STORED:g}", stored >= GOAL_STORED,
        ),
        Figure("alarms.flood_lost", lost, "alarms", against, "0", lost == 0),
        Figure(
            "alarms.flood_p99_ms", painted, "ms", f"change to paint; median {median:.0f} ms",
            f"< {GOAL_PAINTED_MS:g}", painted < GOAL_PAINTED_MS,
        ),
        Figure(
            "alarms.flood_tick_p99_ms", turn, "ms",
            f"CPU time of a turn of the Qt thread; the longest {max(flood.turns_ms, default=0.0):.0f} ms",
            f"< {GOAL_TURN_MS:g}", turn < GOAL_TURN_MS,
        ),
        Figure(
            "alarms.load_100k_s", loaded, "s", f"plant folder of {FILE_ALARMS:,} alarms on {FILE_TAGS:,} tags",
            f"< {GOAL_LOAD_S:g}", loaded < GOAL_LOAD_S,
        ),
    ]  # fmt: skip


def _engine(count: int) -> tuple[AlarmEngine, list[DataValue]]:
    values = [DataValue(1.0, 0, 1, 1) for _ in range(count)]
    return AlarmEngine(flood_plant(count), values, {}), values


def _evaluations_per_s() -> float:
    engine, values = _engine(JUDGED)
    engine.evaluate(enumerate(values), 1)
    rounds = [
        [(n, DataValue(LIMIT + 5 if n % 10 == 0 and turn % 2 == 0 else 50.0 + turn % 7, 0, turn, turn))
         for n in range(JUDGED)]
        for turn in range(2, ROUNDS + 2)
    ]  # fmt: skip
    began = time.process_time()
    for turn, changes in enumerate(rounds, start=2):
        engine.evaluate(changes, turn)
    return JUDGED * ROUNDS / (time.process_time() - began)


async def _durable_per_s() -> float:
    """Transitions that the service has on the disk in a second, as they come out of the engine."""
    engine, _ = _engine(STORED)
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        journal = SqliteJournal(
            Path(folder) / "journal.sqlite", clock=SystemClock(), runtime_id="r", run_id="run",
            plant_revision="r1", simulated=True,
        )  # fmt: skip
        await journal.open()
        durable: list[int] = []

        def publish(changes: Sequence[AlarmChange], stored: bool) -> None:
            durable.append(len(changes) if stored else 0)

        service = AlarmService(journal, publish)
        storing = asyncio.create_task(service.run())
        began = time.monotonic()
        for start in range(0, STORED, BATCH):
            raised = [(n, DataValue(LIMIT + 1, 0, 2, 2)) for n in range(start, start + BATCH)]
            service.put(engine.evaluate(raised, 2))
            await asyncio.sleep(0)
        await service.settle()
        elapsed = time.monotonic() - began
        storing.cancel()
        await journal.close()
    return sum(durable) / elapsed


def _load_s() -> float:
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        write_large_plant(Path(folder))
        began = time.monotonic()
        result = load_plant(folder)
        elapsed = time.monotonic() - began
    if result.plant is None or len(result.plant.alarms) != FILE_ALARMS:
        raise RuntimeError(f"the plant of the benchmark is not loaded: {result.errors[:1]}")
    return elapsed


def _flood() -> tuple[Flood, int]:
    """What the station saw, and how many alarms the journal has."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        command = [sys.executable, "-m", "hmi.bench._alarm_runtime", folder, str(FLOOD), str(FLOOD_S)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runtime:
            assert runtime.stdin is not None
            _until_running(Path(folder))
            station = FloodedStation(Path(folder))
            runtime.stdin.write("go\n")
            runtime.stdin.flush()
            found = station.watch(FLOOD)
            station.close()
            output, _ = runtime.communicate(timeout=START_S)
    return found, json.loads(output)["stored"]


def _until_running(folder: Path) -> None:
    end = time.monotonic() + START_S
    while not is_running(folder):
        if time.monotonic() > end:
            raise RuntimeError("the runtime of the benchmark does not start")
        time.sleep(0.05)


def _percentile(found: Sequence[float], share: float) -> float:
    """Of sorted numbers."""
    return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0
