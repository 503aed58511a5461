"""Each link of the chain pulled: nothing is shown as live longer than max(2 s, 3 periods) (reliability row 17)."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from attempts import Attempts
from waterworks_session import WaterworksSession, all_links_up, watching

from hmi.core.clock import monotonic_ns

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals"),
]

# slowest scan class of the plant is 5 s: 3 periods, and a little for the runtime to say so
LONGEST_S = 15.0 + 2.0


async def test_a_lost_link_marks_every_value_and_raises_one_alarm(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        assert watcher.live(connection="plc1:")
        await client.simulator("malfunction", {"id": "link_lost-plc1", "action": "set"})
        own = [name for name, group in watcher.groups.items() if group.startswith("plc1:")]
        await watcher.until(lambda: all(not watcher.shown_live(name) for name in own), LONGEST_S)
        await watcher.until(lambda: any(a["alarm_id"] == "link:plc1" for a in watcher.alarms))
        about_plc1 = [a for a in watcher.alarms if a["alarm_id"] == "link:plc1"]
        assert len(about_plc1) == 1
        assert watcher.live(connection="rtu:")
        await client.simulator("malfunction", {"id": "link_lost-plc1", "action": "clear"})
        await all_links_up(client, watcher)
    finally:
        await client.close()


async def test_a_stopped_plc_makes_its_values_stale_though_the_link_is_up(
    waterworks: WaterworksSession,
) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        await client.simulator("malfunction", {"id": "plc_stopped-plc1", "action": "set"})
        own = [n for n, g in watcher.groups.items() if g.startswith("plc1:") and n != "site/plc1.life"]
        await watcher.until(lambda: all(not watcher.shown_live(name) for name in own), LONGEST_S)
        assert {c.name: c.state for c in (await client.status()).connections}["plc1"] == "up"
        await client.simulator("malfunction", {"id": "plc_stopped-plc1", "action": "clear"})
        await all_links_up(client, watcher)
    finally:
        await client.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_or_hung_driver_worker_is_noticed_and_replaced(
    waterworks: WaterworksSession, number: signal.Signals
) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        connections = await all_links_up(client, watcher)
        pid = int(next(c for c in connections if c.name == "opc").figures["worker_pid"])
        os.kill(pid, number)
        own = [name for name, group in watcher.groups.items() if group.startswith("opc:")]
        await watcher.until(lambda: all(not watcher.shown_live(name) for name in own), LONGEST_S)
        connections = await all_links_up(client, watcher)
        assert int(next(c for c in connections if c.name == "opc").figures["worker_pid"]) != pid
    finally:
        await client.close()


async def test_a_stopped_runtime_leaves_nothing_live_after_two_seconds(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    assert waterworks.runtime is not None
    try:
        await all_links_up(client, watcher)
        for one in Attempts(3.0):
            os.kill(waterworks.runtime.pid, signal.SIGSTOP)
            stopped = monotonic_ns()
            try:
                await watcher.until(lambda: not watcher.live(), 30)
                one.took((monotonic_ns() - stopped) / 1e9)
                await watcher.until(lambda: not watcher.link_up, 30)
            finally:
                os.kill(waterworks.runtime.pid, signal.SIGCONT)
            await all_links_up(client, watcher)
    finally:
        await client.close()


async def test_a_killed_runtime_comes_back_with_its_journal_whole(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    assert waterworks.runtime is not None
    try:
        await all_links_up(client, watcher)
        before = await client.journal(after=0, limit=1_000)
        waterworks.runtime.kill()
        waterworks.runtime.wait()
        await watcher.until(lambda: not watcher.link_up and not watcher.live(), 30)
        waterworks.start_runtime()
        await all_links_up(client, watcher)
        after = await client.journal(after=0, limit=1_000)
        assert after[: len(before)] == before
        assert any(record["event"] == "runtime.started" for record in after[len(before) :])
    finally:
        await client.close()
