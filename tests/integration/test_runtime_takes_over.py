"""CM-05, row 39: nothing is answered before a runtime knows what the one before it left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher

from hmi.bootstrap import build_services
from hmi.client.socket import SocketClient
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import DEMO_OPERATOR
from hmi.journal import SqliteJournal
from hmi.project.plant import CommandRule, ConnectionDef, Plant
from hmi.runtime import DataFolder
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag


def plant_of() -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant([make_tag("a/t.sp", address="1", command=CommandRule())], connections={"plc1": plc1})


async def leave_behind(folder: Path, command: dict[str, Any]) -> None:
    """What a runtime that was killed while a command was under way has in its journal."""
    data = DataFolder(folder)
    data.open()
    journal = build_services(plant_of(), data, None).journal
    await journal.open()
    await journal.append(Entry(Kind.AUDIT, "command.requested", DEMO_OPERATOR, "t_a/t.sp", 0, command))
    await journal.close()
    data.close()


@pytest.mark.asyncio
async def test_CM_05_row_39_a_command_of_before_is_not_refused_while_the_journal_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plc, may_read = FakePlc(), asyncio.Event()
    plc.values = {1: 2.5}
    await leave_behind(tmp_path, {"command_id": "c1", "new": 9.0})
    last = SqliteJournal.last

    async def slow_last(self: SqliteJournal, count: int, **which: Any) -> tuple[JournalRecord, ...]:
        await may_read.wait()
        return await last(self, count, **which)

    monkeypatch.setattr(SqliteJournal, "last", slow_last)
    async with fake_runtime(plant_of(), plc, tmp_path) as runtime:
        screen = Watcher()
        client = SocketClient(tmp_path, screen)
        await client.subscribe(["a/t.sp"])
        command = OperatorCommand("c1", "t_a/t.sp", 9.0, runtime.services.beats.number)
        asking = asyncio.create_task(client.submit(command))
        await asyncio.wait([asking], timeout=0.5)
        assert not asking.done(), asking.result()
        assert not screen.heartbeat
        may_read.set()
        answer = await asking
        await client.close()
    assert answer.state in (CommandState.UNKNOWN, CommandState.FAILED), answer
    assert not any(what == "write" for what, _value in plc.log)
