"""The audit trail of a running runtime: sealed by itself, checked, listed and exported by the command line."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alarm_plant import Bench, alarm_bench
from cli_calls import CommandLine, Result

from hmi.core.commands import OperatorCommand
from hmi.journal import SEALS_FILE
from hmi.journal.audit_checker import check_package, read_seals
from hmi.project import new_plant, open_plant
from hmi.project.plant import CommandRule

PATIENCE_S = 60.0


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """Only names the plant to the command line: the data folder is given."""
    folder = tmp_path / "plant"
    new_plant(folder)
    open_plant(folder)
    return folder


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)


def sealed(data: Path) -> int:
    file = data / SEALS_FILE
    return len(read_seals(file)) if file.exists() else 0


async def with_runtime(data: Path, work: Callable[[Bench], Any]) -> Any:
    """What ``work`` gives, in a thread, while a runtime runs on which a command was given."""
    async with alarm_bench(data, 3, command=CommandRule()) as bench:
        await until(lambda: sealed(data) > 0)
        tag = bench.runtime.plant.tags[0]
        order = OperatorCommand("c1", tag.id, 2.0, bench.seen.heartbeat, reason="=1+1")
        assert (await bench.station.submit(order)).state.value == "confirmed"
        found = await asyncio.to_thread(work, bench)
        await bench.runtime.stop()
        return found


def test_cm_15_a_running_runtime_seals_its_journal_and_verify_says_so(
    hmi: CommandLine, plant: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"

    def verified(bench: Bench) -> Result:
        return hmi("audit", plant, "verify", "--data", data)

    running = asyncio.run(with_runtime(data, verified))
    assert (running.code, "seals: the chain holds" in running.out) == (0, True)
    ended = hmi("audit", plant, "verify", "--data", data)
    assert (ended.code, "not sealed yet" in ended.out) == (0, False)
    shutil.rmtree(data / "seals")
    assert "its seals are not there" in hmi.refused("audit", plant, "verify", "--data", data)


def test_11_10_who_did_what_is_listed_by_person_and_object(
    hmi: CommandLine, plant: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"

    def listed(bench: Bench) -> list[list[dict[str, Any]]]:
        tag = bench.runtime.plant.tags[0]
        narrowed = (
            (),
            ("--object", tag.name),
            ("--object", "other"),
            ("--user", "demo-operator"),
            ("--user", "x"),
        )
        answers = [hmi("audit", plant, "list", "--json", "--data", data, *more) for more in narrowed]
        assert all(one.code == 0 for one in answers)
        return [[json.loads(line) for line in one.out.splitlines()] for one in answers]

    everything, of_tag, of_other, of_person, of_nobody = asyncio.run(with_runtime(data, listed))
    ends = [row for row in everything if row["event"] == "command.confirmed"]
    assert [(row["payload"]["new"], row["payload"]["reason"]) for row in ends] == [(2.0, "=1+1")]
    assert ends[0] in of_tag
    assert ends[0] in of_person
    assert (of_other, of_nobody) == ([], [])


def test_se_15_an_export_of_a_running_runtime_verifies(hmi: CommandLine, plant: Path, tmp_path: Path) -> None:
    data, package, table = tmp_path / "data", tmp_path / "package", tmp_path / "audit table.csv"

    def exported(bench: Bench) -> Result:
        return hmi("audit", plant, "export", "--data", data, "-o", table, "--package", package)

    assert asyncio.run(with_runtime(data, exported)).code == 0
    assert check_package(package).records > 0
    assert "'=1+1" in table.read_text(encoding="utf-8")
    assert "export -o FILE.csv" in hmi.refused("audit", plant, "export", "--data", data)
    assert "--user does not go with" in hmi.refused("audit", plant, "verify", "--user", "x", "--data", data)


def test_se_08_seals_that_cannot_be_written_raise_an_alarm_and_viewing_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "seals").write_text("a file where the folder should be", encoding="utf-8")

    async def run() -> None:
        async with alarm_bench(data, 1) as bench:
            await bench.seen.until(lambda: "system:seals" in bench.seen.active, PATIENCE_S)
            beat = bench.seen.heartbeat
            await bench.seen.until(lambda: bench.seen.heartbeat > beat + 2, PATIENCE_S)
            (data / "seals").unlink()
            await bench.runtime.audit_care.end()
            await bench.seen.until(
                lambda: bench.seen.states().get("system:seals") in ("RTNUN", "NORM"), PATIENCE_S
            )
            events = [one.event for one in await bench.runtime.services.journal.last(50, kind="system")]
            told = [one for one in events if one.startswith("audit.seals")]
            assert told == ["audit.seals_failing", "audit.seals_work"]
            assert sealed(data) == 1

    asyncio.run(run())
