"""``hmi alarms`` and ``hmi audit``: by the API while a runtime runs, else from its data, which are only read."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest
from cli_calls import CommandLine
from fake_runtime import real_runtime

from hmi.cli._alarm_data import alarm_data
from hmi.cli._alarms import time_ns
from hmi.client.alarms import JournalQuery
from hmi.core.journal import Entry, Kind
from hmi.core.principal import DEMO_OPERATOR, SYSTEM
from hmi.journal import SqliteJournal
from hmi.project import new_plant, open_plant
from hmi.project.plant import ConnectionDef
from hmi.testing.clock import ManualClock
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

HOUR = 3_600 * 10**9


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


def alarm(number: int, after: str, *, priority: int = 2, area: str = "", event: str = "ALM") -> Entry:
    payload = {
        "occurrence_id": f"o{number}", "tag_id": f"t_{number}", "tag": f"a/t{number}", "name": "high", "area": area,
        "message": f"Pump {number} hot", "before": "NORM", "after": after, "priority": priority,
        "condition_time": number * HOUR, "alarm_time": number * HOUR, "hidden": False, "comment": "", "value": 1.0,
        "limit": 1.0, "unit": "", "quality": 0, "kept": [True],
    }  # fmt: skip
    return Entry(Kind.ALARM, event, SYSTEM, f"a_{number}", number * HOUR, payload)


ENTRIES = (
    alarm(1, "UNACK"), alarm(2, "SHLVD", event="SHELVE"), alarm(3, "DSUPR", event="SUPPRESS"),
    alarm(4, "OOSRV", event="OOS"),
    alarm(5, "NORM", event="RTN"), alarm(6, "ACKED", priority=1, event="ACK"),
    Entry(Kind.ALARM, "REFUSED", DEMO_OPERATOR, "a_2", 7 * HOUR, {"asked": "ACK", "reason": "it is shelved"}),
    Entry(Kind.NOTE, "note", DEMO_OPERATOR, "a_1", 8 * HOUR, {"text": "Grüße", "name": "a/t1 high"}),
)  # fmt: skip


async def written(path: Path, *entries: Entry) -> None:
    journal = SqliteJournal(
        path, clock=ManualClock(9 * HOUR), runtime_id="r", run_id="r", plant_revision="v", simulated=False
    )
    await journal.open()
    await journal.append(*entries)
    await journal.close()


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A plant folder and the data folder of a runtime that has ended."""
    plant, data = tmp_path / "plant", tmp_path / "data"
    new_plant(plant)
    data.mkdir()
    asyncio.run(written(data / "journal.sqlite", *ENTRIES))
    return plant, data


LISTS = {
    "--active": ["a_6", "a_1"],
    "--shelved": ["a_2"],
    "--suppressed": ["a_3"],
    "--out-of-service": ["a_4"],
}


@pytest.mark.parametrize("which", LISTS)
def test_lists_of_a_runtime_that_has_ended_say_so(
    hmi: CommandLine, places: tuple[Path, Path], which: str
) -> None:
    plant, data = places
    result = hmi("alarms", plant, which, "--data", data, "--json")
    assert [row["alarm_id"] for row in json.loads(result.out)] == LISTS[which]
    assert result.err.startswith("No runtime is running: this is what was so at the last record, 1970-01-01")


def test_the_journal_is_filtered_and_ends_at_the_limit(hmi: CommandLine, places: tuple[Path, Path]) -> None:
    plant, data = places

    def numbers(*options: str) -> list[int]:
        out = hmi("alarms", plant, "--journal", "--data", data, "--json", *options).out
        return [json.loads(line)["seq"] for line in out.splitlines()]

    assert numbers() == [8, 7, 6, 5, 4, 3, 2, 1]
    assert numbers("--limit", "3") == [8, 7, 6]
    assert numbers("--text", "pum hot", "--priority", "1") == [6]
    assert numbers("--stream", "note", "--text", "pump") == []
    assert numbers("--stream", "note", "--text", "grusse") == [8]
    assert numbers("--since", "1970-01-01T05:00+00:00", "--until", "1970-01-01T07:00+00:00") == [6, 5]
    text = hmi("alarms", plant, "--journal", "--data", data, "--text", "grüße").out
    assert text.split("\t")[2:] == ["note", "note", "a/t1 high", "demo-operator", "Grüße\n"]


