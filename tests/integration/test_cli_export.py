"""``hmi export`` and ``hmi prove`` over what a real runtime recorded, with the checker alone at the other end."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, Result, command
from waterworks_session import PLANT, WaterworksSession, wait_until, watching

from hmi.core.commands import OperatorCommand
from hmi.core.identity import new_id
from hmi.export import export_checker
from hmi.project import open_plant
from hmi.supervisor import Session, Supervisor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket")
JOBS = """
[[exports]]
name = "lake"
to = "files"
tags = ["area:intake"]
since = "all"
simulator = true
settings = { folder = "out" }

[[exports]]
name = "minutes"
to = "files"
what = "aggregates"
tags = ["intake/*.pv"]
aggregates = ["TimeAverage2", "Count"]
interval_s = 2
since = "all"
simulator = true
settings = { folder = "out", format = "csv" }

[[exports]]
name = "audit"
to = "files"
what = "audit"
since = "all"
simulator = true
settings = { folder = "out", format = "csv" }

[[exports]]
name = "blocked"
to = "files"
simulator = true
settings = { folder = "blocked" }

[[exports]]
name = "lost"
to = "files"
simulator = true
settings = { folder = "/nowhere/at/all" }

[[exports]]
name = "not_here"
to = "files"
settings = { folder = "out" }
"""


def with_jobs(folder: Path, jobs: str = JOBS) -> Path:
    """The waterworks with these exports in place of its own."""
    plant = folder / "waterworks"
    shutil.copytree(PLANT, plant)
    head = plant / "plant.toml"
    own = head.read_text(encoding="utf-8").partition("# Three jobs from one history")[0]
    head.write_text(own + jobs, encoding="utf-8")
    return plant


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WaterworksSession]:
    folder = tmp_path_factory.mktemp("exports")
    one = WaterworksSession(folder, with_jobs(folder))
    try:
        one.start()
        asyncio.run(commanded(one.data))
        yield one
    finally:
        one.stop()


async def commanded(data: Path) -> None:
    """A command that is refused, for the audit."""
    client, watcher = await watching(data)
    try:
        tag = next(one for one in (await client.plant()).tags if one.name.endswith(".auto_cmd"))
        result = await client.submit(OperatorCommand(new_id("c"), tag.id, True, watcher.heartbeat))
        assert result.refusals
    finally:
        await client.close()


class Exports:
    """``hmi export`` with the plant and the data folder of a session."""

    def __init__(self, hmi: CommandLine, session: WaterworksSession) -> None:
        self._hmi, self._plant, self.data = hmi, session.plant, session.data
        self.out = session.data / "exports" / "out"

    def __call__(self, *arguments: str) -> Result:
        return self._hmi("export", self._plant, *arguments, "--data", self.data)

    def prove(self, *arguments: str | Path) -> Result:
        return self._hmi("prove", self._plant, *arguments, "--data", self.data)

    def delivered(self, job: str) -> dict[str, Any]:
        """Run it until something was delivered."""
        found: list[dict[str, Any]] = []

        def ran() -> bool:
            done = self("run", job, "--once", "--json")
            assert done.code == 0, done
            found[:] = json.loads(done.out)
            return found[0]["rows"] > 0

        wait_until(ran)
        return found[0]


@pytest.fixture
def exports(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, session: WaterworksSession
) -> Exports:
    return Exports(CommandLine(capfd, monkeypatch), session)


def checked(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The checker as a receiver has it: alone, in a folder of its own."""
    line = [sys.executable, "-I", "export_checker.py", *map(str, arguments)]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("job", ["lake", "minutes", "audit"])
def test_what_a_runtime_recorded_is_delivered_and_proved(exports: Exports, tmp_path: Path, job: str) -> None:
    figures = exports.delivered(job)
    statement, checker = tmp_path / "statement.json", tmp_path / "export_checker.py"
    told = exports.prove(job, "-o", statement, "--checker", checker, "--from", "-1h")
    assert (told.code, told.out, told.err) == (0, "", "")
    content = json.loads(statement.read_bytes())
    assert (content["digest"], content["number"]) == (figures["digest"], figures["packages"])
    done = checked(tmp_path, exports.out / job, "--statement", statement)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        f"{figures['packages']:,} packages, {figures['rows']:,} rows, 0 missing, 0 duplicates" in done.stdout
    )
    last = max((exports.out / job / "manifests").iterdir())
    kept = last.read_bytes()
    last.unlink()
    assert checked(tmp_path, exports.out / job, "--statement", statement).returncode == 1
    last.write_bytes(kept)


