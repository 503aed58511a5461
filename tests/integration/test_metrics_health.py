"""CR 6.2: GET /v1/metrics, by Prometheus' own parser, and GET /v1/health of a running runtime."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from people_plant import SP, add_people, cheap_hashes, plant_of, roles, served, sign_in
from prometheus_client.parser import text_string_to_metric_families

from hmi.core.clock import wall_ns
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.export import EXPORTS_FOLDER, JobCondition, JobFigures, JobState
from hmi.journal import SqliteJournal
from hmi.project.exports import ExportDef
from hmi.supervisor import write_note

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
PATIENCE_S = 60.0


async def scraped(client: httpx.AsyncClient) -> tuple[Samples, dict[str, str]]:
    """Samples by name and labels, and the type of each family."""
    answer = await client.get("/v1/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    found: Samples = {}
    for family in families:
        assert family.documentation, family.name
        assert family.type != "unknown", family.name
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found, {family.name: family.type for family in families}


def of(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


async def health(client: httpx.AsyncClient) -> tuple[int, str, dict[str, str]]:
    answer = await client.get("/v1/health")
    content = answer.json()
    return answer.status_code, content["status"], {one["name"]: one["status"] for one in content["checks"]}


async def until(is_so: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await is_so():
            await asyncio.sleep(0.05)


def with_export(folder: Path) -> Any:
    job = ExportDef('la"ke\\\n', "files", settings={"folder": str(folder)}, simulator=True)
    return replace(plant_of(), exports=(job,))


async def test_cr_6_2_prometheus_reads_the_figures_of_a_running_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_hashes(monkeypatch)
    add_people(tmp_path, {"op": (roles("view", "operate"), {})})
    async with served(tmp_path) as (runtime, client):

        async def has_values() -> bool:
            return of((await scraped(client))[0], "watchkeeper_values_total") > 0

        await until(has_values)
        before = runtime.services.journal.head[0]
        found, types = await scraped(client)
        assert of(found, "watchkeeper_up") == 1
        assert types["watchkeeper_values"] == "counter"
        assert types["watchkeeper_event_loop_lag_seconds"] == "histogram"
        tags = [of(found, "watchkeeper_tags", quality=one) for one in ("good", "uncertain", "bad")]
        assert sum(tags) == len(runtime.plant.tags)
        assert tags[0] > 0
        states = {
            one: of(found, "watchkeeper_connection_state", connection="plc1", state=one)
            for one in ("up", "down")
        }
        assert states == {"up": 1, "down": 0}
        records = of(found, "watchkeeper_journal_records_total")
        assert 0 < before <= records <= runtime.services.journal.head[0]  # it grows meanwhile
        assert of(found, "watchkeeper_disk_free_bytes") > 0
        assert of(found, "process_resident_memory_bytes") > 1_000_000 or sys.platform != "linux"
        assert of(found, "process_cpu_seconds_total") > 0
        assert ("watchkeeper_last_backup_age_seconds", frozenset[tuple[str, str]]()) not in found
        headers = await sign_in(client, "op")
        for number in range(2):
            command = {"id": f"c{number}", "tag_id": f"t_{SP}", "value": 1e9, "ttl_ms": 3_000, "heartbeat": 0}
            answer = await client.post("/v1/commands", headers=headers, json=command)
            assert answer.status_code == 200, answer.text
        after, _ = await scraped(client)
        counted = {key: value for key, value in after.items() if key[0] == "watchkeeper_commands_total"}
        assert sum(counted.values()) == 2
        assert not any(
            tag.name in label for _, labels in after for _, label in labels for tag in runtime.plant.tags
        )


async def test_cr_6_2_alarms_by_priority_are_those_of_the_list(tmp_path: Path) -> None:
    async with served(tmp_path) as (runtime, client):
        runtime.services.alarms.system_is("history", True, runtime.services.clock.now_ns())
        runtime.cannot_keep("audit", True)

        async def stands() -> bool:
            rows = (await client.get("/v1/alarms")).json()
            found, _ = await scraped(client)
            listed = sum(value for (name, _), value in found.items() if name == "watchkeeper_alarms_active")
            return len(rows["active"] if isinstance(rows, dict) else rows) == listed > 0

        await until(stands)


async def test_cr_6_2_a_backup_has_an_age_and_exports_are_told_as_long_as_they_are_alive(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, with_export(tmp_path / "out")) as (_, client):
        write_note(tmp_path, event="backup", process="hmi", reason="/backup")

        async def is_known() -> bool:
            found, _ = await scraped(client)
            return any(name == "watchkeeper_last_backup_age_seconds" for name, _ in found)

        await until(is_known)
        found, _ = await scraped(client)
        assert 0 <= of(found, "watchkeeper_last_backup_age_seconds") < 3_600
        assert of(found, "watchkeeper_export_process_up") == 0
        job = 'la"ke\\\n'
        assert of(found, "watchkeeper_export_state", job=job, state="silent") == 1
        assert not any(name == "watchkeeper_export_lag_seconds" for name, _ in found)
        assert (await health(client))[2]["exports"] == "degraded"
        state, ending = JobState(tmp_path / EXPORTS_FOLDER), asyncio.Event()

        async def live() -> None:
            while not ending.is_set():
                now = wall_ns()
                state.live(now)
                state.tell(
                    JobFigures(
                        job=job, to="files", what="samples", condition=JobCondition.RUNNING, since=now, told=now,
                        lag_s=1.25, rows=99, retries=3, dropped=4,
                    )
                )  # fmt: skip
                await asyncio.sleep(0.2)

        task = asyncio.create_task(live())
        try:

            async def is_told() -> bool:
                found, _ = await scraped(client)
                return ("watchkeeper_export_lag_seconds", frozenset({("job", job)})) in found

            await until(is_told)
            found, _ = await scraped(client)
            assert of(found, "watchkeeper_export_state", job=job, state="running") == 1
            assert of(found, "watchkeeper_export_lag_seconds", job=job) == 1.25
            totals = {
                name: of(found, f"watchkeeper_export_{name}_total", job=job) for name in ("rows", "retries")
            }
            assert totals == {"rows": 99, "retries": 3}
            assert of(found, "watchkeeper_export_dropped_commits_total", job=job) == 4

            async def is_well() -> bool:
                return (await health(client))[2]["exports"] == "ok"

            await until(is_well)
        finally:
            ending.set()
            await task
            state.close()


async def test_cr_6_2_health_is_ok_degraded_or_failing_and_names_nothing_of_the_plant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as (runtime, client):
        assert runtime.acquisition is not None
        (link,) = runtime.acquisition.links.values()

        async def is_(code: int, status: str, **checks: str) -> bool:
            found = await health(client)
            return found[:2] == (code, status) and checks.items() <= found[2].items()

        await until(
            lambda: is_(200, "ok", links="ok", journal="ok", history="ok", exports="ok", runtime="ok")
        )
        answer = await client.get("/v1/health")
        names: list[str] = [tag.name for tag in runtime.plant.tags] + list(runtime.plant.connections)
        for secret in (*names, runtime.plant.id, str(tmp_path)):
            assert secret not in answer.text
        with monkeypatch.context() as patch:
            patch.setattr(link, "state", "down")
            await until(lambda: is_(200, "degraded", links="degraded"))
        with monkeypatch.context() as patch:
            patch.setattr(SqliteJournal, "is_failing", True)
            await until(lambda: is_(503, "failing", journal="failing"))
        await until(lambda: is_(200, "ok"))


async def test_cr_6_2_health_answers_before_the_runtime_has_taken_over(tmp_path: Path) -> None:
    async with served(tmp_path) as (runtime, client):
        runtime.has_taken_over.clear()
        try:

            async def is_starting() -> bool:
                code, status, checks = await health(client)
                return (code, status, checks["runtime"]) == (503, "failing", "failing")

            await until(is_starting)
        finally:
            runtime.has_taken_over.set()


async def test_cr_6_2_a_journal_that_hangs_has_a_lag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path) as (runtime, client):
        journal, going_on = runtime.services.journal, threading.Event()
        write = journal._write

        def slow(groups: Any) -> Any:
            going_on.wait(PATIENCE_S)
            return write(groups)

        async def lag() -> float:
            return of((await scraped(client))[0], "watchkeeper_journal_lag_seconds")

        monkeypatch.setattr(journal, "_write", slow)
        note = asyncio.create_task(journal.append(Entry(Kind.NOTE, "note.written", SYSTEM)))
        try:
            await asyncio.sleep(0)
            assert journal.lag_s > 0
        finally:
            going_on.set()
        await note

        async def has_none() -> bool:
            return await lag() == 0

        await until(has_none)
