"""A session runs the process that delivers while the plant in force has export jobs, and only then."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, Result
from waterworks_session import PLANT, wait_until

from hmi.cli._users import console_actor
from hmi.client.local import is_running
from hmi.client.once import ask
from hmi.export import EXPORTS_FOLDER, WANTED_FILE
from hmi.supervisor import Child, Session, Supervisor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
JOB = """
[[exports]]
name = "lake"
to = "files"
tags = ["area:intake"]
since = "all"
simulator = true
settings = { folder = "out" }
"""


class Desk:
    """The session of a waterworks that begins without any job, and the command line beside it."""

    def __init__(self, folder: Path, hmi: CommandLine) -> None:
        self.plant, self.data, self.hmi = folder / "waterworks", folder / "data", hmi
        shutil.copytree(PLANT, self.plant)
        self.data.mkdir()
        self._head = (self.plant / "plant.toml").read_text(encoding="utf-8").partition("# Three jobs")[0]
        self.write("")
        session = Session(
            plant=self.plant,
            data=self.data,
            simulator="waterworks",
            ports="auto",
            station=False,
            exports=True,
        )
        self.supervisor = Supervisor(session.specs(), self.data)
        self.thread = threading.Thread(target=self.supervisor.run)

    def __call__(self, verb: str, *arguments: str) -> Result:
        return self.hmi(verb, self.plant, *arguments, "--data", self.data)

    def write(self, jobs: str) -> None:
        (self.plant / "plant.toml").write_text(self._head + jobs, encoding="utf-8")

    def taken(self, jobs: str) -> None:
        self.write(jobs)
        assert self("reload").code == 0

    @property
    def exports(self) -> Child:
        return next(one for one in self.supervisor.children if one.spec.name == "exports")

    @property
    def condition(self) -> str:
        (row,) = json.loads(self("export", "status", "--json").out)
        return str(row["condition"]) if row.get("is_fresh", True) else "silent"

    @property
    def packages(self) -> int:
        return len(list((self.data / "exports" / "out" / "lake" / "manifests").glob("*.json")))

    def audit(self, event: str) -> list[dict[str, Any]]:
        records = ask(self.data, "/v1/journal", {"after": 0, "limit": 1000, "kind": "audit"})
        return [one for one in records if one["event"] == event]


@pytest.fixture
def desk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    one = Desk(tmp_path, CommandLine(capfd, monkeypatch))
    one.thread.start()
    try:
        wait_until(lambda: is_running(one.data))
        yield one
    finally:
        one.supervisor.stop()
        one.thread.join(40)
        assert not one.thread.is_alive()


def test_the_first_job_of_a_reload_is_delivered_and_nothing_runs_when_the_last_one_goes(desk: Desk) -> None:
    wait_until(lambda: ask(desk.data, "/v1/health")["status"] == "ok")
    assert (desk.exports.pid, ask(desk.data, "/v1/exports")["jobs"]) == (0, [])
    assert "docs/it.md" in desk("export", "status").sentence

    desk.write(JOB)
    assert desk.hmi("check", desk.plant).code == 0
    assert desk.condition == "not loaded yet: hmi reload PLANT"
    assert desk.exports.pid == 0
    assert desk("reload").code == 0
    wait_until(lambda: desk.packages > 0)
    first, delivered = desk.exports.pid, desk.packages
    assert desk.condition == "running"

    told = desk("export", "pause", "lake", "--reason", "the lake is moved")
    assert told.out.strip() == "lake: pause is asked for"
    wait_until(lambda: desk.condition == "paused")
    wait_until(lambda: len(desk.audit("export.pause")) == 1)
    (record,) = desk.audit("export.pause")
    assert (record["actor"], record["object_id"]) == (console_actor(), "export:lake")
    assert record["payload"]["reason"] == "the lake is moved"
    assert desk("export", "resume", "lake").code == 0
    wait_until(lambda: len(desk.audit("export.resume")) == 1)

    desk.taken("")
    wait_until(lambda: desk.exports.exit_code is not None)
    assert not (desk.data / EXPORTS_FOLDER / WANTED_FILE).exists()
    assert (desk.exports.exit_code, desk.exports.restarts) == (0, [])
    assert "docs/it.md" in desk("export", "status").sentence

    before = desk.packages
    desk.taken(JOB)
    wait_until(lambda: desk.packages > before >= delivered)
    assert desk.exports.pid != first
    assert not (desk.data / "supervisor.jsonl").exists()