def test_the_jobs_are_listed_with_their_series(exports: Exports) -> None:
    rows = {one["job"]: one for one in json.loads(exports("list", "--json").out)}
    assert list(rows) == ["lake", "minutes", "audit", "blocked", "lost", "not_here"]
    assert rows["minutes"]["series"] == 2 * sum(
        one["series"] for one in [{"series": len(_recorded(exports, "intake/", ".pv"))}]
    )
    assert (rows["audit"]["series"], rows["audit"]["what"]) == (0, "audit")
    shown = exports("list", "lake")
    assert (shown.code, "lake" in shown.out, "minutes" in shown.out) == (0, True, False)


def _recorded(exports: Exports, prefix: str, suffix: str) -> list[str]:
    plant = open_plant(exports._plant)
    return [
        one.name
        for one in plant.tags
        if one.history and one.name.startswith(prefix) and one.name.endswith(suffix)
    ]


def test_status_tells_what_ran_and_what_never_did(exports: Exports) -> None:
    exports.delivered("lake")
    rows = {one["job"]: one for one in json.loads(exports("status", "--json").out)}
    assert rows["lake"]["rows"] > 0
    assert rows["lost"]["condition"] == "never ran"


def test_a_replay_sends_a_range_again_and_the_proof_still_holds(exports: Exports, tmp_path: Path) -> None:
    before = exports.delivered("lake")
    told = exports("replay", "lake", "--from", "-1h")
    assert (told.code, told.out.strip()) == (0, "lake: replay is asked for")
    wait_until(lambda: exports.delivered("lake")["rows"] > before["rows"] + 100)
    statement = tmp_path / "statement.json"
    assert exports.prove("lake", "-o", statement, "--checker", tmp_path / "export_checker.py").code == 0
    done = checked(tmp_path, exports.out / "lake", "--statement", statement)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_paused_job_delivers_nothing_until_it_is_resumed(exports: Exports) -> None:
    exports.delivered("minutes")
    assert exports("pause", "minutes").code == 0
    numbers = sorted(path.name for path in (exports.out / "minutes" / "manifests").iterdir())
    done = exports("run", "minutes", "--once", "--json")
    assert (done.code, json.loads(done.out)[0]["condition"]) == (0, "paused")
    assert sorted(path.name for path in (exports.out / "minutes" / "manifests").iterdir()) == numbers
    assert exports("resume", "minutes").code == 0
    assert json.loads(exports("run", "minutes", "--once", "--json").out)[0]["condition"] == "running"


def test_nothing_is_in_quarantine(exports: Exports) -> None:
    told = exports("quarantine", "lake")
    assert (told.code, told.out.strip()) == (0, "nothing is in quarantine")


def test_bad_input_is_one_sentence_and_exit_code_2(exports: Exports, tmp_path: Path) -> None:
    exports.delivered("lake")
    for told, words in (
        (exports("run", "nonsense", "--once"), "there is no export 'nonsense'; there is: lake, minutes"),
        (exports("status", "nonsense"), "there is no export"),
        (exports("pause"), "say which export: lake"),
        (exports("replay", "lake"), "say from when"),
        (exports("replay", "lake", "--from", "yesterday"), "is no time"),
        (exports("replay", "lake", "--from", "-1h", "--to", "-2h"), "the range ends before it begins"),
        (exports.prove("nonsense"), "there is no export"),
        (exports.prove("lost"), "export lost has never run"),
        (exports.prove("lake", "--from", "-1h", "--to", "-2h"), "the range ends before it begins"),
        (exports.prove("lake", "-o", tmp_path / "no" / "file"), "No such file"),
        (exports.prove("lake", "-o", tmp_path), "Is a directory"),
    ):
        assert (told.code, words in told.sentence) == (2, True), told


