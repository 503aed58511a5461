"""``hmi alarms PLANT --what-if ALARM``: by the API while a runtime runs, else from its data."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from cli_calls import CommandLine
from test_runtime_reload import LEVEL, desk_at, small_works
from test_runtime_what_if import high_level, moved

from hmi.core.clock import NS_PER_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


async def lived(tmp_path: Path) -> tuple[Path, Path]:
    """A plant folder and the data of a runtime that saw five alarms, one from its start on, and has ended."""
    async with desk_at(tmp_path) as desk:
        limit = high_level(desk).limit
        near = [limit - 0.3, limit + 0.1] * 4
        await moved(desk, [0.0, *(value + n / 1e6 for n, value in enumerate(near)), 0.0])
        await asyncio.sleep(0)
        return desk.folder, tmp_path / "data"


def test_a_runtime_that_has_ended_is_asked_by_its_files(tmp_path: Path, hmi: CommandLine) -> None:
    plant, data = asyncio.run(lived(tmp_path))
    asked = ("alarms", str(plant), "--data", str(data), "--what-if", f"{LEVEL}:high", "--from", "-1h")
    told = hmi(*asked, "--deadband", "0.5")
    assert told.code == 0, told.err
    assert "deadband: 0.1 -> 0.5" in told.out
    assert "Would have removed 3 of 5 alarms; 3 of them are part of others that stay on." in told.out
    found = json.loads(hmi(*asked, "--set", "limit=1000", "--json").out)
    assert (found["was"], found["removed"], found["recorded"], found["coarse"]) == (5, 5, 5, False)
    assert found["end"] - found["start"] == pytest.approx(3_600 * NS_PER_S, abs=60 * NS_PER_S)


@pytest.mark.asyncio
async def test_a_runtime_that_runs_is_asked_itself(tmp_path: Path, hmi: CommandLine) -> None:
    async with desk_at(tmp_path) as desk:
        limit = high_level(desk).limit
        await moved(desk, [0.0, limit + 0.1, limit - 0.3, limit + 0.1, 0.0])
        asked = (
            "alarms", str(desk.folder), "--data", str(tmp_path / "data"), "--what-if", high_level(desk).id,
            "--from", "1h", "--on-delay", "600", "--json",
        )  # fmt: skip
        found = json.loads((await asyncio.to_thread(hmi, *asked)).out)
    assert (found["was"], found["removed"], found["kept"]) == (3, 3, 0)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            ["--what-if", "area1/nothing", "--deadband", "1"],
            "the plant has no alarm with this id and no tag of this",
        ),
        (["--what-if", LEVEL, "--deadband", "1"], "which alarm is meant? write one of: area1/lt101:"),
        (["--what-if", f"{LEVEL}:high"], "--what-if needs something to try"),
        (["--deadband", "1"], "are to be tried with --what-if ALARM"),
        (["--what-if", f"{LEVEL}:high", "--set", "colour=red"], "--set colour=red: write it as COLUMN=TEXT"),
        (["--what-if", f"{LEVEL}:high", "--deadband", "-1", "--from", "1h"], "deadband -1 is below zero"),
        (
            ["--what-if", f"{LEVEL}:high", "--deadband", "1", "--from", "500d"],
            "at most 400 days are replayed",
        ),
        (["--what-if", f"{LEVEL}:high", "--deadband", "1", "--kpi"], "are two questions"),
    ],
)
def test_bad_questions_get_one_sentence(
    tmp_path: Path, hmi: CommandLine, given: list[str], sentence: str
) -> None:
    plant, data = small_works(tmp_path / "works"), tmp_path / "data"
    (data / "history").mkdir(parents=True)
    told = hmi("alarms", str(plant), "--data", str(data), *given)
    assert told.code == 2
    assert sentence in told.sentence


def test_without_a_history_it_says_so(tmp_path: Path, hmi: CommandLine) -> None:
    plant = small_works(tmp_path / "works")
    told = hmi(
        "alarms",
        str(plant),
        "--data",
        str(tmp_path / "none"),
        "--what-if",
        f"{LEVEL}:high",
        "--deadband",
        "1",
    )
    assert told.code == 2
    assert "no runtime runs here and there is no history" in told.sentence
