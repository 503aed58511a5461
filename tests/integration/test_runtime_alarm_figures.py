"""GET /v1/alarms/figures over the local socket, from a journal in a real file."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from fake_runtime import fake_runtime

from hmi.alarms.kpi import figures
from hmi.client.local import find_endpoint
from hmi.core.alarms import Priority
from hmi.core.errors import CommunicationError, StorageError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, VIEWER
from hmi.journal import alarm_lines
from hmi.project.plant import AlarmDef, Area, ConnectionDef
from hmi.runtime import Runtime, _figures_api
from hmi.runtime._figures_api import FiguresApi, window
from hmi.runtime._verbs import BadRequest
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

NS = 1_000_000_000
HOUR = 3_600 * NS
pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    plc = FakePlc(identity=SIMULATOR)
    plc.values = {0: 1.5}
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    alarm = AlarmDef("a_high", "", "High", "high", Priority.P2, "high", limit=1e9, area="north")
    tag = make_tag("a/t.pv", address="0")
    plant = make_plant([tag], connections={"plc1": plc1})
    plant = replace(plant, areas=(Area("north", "North"),), alarms=(replace(alarm, tag_id=tag.id),))
    async with fake_runtime(plant, plc, folder) as runtime:
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(folder).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as client:
            yield runtime, client


def entry(at: int, alarm: str, event: str, after: str, *, raised: int = 0, area: str = "north") -> Entry:
    payload = {
        "tag": "a/t.pv", "name": "High", "message": "high", "before": "NORM", "after": after, "priority": 2,
        "area": area, "alarm_time": raised or at, "hidden": False, "comment": "", "quality": 0,
    }  # fmt: skip
    return Entry(Kind.ALARM, event, SYSTEM, alarm, at, payload)


def week(now: int) -> list[Entry]:
    """One alarm that stands for two days, then 700 short ones in the last hours (three blocks of the index)."""
    found = [entry(now - 48 * HOUR, "old", "ALM", "UNACK")]
    for index in range(350):
        at = now - 10 * HOUR + index * 60 * NS
        found.append(entry(at, f"a{index % 7}", "ALM", "UNACK"))
        found.append(entry(at + 30 * NS, f"a{index % 7}", "RTN", "RTNUN", raised=at))
    return found


async def test_figures_are_counted_from_the_journal(tmp_path: Path) -> None:
    async with running(tmp_path) as (runtime, client):
        now = runtime.services.clock.now_ns()
        await runtime.services.journal.append(*week(now))
        start, end = now - 8 * HOUR, now - HOUR
        answer = await client.get("/v1/alarms/figures", params={"start": start, "end": end})
        found = answer.json()
        records = await runtime.services.journal.read(limit=10_000)
        expected = figures(records, start, end, "UTC", simulated=True, configured={2: 1})
    assert answer.status_code == 200
    assert found == expected
    assert found["alarms"] > 200
    assert [row["alarm_id"] for row in found["stale"]] == ["old"]  # it is in the first block only


async def test_an_area_without_end_ends_with_the_full_minute(tmp_path: Path) -> None:
    async with running(tmp_path) as (runtime, client):
        now = runtime.services.clock.now_ns()
        await runtime.services.journal.append(
            *week(now), entry(now - HOUR, "s", "ALM", "UNACK", area="south")
        )
        found = (await client.get("/v1/alarms/figures", params={"area": "north"})).json()
    assert found["end"] % (60 * NS) == 0
    assert found["end"] - found["start"] == 7 * 24 * HOUR
    assert found["alarms"] == 351


async def test_a_question_that_makes_no_sense_gets_one_sentence(tmp_path: Path) -> None:
    async with running(tmp_path) as (runtime, client):
        now = runtime.services.clock.now_ns()
        texts = []
        for given in ({"start": now, "end": now - HOUR}, {"start": -1}, {"start": 1}, {"area": "nowhere"}):
            answer = await client.get("/v1/alarms/figures", params=given)
            assert answer.status_code == 400
            texts.append(answer.json()["error"])
    assert texts == [
        "the time of the figures ends before it begins",
        "start and end are times in UTC ns, or 0",
        "the figures are counted over 400 days at most: choose a shorter time",
        "there is no area 'nowhere'",
    ]


async def test_a_window_that_is_over_is_kept_as_it_was_asked_for() -> None:
    now = 1_000 * 24 * HOUR + 61 * NS
    assert window(now - 2 * HOUR, now - HOUR, now) == (now - 2 * HOUR, now - HOUR)
    assert window(now - HOUR, 0, now) == (now - HOUR - NS, now - NS)
    assert window(0, now + HOUR, now) == (now - NS - 7 * 24 * HOUR, now - NS)
    with pytest.raises(BadRequest):
        window(now + HOUR, 0, now)


class Held:
    """Stands in for the reading of the journal: it begins, and goes on when a test lets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on, self.ended = threading.Event(), threading.Event(), threading.Event()
        monkeypatch.setattr(_figures_api, "alarm_lines", self)

    def __call__(self, path: Path, start: int, end: int, rest: Any) -> Iterator[Any]:
        self.begun.set()
        try:
            while not self.go_on.wait(0.005):
                rest()
            yield from ()
        finally:
            self.ended.set()