def test_a_target_that_refuses_ends_with_2_and_says_what_to_do(exports: Exports) -> None:
    (exports.data / "exports").mkdir(exist_ok=True)
    (exports.data / "exports" / "blocked").write_text("a file where the folder should be")
    told = exports("run", "blocked", "--once")
    assert (told.code, told.err.count("\n")) == (2, 1)
    assert "name another folder" in told.err
    told = exports("run", "lost", "--once")
    assert (told.code, told.err.count("\n")) == (2, 1)
    assert "make or mount it" in told.err


def test_a_job_that_is_not_allowed_says_why_and_delivers_nothing(exports: Exports) -> None:
    told = exports("run", "not_here", "--once")
    assert (told.code, told.err.count("\n"), "not allowed" in told.out) == (2, 1, True)
    assert "simulator = true" in told.err
    assert not (exports.out / "not_here").exists()


def test_one_process_delivers_at_a_time(exports: Exports, session: WaterworksSession) -> None:
    life = session.data / "test.life"
    arguments = ("export", session.plant, "run", "lake", "--data", session.data, "--life", life)
    process = subprocess.Popen(command(*arguments), stdin=subprocess.PIPE)
    try:
        wait_until(lambda: life.exists() and (exports.out / "lake").exists())
        told = exports("run", "lake", "--once")
        assert (told.code, "delivers the exports" in told.sentence) == (2, True)
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert exports("run", "lake", "--once").code == 0


def test_a_plant_without_exports_says_so(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant, data, hmi = with_jobs(tmp_path, ""), tmp_path / "data", CommandLine(capfd, monkeypatch)
    told = hmi("export", plant, "list", "--data", data)
    assert (told.code, "docs/it.md" in told.sentence) == (0, True)
    assert "there is: none" in hmi("export", plant, "run", "x", "--once", "--data", data).sentence
    with_one = with_jobs(tmp_path / "one")
    told = hmi("export", with_one, "run", "lake", "--once", "--data", data)
    assert (told.code, "nothing is recorded there yet" in told.err) == (2, True)


def test_the_waterworks_ships_three_jobs_and_examples_that_are_right(tmp_path: Path) -> None:
    jobs = open_plant(PLANT).exports
    assert [(one.name, one.what.value, one.every_s) for one in jobs] == [
        ("site", "aggregates", 60), ("cloud", "samples", 86_400), ("alarms", "alarms", 60),
    ]  # fmt: skip
    assert all(one.simulator and one.enabled and one.to == "files" for one in jobs)
    plant = tmp_path / "waterworks"
    shutil.copytree(PLANT, plant)
    head, _, examples = (plant / "plant.toml").read_text(encoding="utf-8").partition("# Other targets")
    lines = [line.removeprefix("#").removeprefix(" ") for line in examples.splitlines()[1:]]
    (plant / "plant.toml").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    assert [one.to for one in open_plant(plant).exports[3:]] == ["mqtt", "sparkplug", "postgres"]


def test_a_session_of_the_waterworks_delivers_by_itself_and_ends_with_all_its_processes(
    tmp_path: Path,
) -> None:
    """Minutes to the site, days to the cloud, alarms: as shipped, but without a window."""
    data = tmp_path / "data"
    data.mkdir()
    session = Session(
        plant=PLANT, data=data, simulator="waterworks", ports="auto", station=False, exports=True
    )
    supervisor = Supervisor(session.specs(), data)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    files = data / "exports" / "files"
    try:
        wait_until(lambda: all((files / job / "manifests").is_dir() for job in ("site", "cloud", "alarms")))
        wait_until(lambda: any((files / "cloud").glob("site=waterworks/date=*/part-000000001.parquet")))
        wait_until(lambda: any((files / "alarms" / "manifests").glob("*.json")))
        wait_until(lambda: any((files / "site" / "manifests").glob("*.json")))
    finally:
        supervisor.stop()
        thread.join(40)
    assert not thread.is_alive()
    assert [child.spec.name for child in supervisor.children] == ["simulator", "runtime", "exports"]
    assert all(child.exit_code is not None for child in supervisor.children)
    shutil.copyfile(export_checker.__file__, tmp_path / "export_checker.py")
    for job in ("site", "cloud", "alarms"):
        done = checked(tmp_path, files / job)
        assert (done.returncode, done.stderr) == (0, ""), job
