"""A frozen, killed or restarted server: the watchdog speaks in time and nothing is sent late."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opcua_plant import free_port, order, point, watching

from hmi.core.clock import wall_ns
from hmi.core.commands import WriteState
from hmi.core.errors import LinkLost

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be stopped by a signal there"),
]


def start(port: int) -> subprocess.Popen[str]:
    """A server process that is ready."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "opcua_frozen.py"), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
    process.communicate()


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    process = start(port)
    yield process, f"opc.tcp://127.0.0.1:{port}/plant/"
    end(process)


async def test_UA_03_frozen_server_is_a_lost_link_within_one_and_a_half_keep_alives(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    async with watching(url, [point(0, "A", writable=True)], keep_alive_ms=1000) as (driver, seen, task):
        await seen.until(lambda: len(seen.history) > 3)
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(LinkLost, match="sent nothing"):
            await task
        last = max(value.receive_time for _handle, value in seen.history)
        assert last > 0
        assert wall_ns() - last > 1_000_000_000
        assert driver.diagnostics()["last_error"].startswith("the server has sent nothing")


async def test_write_to_a_frozen_server_is_unknown_and_the_connection_is_dropped(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    points = [point(0, "A", writable=True)]
    async with watching(url, points, keep_alive_ms=20_000, timeout_ms=1000) as (driver, seen, task):
        await seen.until(lambda: 0 in seen.values)
        os.kill(process.pid, signal.SIGSTOP)
        outcome = await driver.write(order(0, 5.0))
        assert outcome.state is WriteState.UNKNOWN
        assert (await driver.write(order(0, 5.0))).state is WriteState.NOT_CONNECTED
        with pytest.raises(LinkLost):
            await task


async def test_UA_05_killed_server_is_a_lost_link_and_a_fresh_driver_gets_values_again(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    async with watching(url, [point(0, "A")], keep_alive_ms=20_000) as (_driver, seen, task):
        await seen.until(lambda: 0 in seen.values)
        process.kill()
        async with asyncio.timeout(15):
            with pytest.raises(LinkLost):
                await task
    process.wait()
    again = start(int(url.rsplit(":", 1)[1].split("/")[0]))
    try:
        async with watching(url, [point(0, "A")]) as (_driver, seen, _task):
            await seen.until(lambda: len(seen.history) > 1)
            assert seen.values[0].is_good
    finally:
        end(again)
