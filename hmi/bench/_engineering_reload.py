"""How long a change of 10,000 tags takes under a runtime that works, and whether a sample is lost by it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from hmi.acquisition import Acquisition
from hmi.bench.figure import Figure
from hmi.bench.peers.counting_plc import CountingPlc
from hmi.bootstrap import build_services
from hmi.core.errors import UsageError
from hmi.core.history import ReadRaw
from hmi.core.principal import Principal, Role
from hmi.project import format_plant, new_plant, open_plant
from hmi.runtime import DataFolder, Runtime

CHANGED, BESIDE, BLOCK = 10_000, 1_000, 125
GOAL_S: Final = 2.0
PATIENCE_S: Final = 60.0
_ENGINEER = Principal("engineer", "local", "bench", frozenset({Role.VIEW, Role.ENGINEER}))
_HEADER = "kind,id,name,type,connection,address,scan,unit,low,high,history,compression,exc_dev"


@dataclass
class _Desk:
    """A runtime over two devices that count their answers; ``names`` are the tags that show the counts."""

    folder: Path
    runtime: Runtime
    plcs: tuple[CountingPlc, CountingPlc]
    names: tuple[str, ...]

    def recorded(self, name: str) -> list[int]:
        """Without repeats: a value that stood for a while is recorded again before it changes."""
        tag = self.runtime.plant.by_name[name]
        page = self.runtime.services.history.read_raw(ReadRaw(tag.id, 0, 2**62))
        values = (int(one.value) for one in page.samples if one.is_good and isinstance(one.value, int))
        return [value for value, _ in groupby(values)]

    async def answered(self, times: int) -> None:
        """Wait until every block of both was read so many times more."""
        wanted = [{place: count + times for place, count in plc.answers.items()} for plc in self.plcs]
        async with asyncio.timeout(PATIENCE_S):
            while any(
                plc.answers[place] < count
                for plc, counts in zip(self.plcs, wanted, strict=True)
                for place, count in counts.items()
            ):
                await asyncio.sleep(0.05)

    def lost(self) -> int:
        """Answers of the devices that the history does not have; the newest may be on its way."""
        missing = 0
        for name in self.names:
            found = self.recorded(name)
            missing += found[-1] - found[0] + 1 - len(found) if found else 1
        return missing


def figures() -> list[Figure]:
    """Of one reload in which 10,000 tags get another range and text, while 11,000 are read every second."""
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        seconds, stall_ms, lost, answers = asyncio.run(_measured(Path(folder)))
    what = f"{CHANGED:,} tags with another range, {CHANGED + BESIDE:,} read every second"
    return [
        Figure(
            "engineering.reload_10k_s", seconds, "s", against=f"{what}; from the request to the plant in force",
            goal=f"< {GOAL_S:g}", passed=seconds < GOAL_S,
        ),
        Figure(
            "engineering.reload_lost_samples", lost, "samples",
            against=f"{answers:,} answers of two Modbus devices that count them, before, during and after",
            goal="0", passed=lost == 0,
        ),
        Figure("engineering.reload_stall_ms", stall_ms, "ms", against="the longest time in which nothing else ran"),
    ]  # fmt: skip


async def _measured(folder: Path) -> tuple[float, float, int, int]:
    async with _desk(folder) as desk:
        await desk.answered(3)
        _change(desk.folder)
        stalls = _Stalls()
        watch = asyncio.create_task(stalls.run())
        began = time.monotonic()
        result = await desk.runtime.reload(_ENGINEER)
        seconds = time.monotonic() - began
        watch.cancel()
        if result.refusals or not result.changes:
            raise UsageError(f"the reload of the benchmark was refused: {result.refusals[:3]}")
        await desk.answered(4)
        await asyncio.to_thread(lambda: None)
        reopened = sum(plc.connections for plc in desk.plcs) - len(desk.plcs)
        return seconds, stalls.worst_ms, desk.lost() + reopened, sum(plc.answers.total() for plc in desk.plcs)


class _Stalls:
    """How late a timer of 5 ms comes at worst."""

    worst_ms = 0.0

    async def run(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            self.worst_ms = max(self.worst_ms, (time.monotonic() - began - 0.005) * 1000)


@contextlib.asynccontextmanager
async def _desk(folder: Path) -> AsyncIterator[_Desk]:
    async with CountingPlc() as first, CountingPlc() as second:
        plant_folder = _plant(folder / "plant", first.port, second.port)
        data = DataFolder(folder / "data")
        data.open()
        plant = open_plant(plant_folder)
        services = build_services(plant, data, None)
        await services.journal.open()
        runtime = Runtime(services)
        links = Acquisition(plant, runtime, mode=services.mode)
        task = asyncio.create_task(runtime.run(links), name="runtime")
        try:
            names = tuple(tag.name for tag in plant.tags if tag.history)
            desk = _Desk(plant_folder, runtime, (first, second), names)
            async with asyncio.timeout(PATIENCE_S):
                while sum(len(plc.answers) for plc in desk.plcs) < len(names):
                    await asyncio.sleep(0.05)
            yield desk
        finally:
            task.cancel()
            await asyncio.wait([task])
            await services.journal.close()
            if services.accounts is not None:
                services.accounts.close()
            data.close()


def _plant(folder: Path, first: int, second: int) -> Path:
    new_plant(folder)
    for name in ("displays/overview.json", "alarms.csv"):
        (folder / name).unlink()
    head = (folder / "plant.toml").read_text(encoding="utf-8").split("[connection", 1)[0].rstrip().rstrip("#")
    head = "\n".join(line for line in head.splitlines() if not line.startswith("home"))
    for name, port in (("plc1", first), ("plc2", second)):
        head += f'\n[connection.{name}]\ndriver = "modbus"\nendpoints = ["tcp://127.0.0.1:{port}"]\n'
    (folder / "plant.toml").write_text(head, encoding="utf-8")
    rows = [_row("plc1", place) for place in range(CHANGED)] + [
        _row("plc2", place) for place in range(BESIDE)
    ]
    (folder / "tags.csv").write_text("\n".join([_HEADER, *rows]) + "\n", encoding="utf-8")
    format_plant(folder)
    return folder


def _row(plc: str, place: int) -> str:
    counts = "true,off,0" if place % BLOCK == 0 else ",,"
    return f"tag,,area1/{plc}.v{place},uint16,{plc},HR{place + 1},normal,m,0,100,{counts}"


def _change(folder: Path) -> None:
    """Another range for every tag of the first device."""
    path = folder / "tags.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = [line.replace(",m,0,100,", ",m,0,200,") if ",plc1," in line else line for line in lines]
    if sum(a != b for a, b in zip(lines, changed, strict=True)) != CHANGED:
        raise UsageError("the plant of the benchmark is not what it should be")
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")