def test_the_data_of_an_ended_runtime_are_only_read(hmi: CommandLine, places: tuple[Path, Path]) -> None:
    plant, data = places
    before = (data / "journal.sqlite").read_bytes()
    for which in ("--active", "--journal"):
        assert hmi("alarms", plant, which, "--data", data).code == 0
    assert hmi("audit", plant, "verify", "--data", data).code == 0
    assert (data / "journal.sqlite").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_written_is_read(hmi: CommandLine, places: tuple[Path, Path]) -> None:
    plant, data = places
    data.chmod(0o500)
    try:
        assert hmi("alarms", plant, "--journal", "--data", data).code == 0
    finally:
        data.chmod(0o700)


def test_figures_of_a_runtime_that_has_ended(hmi: CommandLine, places: tuple[Path, Path]) -> None:
    plant, data = places
    result = hmi("alarms", plant, "--kpi", "--data", data, "--since", "1970-01-01T00:00+00:00", "--json")
    assert json.loads(result.out)["alarms"] == 1
    assert "alarms in" in hmi("alarms", plant, "--kpi", "--data", data, "--since", "1970-01-01").out


@pytest.mark.parametrize(
    "options",
    [("--shelved", "--kpi"), ("--stream", "x"), ("--area", "nowhere"), ("--priority", "9"), ("--since", "soon"),
     ("--since", "1h", "--until", "2h")],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_one_sentence(
    hmi: CommandLine, places: tuple[Path, Path], options: tuple[str, ...]
) -> None:
    plant, data = places
    assert options[0] in hmi.refused("alarms", plant, "--data", data, *options) or "--until" in options


def test_without_a_runtime_and_a_journal_it_says_what_to_do(hmi: CommandLine, tmp_path: Path) -> None:
    new_plant(tmp_path / "plant")
    assert "hmi run" in hmi.refused("alarms", tmp_path / "plant", "--data", tmp_path / "data")


def test_times_are_those_of_the_plant() -> None:
    now = int(datetime(2026, 5, 31, 12, tzinfo=UTC).timestamp()) * 10**9
    assert time_ns("8h", "UTC", "since", now) == int(datetime(2026, 5, 31, 4, tzinfo=UTC).timestamp()) * 10**9
    noon = int(datetime(2026, 5, 31, 10, tzinfo=UTC).timestamp()) * 10**9
    assert time_ns("2026-05-31T12:00", "Europe/Berlin", "since") == noon
    assert time_ns("", "UTC", "since") == 0


def test_AL_19_audit_names_the_first_record_that_was_changed(
    hmi: CommandLine, places: tuple[Path, Path]
) -> None:
    plant, data = places
    whole = hmi("audit", plant, "verify", "--data", data)
    assert (whole.code, "8 records, 0 seals: the chain holds" in whole.out) == (0, True)
    with apsw.Connection(str(data / "journal.sqlite")) as database:
        database.execute("update journal set payload = replace(payload, 'hot', 'hit') where seq = 3")
    broken = hmi("audit", plant, "verify", "--data", data)
    assert (broken.code, "record 3 was changed" in broken.sentence) == (1, True)
    assert "verify" in hmi.refused("audit", plant, "repair", "--data", data)


def test_bulk_edit_by_the_command_line(hmi: CommandLine, places: tuple[Path, Path], tmp_path: Path) -> None:
    plant, _ = places
    table = tmp_path / "alarms table.csv"
    assert hmi("alarms", plant, "--export", table).code == 0
    unchanged = hmi("alarms", plant, "--import", table)
    assert (unchanged.code, unchanged.out) == (0, "nothing to change\n")
    key = open_plant(plant).alarms[0].id
    table.write_text(f"id,priority\n{key},7\nnothing,1\n", encoding="utf-8")
    refused = hmi("alarms", plant, "--import", table)
    assert refused.code == 1
    assert [line.split(": ")[0] for line in refused.err.splitlines()[:2]] == [f"{table}:2", f"{table}:3"]
    assert refused.err.splitlines()[2] == "2 faults; nothing was changed"


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
async def test_a_runtime_that_runs_is_asked_by_its_api(tmp_path: Path) -> None:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    plant = make_plant([make_tag("a/t.pv", address="0")], connections={"plc1": plc1})
    plc = FakePlc(identity=SIMULATOR)
    async with real_runtime(plant, tmp_path, create=plc.create, style_of=plc.style_of) as runtime:
        await runtime.services.journal.append(*(alarm(n, "UNACK") for n in range(2_300)))
        source = await asyncio.to_thread(alarm_data, plant, tmp_path)

        def read() -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
            records = list(source.records(JournalQuery(text="pump"), 2_200))
            return source.rows("active"), records, source.figures(HOUR, 5_000 * HOUR, "")

        rows, records, found = await asyncio.to_thread(read)
    assert source.note == ""
    assert all("state" in row for row in rows)
    assert [record["object_id"] for record in records] == [f"a_{n}" for n in range(2_299, 99, -1)]
    assert found["alarms"] > 2_000
