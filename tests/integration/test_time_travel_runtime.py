"""A runtime tells what was true at an instant: alarms, plant and values, also of a revision or a run of before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from past_plant import FLOW, LEVEL, Works, until, works_at
from waterworks_session import Watcher

from hmi.client.alarms import AlarmInfo
from hmi.client.local import find_endpoint
from hmi.client.past import PastMoment
from hmi.client.people import HoldRequest
from hmi.client.port import PlantInfo
from hmi.client.socket import SocketClient
from hmi.core.clock import NS_PER_S
from hmi.core.commands import CommandState
from hmi.core.errors import CommunicationError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import DEMO_OPERATOR, SYSTEM
from hmi.runtime._alarms import Act

DAY = 86_400 * NS_PER_S


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    with works_at(tmp_path, {LEVEL: 2.0, FLOW: 120.0}) as running:
        yield running


def ask(works: Works, at: int, ahead: int = 0) -> PastMoment:
    async def asked() -> PastMoment:
        client = SocketClient(works.data, Watcher())
        try:
            return await client.alarms_at(at, ahead)
        finally:
            await client.close()

    return asyncio.run(asked())


def plant_at(works: Works, at: int) -> PlantInfo:
    async def asked() -> PlantInfo:
        client = SocketClient(works.data, Watcher())
        try:
            return await client.plant_at(at)
        finally:
            await client.close()

    return asyncio.run(asked())


def live_rows(works: Works) -> list[AlarmInfo]:
    return sorted(works.runtime.alarms.book.rows.values(), key=lambda row: row.alarm_id)


def stored(works: Works) -> None:
    """All that is told is in the journal."""
    until(lambda: all(row.stored for row in live_rows(works)))


def later(works: Works) -> int:
    """A session time that no record of before or after has."""
    before = works.now()
    until(lambda: works.now() > before + 20_000_000)
    return before + 10_000_000


def test_the_rows_of_an_instant_are_those_that_stations_were_told(works: Works) -> None:
    times, told = [later(works)], [live_rows(works)]

    def note() -> None:
        stored(works)
        times.append(later(works))
        told.append(live_rows(works))

    works.put(lt101=4.8)
    until(lambda: live_rows(works))
    note()
    row = live_rows(works)[0]
    works.call(works.runtime.alarms.acknowledge(DEMO_OPERATOR, [row.occurrence_id], "seen it"))
    note()
    works.put(lt101=2.0)
    until(lambda: not live_rows(works))
    note()
    works.put(lt101=0.1)
    until(lambda: live_rows(works))
    note()
    assert [len(rows) for rows in told] == [0, 1, 1, 0, 1]
    for at, rows in zip(times, told, strict=True):
        moment = ask(works, at)
        assert (moment.at, moment.known, moment.ran) == (at, True, True)
        assert sorted(moment.rows, key=lambda one: one.alarm_id) == rows


def test_the_changes_that_follow_lead_from_one_instant_to_the_next(works: Works) -> None:
    begin = later(works)
    works.put(lt101=4.8)
    until(lambda: live_rows(works))
    stored(works)
    middle = later(works)
    works.put(lt101=2.0)
    until(lambda: live_rows(works) and live_rows(works)[0].state == "RTNUN")
    stored(works)
    end = later(works)
    moment = ask(works, begin, end)
    assert moment.rows == []
    rows: dict[str, AlarmInfo] = {}
    for change in moment.changes:
        assert begin < change.time <= end
        if change.row is not None:
            rows[change.alarm_id] = change.row
    assert list(rows.values()) == live_rows(works)
    assert ask(works, begin, middle).changes == moment.changes[:1]
    assert moment.until == end


def test_hidden_alarms_stand_in_their_lists(works: Works) -> None:
    works.put(lt101=4.8)
    until(lambda: live_rows(works))
    row = live_rows(works)[0]
    act = Act("SHELVE", seconds=600, reason="maintenance", comment="cleaning")
    assert works.call(works.runtime.alarms.act(DEMO_OPERATOR, act, [row.alarm_id])) == []
    stored(works)
    at = later(works)
    (found,) = ask(works, at).rows
    assert (found.state, found.hidden_by, found.comment) == ("SHLVD", DEMO_OPERATOR.user, "cleaning")
    assert found.shelve_until > at
    assert found.suppressed_reason == "maintenance"


def test_control_tags_of_then_stand_and_later_ones_do_not(works: Works) -> None:
    before = later(works)
    request = HoldRequest(
        "h_1", "place_tag", object_id=works.runtime.plant.by_name[LEVEL].id, kind="caution", reason="leaks"
    )
    result = works.call(works.runtime.holds.submit(DEMO_OPERATOR, request))
    assert result.state is CommandState.CONFIRMED, result.text
    during = later(works)
    assert ask(works, before).held.tags == ()
    (tag,) = ask(works, during).held.tags
    assert tag == works.runtime.holds.book.snapshot().tags[0]


def test_the_future_is_the_present_and_before_the_first_record_nothing_is_known(works: Works) -> None:
    moment = ask(works, works.now() + DAY)
    assert moment.at <= works.now()
    before = ask(works, works.now() - 10 * DAY)
    assert (before.known, before.ran, before.rows) == (False, False, [])
    assert before.revision == works.runtime.plant.revision


def test_the_plant_of_an_instant_has_the_displays_and_limits_of_then(works: Works) -> None:
    works.put(lt101=4.8)
    until(lambda: live_rows(works))
    old, at = works.runtime.plant.revision, later(works)
    works.edit("alarms.csv", "high,high,4.5", "high,high,4.4")
    works.edit("displays/overview.json", "Area 1", "Tank hall")
    works.reload()
    after = later(works)
    now = works.runtime.plant.revision
    assert now != old
    then = plant_at(works, at)
    assert then.revision == old
    assert "Tank hall" not in str(then.displays[0].document)
    assert plant_at(works, after).revision == now
    moment = ask(works, at)
    assert moment.revision == old
    assert at < moment.revision_until < after
    assert [row.limit for row in moment.rows] == [4.5]
    assert (ask(works, after).revision, ask(works, after).revision_until) == (now, 0)


def test_a_revision_that_was_not_kept_is_one_sentence(works: Works) -> None:
    at, old = later(works), works.runtime.plant.revision
    works.edit("displays/overview.json", "Area 1", "Tank hall")
    works.reload()
    (works.data / "revisions" / f"{old}.zip").unlink()
    for question in (plant_at, ask):
        with pytest.raises(CommunicationError, match="was not kept"):
            question(works, at)
    file = works.data / "revisions" / f"{old}.zip"
    file.write_bytes(b"not a zip")
    with pytest.raises(CommunicationError, match="zip"):
        plant_at(works, at)


def test_values_of_then_come_under_the_names_of_then(works: Works) -> None:
    at, old = later(works), works.runtime.plant.revision
    works.edit("tags.csv", "area1/ft101", "area1/ft999")
    display = works.folder / "displays" / "overview.json"
    display.write_text(display.read_text(encoding="utf-8").replace(FLOW, "area1/ft999"), encoding="utf-8")
    works.reload()

    async def asked() -> tuple[str, object]:
        watcher = Past()
        client = SocketClient(works.data, watcher)
        await client.subscribe([FLOW], at=at)
        await watcher.until(lambda: bool(watcher.past))
        await client.close()
        return watcher.revision, watcher.past[FLOW]

    revision, value = asyncio.run(asked())
    assert revision == old
    assert value == 120.0


class Past(Watcher):
    """Keeps what came of the past, and of which plant revision it was."""

    def __init__(self) -> None:
        super().__init__()
        self.past: dict[str, object] = {}
        self.revision = ""

    def on_live(self, update) -> None:  # type: ignore[no-untyped-def]
        super().on_live(update)
        if update.at:
            self.past.update({name: data.value for name, data in update.values.items()})
            self.revision = update.revision or self.revision


def test_a_clock_that_was_set_back_means_the_last_time_of_that_name(works: Works) -> None:
    """What was recorded later took the place of what a restored simulation had before."""
    journal, now = works.runtime.services.journal, works.now()

    def note(event: str, **said: object) -> None:
        entry = Entry(Kind.SYSTEM, event, SYSTEM, "p", now, said)
        works.call(journal.append(entry))

    works.put(lt101=4.8)
    until(lambda: live_rows(works))
    stored(works)
    at = later(works)
    assert len(ask(works, at).rows) == 1
    real = works.runtime.services.clock.now_ns
    shift = 5 * NS_PER_S
    works.runtime.services.clock.now_ns = lambda: real() - shift  # type: ignore[method-assign]
    try:
        note("run.started")
        works.put(lt101=2.0)
        row = live_rows(works)[0]
        works.call(works.runtime.alarms.acknowledge(DEMO_OPERATOR, [row.occurrence_id], ""))
        until(lambda: not live_rows(works))
        until(lambda: works.now() > at + NS_PER_S // 2)
        assert ask(works, at).rows == []
    finally:
        del works.runtime.services.clock.now_ns


def test_the_timeline_counts_alarms_commands_and_marks(works: Works) -> None:
    start = works.now() - 60 * NS_PER_S
    for _ in range(2):
        works.put(lt101=4.8)
        until(lambda: live_rows(works) and live_rows(works)[0].state == "UNACK")
        works.put(lt101=2.0)
        until(lambda: live_rows(works) and live_rows(works)[0].state == "RTNUN")
    stored(works)
    endpoint = find_endpoint(works.data)
    transport = httpx.HTTPTransport(uds=endpoint.path)
    with httpx.Client(transport=transport, base_url="http://runtime") as client:
        query = {"start": start, "end": works.now(), "slots": 60}
        found = client.get("/v1/timeline", params=query).json()
        assert sum(found["alarms"]) == 2
        assert {worst for worst in found["worst"] if worst} == {2}
        assert "runtime.started" in {mark["event"] for mark in found["marks"]}
        assert 0 < found["first"] < works.now()
        for wrong in ({"start": 5, "end": 4}, {"start": 1, "end": 9, "slots": 99_999}, {"start": "x"}):
            assert client.get("/v1/timeline", params=wrong).status_code == 400
        for wrong in ({}, {"at": -5}, {"at": "now"}):
            assert client.get("/v1/alarms/past", params=wrong).status_code == 400


def test_a_question_of_the_past_holds_up_nothing_that_is_live(works: Works) -> None:
    """The loop of the runtime goes on with its ticks while a slow history is read."""
    history = works.runtime.services.history
    slow = history.values_at

    def values_at(tag_ids, at):  # type: ignore[no-untyped-def]
        time.sleep(0.5)
        return slow(tag_ids, at)

    history.values_at = values_at  # type: ignore[method-assign]
    beats = works.runtime.services.beats

    async def asked() -> int:
        watcher = Past()
        client = SocketClient(works.data, watcher)
        await client.subscribe([LEVEL, FLOW], at=works.now() - NS_PER_S // 10)
        before = beats.number
        await watcher.until(lambda: bool(watcher.past))
        await client.close()
        return beats.number - before

    assert asyncio.run(asked()) >= 3
