"""Export jobs over the real socket: what is told, who may ask for what, and that all of it is in the journal."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_runtime import real_runtime
from waterworks_session import Watcher

from hmi.acquisition import create_driver_with
from hmi.client.exports import ExportInfo
from hmi.client.socket import SocketClient
from hmi.core import quality
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import AccessRefused, CommunicationError, StorageError
from hmi.core.principal import Principal, Role
from hmi.core.values import ValueType
from hmi.export import EXPORTS_FOLDER, STATE_FILE, Asked, JobCondition, JobFigures, JobState, ask, unnoted
from hmi.project.exports import ExportDef, ExportWhat
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import Api, Runtime, export_watch
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
ENGINEER = Principal("sam", "local", "s1", frozenset({Role.VIEW, Role.ENGINEER}))
LOOKER = Principal("looker", "local", "s2", frozenset({Role.VIEW}))
_WHO = [ENGINEER]
REASON = "the lake was restored from a backup"
OLD_NS = 11 * NS_PER_S


def plant_with_exports() -> Plant:
    lag = make_tag("site/lag", connection="own", address="lake/lag_s", type=ValueType.FLOAT64, scan="fast")
    rate = make_tag("site/rate", connection="own", address="lake/rate", type=ValueType.FLOAT64, scan="fast")
    recorded = [make_tag(f"intake/t{n}.pv", connection="", history=True) for n in range(3)]
    own = ConnectionDef("own", "exports", ("",), own=True)
    plant = make_plant([lag, rate, *recorded], connections={"own": own})
    jobs = (
        ExportDef("lake", "files", tags=("intake/*",), every_s=5.0),
        ExportDef("minutes", "postgres", ExportWhat.AGGREGATES, aggregates=("Average", "Minimum")),
        ExportDef("audit", "files", ExportWhat.AUDIT, enabled=False),
    )
    return replace(plant, exports=jobs)


class Session:
    """A running runtime with a client, and the state file that an exporting process would write."""

    def __init__(self, runtime: Runtime, client: SocketClient, data: Path) -> None:
        self.runtime, self.client = runtime, client
        self.folder = data / EXPORTS_FOLDER
        self.state = JobState(self.folder)

    def tell(self, job: str = "lake", *, life: int = 0, **more: Any) -> None:
        now = wall_ns()
        usual: dict[str, Any] = {"condition": JobCondition.RUNNING, "since": now, "told": now}
        self.state.tell(JobFigures(job=job, to="files", what="samples", **{**usual, **more}))
        self.state.live(life or now)

    async def job(self, name: str = "lake") -> ExportInfo:
        return next(one for one in (await self.client.exports()).jobs if one.name == name)

    async def until(self, is_so: Callable[[], Any], beat: Callable[[], None] = lambda: None) -> None:
        async with asyncio.timeout(60):
            while not await is_so():
                beat()
                await asyncio.sleep(0.1)

    async def audit(self) -> list[dict[str, Any]]:
        return await self.client.journal(after=0, kind="audit")


@asynccontextmanager
async def session(data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    _WHO[0] = ENGINEER
    monkeypatch.setattr(Api, "principal_of", lambda _self, _request: _WHO[0])
    create = create_driver_with({"data_dir": str(data)}, {"plant": data, "data": data})
    async with real_runtime(plant_with_exports(), data, create=create) as runtime:
        client = SocketClient(data, Watcher())
        watch = asyncio.create_task(export_watch(runtime).run())
        made = Session(runtime, client, data)
        try:
            yield made
        finally:
            watch.cancel()
            await asyncio.wait([watch])
            await client.close()
            made.state.close()


async def test_jobs_are_told_with_their_definition_before_any_of_them_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        found = await s.client.exports()
        assert (found.alive, found.life) == (False, 0)
        assert [
            (one.name, one.to, one.what, one.enabled, one.series, one.condition) for one in found.jobs
        ] == [
            ("lake", "files", "samples", True, 3, ""),
            ("minutes", "postgres", "aggregates", True, 6, ""),
            ("audit", "files", "audit", False, 0, ""),
        ]
        assert (found.jobs[0].tags, found.jobs[0].every_s) == (["intake/*"], 5.0)
        assert found.jobs[1].aggregates == ["Average", "Minimum"]
        assert not any(one.is_fresh or one.is_measured for one in found.jobs)


async def test_figures_are_those_of_the_job_and_old_ones_are_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        s.tell(
            lag_s=1.25, backlog_s=300.0, rate=812.0, quota_used=0.1, dropped=4, quarantined=2, rows=99,
            condition=JobCondition.UNAVAILABLE, text="it does not answer",
        )  # fmt: skip
        found = await s.client.exports()
        assert found.alive
        one = found.jobs[0]
        assert (one.condition, one.text, one.is_fresh, one.is_measured) == (
            "unavailable", "it does not answer", True, True,
        )  # fmt: skip
        assert (one.lag_s, one.backlog_s, one.rate, one.quota_used) == (1.25, 300.0, 812.0, 0.1)
        assert (one.dropped, one.quarantined, one.rows) == (4, 2, 99)
        s.tell(told=wall_ns() - OLD_NS)
        assert not (await s.job()).is_fresh
        s.tell(life=wall_ns() - OLD_NS)
        assert not (await s.client.exports()).alive


async def test_quarantine_is_told_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with session(tmp_path, monkeypatch) as s:
        assert await s.client.quarantine("lake") == []
        s.state.quarantine("lake", 7, 1_000, [("too long", '["a"]'), ("no such unit", '["b"]')])
        rows = await s.client.quarantine("lake")
        assert [(row.package, row.reason, row.row) for row in rows] == [
            (7, "no such unit", '["b"]'), (7, "too long", '["a"]'),
        ]  # fmt: skip
        with pytest.raises(CommunicationError, match="there is no export 'lakes'"):
            await s.client.quarantine("lakes")


async def test_what_is_asked_is_journalled_with_the_person_and_left_for_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        s.tell()
        answer = await s.client.ask_export("pause", "lake", REASON)
        assert (answer.text, answer.refusal) == ("lake is asked to pause", "")
        now = s.runtime.services.clock.now_ns()
        answer = await s.client.ask_export("replay", "lake", REASON, start=now - 100 * NS_PER_S)
        assert answer.text == "lake is asked to send this range again"
        (_, first), (_, second) = s.state.asked("lake")
        assert (first.act, first.by) == ("pause", "sam")
        assert (second.act, second.start) == ("replay", now - 100 * NS_PER_S)
        assert now <= second.end <= s.runtime.services.clock.now_ns()
        records = await s.audit()
        assert [(one["event"], one["actor"], one["object_id"]) for one in records] == [
            ("export.pause", "sam", "export:lake"), ("export.replay", "sam", "export:lake"),
        ]  # fmt: skip
        said = records[1]["payload"]
        assert (said["name"], said["reason"], said["start"], said["end"]) == (
            "lake", REASON, second.start, second.end,
        )  # fmt: skip
        assert said["text"].count("Z") == 2
        s.tell(condition=JobCondition.PAUSED)
        assert (await s.client.ask_export("resume", "lake", REASON)).text == "lake is asked to go on"


async def test_without_the_right_nothing_is_asked_and_everybody_may_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        s.tell()
        _WHO[0] = LOOKER
        for act in ("pause", "resume", "replay"):
            with pytest.raises(AccessRefused, match="looker has no right to engineer"):
                await s.client.ask_export(act, "lake", REASON, start=1)
        assert (await s.job()).condition == "running"  # looking is for everybody
        assert s.state.asked("lake") == []
        assert await s.audit() == []


async def test_nothing_is_asked_while_the_audit_trail_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        s.tell()

        async def full(*_entries: object) -> None:
            raise StorageError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(s.runtime.services.journal, "append", full)
            with pytest.raises(CommunicationError, match="the disk is full"):
                await s.client.ask_export("pause", "lake", REASON)
        assert s.state.asked("lake") == []


async def test_what_would_be_done_late_or_for_nothing_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:

        async def refusal(act: str, job: str = "lake", reason: str = REASON) -> str:
            return (await s.client.ask_export(act, job, reason, start=1)).refusal

        assert "is not running" in await refusal("pause")
        s.tell("minutes")
        assert await refusal("pause") == "lake does not run: it has not begun yet"
        s.tell("audit", condition=JobCondition.STOPPED, text="it is not enabled", since=0)
        assert await refusal("pause", "audit") == "audit does not run: it is not enabled"
        s.tell()
        assert "a reason is needed" in await refusal("pause", reason="  ")
        assert await refusal("resume") == "lake is not paused"
        s.tell(condition=JobCondition.PAUSED)
        assert await refusal("pause") == "lake is paused already"
        assert await s.audit() == []
        for job in ("lake", "minutes", "audit"):
            assert s.state.asked(job) == []


@pytest.mark.parametrize(
    ("act", "job", "more", "words"),
    [
        ("erase", "lake", {}, "there is no act 'erase'"),
        ("pause", "x/../lake", {}, "there is no export"),
        ("replay", "lake", {}, "start is missing"),
        ("replay", "lake", {"start": -1}, "start is a time"),
        ("replay", "lake", {"start": 2**63}, "start is a time"),
        ("replay", "lake", {"start": 20, "end": 10}, "ends before it begins"),
        ("replay", "lake", {"start": 2**62}, "ends before it begins"),
    ],
)
async def test_bad_requests_are_one_sentence(
    act: str, job: str, more: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        s.tell()
        with pytest.raises(CommunicationError, match=words):
            await s.client.ask_export(act, job, REASON, **more)
        assert s.state.asked("lake") == []


async def test_a_state_file_that_is_broken_is_told_and_the_runtime_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        for file in s.folder.iterdir():
            file.write_bytes(b"no database" * 1_000)
        with pytest.raises(CommunicationError, match="cannot be read"):
            await s.client.exports()
        assert (await s.client.status()).plant_id == s.runtime.plant.id


async def test_high_water_and_a_refusal_stand_in_the_alarm_list_by_the_name_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:

        async def standing() -> dict[str, str]:
            rows = await s.client.alarms()
            return {
                row.alarm_id: row.message for row in rows if row.state == "UNACK" and "export" in row.alarm_id
            }

        async def both() -> bool:
            return len(await standing()) == 2

        await s.until(
            both, lambda: s.tell(condition=JobCondition.REFUSED, text="no right to INSERT", quota_used=0.71)
        )
        assert await standing() == {
            "system:export/target/lake": "Export lake does not deliver",
            "system:export/quota/lake": "Export lake is far behind: 70 % of its quota waits",
        }

        async def none() -> bool:
            return not await standing()

        await s.until(none, s.tell)


async def test_figures_are_tags_and_a_silent_process_makes_them_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(tmp_path, monkeypatch) as s:
        latest = s.runtime.services.tags.latest

        async def has_come() -> bool:
            return (latest[0].value, latest[0].status, latest[1].value) == (7.5, 0, 812.0)

        await s.until(has_come, lambda: s.tell(lag_s=7.5, rate=812.0))
        s.tell(life=wall_ns() - OLD_NS, lag_s=7.5)

        async def is_bad() -> bool:
            return latest[0].is_bad and latest[1].is_bad

        await s.until(is_bad)
        assert latest[0].status & quality.CODE_MASK == quality.BAD_NO_COMMUNICATION
        link = next(one for one in (await s.client.status()).connections if one.name == "own")
        assert "no sign of life" in link.text
        alarms = {row.alarm_id: row for row in await s.client.alarms()}
        assert alarms["link:own"].priority == 4  # no device of the process is lost
        await s.until(has_come, lambda: s.tell(lag_s=7.5, rate=812.0))


async def test_what_was_asked_at_the_command_line_before_the_runtime_ran_is_journalled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(0, "lake", "replay", OLD_NS, 2 * OLD_NS, "console:sam", REASON, wall_ns())
    ask(tmp_path / EXPORTS_FOLDER, asked, is_noted=False)
    broken = sqlite3.connect(tmp_path / EXPORTS_FOLDER / STATE_FILE)
    broken.execute("insert into unnoted(content) values ('{')")
    broken.commit()
    broken.close()
    async with session(tmp_path, monkeypatch) as s:

        async def is_taken() -> bool:
            return not await asyncio.to_thread(unnoted, s.folder)

        await s.until(is_taken)
        (record,) = await s.audit()
        assert (record["event"], record["actor"], record["event_time"]) == (
            "export.replay", "console:sam", asked.at,
        )  # fmt: skip
        assert (record["payload"]["reason"], record["payload"]["start"]) == (REASON, OLD_NS)
        assert [one.act for _, one in s.state.asked("lake")] == ["replay"]
    async with session(tmp_path, monkeypatch) as s:
        assert len(await s.audit()) == 1
