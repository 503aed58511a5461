"""hmi reload, rollback, revisions and diff at a runtime that runs as a process, with the simulator's devices."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, Result
from waterworks_session import PLANT, WaterworksSession, wait_until

from hmi.cli._revisions import _print_one
from hmi.client.once import ask, tell
from hmi.core.errors import WatchkeeperError
from hmi.journal import RevisionTime
from hmi.project import open_plant
from hmi.project.folder_files import read_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
FILE, LIMIT, OTHER = "alarms.csv", "Chlorine residual low,low,0.5,", "Chlorine residual low,low,0.45,"
THIRD = "Chlorine residual low,low,0.41,"
SENTENCE = "alarm Chlorine residual low of clearwell/at402.pv: limit 0.5 -> 0.45 mg/L"
BACK = "alarm Chlorine residual low of clearwell/at402.pv: limit 0.45 -> 0.5 mg/L"


class Desk:
    """One session, and the command line beside it."""

    def __init__(self, session: WaterworksSession, hmi: CommandLine) -> None:
        self.plant, self.data, self.hmi = session.plant, session.data, hmi

    def __call__(self, verb: str, *arguments: str) -> Result:
        return self.hmi(verb, self.plant, "--data", self.data, *arguments)

    def edit(self, old: str, new: str, file: str = FILE) -> None:
        text = (self.plant / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (self.plant / file).write_text(text.replace(old, new), encoding="utf-8")

    @property
    def running(self) -> str:
        return str(ask(self.data, "/v1/status")["revision"])

    def events(self, event: str) -> list[dict[str, Any]]:
        records = ask(self.data, "/v1/journal", {"after": 0, "limit": 1000, "kind": "system"})
        return [record for record in records if record["event"] == event]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WaterworksSession]:
    base = tmp_path_factory.mktemp("session")
    found = WaterworksSession(base, Path(shutil.copytree(PLANT, base / "waterworks")))
    found.start()
    yield found
    found.stop()


def account() -> str:
    """Of this process, where the system tells it over a local socket."""
    if sys.platform != "linux":
        return ""
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def desk(
    session: WaterworksSession, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """The plant is what ships, before and after."""
    desk = Desk(session, CommandLine(capfd, monkeypatch))
    yield desk
    for path in PLANT.rglob("*"):
        if path.is_file():
            shutil.copy(path, session.plant / path.relative_to(PLANT))
    assert desk("reload").code == 0


def test_a_change_is_told_first_then_taken_with_who_and_why(desk: Desk) -> None:
    before = desk.running
    assert desk("reload").out.strip() == f"nothing changed; revision {before[:12]} runs on"
    desk.edit(LIMIT, OTHER)
    told = desk("reload", "--dry-run")
    assert (told.code, told.out.splitlines()) == (
        0,
        [SENTENCE, f"not taken yet; revision {before[:12]} runs on"],
    )
    assert desk.running == before
    taken = desk("reload", "--reason", "trial run of week 12", "--json")
    found = json.loads(taken.out)
    assert (found["changes"], found["refusals"]) == ([SENTENCE], [])
    assert desk.running == found["revision"] == open_plant(desk.plant).revision
    payload = desk.events("plant.applied")[-1]["payload"]
    assert (payload["old"], payload["new"], payload["reason"]) == (
        before,
        found["revision"],
        "trial run of week 12",
    )
    assert payload["author"].startswith("console:")
    assert payload.get("os_user", "") == account()


def test_other_ranges_and_another_register_leave_every_connection_open(desk: Desk) -> None:
    """Of a tag that an OPC UA server sends, and of one that is read from a Modbus device."""

    def links() -> dict[str, tuple[Any, ...]]:
        found = ask(desk.data, "/v1/connections")
        return {one["name"]: (one["state"], one["since"], one["figures"].get("worker_pid")) for one in found}

    def value(name: str) -> list[Any]:
        return ask(desk.data, "/v1/values", {"tag": name})["values"][name]

    wait_until(lambda: {state for state, _, _ in links().values()} == {"up"})
    wait_until(lambda: value("clearwell/at402.pv")[1] == 0)
    before = links()
    desk.edit("node=AT402;eu=mg/L;low=0;high=2", "node=AT402;eu=mg/L;low=0;high=3", "tags.csv")
    desk.edit("Active interlocks,,plc1,IR2,", "Active interlocks,,plc1,IR1,", "tags.csv")
    told = desk("reload")
    assert told.code == 0, told.err
    assert "tag clearwell/at402.pv: range 0 … 2 -> 0 … 3 mg/L" in told.out.splitlines()
    assert "tag site/plc1.interlocks: address IR2 -> IR1" in told.out.splitlines()
    wait_until(lambda: value("clearwell/at402.pv")[1] == 0)
    wait_until(lambda: value("site/plc1.interlocks")[0] == value("site/plc1.life")[0])
    assert links() == before


def test_a_plant_that_is_not_right_is_refused_and_the_old_one_runs_on(desk: Desk) -> None:
    before = desk.running
    desk.edit(LIMIT, "Chlorine residual low,low,soon,")
    refused = desk("reload")
    assert refused.code == 1
    assert "alarms.csv:3: " in refused.err
    assert refused.err.splitlines()[-1] == f"refused; revision {before[:12]} runs on"
    assert desk.running == before
    reasons = desk.events("plant.refused")[-1]["payload"]["reasons"]
    assert any("alarms.csv:3" in reason for reason in reasons)


def test_a_revision_comes_back_and_nothing_is_lost(desk: Desk) -> None:
    first, files = desk.running, read_files(desk.plant)
    desk.edit(LIMIT, OTHER)
    assert desk("reload").code == 0
    second = desk.running
    back = desk("rollback", "--reason", "low alarm came too late")
    assert back.code == 0, back.err
    assert back.out.splitlines() == [
        "alarms.csv:", f"  {BACK}", f"what stood in the folder is kept as {second[:12]}",
        BACK, f"revision {first[:12]} is in force",
    ]  # fmt: skip
    assert (desk.running, read_files(desk.plant)) == (first, files)
    applied = desk.events("plant.applied")[-1]["payload"]
    assert applied["reason"] == f"rollback to {first[:12]}: low alarm came too late"
    again = desk("rollback", second[:10])
    assert (again.code, desk.running) == (0, second)


def test_changes_that_nobody_kept_are_not_rolled_over(desk: Desk) -> None:
    before = desk.running
    desk.edit(LIMIT, THIRD)
    refused = desk("rollback", "running")
    assert refused.code == 1
    assert "holds changes that no kept revision has (alarms.csv)" in refused.err
    assert THIRD in (desk.plant / FILE).read_text(encoding="utf-8")
    forced = desk("rollback", "running", "--force", "--json")
    kept = json.loads(forced.out)["kept"]
    assert (forced.code, desk.running) == (0, before)
    assert read_files(desk.plant) == read_files(PLANT)
    assert desk("rollback", kept).code == 0
    assert THIRD in (desk.plant / FILE).read_text(encoding="utf-8")


def test_revisions_tell_which_was_in_force_when(desk: Desk, tmp_path: Path) -> None:
    first = desk.running
    desk.edit(LIMIT, OTHER)
    desk("reload", "--reason", "spring")
    second = desk.running
    rows = json.loads(desk("revisions", "--json").out)
    assert [one["revision"] for one in rows][-2:] == [first, second]
    assert rows[-1]["start"] == rows[-2]["end"]
    assert (rows[-1]["end"], rows[-1]["reason"], rows[-1]["changes"]) == (0, "spring", [SENTENCE])
    lines = desk("revisions").out.splitlines()
    assert any(second[:12] in line and "spring" in line and SENTENCE in line for line in lines)
    assert json.loads(desk("revisions", "--at", "now", "--json").out)[0]["revision"] == second
    assert ask(desk.data, "/v1/revisions", {"at": rows[-1]["start"] - 1})[0]["revision"] == first
    assert ask(desk.data, "/v1/plant", {"at": rows[-1]["start"] - 1})["revision"] == first
    shown = desk("revisions", "--show", second[:12]).out
    assert "reason: spring" in shown
    assert f"  {SENTENCE}" in shown
    assert desk("revisions", "--diff", first[:12], second[:12]).out.splitlines() == [
        "alarms.csv:",
        f"  {SENTENCE}",
    ]
    target = tmp_path / "out"
    assert desk("revisions", "--extract", first[:12], str(target)).code == 0
    assert open_plant(target).revision == first
    assert desk("revisions", "--extract", first[:12], str(target)).code == 2


def test_a_difference_against_what_runs(desk: Desk) -> None:
    assert desk("diff").out.strip() == "nothing differs"
    desk.edit(LIMIT, OTHER)
    assert desk("diff").out.splitlines() == ["alarms.csv:", f"  {SENTENCE}"]
    other = desk.hmi("diff", desk.plant, f"{desk.plant}@running", "--data", desk.data, "--json")
    assert json.loads(other.out)["files"] == {"alarms.csv": [BACK]}


def test_a_copy_of_the_plant_is_not_mistaken_for_it(desk: Desk, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(desk.plant, tmp_path / "copy"))
    told = desk.hmi("reload", copy, "--data", desk.data)
    assert (told.code, told.err.strip()) == (2, f"the runtime of this plant runs {desk.plant}, not {copy}")
    before = read_files(copy)
    assert desk.hmi("rollback", copy, desk.running[:12], "--data", desk.data).code == 2
    assert read_files(copy) == before


FORGED = "ok\n2026-11-28 18:00  now  manager  approved\x1b[1A\x1b[2K"


@pytest.mark.parametrize("text", [FORGED, "ok\x1b[2K", "ok\u202eevitca"])
def test_a_reason_is_one_line_that_can_be_printed(desk: Desk, text: str) -> None:
    for verb in ("reload", "rollback"):
        told = desk(verb, "--reason", text)
        assert (told.code, "write it on one line" in told.sentence) == (2, True)
    before = len(desk.events("plant.applied"))
    desk.edit(LIMIT, OTHER)
    for given in ({"reason": text}, {"author": f"console:{text}"}):
        with pytest.raises(WatchkeeperError, match="cannot be printed; write it on one line"):
            tell(desk.data, "/v1/reload", given)
    assert len(desk.events("plant.applied")) == before


def test_what_an_older_journal_holds_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    one = RevisionTime("a" * 64, 10**18, 0, "eng", "console:\x1b[2K", "local", FORGED, (FORGED,), "", False)
    _print_one(one, "UTC")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[2] == r"by eng (console:\x1b[2K) at local"
    assert lines[3] == r"reason: ok 2026-11-28 18:00  now  manager  approved\x1b[1A\x1b[2K"
    assert "\x1b" not in "".join(lines)


def test_without_a_runtime_it_says_so(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hmi = CommandLine(capfd, monkeypatch)
    told = hmi("reload", PLANT, "--data", tmp_path)
    assert told.code == 2
    assert told.sentence.startswith("no runtime is running for")
    told = hmi("revisions", PLANT, "--data", tmp_path)
    assert (told.code, "there is no journal" in told.sentence) == (2, True)
