"""The operator's log over the local socket: search, notes and hand-over, with a fake device."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_runtime import fake_runtime

from hmi.acquisition.port import DeviceIdentity
from hmi.alarms import AlarmChange
from hmi.client.alarms import JournalQuery
from hmi.client.local import find_endpoint
from hmi.client.port import Event, LiveUpdate
from hmi.client.socket import SocketClient
from hmi.core.alarms import Priority
from hmi.core.errors import CommunicationError
from hmi.core.journal import Entry, Kind
from hmi.core.principal import DEMO_OPERATOR, SYSTEM
from hmi.core.values import ValueType
from hmi.project.plant import AlarmDef, Area, ConnectionDef, Instance, Plant
from hmi.runtime import Runtime
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]


def plant_of(*, simulated: bool) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=simulated)
    level = replace(make_tag("a/t.pv", address="0"), id="t_pv", area="a")
    mode = make_tag("a/lic.mode", address="1", type=ValueType.ENUM, states={0: "Manual", 1: "Auto"})
    high = AlarmDef(
        "a_high", "t_pv", "Level high", "high", Priority.P2, "Tank level high", limit=90.0, area="a"
    )
    plant = make_plant(
        [level, replace(mode, id="t_mode", area="a")], connections={"plc1": plc1}, alarms=[high]
    )
    loop = Instance("i_lic", "a/lic", "loop", "Level control", "a", {"mode": "t_mode"})
    return replace(plant, areas=(Area("a", "Tank farm"),), instances={"a/lic": loop})


@asynccontextmanager
async def api(folder: Path, *, simulated: bool = True) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    plc = FakePlc(identity=SIMULATOR if simulated else DeviceIdentity("Maker"))
    plc.values = {0: 95.0, 1: 0}
    async with fake_runtime(plant_of(simulated=simulated), plc, folder) as runtime:
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(folder).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as client:
            async with asyncio.timeout(20):
                while not runtime.services.alarms.active():
                    await asyncio.sleep(0.02)
            yield runtime, client


async def found(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/journal/search", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["records"]


async def test_AL_log_search_over_the_api_narrows_by_everything_and_pages(tmp_path: Path) -> None:
    async with api(tmp_path) as (runtime, client):
        journal = runtime.services.journal
        await journal.append(
            *(Entry(Kind.ALARM, "ALM", SYSTEM, f"a_{n}", 10 + n, {"message": f"Pump {n} hot", "priority": 1 + n % 4,
              "area": f"a/u{n % 2}"}) for n in range(10)),
            Entry(Kind.AUDIT, "command.confirmed", DEMO_OPERATOR, "t_mode", 50, {"tag": "a/lic.mode", "area": "a"}),
        )  # fmt: skip
        first = (await client.get("/v1/journal/search", params={"text": "pum HOT", "limit": 4})).json()
        assert [r["object_id"] for r in first["records"]] == ["a_9", "a_8", "a_7", "a_6"]
        assert first["searched_from"] == 0
        rest = await found(client, text="pump", before=first["next_before"])
        assert [r["object_id"] for r in rest] == ["a_5", "a_4", "a_3", "a_2", "a_1", "a_0"]
        assert {r["payload"]["priority"] for r in await found(client, text="hot", priorities=[1, 2])} == {
            1,
            2,
        }
        assert [r["object_id"] for r in await found(client, area="a/u1", start=13, end=16)] == ["a_5", "a_3"]
        assert {r["stream"] for r in await found(client, text="hot")} == {"alarm", "diagnostic"}
        assert [r["event"] for r in await found(client, stream="command")] == ["command.confirmed"]
        assert [r["event"] for r in await found(client, object_id="t_mode", text="lic")] == [
            "command.confirmed"
        ]


@pytest.mark.parametrize(
    ("query", "word"),
    [({"stream": "x"}, "stream"), ({"priorities": "9"}, "priorities"), ({"limit": "-1"}, "limit"),
     ({"start": "5", "end": "5"}, "ends before"), ({"text": "x" * 501}, "longer")],
)  # fmt: skip
async def test_a_search_that_makes_no_sense_is_one_sentence(
    tmp_path: Path, query: dict[str, str], word: str
) -> None:
    async with api(tmp_path) as (_, client):
        answer = await client.get("/v1/journal/search", params=query)
        assert answer.status_code == 400
        assert word in answer.json()["error"]
        assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("item", ["t_pv", "a_high", "i_lic", "a", "plc1", "link:plc1", "link:plc1/2"])
async def test_a_note_is_kept_and_found_on_any_object(tmp_path: Path, item: str) -> None:
    async with api(tmp_path) as (_, client):
        answer = await client.post("/v1/notes", json={"object_id": item, "text": "  Zählwerk abgelesen "})
        assert answer.status_code == 200, answer.text
        (record,) = await found(client, text="zahlwerk", stream="note", object_id=item)
        assert record["seq"] == answer.json()["seq"]
        assert (record["actor"], record["payload"]["text"]) == ("demo-operator", "Zählwerk abgelesen")


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [({"object_id": "t_pv", "text": "x" * 2_001}, 400, "2000"), ({"object_id": "t_pv", "text": " "}, 400, "text"),
     ({"object_id": "nothing", "text": "x"}, 404, "nothing"), ({"text": "x"}, 404, "no object"),
     ({"object_id": 5, "text": "x"}, 400, "object_id")],
)  # fmt: skip
async def test_a_note_that_cannot_be_kept_says_why(
    tmp_path: Path, body: dict[str, Any], status: int, word: str
) -> None:
    async with api(tmp_path) as (_, client):
        answer = await client.post("/v1/notes", json=body)
        assert (answer.status_code, word in answer.json()["error"]) == (status, True), answer.text
        assert await found(client, stream="note") == []


async def test_who_may_only_view_writes_no_note_but_reads_the_log(tmp_path: Path) -> None:
    async with api(tmp_path, simulated=False) as (_, client):
        assert (await client.post("/v1/notes", json={"object_id": "t_pv", "text": "x"})).status_code == 403
        assert (await client.get("/v1/journal/search")).status_code == 200
        assert (await client.get("/v1/handover")).status_code == 200


async def test_the_hand_over_tells_what_the_next_shift_has_to_know(tmp_path: Path) -> None:
    async with api(tmp_path) as (runtime, client):
        s = runtime.services
        now = s.clock.now_ns()
        result = s.alarms.shelve(
            "a_high",
            now,
            seconds=600,
            one_shot=False,
            principal=DEMO_OPERATOR,
            comment="being cleaned",
        )
        assert isinstance(result, AlarmChange), result
        await s.journal.append(result.entry())
        await s.journal.append(
            Entry(Kind.AUDIT, "command.confirmed", DEMO_OPERATOR, "t_mode", now, {"reason": "sensor drifts"})
        )
        await client.post(
            "/v1/notes",
            json={
                "object_id": "a",
                "text": "Old",
            },
        )
        note_at = (await found(client, stream="note"))[0]["event_time"]
        await client.post("/v1/notes", json={"object_id": "a", "text": "Truck at six"})
        answer = (await client.get("/v1/handover", params={"since": note_at + 1})).json()
    sections = answer["sections"]
    assert list(sections) == [
        "standing", "shelved", "out_of_service", "suppressed", "tagged", "bypassed", "overridden", "manual",
        "controlled", "links", "notes",
    ]  # fmt: skip
    (shelved,) = sections["shelved"]
    assert (shelved["object_id"], shelved["actor"]) == ("a_high", "demo-operator")
    assert shelved["since"] > 0
    assert "being cleaned" in shelved["reason"]
    (manual,) = sections["manual"]
    assert (manual["object_id"], manual["actor"], manual["reason"]) == (
        "i_lic",
        "demo-operator",
        "sensor drifts",
    )
    assert [note["text"] for note in sections["notes"]] == ["Truck at six"]
    assert answer["counts"]["notes"] == 1


class Deaf:
    """A station that only asks."""

    def on_live(self, update: LiveUpdate) -> None:
        pass

    def on_event(self, event: Event) -> None:
        pass

    def on_link(self, up: bool, text: str) -> None:
        pass


async def test_a_station_asks_by_its_client(tmp_path: Path) -> None:
    async with api(tmp_path) as (_, _http):
        client = SocketClient(tmp_path, Deaf())
        try:
            await client.note("a_high", "Cleaned at noon")
            page = await client.search_journal(JournalQuery(text="noon cleaned", priorities=()))
            assert [record["payload"]["text"] for record in page.records] == ["Cleaned at noon"]
            raised = await client.search_journal(JournalQuery(priorities=(1, 2), event="ALM", limit=1))
            assert [record["object_id"] for record in raised.records] == ["a_high"]
            told = await client.handover()
            assert [item.object_id for item in told.sections["standing"]] == ["a_high"]
            assert [item.text for item in told.sections["notes"]] == ["Cleaned at noon"]
            with pytest.raises(CommunicationError, match="no object"):
                await client.note("nothing", "x")
        finally:
            await client.close()
