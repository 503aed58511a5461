"""A reload of the waterworks as a process, with its simulator: three real links, one of them in a worker process."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from waterworks_session import PLANT, WaterworksSession, all_links_up, watching

from hmi.client.socket import SocketClient

pytestmark = pytest.mark.asyncio
LEVEL = "clearwell/at402.pv"
LIMIT = ("Chlorine residual low,low,0.5,", "Chlorine residual low,low,0.45,")


async def links_of(client: SocketClient) -> dict[str, tuple[str, int, Any]]:
    """State, since when, and the process that holds the connection."""
    found = (await client.status()).connections
    return {c.name: (c.state, c.since, c.figures.get("worker_pid")) for c in found}


async def test_a_changed_limit_leaves_all_three_links_and_every_value_alone(tmp_path: Path) -> None:
    plant = shutil.copytree(PLANT, tmp_path / "waterworks")
    session = WaterworksSession(tmp_path, plant)
    session.start()
    client = watcher = None
    try:
        client, watcher = await watching(session.data)
        await all_links_up(client, watcher)
        await watcher.until(lambda: watcher.shown_live(LEVEL))
        before, shown = await links_of(client), set(watcher.live())
        alarms = {row.alarm_id: row.occurrence_id for row in await client.alarms()}
        file = plant / "alarms.csv"
        text = file.read_text(encoding="utf-8")
        assert text.count(LIMIT[0]) == 1
        file.write_text(text.replace(*LIMIT), encoding="utf-8")
        result = await client.reload()
        assert result.refusals == []
        assert len(result.changes) == 1
        assert result.changes[0].endswith("limit 0.5 -> 0.45 mg/L")
        await watcher.until(lambda: any(event.kind == "plant" for event in watcher.events))
        await watcher.until(lambda: shown <= set(watcher.live()))
        assert await links_of(client) == before
        after = {row.alarm_id: row.occurrence_id for row in await client.alarms()}
        assert {key: after[key] for key in alarms.keys() & after.keys()} == {
            key: alarms[key] for key in alarms.keys() & after.keys()
        }
        records = await client.journal(after=-1, kind="system", limit=20)
        applied = next(record for record in records if record["event"] == "plant.applied")
        assert applied["payload"]["changes"] == result.changes
        assert applied["plant_revision"] == result.revision
    finally:
        if client is not None:
            await client.close()
        session.stop()
