"""The spine over real sockets: simulator, runtime and client as three processes' worth of code."""

from __future__ import annotations

import pytest
from waterworks_session import WaterworksSession, all_links_up, watching

from hmi.core.commands import CommandState, OperatorCommand, Reason
from hmi.core.history import ReadRaw
from hmi.core.identity import new_id

pytestmark = pytest.mark.asyncio


async def test_every_tag_of_all_three_connections_becomes_live(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        connections = await all_links_up(client, watcher)
        assert {c.name: c.state for c in connections} == {"plc1": "up", "rtu": "up", "opc": "up"}
        assert len(watcher.values) >= 150
    finally:
        await client.close()


async def test_a_setpoint_is_written_once_read_back_and_journalled(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        tags = {tag.name: tag for tag in (await client.plant()).tags}
        tag = tags["distribution/prv531.sp"]
        command = OperatorCommand(new_id("c"), tag.id, 4.1, watcher.heartbeat)
        result = await client.submit(command)
        assert result.state is CommandState.CONFIRMED
        assert result.read_back == pytest.approx(4.1, abs=0.01)
        again = await client.submit(command)
        assert again == result
        records = await client.journal(after=0, kind="audit", limit=1_000)
        own = [r for r in records if r["payload"]["command_id"] == command.id]
        assert [r["event"] for r in own] == ["command.requested", "command.confirmed"]
        assert own[0]["actor"] == "demo-operator"
        assert own[0]["simulated"] is True
    finally:
        await client.close()


async def test_a_refusal_lists_every_unmet_condition(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        tags = {tag.name: tag for tag in (await client.plant()).tags}
        command = OperatorCommand(new_id("c"), tags["intake/p101a.speed_sp"].id, 20.0, watcher.heartbeat)
        result = await client.submit(command)
        assert result.state is CommandState.REFUSED
        assert Reason.LIMIT_EXCEEDED in {refusal.reason for refusal in result.refusals}
        assert any("manual" in refusal.text for refusal in result.refusals)
    finally:
        await client.close()


async def test_a_command_of_an_old_heartbeat_is_not_sent(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        tags = {tag.name: tag for tag in (await client.plant()).tags}
        stale = OperatorCommand(
            new_id("c"), tags["distribution/prv531.sp"].id, 4.3, watcher.heartbeat, ttl_ms=1
        )
        result = await client.submit(stale)
        assert [refusal.reason for refusal in result.refusals] == [Reason.TIME_LIMIT_OVER]
    finally:
        await client.close()


async def test_history_fills_a_trend(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        tag = next(t for t in (await client.plant()).tags if t.history and t.connection == "plc1")
        page = await client.read_raw(ReadRaw(tag.id, 0, 0))
        times = [sample.source_time for sample in page.samples]
        assert times == sorted(times)
        assert page.samples
    finally:
        await client.close()


async def test_freeze_keeps_values_good_and_stops_the_session_clock(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        assert (await client.simulator("freeze", {}))["ok"]
        await watcher.until(lambda: watcher.values["site/plc1.frozen"].value is True)
        status = await client.status()
        assert status.rate == 0.0
        assert (await client.simulator("run", {}))["ok"]
        await watcher.until(lambda: watcher.values["site/plc1.frozen"].value is False)
        records = await client.journal(after=0, kind="system", limit=1_000)
        freeze = next(r for r in records if r["event"] == "simulator.freeze")
        assert freeze["actor"] == "demo-instructor"
    finally:
        await client.close()


async def test_a_malfunction_raises_its_alarm_and_it_can_be_acknowledged(
    waterworks: WaterworksSession,
) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        await client.simulator("malfunction", {"id": "pump_trip-p101a", "action": "set"})
        await watcher.until(lambda: any(a["tag_name"].startswith("intake/p101a") for a in watcher.alarms))
        alarm = next(a for a in watcher.alarms if a["tag_name"].startswith("intake/p101a"))
        assert alarm["state"] == "UNACK"
        assert await client.acknowledge([alarm["occurrence_id"]], "seen") == []
        await watcher.until(
            lambda: any(
                a["occurrence_id"] == alarm["occurrence_id"] and a["state"] == "ACKED" for a in watcher.alarms
            )
        )
        assert await client.acknowledge([alarm["occurrence_id"]]) != []
        await client.simulator("malfunction", {"id": "pump_trip-p101a", "action": "clear"})
    finally:
        await client.close()


async def test_a_restore_opens_a_new_run(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        before = (await client.status()).run_id
        assert (await client.simulator("snapshot", {"name": "here"}))["ok"]
        assert (await client.status()).run_id == before
        assert (await client.simulator("restore", {"name": "here"}))["ok"]
        after = (await client.status()).run_id
        assert after != before
        newest = await client.journal(after=-1, kind="system", limit=5)
        started = next(record for record in newest if record["event"] == "run.started")
        assert started["run_id"] == after
        await all_links_up(client, watcher)
    finally:
        await client.close()
