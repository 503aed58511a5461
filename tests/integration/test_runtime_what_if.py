"""What-if over the API of a runtime that works: its own history and journal, and the change of a plant folder."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from test_runtime_reload import ENGINEER, LEVEL, Desk, desk_at
from waterworks_session import Watcher

from hmi.alarms import what_if as replays
from hmi.client.socket import SocketClient
from hmi.client.what_if import AlarmEdit, WhatIfQuery, WhatIfResult
from hmi.core import quality
from hmi.core.alarms import AlarmState
from hmi.core.clock import NS_PER_S
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.principal import VIEWER
from hmi.journal import alarm_tally, link_turns
from hmi.project import open_plant
from hmi.runtime import Api, _what_if_api

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
PLACE = 4  # of the level in the fake device
BAD_ID = "a_b2dhvg2ra8h4"


@asynccontextmanager
async def desk_and_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: Any = ENGINEER
) -> AsyncIterator[tuple[Desk, SocketClient]]:
    monkeypatch.setattr(Api, "principal_of", lambda self, request: who)
    async with desk_at(tmp_path) as desk:
        client = SocketClient(tmp_path / "data", Watcher())
        try:
            yield desk, client
        finally:
            await client.close()


def high_level(desk: Desk) -> Any:
    tag = desk.runtime.plant.by_name[LEVEL]
    return next(one for one in desk.runtime.plant.alarms if one.tag_id == tag.id and one.kind == "high")


async def moved(desk: Desk, values: list[float]) -> None:
    """Each value in turn, as soon as the one before it is known everywhere."""
    for value in values:
        desk.plc.values[PLACE] = value
        await desk.until(lambda value=value: desk.value(LEVEL).value == value)
    await desk.runtime.alarms.service.settle()


async def answered(client: SocketClient, query: WhatIfQuery) -> WhatIfResult:
    async with asyncio.timeout(30):
        while (answer := await client.what_if(query)).result is None:
            query = WhatIfQuery(query.alarm_id, query.changes, answer.start, answer.end)
    return answer.result


async def test_unchanged_settings_give_the_alarms_of_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All inputs are recorded: the replay finds exactly what the engine found when it happened."""
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, begin = high_level(desk), desk.runtime.services.clock.now_ns()
        dice = random.Random(7)
        around = [alarm.limit + dice.choice([-1.0, -0.05, 0.0, 0.02, 0.5]) + n / 1e6 for n in range(30)]
        await moved(desk, [0.0, *around, 0.0])
        end = desk.runtime.services.clock.now_ns()
        run_id = desk.runtime.services.run_id
        path = desk.runtime.services.journal.path
        came = alarm_tally(path, alarm.id, begin, end, run_id=run_id).came
        found = await answered(client, WhatIfQuery(alarm.id, {}, begin, end))
        records = await desk.runtime.services.journal.read(limit=10_000, object_id=alarm.id)
    assert came >= 5
    assert (found.was, found.proposed, found.kept, found.recorded) == (came, came, came, came)
    assert (found.removed, found.merged, found.new, found.later, found.coarse) == (0, 0, 0, 0, False)
    raised = sorted(r.event_time for r in records if r.event == "ALM" and begin <= r.event_time < end)
    replayed = sorted(one.start for one in found.kept_list)
    assert len(raised) == len(replayed)
    assert max(abs(a - b) for a, b in zip(raised, replayed, strict=True)) < NS_PER_S // 2


async def test_a_deadband_would_have_removed_alarms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_and_client(tmp_path, monkeypatch, VIEWER) as (desk, client):
        alarm, begin = high_level(desk), desk.runtime.services.clock.now_ns()
        near = [alarm.limit - 0.3, alarm.limit + 0.1] * 4
        await moved(desk, [0.0, *(value + n / 1e6 for n, value in enumerate(near)), 0.0])
        query = WhatIfQuery(alarm.id, {"deadband": "0.5"}, begin, desk.runtime.services.clock.now_ns())
        found = await answered(client, query)
    assert (found.was, found.kept, found.merged, found.removed, found.new) == (4, 1, 3, 0, 0)
    assert [(one.name, one.was, one.proposed) for one in found.settings] == [
        ("deadband", f"{alarm.deadband:g}", "0.5")
    ]
    assert found.sentence.startswith("Would have removed 3 of 4 alarms")


