"""SE-13: under ten times the usual updates a display still opens and a command is still confirmed in usual time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher

from hmi.client.socket import SocketClient
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.values import EURange, ValueType
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

log = logging.getLogger(__name__)
TAGS, STEP_S = 500, 0.1
USUAL, FLOOD = TAGS, 10 * TAGS
"""Changed values a second."""
TIMES, AT_MOST, RECOVERY_S = 15, 2.0, 30.0
NAMES = [f"n{number}" for number in range(TAGS)]
SET = "set.sp"


def plant_of() -> Plant:
    """Five hundred measurements that a display shows, and one set point."""
    rule = CommandRule(max_step=0.0, min_interval_ms=0)
    tags = [make_tag(name, address=name, type=ValueType.FLOAT64) for name in NAMES]
    tags.append(make_tag(SET, address=SET, type=ValueType.FLOAT64, range=EURange(0, 10_000), command=rule))
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant(tags, connections={"plc1": plc1})


class Feed:
    """Changes values of the device at a rate; ``rate`` a second may be changed at any time."""

    def __init__(self, plc: FakePlc) -> None:
        self.rate, self.sent, self._plc = USUAL, 0, plc

    async def run(self) -> None:
        handles = itertools.cycle(range(TAGS))
        loop = asyncio.get_running_loop()
        at = loop.time()
        while True:
            rounds, rest = divmod(int(self.rate * STEP_S), TAGS)
            for size in [TAGS] * rounds + [rest]:
                self._plc.change({next(handles): float(self.sent + place) for place in range(size)})
                self.sent += size
            at += STEP_S  # what was late is made up for
            await asyncio.sleep(max(0.0, at - loop.time()))


class Times:
    """What one who works at a station waits for: a display that opens, a command that is confirmed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = itertools.count(1)

    async def medians(self, times: int) -> tuple[float, float]:
        """Seconds of a call-up of all values, and of a command."""
        call_ups, commands = list[float](), list[float]()
        for _ in range(times):
            took = await self._once()
            call_ups.append(took[0])
            commands.append(took[1])
        return statistics.median(call_ups), statistics.median(commands)

    async def _once(self) -> tuple[float, float]:
        watcher = Watcher()
        client = SocketClient(self._folder, watcher)
        try:
            async with asyncio.timeout(60):
                begun = time.perf_counter()
                await client.subscribe([*NAMES, SET])
                while not (watcher.heartbeat and watcher.values.keys() >= {*NAMES, SET}):
                    await asyncio.sleep(0.001)
                opened = time.perf_counter() - begun
                number = next(self._number)
                begun = time.perf_counter()
                command = OperatorCommand(
                    f"c{number}", f"t_{SET}", float(number), watcher.heartbeat, confirmed=True
                )
                result = await client.submit(command)
                assert result.state is CommandState.CONFIRMED, result
                return opened, time.perf_counter() - begun
        finally:
            await client.close()


@asynccontextmanager
async def fed_runtime(folder: Path) -> AsyncIterator[Feed]:
    plc = FakePlc(push=True, identity=SIMULATOR)
    plc.values = {handle: 0.0 for handle in range(TAGS + 1)}
    feed = Feed(plc)
    async with fake_runtime(plant_of(), plc, folder):
        feeding = asyncio.create_task(feed.run())
        try:
            yield feed
        finally:
            feeding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeding


@pytest.mark.alone
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(10, marks=pytest.mark.slow),
        pytest.param(600, marks=[pytest.mark.soak, pytest.mark.timeout(1_200)]),
    ],
)
@pytest.mark.asyncio
async def test_se_13_a_flood_leaves_call_ups_and_commands_their_time(tmp_path: Path, seconds: int) -> None:
    async with fed_runtime(tmp_path) as feed:
        times = Times(tmp_path)
        await times.medians(2)  # the first ones also build what is kept
        before = await times.medians(TIMES)
        feed.rate = FLOOD
        began, sent = time.monotonic(), feed.sent
        during = list[tuple[float, float]]()
        while time.monotonic() - began < seconds or not during:
            during.append(await times.medians(TIMES))
        rate = (feed.sent - sent) / (time.monotonic() - began)
        feed.rate = USUAL
        async with asyncio.timeout(RECOVERY_S):
            after = await times.medians(TIMES)
            while not calm(after, before, 1.5):
                after = await times.medians(TIMES)
    flood = statistics.median(one[0] for one in during), statistics.median(one[1] for one in during)
    log.warning("%.0f values/s; seconds before %s, in the flood %s, after %s", rate, before, flood, after)
    assert rate > 0.8 * FLOOD, "the device did not flood"
    usual = max(before[0], after[0]), max(before[1], after[1])
    assert calm(flood, usual, AT_MOST), (usual, flood)


def calm(now: tuple[float, ...], before: tuple[float, ...], times: float) -> bool:
    return all(one <= times * usual for one, usual in zip(now, before, strict=True))
