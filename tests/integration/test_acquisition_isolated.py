"""A real worker process around a scripted driver: ended, stopped, talking nonsense, orphaned, stuck in a write."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hmi.acquisition import IsolatedDriver
from hmi.acquisition.port import Batch, LinkSettings, Point
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.errors import CommunicationError
from hmi.core.values import ValueType

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="stops processes with POSIX signals"),
]

WORKER = """
import asyncio, types
from hmi.acquisition import worker
from hmi.acquisition.port import Batch, DeviceIdentity, Group
from hmi.core.commands import WriteOutcome, WriteState
from hmi.core.values import DataValue

class Driver:
    def __init__(self, settings):
        self.mode = settings.settings["mode"]
    async def open(self):
        return DeviceIdentity("Maker", "scripted")
    async def close(self):
        pass
    def groups(self):
        return (Group("all", "", 100, (0,)),)
    def diagnostics(self):
        return {}
    async def read_now(self, handles):
        return {h: DataValue(2**64 - 1, 0, 1, 1) for h in handles}
    async def write(self, request):
        print("a library that prints spoils no frame", flush=True)
        if self.mode == "stuck":
            await asyncio.sleep(60)
        return WriteOutcome(WriteState.DONE, 0, repr(request.value))
    async def watch(self, sink):
        number = 0
        while self.mode == "spins":
            pass
        while self.mode != "ends":
            number += 1
            sink(Batch("all", [(0, DataValue(number, 0, 1, 1))]))
            if self.mode == "hungry" and number == 1:
                self.kept = bytearray(400_000_000)
            await asyncio.sleep(0.02)

worker.part = lambda *names: types.SimpleNamespace(create=Driver)
worker.main()
"""
NONSENSE = "import sys,time; sys.stdout.buffer.write(%r); sys.stdout.flush(); time.sleep(30)"


def request(value: object, *, in_s: float = 5.0) -> WriteRequest:
    return WriteRequest("c_1", "t_a", 0, value, monotonic_ns() + int(in_s * 1e9))  # type: ignore[arg-type]


@asynccontextmanager
async def scripted(folder: Path, mode: str, *, cap_mb: int = 768) -> AsyncIterator[IsolatedDriver]:
    script = folder / "worker.py"
    root = str(Path(__file__).parents[2])
    script.write_text(f"import sys; sys.path.insert(0, {root!r})" + WORKER, encoding="utf-8")
    settings = LinkSettings("plc1", "x://1", {"mode": mode}, (Point(0, "a", ValueType.UINT64, 100),))
    driver = IsolatedDriver("scripted", settings, memory_cap_mb=cap_mb)
    driver.command = (sys.executable, str(script))
    try:
        yield driver
    finally:
        await driver.close()


async def lost(driver: IsolatedDriver, seconds: float = 30.0) -> str:
    """Watch until the link is lost; the sentence that says why."""
    with pytest.raises(CommunicationError) as told:
        async with asyncio.timeout(seconds):
            await driver.watch(lambda batch: None)
    return str(told.value)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"


async def test_values_writes_and_reads_pass_whole(tmp_path: Path) -> None:
    async with scripted(tmp_path, "steady") as driver:
        assert (await driver.open()).product == "scripted"
        batches: asyncio.Queue[Batch] = asyncio.Queue()
        watching = asyncio.create_task(driver.watch(batches.put_nowait))
        assert (await asyncio.wait_for(batches.get(), 30)).alive
        outcome = await driver.write(request((2**64 - 1, (b"\x00", "x"))))
        assert (outcome.state, outcome.text) == (WriteState.DONE, repr((2**64 - 1, (b"\x00", "x"))))
        assert (await driver.read_now([0]))[0].value == 2**64 - 1
        watching.cancel()
        await asyncio.wait([watching])
        pid = driver.pid
    assert not is_alive(pid)


async def test_a_demand_harms_neither_a_driver_without_the_verb_nor_a_worker_that_has_ended(
    tmp_path: Path,
) -> None:
    async with scripted(tmp_path, "steady") as driver:
        await driver.open()
        driver.demand(frozenset({0}))
        assert await driver.read_now([0])
        os.kill(driver.pid, signal.SIGKILL)
        ended = asyncio.create_task(lost(driver))
        while not ended.done():
            driver.demand(frozenset(range(10_000)))
            await asyncio.sleep(0)
        assert "has ended" in await ended


async def test_a_killed_worker_is_a_lost_link_at_once(tmp_path: Path) -> None:
    async with scripted(tmp_path, "steady") as driver:
        await driver.open()
        asyncio.get_running_loop().call_later(0.1, os.kill, driver.pid, signal.SIGKILL)
        assert "has ended" in await lost(driver)


async def test_a_stopped_worker_is_a_lost_link_and_leaves_no_process(tmp_path: Path) -> None:
    async with scripted(tmp_path, "steady") as driver:
        await driver.open()
        os.kill(driver.pid, signal.SIGSTOP)
        assert "no sign of life" in await lost(driver)
        pid = driver.pid
    assert not is_alive(pid)


async def test_a_driver_that_ends_by_itself_is_a_lost_link(tmp_path: Path) -> None:
    async with scripted(tmp_path, "ends") as driver:
        await driver.open()
        assert "ended by itself" in await lost(driver)


async def test_a_worker_over_its_memory_cap_ends_itself(tmp_path: Path) -> None:
    async with scripted(tmp_path, "hungry", cap_mb=200) as driver:
        await driver.open()
        assert "200 MB" in await lost(driver)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x00\x00\x01\xc1",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\x07",
        b"\x00\x00\x00\x03\x81\xa1t",
        b"junk" * 9,
    ],
)
async def test_a_worker_that_talks_nonsense_is_a_lost_link(tmp_path: Path, sent: bytes) -> None:
    async with scripted(tmp_path, "steady") as driver:
        driver.command = (sys.executable, "-c", NONSENSE % sent)
        with pytest.raises(CommunicationError, match="no message"):
            async with asyncio.timeout(30):
                await driver.open()


async def test_a_write_under_way_when_the_worker_dies_is_unknown(tmp_path: Path) -> None:
    async with scripted(tmp_path, "stuck") as driver:
        await driver.open()
        writing = asyncio.create_task(driver.write(request(1)))
        await driver.read_now([0])  # answered after the write was taken
        os.kill(driver.pid, signal.SIGKILL)
        assert (await asyncio.wait_for(writing, 30)).state is WriteState.UNKNOWN
        assert (await driver.write(request(1))).state is WriteState.NOT_CONNECTED


async def test_a_write_that_waited_in_the_pipe_beyond_its_time_is_not_sent(tmp_path: Path) -> None:
    async with scripted(tmp_path, "steady") as driver:
        await driver.open()
        os.kill(driver.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.6, os.kill, driver.pid, signal.SIGCONT)
        outcome = await asyncio.wait_for(driver.write(request(1, in_s=0.3)), 30)
        assert outcome.state is WriteState.EXPIRED


@pytest.mark.parametrize("mode", ["steady", "spins"])
async def test_a_worker_whose_runtime_is_gone_ends_also_when_its_loop_hangs(
    tmp_path: Path, mode: str
) -> None:
    async with scripted(tmp_path, mode) as driver:
        await driver.open()
        await driver.read_now([0])
        watching = asyncio.create_task(driver.watch(lambda batch: None))
        process = driver._process
        assert process is not None
        assert process.stdin is not None
        await asyncio.wait([watching], timeout=0.3)
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 30)
        await asyncio.wait([watching], timeout=30)
        with pytest.raises(CommunicationError):
            watching.result()