async def reached(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 20)


def ask(api: FiguresApi, **given: Any) -> asyncio.Task[dict[str, Any]]:
    handler = api.verbs()[0].handler
    return asyncio.ensure_future(handler(VIEWER, {"start": 0, "end": 0, "area": "", **given}))  # type: ignore[arg-type]


async def test_others_are_answered_meanwhile_and_the_same_range_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (runtime, client):
        held, api = Held(monkeypatch), FiguresApi(runtime)
        now = runtime.services.clock.now_ns()
        given = {"start": now - 2 * HOUR, "end": now - HOUR}
        first, second = ask(api, **given), ask(api, **given)
        await reached(held.begun)
        assert (await client.get("/v1/status")).status_code == 200
        assert not first.done()
        held.go_on.set()
        assert await first == await second == await ask(api, **given)
        assert api.counted == 1
        await ask(api, **given | {"area": "north"})
        assert api.counted == 2


async def test_a_count_that_nobody_waits_for_any_more_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (runtime, _):
        held, api = Held(monkeypatch), FiguresApi(runtime)
        now = runtime.services.clock.now_ns()
        given = {"start": now - 2 * HOUR, "end": now - HOUR}
        first, second = ask(api, **given), ask(api, **given)
        await reached(held.begun)
        first.cancel()
        await asyncio.wait([first])
        assert not held.ended.is_set()  # the second one still waits
        second.cancel()
        await asyncio.wait([second])
        await reached(held.ended)
        held.go_on.set()
        assert (await ask(api, **given))["alarms"] == 0


async def test_a_count_is_given_up_for_newer_questions_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (runtime, _):
        held, api = Held(monkeypatch), FiguresApi(runtime)
        now = runtime.services.clock.now_ns()
        first = ask(api, start=now - 2 * HOUR, end=now - HOUR)
        await reached(held.begun)
        others = [ask(api, start=now - 2 * HOUR, end=now - HOUR - n) for n in range(1, 17)]
        with pytest.raises(CommunicationError, match="given up"):
            await first
        held.go_on.set()
        assert all(answer["alarms"] == 0 for answer in await asyncio.gather(*others))


async def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as (_, client):

        def broken(*given: Any) -> Iterator[Any]:
            raise StorageError("the disk is gone")
            yield

        monkeypatch.setattr(_figures_api, "alarm_lines", broken)
        answer = await client.get("/v1/alarms/figures")
    assert (answer.status_code, answer.json()) == (503, {"error": "the disk is gone"})


async def test_records_that_are_in_no_index_yet_are_read_too(tmp_path: Path) -> None:
    async with running(tmp_path) as (runtime, _):
        now = runtime.services.clock.now_ns()
        await runtime.services.journal.append(*week(now))
        path = runtime.services.journal.path
        whole = list(alarm_lines(path, now - 20 * HOUR, now))
        copy = tmp_path / "older.sqlite"
        source = apsw.Connection(str(path))
        source.execute("vacuum into ?", (str(copy),))
        source.close()
    database = apsw.Connection(str(copy))
    database.execute("delete from spans where block < 2")
    database.execute("insert or replace into catch_up values (1, 512)")
    database.close()
    older = list(alarm_lines(copy, now - 20 * HOUR, now))
    assert [line for line in older if line in whole] == whole
    assert {line.object_id for line in older if line.kind == "alarm"} == {"old", *(f"a{n}" for n in range(7))}


async def test_a_quiet_time_reads_only_what_stood_before_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (runtime, _):
        now = runtime.services.clock.now_ns()
        await runtime.services.journal.append(*week(now))
        lines = list(alarm_lines(runtime.services.journal.path, now + 24 * HOUR, now + 48 * HOUR))
    assert sorted(line.object_id for line in lines) == [*(f"a{n}" for n in range(7)), "old"]
