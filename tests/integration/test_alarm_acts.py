"""What operators do with alarms over the real socket: acts, refusals, rights, lists; all of it in the journal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from alarm_plant import EVERYTHING, AlarmWatcher, Bench, alarm_bench, person

from hmi.client.socket import SocketClient
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.principal import Role

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
OPERATOR = (Role.VIEW, Role.ACKNOWLEDGE, Role.OPERATE)


async def raised(bench: Bench, *numbers: int) -> None:
    bench.put(*numbers)
    wanted = {f"a_{n}" for n in numbers}
    await bench.seen.until(lambda: wanted <= bench.seen.active.keys() and bench.seen.all_stored, 40)


async def records_of(bench: Bench, event: str) -> list[dict[str, Any]]:
    records = await bench.station.journal(kind="alarm", limit=1_000)
    return [record for record in records if record["event"] == event]


async def test_shelve_comment_and_unshelve_are_done_told_and_journalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 6, monkeypatch, who=person(*OPERATOR)) as bench:
        await raised(bench, 1, 2)
        ask = bench.station.act_on_alarms
        assert await ask("SHELVE", ["a_1"], seconds=900, reason="maintenance", comment="pump out") == []
        await bench.seen.until(lambda: bench.seen.states()["a_1"] == "SHLVD", 30)
        assert bench.seen.deltas[-1].counts == {
            "active": 1, "shelved": 1, "suppressed": 0, "out_of_service": 0,
        }  # fmt: skip
        (row,) = await bench.station.alarms(state="shelved")
        assert row.alarm_id == "a_1"
        assert [row.alarm_id for row in await bench.station.alarms()] == ["a_2"]
        details = await bench.station.alarm("a_1")
        assert details.row.state == "SHLVD"
        assert details.definition["limit"] == 10.0
        assert [record["event"] for record in details.records] == ["SHELVE", "ALM"]
        assert await ask("UNSHELVE", ["a_1"]) == []
        await bench.seen.until(lambda: bench.seen.states()["a_1"] == "UNACK", 30)
        (record,) = await records_of(bench, "SHELVE")
        assert (record["actor"], record["station"]) == ("ann", "desk-1")
        assert "maintenance" in json.dumps(record["payload"])
        assert [record["object_id"] for record in await records_of(bench, "ALM")] == ["a_1", "a_2", "a_1"]


async def test_out_of_service_needs_an_engineer_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 3, monkeypatch, who=person(*EVERYTHING)) as bench:
        await raised(bench, 0)
        with pytest.raises(CommunicationError, match="needs a reason"):
            await bench.station.act_on_alarms("OOS", ["a_0"])
        assert await bench.station.act_on_alarms("OOS", ["a_0"], reason="sensor removed") == []
        assert [row.state for row in await bench.station.alarms(state="out_of_service")] == ["OOSRV"]
        assert await bench.station.act_on_alarms("RTS", ["a_0"]) == []
        assert [row.state for row in await bench.station.alarms()] == ["UNACK"]


async def test_what_the_person_may_not_do_is_refused_and_journalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 3, monkeypatch, who=person(Role.VIEW, user="guest")) as bench:
        await raised(bench, 0)
        (row,) = bench.seen.active.values()
        with pytest.raises(AccessRefused, match="guest has no right to acknowledge"):
            await bench.station.acknowledge([row.occurrence_id])
        with pytest.raises(AccessRefused, match="guest has no right to acknowledge"):
            await bench.station.act_on_alarms("SHELVE", ["a_0"], seconds=60, reason="test")
        with pytest.raises(AccessRefused, match="guest has no right to"):
            await bench.station.act_on_alarms("OOS", ["a_0"], reason="removed")
        assert [row.state for row in await bench.station.alarms()] == ["UNACK"]
        refusals = await records_of(bench, "REFUSED")
        assert [(record["actor"], record["payload"]["asked"]) for record in refusals] == [
            ("guest", "ACK"), ("guest", "SHELVE"), ("guest", "OOS"),
        ]  # fmt: skip
        await bench.station.silence()  # whoever may look may stop the noise


async def test_an_urgent_alarm_is_shelved_only_with_the_right_to_tune(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 6, monkeypatch, who=person(*OPERATOR)) as bench:
        await raised(bench, 0, 1, 2)  # of priorities 1, 2, 3
        problems = await bench.station.act_on_alarms(
            "SHELVE", ["a_0", "a_1", "a_2"], seconds=60, reason="test"
        )
        assert problems == ["intake/t0.pv High: ann may not shelve an alarm of priority 1"]
        shelved = await bench.station.alarms(state="shelved")
        assert {row.alarm_id for row in shelved} == {"a_1", "a_2"}
        (refusal,) = await records_of(bench, "REFUSED")
        assert refusal["payload"]["reason"] == "ann may not shelve an alarm of priority 1"
        assert refusal["payload"]["reason_code"] == "test"


async def test_partial_refusals_are_a_sentence_each_and_the_rest_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 6, monkeypatch, who=person(*EVERYTHING)) as bench:
        await raised(bench, 1)
        ask = bench.station.act_on_alarms
        problems = await ask("SHELVE", ["a_1", "a_99", "ua:plc/1"], seconds=1e9, reason="test")
        assert len(problems) == 3
        assert "a_99: there is no such alarm" in problems
        assert any(problem.startswith("ua:plc/1: ") for problem in problems)
        assert await ask("RESET", ["a_1"]) == ["filters/t1.pv High: the alarm is not latched"]
        (row,) = bench.seen.active.values()
        problems = await bench.station.acknowledge([row.occurrence_id, "o_gone"])
        assert len(problems) == 1
        await bench.seen.until(lambda: bench.seen.states()["a_1"] == "ACKED", 30)
        asked = [record["payload"]["asked"] for record in await records_of(bench, "REFUSED")]
        assert sorted(asked) == ["ACK", "RESET", "SHELVE", "SHELVE"]


async def test_a_whole_flood_is_acknowledged_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 6_000, monkeypatch, who=person(*OPERATOR)) as bench:
        bench.put(*range(6_000))
        await bench.seen.until(lambda: len(bench.seen.active) == 6_000, 60)
        beat = bench.seen.heartbeat
        assert await bench.station.acknowledge([r.occurrence_id for r in bench.seen.active.values()]) == []
        await bench.seen.until(lambda: set(bench.seen.states().values()) == {"ACKED"}, 60)
        assert bench.seen.heartbeat > beat
        assert bench.seen.link_up


async def test_somebody_without_rights_cannot_fill_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 3, monkeypatch, who=person(Role.VIEW)) as bench:
        with pytest.raises(AccessRefused):
            await bench.station.act_on_alarms("RESET", [f"x_{n}" for n in range(4_000)])
        refusals = await records_of(bench, "REFUSED")
        assert len(refusals) == 100
        assert refusals[-1]["payload"]["reason"].endswith("(and 3900 more alarms)")


async def test_a_refusal_costs_no_state_at_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    who = person(*EVERYTHING)
    async with alarm_bench(tmp_path, 3, monkeypatch, who=who) as bench:
        await raised(bench, 1)
        await bench.station.act_on_alarms("SHELVE", ["a_1"], seconds=3_000, reason="test")
        assert await bench.station.act_on_alarms("RESET", ["a_1"]) != []
        assert await bench.station.act_on_alarms("RTS", ["a_1"]) != []
    async with alarm_bench(tmp_path, 3, monkeypatch, who=who) as bench:
        assert [row.alarm_id for row in await bench.station.alarms(state="shelved")] == ["a_1"]
        assert bench.seen.deltas[-1].counts["shelved"] == 1


BAD: list[tuple[str, Mapping[str, Any], str]] = [
    ("act", {"act": "EXPLODE", "alarm_ids": []}, "there is no act 'EXPLODE'"),
    ("act", {"act": ["RTS"], "alarm_ids": []}, "there is no act"),
    ("act", {"act": "RTS", "alarm_ids": "a_1"}, "alarm_ids is not a list"),
    ("act", {"act": "RTS", "alarm_ids": [1]}, "alarm_ids is not a list"),
    ("act", {"act": "RTS", "alarm_ids": [""]}, "empty or longer"),
    ("act", {"act": "RTS", "alarm_ids": ["x" * 500]}, "empty or longer"),
    ("act", {"act": "RTS", "alarm_ids": ["a"] * 10_001}, "more than 10000"),
    ("act", {"act": "SHELVE", "alarm_ids": ["a_1"], "seconds": "60", "reason": "test"}, "seconds is not"),
    ("act", {"act": "SHELVE", "alarm_ids": ["a_1"], "seconds": -1, "reason": "test"}, "seconds is not"),
    ("act", {"act": "SHELVE", "alarm_ids": ["a_1"], "seconds": 60}, "shelving needs one of these reasons"),
    ("act", {"act": "SHELVE", "alarm_ids": ["a_1"], "seconds": 60, "reason": "why"}, "one of these reasons"),
    ("act", {"act": "SHELVE", "alarm_ids": ["a_1"], "one_shot": "yes"}, "one_shot is not true or false"),
    ("act", {"act": "COMMENT", "alarm_ids": ["a_1"]}, "a comment needs a text"),
    ("act", {"act": "COMMENT", "alarm_ids": ["a_1"], "comment": "x" * 501}, "longer than 500"),
    ("act", {"act": "COMMENT", "alarm_ids": ["a_1"], "comment": 7}, "comment is not a text"),
    ("acknowledge", {"occurrence_ids": {"a": 1}}, "occurrence_ids is not a list"),
    ("silence", {"area": "nowhere"}, "there is no area 'nowhere'"),
    ("silence", {"area": ["intake"]}, "area is not a text"),
]


async def test_bad_input_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with alarm_bench(tmp_path, 3, monkeypatch, who=person(*EVERYTHING)) as bench:
        transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "runtime.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as http:
            for verb, body, expected in BAD:
                answer = await http.post(f"/v1/alarms/{verb}", json=body)
                assert answer.status_code == 400, (verb, body, answer.text)
                assert expected in answer.json()["error"], (verb, body)
            answer = await http.get("/v1/alarms", params={"state": "sleepy"})
            assert (answer.status_code, "there is no list 'sleepy'" in answer.text) == (400, True)
            answer = await http.get("/v1/alarms/a_99")
            assert (answer.status_code, answer.json()["error"]) == (404, "there is no alarm 'a_99'")
        assert await records_of(bench, "REFUSED") == []


async def test_silence_is_told_to_every_station_and_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alarm_bench(tmp_path, 3, monkeypatch, who=person(*OPERATOR)) as bench:
        await raised(bench, 0)
        other = AlarmWatcher()
        second = SocketClient(tmp_path, other)
        await other.until(lambda: bool(other.deltas), 30)
        await bench.station.silence()
        for seen in (bench.seen, other):
            await seen.until(lambda seen=seen: any(event.kind == "silence" for event in seen.events), 30)
            (said,) = (event.payload for event in seen.events if event.kind == "silence")
            assert (said["area"], said["user"], said["station"]) == ("", "ann", "desk-1")
            assert said["time"] > 0
        assert [row.state for row in await bench.station.alarms()] == ["UNACK"]
        (record,) = await records_of(bench, "SILENCE")
        assert record["actor"] == "ann"
        await second.close()