async def test_a_question_that_cannot_be_answered_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, now = high_level(desk), desk.runtime.services.clock.now_ns()
        wanted = {
            ("a_nothing", "deadband", "1"): "the plant defines no alarm with the id a_nothing",
            (alarm.id, "colour", "1"): "'colour' is no setting to try",
            (alarm.id, "deadband", "wide"): "deadband 'wide' is not a number",
            (alarm.id, "on_delay", "-1"): "on_delay -1 is below zero",
            (alarm.id, "suppress_when", "'a/b' >"): "expression",
            (alarm.id, "suppress_when", "'a/b' > 1"): "reads a/b, which is not a tag",
        }
        for (alarm_id, name, text), words in wanted.items():
            with pytest.raises(CommunicationError, match=words):
                await answered(client, WhatIfQuery(alarm_id, {name: text}, now - NS_PER_S, now))
        with pytest.raises(CommunicationError, match="400 days at most"):
            await client.what_if(WhatIfQuery(alarm.id, {}, 1, now))
        settings = await client.alarm_settings(alarm.id)
        assert (settings.tag, settings.kind, settings.problem) == (LEVEL, "high", "")
        assert settings.cells["limit"] == f"{alarm.limit:g}"


async def test_progress_is_told_and_what_nobody_asks_for_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_what_if_api, "WAIT_S", 0.05)
    monkeypatch.setattr(_what_if_api, "FORGOTTEN_NS", NS_PER_S // 5)
    ended: list[str] = []

    def endless(*given: Any, pace: Any, **more: Any) -> Any:
        try:
            while True:
                pace(0.25)
        finally:
            ended.append("given up")

    monkeypatch.setattr(replays, "what_if", endless)  # where the first question reads it from
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, now = high_level(desk), desk.runtime.services.clock.now_ns()
        query = WhatIfQuery(alarm.id, {"deadband": "1"}, now - NS_PER_S, now)
        answer = await client.what_if(query)
        assert (answer.progress, answer.result) == (0.25, None)
        await desk.until(lambda: ended)
        assert desk.value(LEVEL).is_good  # the loop went on


async def test_a_change_is_written_journalled_and_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, file = high_level(desk), desk.folder / "alarms.csv"
        before = file.read_text(encoding="utf-8").splitlines()
        revision = desk.runtime.plant.revision
        edit = AlarmEdit(alarm.id, {"deadband": "0.25", "on_delay": "9"}, "chatters at night", revision)
        result = await client.change_alarm(edit)
        records = await desk.runtime.services.journal.read(limit=1_000)
        assert (result.refusals, result.revision) == ([], open_plant(desk.folder).revision)
        assert (high_level(desk).deadband, high_level(desk).on_delay_s) == (0.25, 9.0)
    after = file.read_text(encoding="utf-8").splitlines()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    noted = next(record for record in records if record.event == "alarm.changing")
    assert (noted.actor, noted.object_id, noted.payload["reason"]) == (
        "engineer",
        alarm.id,
        "chatters at night",
    )
    assert noted.payload["changes"] == {
        "deadband": [f"{alarm.deadband:g}", "0.25"], "on_delay": [f"{alarm.on_delay_s:g}", "9"],
    }  # fmt: skip
    events = [record.event for record in records]
    assert events.index("alarm.changing") < events.index("plant.applying") < events.index("ATTR_CHANGE")


async def test_a_change_is_refused_when_the_folder_was_changed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, revision = high_level(desk), desk.runtime.plant.revision
        desk.edit("plant.toml", "title = ", 'note = "x"\ntitle = ')
        before = (desk.folder / "alarms.csv").read_bytes()
        result = await client.change_alarm(AlarmEdit(alarm.id, {"limit": "4"}, "why", revision))
        assert (desk.folder / "alarms.csv").read_bytes() == before
        assert result.refusals == [
            "the plant folder holds changes that are not in force; reload the plant, then look again"
        ]
        other = await client.change_alarm(AlarmEdit(alarm.id, {"limit": "4"}, "why", "another"))
        assert other.refusals == ["another revision of the plant runs by now; look at the alarm again"]
        records = await desk.runtime.services.journal.read(limit=1_000, object_id=alarm.id)
    assert [r.event for r in records if r.event.startswith("alarm.")] == [
        "alarm.changing", "alarm.change_refused",
    ]  # fmt: skip


async def test_what_the_check_of_the_plant_refuses_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, revision = high_level(desk), desk.runtime.plant.revision
        before = (desk.folder / "alarms.csv").read_bytes()
        edit = AlarmEdit(alarm.id, {"suppress_when": "'area1/nothing'"}, "why", revision)
        result = await client.change_alarm(edit)
        assert result.refusals
        assert "area1/nothing" in result.refusals[0]
        assert (desk.folder / "alarms.csv").read_bytes() == before
        assert desk.runtime.plant.revision == revision


async def test_a_change_needs_a_reason_and_an_engineer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarm, revision = high_level(desk), desk.runtime.plant.revision
        with pytest.raises(CommunicationError, match="a change of an alarm needs a reason"):
            await client.change_alarm(AlarmEdit(alarm.id, {"limit": "4"}, " ", revision))
        assert high_level(desk).limit == alarm.limit


async def test_a_viewer_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_and_client(tmp_path, monkeypatch, VIEWER) as (desk, client):
        alarm, revision = high_level(desk), desk.runtime.plant.revision
        with pytest.raises(AccessRefused, match="has no right to engineer"):
            await client.change_alarm(AlarmEdit(alarm.id, {"limit": "4"}, "why", revision))
        assert high_level(desk).limit == alarm.limit


async def test_bad_values_are_replayed_and_the_alarm_of_the_link_speaks_for_a_lost_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_and_client(tmp_path, monkeypatch) as (desk, client):
        alarms = desk.folder / "alarms.csv"
        head = alarms.read_text(encoding="utf-8").splitlines()[0].split(",")
        cells = {"id": BAD_ID, "tag": LEVEL, "name": "bad", "kind": "bad", "on_delay": "0.3", "priority": "3",
                 "message": "Level is not measured", "cause": "broken wire", "consequence": "The level is not known",
                 "action": "Look at the transmitter", "time_to_respond": "1 h"}  # fmt: skip
        with alarms.open("a", encoding="utf-8") as file:
            file.write(",".join(cells.get(name, "") for name in head) + "\n")
        await desk.reload()
        begin = desk.runtime.services.clock.now_ns()
        for _ in range(2):
            desk.plc.statuses[PLACE] = quality.BAD_SENSOR_FAILURE
            await desk.until(lambda: (row := desk.alarm(LEVEL, "bad")) and row.state is AlarmState.UNACK)
            del desk.plc.statuses[PLACE]
            await desk.until(lambda: desk.value(LEVEL).is_good)
        desk.plc.reachable = False
        desk.plc.cut()
        await desk.until(lambda: desk.value(LEVEL).is_bad)
        lost = desk.runtime.services.clock.now_ns()
        await desk.until(lambda: desk.runtime.services.clock.now_ns() > lost + NS_PER_S)
        desk.plc.reachable = True
        await desk.until(lambda: desk.value(LEVEL).is_good)
        await desk.runtime.alarms.service.settle()
        end = desk.runtime.services.clock.now_ns()
        turns = link_turns(
            desk.runtime.services.journal.path, desk.runtime.plant.by_name[LEVEL].connection, end
        )
        found = await answered(client, WhatIfQuery(BAD_ID, {}, begin, end))
        longer = await answered(client, WhatIfQuery(BAD_ID, {"on_delay": "3600"}, begin, end))
        settings = await client.alarm_settings(BAD_ID)
    assert [(unit, down) for _, unit, down in turns] == [("", True), ("", False)]
    assert (found.was, found.kept, found.recorded, found.coarse) == (2, 2, 2, False)
    assert (longer.was, longer.removed) == (2, 2)
    assert (settings.kind, settings.problem) == ("bad", "")
