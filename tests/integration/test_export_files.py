"""The exporter to files: what readers find, what comes again, and what a death at any instant leaves."""

from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.dataset as pad
import pyarrow.parquet as pq
import pytest
from export_files_reading import (
    check_manifest,
    exporter_to,
    manifests,
    opened,
    parts,
    read,
    rows_of,
    stated,
    sum_of_event_rows,
    sum_of_rows,
)
from export_stream import (
    BEGIN,
    EVIL_NAMES,
    Stream,
    bad,
    context,
    good,
    mixed_rows,
    series,
)
from export_stream import (
    rows_of as rows_with,
)
from openpyxl import load_workbook

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import ConfigurationError
from hmi.core.history import SampleFlag
from hmi.export.digest import watermark_digest
from hmi.export.port import Event, Package, RecordsRefused, TargetRefused, TargetUnavailable
from hmi.exporters.files import _folder, _xlsx
from hmi.exporters.files._errors import target_error
from hmi.exporters.files.definition import DEFINITION

DAY = 86_400 * NS_PER_S
FORMATS = ("parquet", "csv", "xlsx")
MIDNIGHT = (BEGIN // DAY + 1) * DAY


def named_evil() -> Stream:
    return Stream([series(place, name=name) for place, name in enumerate(EVIL_NAMES)])


# ------------------------------------------------------------------ readers


def test_it_13_parquet_opens_in_two_readers_with_the_rows_and_status_of_the_manifest(tmp_path: Path) -> None:
    stream = named_evil()
    exporter = opened(tmp_path, stream)
    package = stream.package(mixed_rows(stream.tags, 2_000, begin=MIDNIGHT - 1_000 * NS_PER_S))
    exporter.deliver(package)
    assert package.rows
    job = tmp_path / "job"
    (manifest,) = manifests(job)
    check_manifest(job, manifest)
    assert [one["rows"] for one in manifest["files"]] == [1_000, 1_000]
    assert sum_of_rows(rows_of(job, manifest)) == package.watermark.sum
    ducks = duckdb.sql(f"from read_parquet('{job}/**/*.parquet', hive_partitioning = true)")
    arrows = pad.dataset(job / "site=plant", partitioning="hive").to_table()
    assert len(ducks) == arrows.num_rows == package.watermark.rows
    assert ducks.aggregate("count(distinct date)").fetchall() == [(2,)]
    wanted = np.unique(package.rows.samples.statuses, return_counts=True)
    counted = ducks.aggregate("status, count(*)", "status").order("status").fetchall()
    assert counted == list(zip(*(one.tolist() for one in wanted), strict=True))
    (without_value,) = (
        ducks.filter("q = 2").aggregate("count(value_d) + count(value_i) + count(value_s)").fetchall()
    )
    assert without_value == (0,)
    from_duck = duckdb.sql(
        f"select tag_id, epoch_us(ts) * 1000 + ns as time, coalesce(value_d, value_i), value_s, status "
        f"from read_parquet('{job}/**/*.parquet') order by all"
    ).fetchall()
    from_arrow = [
        (row["key"], row["time"], None if row["kind"] == 5 or row["value"] is None else float(row["value"]),
         row["value"] if row["kind"] == 5 else None, row["status"])
        for row in rows_of(job, manifest)
    ]  # fmt: skip
    assert sorted(from_duck, key=str) == sorted(from_arrow, key=str)


def test_parquet_is_compressed_sorted_and_small_enough_for_readers(tmp_path: Path) -> None:
    stream = Stream([series(place) for place in (3, 1, 2)])
    opened(tmp_path, stream).deliver(stream.package(mixed_rows(stream.tags, 300)))
    (path,) = (tmp_path / "job").glob("site=plant/date=*/part-000000001.parquet")
    file = pq.ParquetFile(path)
    group = file.metadata.row_group(0)
    assert {group.column(place).compression for place in range(group.num_columns)} == {"ZSTD"}
    assert [one.column_index for one in group.sorting_columns] == [1, 2]
    assert file.metadata.metadata[b"stream"] == stream.name.encode()
    assert str(file.schema_arrow.field("ts").type) == "timestamp[us, tz=UTC]"
    keys = file.read().column("tag_id").to_pylist()
    assert keys == sorted(keys)


@pytest.mark.parametrize("form", FORMATS)
def test_late_and_edited_samples_land_in_their_own_day_with_their_revision(tmp_path: Path, form: str) -> None:
    stream = named_evil()
    exporter = opened(tmp_path, stream, format=form)
    exporter.deliver(stream.package(rows_with(stream.tags, [(0, good(1.0, MIDNIGHT + 5))])))
    late = rows_with(stream.tags, [(0, good(2.0, MIDNIGHT - 5))], revision=7, flags=SampleFlag.LATE)
    exporter.deliver(stream.package(late))
    gone = rows_with(
        stream.tags, [(0, good(2.0, MIDNIGHT - 5))], revision=8, deleted=True, flags=SampleFlag.SIMULATED
    )
    exporter.deliver(stream.package(gone))
    job = tmp_path / "job"
    for manifest in manifests(job):
        check_manifest(job, manifest)
    _, second, third = (next(read(job, one["files"][0])) for one in manifests(job))
    assert (second["rev"], second["deleted"], second["flags"]) == (7, False, SampleFlag.LATE)
    assert (third["rev"], third["deleted"], third["flags"]) == (8, True, SampleFlag.SIMULATED)
    assert (second["time"], third["time"]) == (MIDNIGHT - 5, MIDNIGHT - 5)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_bad_value_is_an_empty_cell_with_its_status(tmp_path: Path, form: str) -> None:
    stream = Stream([series(1)])
    opened(tmp_path, stream, format=form).deliver(stream.package(rows_with(stream.tags, [(0, bad(BEGIN))])))
    (manifest,) = manifests(tmp_path / "job")
    (row,) = rows_of(tmp_path / "job", manifest)
    assert (row["value"], row["status"], row["kind"]) == (None, quality.BAD_NO_COMMUNICATION, 0)


def test_evil_names_are_texts_for_a_spreadsheet(tmp_path: Path) -> None:
    stream = named_evil()
    opened(tmp_path, stream, format="xlsx").deliver(stream.package(mixed_rows(stream.tags, 200)))
    (path,) = (tmp_path / "job").glob("site=*/*/*.xlsx")
    cells = [cell for row in load_workbook(path)["Data"].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    shown = {cell.value for cell in cells if cell.column == 4}
    assert "'=cmd|' /C calc'!A0" in shown
    (manifest,) = manifests(tmp_path / "job")
    assert {row["name"] for row in rows_of(tmp_path / "job", manifest)} == set(EVIL_NAMES)


def test_csv_is_rfc_4180_with_an_optional_row_of_units(tmp_path: Path) -> None:
    stream = Stream([series(1, name='say "a,b"')])
    values = [
        good(-0.5, BEGIN + 123),
        good("=1+1", BEGIN + NS_PER_S),
        good('a,"b"\r\nc', BEGIN + 2 * NS_PER_S),
    ]
    opened(tmp_path, stream, format="csv", units_row=True).deliver(
        stream.package(rows_with(stream.tags, [(0, value) for value in values]))
    )
    (path,) = (tmp_path / "job").glob("site=*/*/*.csv")
    assert path.read_bytes().decode().split("\r\n")[:5] == [
        "time,tag_id,name,value,unit,quality,status,kind,flags,seq,rev,deleted,bits,site",
        "UTC,,,see unit,,,OPC UA,,,,,,hexadecimal,",
        '2026-11-18T11:06:40.000000123Z,t_0001,"say ""a,b""",-0.5,m³/h,Good,0,1,0,0,1,0,,plant',
        '2026-11-18T11:06:41.000000000Z,t_0001,"say ""a,b""",\'=1+1,m³/h,Good,0,5,0,0,1,0,,plant',
        '2026-11-18T11:06:42.000000000Z,t_0001,"say ""a,b""","a,""b""',
    ]


def test_a_workbook_has_the_time_of_the_plants_clock_and_as_many_sheets_as_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_xlsx, "SHEET_ROWS", 101)
    stream = Stream([series(1)])
    package = stream.package(mixed_rows(stream.tags, 250))
    opened(tmp_path, stream, format="xlsx").deliver(package)
    (path,) = (tmp_path / "job").glob("site=*/*/*.xlsx")
    book = load_workbook(path)
    assert [sheet.max_row for sheet in book.worksheets] == [101, 101, 51]
    assert [cell.value for cell in book["Data"][1]][:3] == ["time", "local time (Europe/Berlin)", "tag_id"]
    text, local = (cell.value for cell in book["Data"][2][:2])
    at = datetime.fromisoformat(text[:23]) + timedelta(hours=1)
    assert abs(at - local) <= timedelta(milliseconds=1)
    (manifest,) = manifests(tmp_path / "job")
    assert sum_of_rows(rows_of(tmp_path / "job", manifest)) == package.watermark.sum


def test_a_text_that_no_cell_holds_is_refused_by_its_row_and_the_rest_is_taken(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    exporter = opened(tmp_path, stream, format="xlsx")
    rows = rows_with(stream.tags, [(0, good("short", BEGIN)), (0, good("x" * 40_000, BEGIN + 1))])
    with pytest.raises(RecordsRefused, match="40000") as caught:
        exporter.deliver(stream.package(rows))
    assert list(caught.value.reasons) == [1]
    assert not parts(tmp_path / "job")


def test_a_workbook_in_the_making_ends_when_the_job_is_stopped(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    exporter = exporter_to(tmp_path, context(stop=lambda: True), format="xlsx")
    exporter.open()
    with pytest.raises(TargetUnavailable):
        exporter.deliver(stream.package(mixed_rows(stream.tags, 50)))
    assert not parts(tmp_path / "job")


@pytest.mark.parametrize("form", FORMATS)
def test_events_have_their_number_and_fields(tmp_path: Path, form: str) -> None:
    stream = Stream([])
    exporter = exporter_to(tmp_path, context(what="alarms"), format=form)
    exporter.open()
    exporter.describe(stream.schema)
    events = [
        Event(1, MIDNIGHT - 1, "alarm", "RAISED", {"name": "=evil", "value": 1.5, "text": "é\r\n"}),
        Event(2, MIDNIGHT, "alarm", "@CLEARED", {}),
    ]
    package = stream.package(events=events)
    exporter.deliver(package)
    (manifest,) = manifests(tmp_path / "job")
    check_manifest(tmp_path / "job", manifest)
    rows = rows_of(tmp_path / "job", manifest)
    assert sum_of_event_rows(rows) == package.watermark.sum
    assert [(row["number"], row["event"], json.loads(row["fields"])) for row in rows] == [
        (1, "RAISED", events[0].fields), (2, "@CLEARED", {})
    ]  # fmt: skip


def test_the_list_of_series_has_a_file_for_each_version(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    exporter = opened(tmp_path, stream)
    schemas = tmp_path / "job" / "schemas"
    (first,) = schemas.iterdir()
    before = first.stat().st_mtime_ns
    exporter.describe(replace(stream.schema, made=stream.schema.made + 1))
    assert first.stat().st_mtime_ns == before
    changed = Stream([series(1, unit_code="LTR")])
    exporter.describe(changed.schema)
    contents = {one["digest"]: one for one in map(json.loads, map(Path.read_text, schemas.iterdir()))}
    assert set(contents) == {stream.schema.digest, changed.schema.digest}
    told = contents[changed.schema.digest]
    assert (told["tags"][0]["unit_code"], told["zone"], told["simulated"]) == ("LTR", "Europe/Berlin", False)
    assert told["quality_rule"] == "the rule"


def test_a_package_without_rows_is_a_manifest_alone(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    exporter = opened(tmp_path, stream)
    exporter.deliver(stream.package(mixed_rows(stream.tags, 0)))
    assert manifests(tmp_path / "job")[0]["files"] == []
    assert exporter.open() == stream.last


@pytest.mark.parametrize("site", ["a b/c", "..", "ünï:c*d?", "x.", ""])
def test_any_name_of_a_site_is_one_folder(tmp_path: Path, site: str) -> None:
    stream = Stream([series(1)])
    exporter = exporter_to(tmp_path, context(site=site))
    exporter.open()
    exporter.deliver(stream.package(mixed_rows(stream.tags, 5)))
    (folder,) = (path for path in (tmp_path / "job").iterdir() if path.name.startswith("site="))
    assert folder.name.isascii()
    assert not set(folder.name[5:]) & set('<>:"/\\|?* ')
    table = pad.dataset(tmp_path / "job", partitioning="hive", exclude_invalid_files=True).to_table()
    assert set(table.column("site").to_pylist()) == {site or "_"}


# ------------------------------------------------------------------ the same again


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_package_again_changes_nothing_and_a_newer_one_counts(tmp_path: Path, form: str) -> None:
    stream = Stream([series(1), series(2)])
    exporter = opened(tmp_path, stream, format=form)
    exporter.deliver(stream.package(mixed_rows(stream.tags, 10)))
    before = stream.last
    package = stream.package(mixed_rows(stream.tags, 100, begin=MIDNIGHT - 50 * NS_PER_S))
    exporter.deliver(package)
    job = tmp_path / "job"
    held = {path: (job / path).stat().st_mtime_ns for path in parts(job)}
    exporter.deliver(package)
    assert {path: (job / path).stat().st_mtime_ns for path in parts(job)} == held
    stream.last = before
    newer = stream.package(mixed_rows(stream.tags, 40, seed=2, begin=MIDNIGHT), made=BEGIN + 99)
    exporter.deliver(newer)
    assert len(parts(job)) == 2
    assert parts(job) == stated(job)
    manifest = manifests(job)[1]
    check_manifest(job, manifest)
    assert sum_of_rows(rows_of(job, manifest)) == newer.watermark.sum
    assert exporter.open() == newer.watermark


def test_files_that_a_person_put_there_stay(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    opened(tmp_path, stream).deliver(stream.package(mixed_rows(stream.tags, 5)))
    outside, notes = tmp_path / "keep.parquet", tmp_path / "job" / "notes.txt"
    for path in (outside, notes):
        path.write_text("mine")
    unfinished = {
        "number": 2,
        "paths": ["../keep.parquet", "notes.txt", "site=x/date=2026-01-01/../../notes.txt"],
    }
    (tmp_path / "job" / "unfinished.json").write_text(json.dumps(unfinished))
    exporter_to(tmp_path, context()).open()
    assert outside.exists()
    assert notes.exists()


# ------------------------------------------------------------------ what the target does


def test_a_folder_of_another_stream_and_a_damaged_manifest_are_refused(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    opened(tmp_path, stream).deliver(stream.package(mixed_rows(stream.tags, 5)))
    with pytest.raises(TargetRefused, match="holds the files of p_test/job; name another folder"):
        exporter_to(tmp_path, context(stream="p_other/job")).open()
    path = tmp_path / "job" / "manifests" / "000000001.json"
    content = json.loads(path.read_text())
    content["watermark"]["rows"] = 4
    path.write_text(json.dumps(content))
    with pytest.raises(TargetRefused, match="is damaged"):
        exporter_to(tmp_path, context()).open()


def test_the_folder_is_made_below_one_that_is_there_and_nowhere_else(tmp_path: Path) -> None:
    exporter_to(tmp_path / "new", context()).open()
    assert (tmp_path / "new" / "job").is_dir()
    with pytest.raises(TargetUnavailable, match="make or mount it"):
        exporter_to(tmp_path / "gone" / "new", context()).open()
    assert not (tmp_path / "gone").exists()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises((TargetRefused, TargetUnavailable)):
            exporter_to(place, context()).open()


def test_a_folder_that_goes_away_is_not_made_again_behind_a_delivery(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    exporter = opened(tmp_path / "share", stream)
    (tmp_path / "share").rename(tmp_path / "elsewhere")
    with pytest.raises(TargetUnavailable, match="is not there"):
        exporter.deliver(stream.package(mixed_rows(stream.tags, 5)))
    assert not (tmp_path / "share").exists()


def test_nothing_is_written_while_nothing_is_mounted(tmp_path: Path) -> None:
    with pytest.raises(TargetUnavailable, match="nothing is mounted at"):
        exporter_to(tmp_path / "share", context(), mount=str(tmp_path)).open()
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (errno.ENOSPC, TargetRefused, "is full"),
        (errno.EDQUOT, TargetRefused, "is full"),
        (errno.EROFS, TargetRefused, "cannot be written"),
        (errno.EACCES, TargetRefused, "give the account"),
        (errno.EIO, TargetUnavailable, "/out: "),
        (errno.ESTALE, TargetUnavailable, "/out: "),
        (errno.ENOENT, TargetUnavailable, "is not there"),
    ],
)
def test_an_error_of_the_disk_says_what_to_do(number: int, kind: type[Exception], text: str) -> None:
    error = target_error(OSError(number, os.strerror(number)), Path("/out"))
    assert type(error) is kind
    assert text in str(error)


def test_a_file_that_excel_holds_is_told_and_tried_again() -> None:
    error = PermissionError(errno.EACCES, "The process cannot access the file", "part.xlsx")
    error.winerror = 32  # type: ignore[attr-defined]
    assert str(target_error(error, Path("/out"))) == "part.xlsx is open in another program; close it there"
    assert isinstance(target_error(error, Path("/out")), TargetUnavailable)


def test_a_disk_that_is_full_half_way_leaves_nothing_and_the_package_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream([series(1)])
    exporter = opened(tmp_path, stream)
    package = stream.package(mixed_rows(stream.tags, 50, begin=MIDNIGHT - 25 * NS_PER_S))

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(_folder.os, "fsync", full)
        with pytest.raises(TargetRefused, match="is full"):
            exporter.deliver(package)
    assert not parts(tmp_path / "job")
    exporter.open()
    exporter.deliver(package)
    assert parts(tmp_path / "job") == stated(tmp_path / "job")


# ------------------------------------------------------------------ keep_days and settings


def test_old_files_go_after_keep_days_oldest_first_and_never_the_last(tmp_path: Path) -> None:
    now = [datetime.fromtimestamp(BEGIN // NS_PER_S, UTC)]
    stream = Stream([series(1)])
    exporter = exporter_to(tmp_path, context(now=lambda: now[0]), keep_days=2)
    exporter.open()
    packages: list[Package] = []
    for day in range(4):
        rows = mixed_rows(stream.tags, 5, begin=BEGIN + day * DAY)
        packages.append(stream.package(rows, made=BEGIN + day * DAY))
        exporter.deliver(packages[-1])
    job = tmp_path / "job"
    exporter.idle()
    assert len(manifests(job)) == 4
    now[0] += timedelta(days=3, seconds=1)
    exporter.idle()
    assert [one["watermark"]["number"] for one in manifests(job)] == [3, 4]
    assert parts(job) == stated(job)
    told = json.loads((job / "removed.json").read_text())
    assert (told["number"], told["digest"]) == (2, packages[1].watermark.digest)
    assert manifests(job)[0]["watermark"]["previous"] == told["digest"]
    now[0] += timedelta(days=900)
    exporter.idle()
    assert [one["watermark"]["number"] for one in manifests(job)] == [4]
    assert len(list((job / "site=plant").iterdir())) == 1
    assert exporter.open() == packages[-1].watermark


def test_settings_that_do_not_go_together_are_refused() -> None:
    given = {one.name: one.default for one in DEFINITION.settings}
    with pytest.raises(ConfigurationError, match="no folder"):
        DEFINITION.check(given)
    with pytest.raises(ConfigurationError, match="semicolon"):
        DEFINITION.check({**given, "folder": "x", "decimal": "comma"})
    assert DEFINITION.host({"folder": r"\\filer\share\x"}) == "filer"
    assert DEFINITION.host({"folder": "/mnt/share"}) == ""


def test_a_missing_library_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("openpyxl", "hmi.exporters.files._xlsx"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(TargetRefused, match=r'need .*; install it with: pip install "watchkeeper\[export\]"'):
        exporter_to(tmp_path, context(), format="xlsx")


def test_the_statement_comes_back_as_it_was(tmp_path: Path) -> None:
    stream = Stream([series(1)])
    exporter = opened(tmp_path, stream)
    more: dict[str, Any] = {
        "dropped": ((3, 4), (9, 9)),
        "quarantined": 2,
        "coverage": {"start": 1, "instead": [1, 2]},
    }
    exporter.deliver(stream.package(mixed_rows(stream.tags, 5), **more))
    found = exporter.open()
    assert found == stream.last
    assert found
    assert watermark_digest(found) == found.digest
