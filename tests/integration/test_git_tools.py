"""hmi diff and hmi merge as the tools of a real git: differences in words, and merges by row and by element."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.project import new_plant, open_plant

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "engineers.md"
HMI = f'"{sys.executable}" -m hmi'


class Repo:
    """A plant folder under git, set up as the guide says."""

    def __init__(self, folder: Path) -> None:
        self.folder = new_plant(folder)
        self.git("init", "-q", "-b", "main")
        for name, value in (
            ("user.name", "Ann"),
            ("user.email", "ann@example.org"),
            ("commit.gpgsign", "false"),
        ):
            self.git("config", name, value)
        for line in guide("git-config"):
            _, _, name, value = line.split(" ", 3)
            self.git("config", name, value.strip('"').replace("hmi ", f"{HMI} ", 1))
        (self.folder / ".gitattributes").write_text(
            "\n".join(guide("gitattributes")) + "\n", encoding="utf-8"
        )
        self.commit("first")

    def git(self, *arguments: str, code: int = 0) -> str:
        home = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, capture_output=True, encoding="utf-8", timeout=120,
            env={**os.environ, **home},
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def hmi(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hmi", *arguments], cwd=self.folder, capture_output=True, encoding="utf-8",
            timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


def guide(kind: str) -> list[str]:
    """A block of the guide that people copy."""
    text = DOCS.read_text(encoding="utf-8")
    return text.split(f"```{kind}\n", 1)[1].split("\n```", 1)[0].splitlines()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "works")


def test_git_diff_speaks_in_sentences(repo: Repo) -> None:
    repo.edit("alarms.csv", "high,high,4.5", "high,high,4.75")
    repo.edit("types/pump.toml", 'symbol = "pump"', 'symbol = "blower"')
    text = json.loads((repo.folder / "displays/overview.json").read_text(encoding="utf-8"))
    text["elements"][0]["x"] += 8
    (repo.folder / "displays/overview.json").write_text(json.dumps(text), encoding="utf-8")
    told = repo.git("diff", "--ext-diff")
    assert "alarms.csv:\n  alarm high of area1/lt101: limit 4.5 -> 4.75 m\n" in told
    assert "types/pump.toml:\n  type pump: symbol pump -> blower\n" in told
    assert "displays/overview.json:\n  display overview: " in told
    assert " moved\n" in told
    repo.commit("second")
    assert "limit 4.5 -> 4.75 m" in repo.git("show", "--ext-diff", "HEAD")
    assert "limit 4.75 -> 4.5 m" in repo.git("diff", "--ext-diff", "HEAD", "HEAD~1")


def test_files_that_came_went_and_moved(repo: Repo) -> None:
    repo.edit(
        "tags.csv", "tag,", "pump,i_0123456789ab,area1/p102,,Pump P-102,area1,plc1,,,,,,,,,,,base=121\ntag,"
    )
    (repo.folder / "types" / "more.toml").write_text('schema = "type/1"\nname = "more"\n', encoding="utf-8")
    (repo.folder / "displays" / "overview.json").rename(repo.folder / "displays" / "main.json")
    repo.git("add", "-A")
    told = repo.git("diff", "--ext-diff", "--cached", "-M")
    assert "pump area1/p102 added" in told
    assert "types/more.toml:\n  type more added" in told
    assert "display overview renamed to main" in told


def test_the_difference_of_plain_lines_is_gits_own(repo: Repo) -> None:
    """Where another tool shows differences, such as a page of a server, git asks for plain lines."""
    repo.edit("alarms.csv", "high,high,4.5", "high,high,4.75")
    told = repo.git("diff", "--no-ext-diff", "--textconv")
    assert "-    limit: 4.5\n+    limit: 4.75\n" in told
    assert " alarm high of area1/lt101" in told


def test_two_branches_go_together_by_row_and_by_element(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "theirs")
    repo.edit("alarms.csv", "high,high,4.5", "high,high,4.75")
    repo.edit("tags.csv", "Outlet flow", "Flow to town")
    display = repo.folder / "displays/overview.json"
    text = display.read_text(encoding="utf-8")
    first = json.loads(text)["elements"][0]
    display.write_text(text.replace(f'"x":{first["x"]}', f'"x":{first["x"] + 8}', 1), encoding="utf-8")
    repo.commit("theirs")
    repo.git("checkout", "-q", "main")
    repo.edit("alarms.csv", "high,high,4.5,0.1", "high,high,4.5,0.2")
    repo.edit("tags.csv", ",0,250,", ",0,300,")
    text = display.read_text(encoding="utf-8")
    display.write_text(text.replace(f'"y":{first["y"]}', f'"y":{first["y"] + 4}', 1), encoding="utf-8")
    repo.commit("ours")
    repo.git("merge", "-q", "theirs", "-m", "both")
    plant = open_plant(repo.folder)
    high = next(one for one in plant.alarms if one.name == "high")
    flow = plant.by_name["area1/ft101"]
    assert (high.limit, high.deadband) == (4.75, 0.2)
    assert flow.range is not None
    assert (flow.description, flow.range.high) == ("Flow to town", 300)
    merged = json.loads(display.read_text(encoding="utf-8"))["elements"][0]
    assert (merged["x"], merged["y"]) == (first["x"] + 8, first["y"] + 4)
    assert not [one for one in check_plant(repo.folder) if one.is_error]


def test_what_both_changed_stops_the_merge_and_the_check_names_the_line(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "theirs")
    repo.edit("alarms.csv", "high,high,4.5", "high,high,4.75")
    repo.commit("theirs")
    repo.git("checkout", "-q", "main")
    repo.edit("alarms.csv", "high,high,4.5", "high,high,4.25")
    repo.commit("ours")
    told = repo.git("merge", "theirs", code=1)
    assert "alarm high of area1/lt101: limit was 4.5, ours says 4.25, theirs 4.75" in told
    assert "CONFLICT" in told
    (fault,) = (one for one in check_plant(repo.folder) if one.is_error and "merge" in one.text)
    assert (Path(fault.file).name, fault.line) == ("alarms.csv", 2)
    assert "<<<<<<< ours\n" in repo.git("diff")


def test_plants_of_commits_and_of_zips_are_compared(repo: Repo, tmp_path: Path) -> None:
    repo.edit("alarms.csv", "high,high,4.5", "high,high,4.75")
    wanted = "alarms.csv:\n  alarm high of area1/lt101: limit 4.5 -> 4.75 m\n"
    folder = str(repo.folder)
    assert repo.hmi("diff", f"{folder}@git:HEAD", folder) == wanted
    repo.commit("second")
    assert repo.hmi("diff", f"{folder}@git:HEAD~1", f"{folder}@git:HEAD") == wanted
    repo.git("archive", "--format=zip", f"--output={tmp_path / 'old.zip'}", "HEAD~1", ".")
    assert repo.hmi("diff", str(tmp_path / "old.zip"), folder) == wanted
    assert repo.hmi("diff", folder, folder) == "nothing differs\n"
    repo.hmi("diff", f"{folder}@git:nowhere", folder, code=2)
    repo.hmi("diff", f"{folder}@git:--output=x", folder, code=2)
