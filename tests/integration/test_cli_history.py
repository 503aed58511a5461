"""``hmi history`` over an archive at rest and over a runtime that runs: what is read, and every file it writes."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cli_calls import CommandLine, command

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import Modification, SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian.port import Annotation, Archive, CommitKind, DuplicatePolicy
from hmi.historian.samples import Batch, Samples
from hmi.project import new_plant
from hmi.runtime import HistoryFolder
from hmi.testing.history import make_samples

TAG, VALVE, NAME = "t_aaaaaaaaaaa2", "t_aaaaaaaaaaa3", "t_aaaaaaaaaaa4"
BEGIN = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()) * NS_PER_S
"""Midnight of 25 October 2026 in Berlin: the day has 25 hours."""
HOUR = 3_600 * NS_PER_S
TAGS = f"""\
tag,{TAG},area1/level,float,Level,area1,plc1,HR100,normal,m,0,50,,,.1f,,true,,
tag,{VALVE},area1/valve,int64,Valve,area1,plc1,HR120,normal,,,,,,,,true,,step
tag,{NAME},area1/mode,string,Mode,area1,plc1,40131[20]S,normal,,,,,,,,true,,
"""
LEVEL_TAG, VALVE_TAG, MODE_TAG = "area1/level", "area1/valve", "area1/mode"


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture
def rest(tmp_path: Path) -> tuple[str, ...]:
    """Arguments that read an archive of 26 hours in steps of 10 minutes; no runtime runs."""
    data = tmp_path / "data"
    folder = HistoryFolder(data, simulated=False)
    archive = folder.open("run_1", stepped=lambda tag: tag == 2, fine=lambda tag: False).archive
    times = BEGIN + np.arange(26 * 6, dtype=np.int64) * (HOUR // 6)
    level = make_samples(times, np.arange(26 * 6) / 6)
    put(archive, TAG, level)
    put(
        archive,
        VALVE,
        Samples.of([row(0, 0), row(1, 100), row(2, None, quality.BAD_NO_COMMUNICATION), row(3, 50)]),
    )
    put(archive, NAME, Samples.of([row(0, "=cmd()"), row(1, 'Auto, "fast"')]))
    put_right(archive)
    archive.annotate(Annotation("an_1", TAG, BEGIN + HOUR, "Filter", "ada", BEGIN))
    archive.close()
    return (str(plant_at(tmp_path)), "--data", str(data))


def plant_at(tmp_path: Path) -> Path:
    folder = new_plant(tmp_path / "plant")
    plant, tags = folder / "plant.toml", folder / "tags.csv"
    text = plant.read_text(encoding="utf-8").replace('zone = "UTC"', 'zone = "Europe/Berlin"')
    plant.write_text(text, encoding="utf-8")
    header, _, rest = tags.read_text(encoding="utf-8").partition("\n")
    rest = "".join(f"{line},\n" for line in rest.splitlines())
    tags.write_text(f"{header},interpolation\n{rest}{TAGS}", encoding="utf-8")
    return folder


def row(hours: float, value: Value, status: int = 0) -> DataValue:
    at = BEGIN + int(hours * HOUR)
    return DataValue(value, status, at, at)


def put(archive: Archive, tag_id: str, samples: Samples) -> None:
    number = archive.number(tag_id)
    archive.commit(Batch(np.full(len(samples), number, np.int32), samples), time=BEGIN + 26 * HOUR)


def put_right(archive: Archive) -> None:
    """The second level was wrong and is replaced."""
    number = archive.number(TAG)
    samples = Samples.of([DataValue(99.0, 0, BEGIN + HOUR // 6, BEGIN)], flags=SampleFlag.EDITED)
    why = Modification("ada", BEGIN + 2 * HOUR, "sensor was bridged", "replace")
    archive.insert(
        Batch(np.array([number], np.int32), samples), time=BEGIN + 2 * HOUR, kind=CommitKind.EDIT,
        policy=DuplicatePolicy.REPLACE, modification=why,
    )  # fmt: skip


DAY = ("--from", "2026-10-25T00:00", "--to", "2026-10-26T00:00")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_raw_samples_as_csv_with_status_unit_and_both_times(rest: tuple[str, ...], hmi: CommandLine) -> None:
    told = hmi("history", *rest, LEVEL_TAG, *DAY, "--format", "csv")
    assert told.code == 0, told.err
    assert "No runtime is running" in told.err
    rows = rows_of(told.out)
    assert len(rows) == 25 * 6 + 1
    assert rows[0] == {
        "time_utc": "2026-10-24T22:00:00Z", "time_local": "2026-10-25T00:00:00.000+02:00", "tag": LEVEL_TAG,
        "value": "0.0", "unit": "m", "status": "Good", "status_code": "0x00000000", "flags": "",
    }  # fmt: skip
    assert (rows[1]["value"], rows[1]["flags"]) == ("99.0", "edited")
    # the hour that comes twice in autumn reads in one way only
    assert {"2026-10-25T02:00:00.000+02:00", "2026-10-25T02:00:00.000+01:00"} <= {
        one["time_local"] for one in rows
    }


def test_no_cell_is_a_formula_and_commas_and_quotes_survive(rest: tuple[str, ...], hmi: CommandLine) -> None:
    told = hmi("history", *rest, MODE_TAG, *DAY, "--format", "csv")
    assert [one["value"] for one in rows_of(told.out)] == ["'=cmd()", 'Auto, "fast"']


def test_hi_15_a_day_of_the_clock_change_has_25_hours_and_utc_data_stay(
    rest: tuple[str, ...], hmi: CommandLine
) -> None:
    told = hmi("history", *rest, LEVEL_TAG, "--from", "2026-10-25", "--to", "2026-10-26T01:00",
               "--aggregate", "Count", "--interval", "day", "--format", "json")  # fmt: skip
    assert told.code == 0, told.err
    found = [json.loads(line) for line in told.out.splitlines()]
    assert [(one["time_utc"], one["value"]) for one in found] == [
        ("2026-10-24T22:00:00Z", 25 * 6), ("2026-10-25T23:00:00Z", 6),
    ]  # fmt: skip


def test_hi_07_a_stepped_tag_is_never_interpolated_in_an_export(
    rest: tuple[str, ...], hmi: CommandLine
) -> None:
    told = hmi("history", *rest, VALVE_TAG, "--from", "2026-10-25T00:00", "--to", "2026-10-25T01:00+02:00",
               "--aggregate", "interpolative", "--interval", "10min", "--format", "csv")  # fmt: skip
    assert {one["value"] for one in rows_of(told.out)} == {"0"}
    level = hmi("history", *rest, LEVEL_TAG, "--at", "2026-10-25T01:05:00", "--format", "csv")
    (between,) = rows_of(level.out)
    assert between["status"] == "Good, interpolated"
    assert float(between["value"]) == pytest.approx(6.5 / 6)


def test_bad_data_keep_their_status_and_aggregates_say_what_they_are(
    rest: tuple[str, ...], hmi: CommandLine
) -> None:
    raw = hmi("history", *rest, VALVE_TAG, *DAY, "--format", "csv")
    assert [(one["value"], one["status"]) for one in rows_of(raw.out)][2] == ("", "Bad, comm")
    good = hmi("history", *rest, VALVE_TAG, "--from", "2026-10-25T00:00", "--to", "2026-10-25T02:59+01:00",
               "--aggregate", "percent good", "--format", "csv")  # fmt: skip
    (share,) = rows_of(good.out)
    assert float(share["value"]) == pytest.approx(100 * 179 / 239, abs=0.01)


def test_what_was_replaced_is_read_with_who_and_why(rest: tuple[str, ...], hmi: CommandLine) -> None:
    told = hmi("history", *rest, LEVEL_TAG, *DAY, "--modified", "--format", "csv")
    (old,) = rows_of(told.out)
    assert float(old["value"]) == pytest.approx(1 / 6)
    assert (old["changed_by"], old["act"], old["reason"]) == ("ada", "replace", "sensor was bridged")


def test_a_parquet_file_is_sorted_typed_and_compressed(
    rest: tuple[str, ...], hmi: CommandLine, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    out = tmp_path / "day.parquet"
    told = hmi("history", *rest, LEVEL_TAG, VALVE_TAG, MODE_TAG, *DAY, "-o", str(out))
    assert told.code == 0, told.err
    table = pq.read_table(out)
    assert pq.ParquetFile(out).metadata.row_group(0).column(0).compression == "ZSTD"
    found = table.to_pylist()
    assert [one["tag"] for one in found] == sorted(
        (one["tag"] for one in found), key=[LEVEL_TAG, VALVE_TAG, MODE_TAG].index
    )
    assert found[0]["value"] == 0.0
    assert [one["text"] for one in found if one["tag"] == MODE_TAG] == ["=cmd()", 'Auto, "fast"']
    bad = [one for one in found if one["status_code"] == quality.BAD_NO_COMMUNICATION]
    assert [one["value"] for one in bad] == [None]
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_sheet_holds_the_same_rows_and_no_formula(
    rest: tuple[str, ...], hmi: CommandLine, tmp_path: Path
) -> None:
    from openpyxl import load_workbook

    out = tmp_path / "day.xlsx"
    assert hmi("history", *rest, MODE_TAG, *DAY, "-o", str(out)).code == 0
    rows = list(load_workbook(out).active.iter_rows(values_only=True))
    assert rows[0][3] == "value"
    assert [one[3] for one in rows[1:]] == ["'=cmd()", 'Auto, "fast"']


def test_the_state_of_an_archive(rest: tuple[str, ...], hmi: CommandLine) -> None:
    told = hmi("history", *rest, "--state")
    assert told.code == 0
    assert "stored until 2026-10-26 01:00:00" in told.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("area1/levle",), "did you mean area1/level"), ((), "name one tag or more"),
        ((LEVEL_TAG, "--from", "yesterday"), "--from yesterday is no time"),
        ((LEVEL_TAG, "--from", "1969-01-01"), "no time after 1970"),
        ((LEVEL_TAG, "--from", "now", "--to", "-1h"), "--to is not after --from"),
        ((LEVEL_TAG, "--aggregate", "Mode"), "there is no aggregate 'Mode'"),
        ((LEVEL_TAG, "--interval", "10s"), "--interval is the length of an --aggregate"),
        ((LEVEL_TAG, "--aggregate", "Count", "--interval", "ten"), "--interval ten is no length"),
        ((LEVEL_TAG, "--aggregate", "Count", "--interval", "1ms", "--from", "-8h"), "use a longer interval"),
        ((LEVEL_TAG, "--format", "parquet"), "name it with -o FILE"),
        ((LEVEL_TAG, "--format", "doc"), "--format doc is not known"),
        ((LEVEL_TAG, "-o", "/nowhere/at/all.csv"), "cannot be written"),
        ((LEVEL_TAG, "--modified", "--at", "now"), "are two questions"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(
    rest: tuple[str, ...], hmi: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    result = hmi("history", *rest, *arguments)
    assert result.code == 2
    lines = [line for line in result.err.splitlines() if not line.startswith("No runtime is running")]
    assert len(lines) == 1
    assert told in lines[0]


def test_without_any_history_the_verb_says_what_to_do(tmp_path: Path, hmi: CommandLine) -> None:
    plant = plant_at(tmp_path)
    told = hmi.refused("history", str(plant), LEVEL_TAG, "--data", str(tmp_path / "none"))
    assert "there is no history; start one with: hmi run PLANT" in told


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
def test_ctrl_c_ends_an_export_and_leaves_no_half_file(tmp_path: Path) -> None:
    """A year of one tag at 1 s takes long to write: it is ended in the middle."""
    data = tmp_path / "data"
    archive = (
        HistoryFolder(data, simulated=False)
        .open("r", stepped=lambda tag: False, fine=lambda tag: False)
        .archive
    )
    number = archive.number(TAG)
    for day in range(10):
        times = BEGIN + (day * 86_400 + np.arange(86_400, dtype=np.int64)) * NS_PER_S
        samples = make_samples(times, np.zeros(len(times)))
        archive.commit(Batch(np.full(len(times), number, np.int32), samples), time=int(times[-1]))
    archive.close()
    out = tmp_path / "all.csv"
    asked = command(
        "history", plant_at(tmp_path), LEVEL_TAG, "--data", data, "--from", "2026-10-25", "-o", out
    )
    process = subprocess.Popen(asked, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    part = tmp_path / "all.csv.part"
    begun = time.monotonic()
    while not (part.exists() and part.stat().st_size > 1_000_000):
        assert process.poll() is None
        assert time.monotonic() - begun < 60
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.decode().strip().endswith("cancelled; nothing was written")
    assert not out.exists()
    assert not part.exists()
