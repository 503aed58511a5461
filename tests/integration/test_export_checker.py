"""The stand-alone checker against what the exporters deliver, whole and damaged."""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from export_damage import Delivered, damage
from export_files_reading import exporter_to
from export_stream import BEGIN, EVIL_NAMES, Stream, bad, context, good, mixed_rows, rows_of, series
from mqtt_broker import Broker, needs_mosquitto
from mqtt_jobs import running as delivering
from postgres_server import OWNER, PASSWORD, PostgresCluster, running, settings_of
from test_export_postgres import corrected, remade
from waterworks_session import wait_until

from hmi.bench.peers.postgres_cluster import DATABASE
from hmi.core.clock import NS_PER_S
from hmi.export import export_checker as checker
from hmi.export.export_checker import Database, NotCheckable, Wrong
from hmi.export.port import Event, Package
from hmi.exporters.postgres.exporter import create

NIGHT = 30_000 * NS_PER_S
"""Between two packages, so that some of them touch two days."""


def stream_of(count: int = 5, rows: int = 120) -> tuple[Stream, list[Package]]:
    stream = Stream([series(place, name=name) for place, name in enumerate(EVIL_NAMES)])
    packages = [
        stream.package(mixed_rows(stream.tags, rows, number, begin=BEGIN + number * NIGHT))
        for number in range(count)
    ]
    return stream, packages


def delivered(
    folder: Path, stream: Stream, packages: list[Package], what: str = "samples", **form: Any
) -> Path:
    exporter = exporter_to(folder, context(stream=stream.name, what=what), **form)
    exporter.open()
    exporter.describe(stream.schema)
    for package in packages:
        exporter.deliver(package)
    return folder / "job"


def statement(folder: Path, of: Stream, /, **more: Any) -> Path:
    """As ``hmi prove`` writes it."""
    assert of.last
    content = {
        "format": "watchkeeper-statement/1", "stream": of.name, "number": of.last.number, "digest": of.last.digest,
        "series": [], **more,
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    path = folder / "statement.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and the one sentence."""
    code = checker.main([str(one) for one in arguments])
    out, err = capsys.readouterr()
    assert (out + err).count("\n") == 1
    assert bool(out) == (code == 0)
    return code, (out + err).rstrip("\n")


def events(count: int) -> list[Event]:
    fields = {"text": '=1+1 "q";\n', "value": 0.1, "n": None, "é": "\U0001f6b0"}
    return [Event(n + 1, BEGIN + n * NIGHT, "alarm", "'raised", {**fields, "n": n}) for n in range(count)]


# ---------------------------------------------------------------------- alone


@pytest.mark.parametrize("form", ["parquet", "csv", "xlsx"])
def test_one_file_alone_proves_a_folder(tmp_path: Path, form: str) -> None:
    """In an empty folder, isolated, so that nothing of ours can be imported but by its name."""
    stream, packages = stream_of()
    job = delivered(tmp_path / "out", stream, packages, format=form)
    alone = tmp_path / "alone"
    wanted = statement(alone, stream)
    shutil.copyfile(checker.__file__, alone / "export_checker.py")
    command = [sys.executable, "-I", "export_checker.py", str(job), "--statement", str(wanted)]
    done = subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 packages, 600 rows, 0 missing, 0 duplicates" in done.stdout
    (job / "manifests" / "000000003.json").unlink()
    done = subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "packages 3 to 3 are missing.\n"


def test_the_checker_imports_nothing_of_ours() -> None:
    text = Path(checker.__file__).read_text(encoding="utf-8")
    assert "import hmi" not in text
    assert "from hmi" not in text


CSV_FORMS: tuple[dict[str, Any], ...] = (
    {}, {"delimiter": "semicolon", "decimal": "comma", "units_row": True, "bom": True}, {"delimiter": "tab"},
)  # fmt: skip


@pytest.mark.parametrize("what", ["samples", "alarms"])
@pytest.mark.parametrize("has_numpy", [True, False])
@pytest.mark.parametrize(
    "form",
    [{"format": "parquet"}, {"format": "xlsx"}, *({"format": "csv", **form} for form in CSV_FORMS)],
    ids=lambda form: "-".join(map(str, form.values())),
)
def test_every_format_is_proved_with_and_without_numpy(
    tmp_path: Path, form: dict[str, Any], has_numpy: bool, what: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if not has_numpy:
        monkeypatch.setattr(checker, "np", None)
    stream, packages = stream_of()
    if what == "alarms":
        stream = Stream([])
        packages = [stream.package(None, events(20)[n : n + 5]) for n in range(0, 20, 5)]
    job = delivered(tmp_path, stream, [*packages, stream.package(rows_of(stream.tags, []))], what, **form)
    rows = 20 if what == "alarms" else 600
    code, text = told(capsys, job, "--statement", statement(tmp_path, stream))
    assert (code, f"{len(packages) + 1} packages, {rows} rows, 0 missing, 0 duplicates" in text) == (0, True)


def odd_floats() -> tuple[Stream, list[Package]]:
    """Those that a text or a comparison of floats would make one of another."""
    stream = Stream([series(0)])
    patterns = (
        0x7FF8 << 48,
        0xFFF8 << 48,
        (0x7FF8 << 48) + 1,
        0x7FF0 << 48,
        0xFFF0 << 48,
        1 << 63,
        0,
        1,
        (1 << 52) - 1,
    )
    floats = [struct.unpack(">d", bits.to_bytes(8, "big"))[0] for bits in patterns]
    rows = rows_of(stream.tags, [(0, good(one, BEGIN + place)) for place, one in enumerate(floats)])
    assert rows.samples.bits.tolist() == list(patterns)
    return stream, [stream.package(rows)]


@pytest.mark.parametrize("form", ["parquet", "csv", "xlsx"])
def test_every_float_is_proved_bit_by_bit(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = odd_floats()
    assert told(capsys, delivered(tmp_path, stream, packages, format=form))[0] == 0


# ---------------------------------------------------------------------- damage


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_it_13_two_hundred_kinds_of_damage_are_all_found(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = stream_of(5, 60)
    whole = delivered(tmp_path / "out", stream, packages, format=form)
    wanted = statement(tmp_path, stream)
    assert told(capsys, whole, "--statement", wanted)[0] == 0
    for number in range(200):
        job = tmp_path / "damaged"
        shutil.copytree(whole, job)
        what = damage(Delivered(job, random.Random(number)))
        code, text = told(capsys, job, "--statement", wanted)
        assert code == 1, (number, what, text)
        shutil.rmtree(job)


def test_the_end_is_missed_without_a_statement_only_if_its_files_are_gone_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = stream_of(3, 20)
    job = delivered(tmp_path, stream, packages)
    (job / "manifests" / "000000003.json").unlink()
    code, text = told(capsys, job)
    assert code == 1
    assert "part-000000003.parquet belongs to no package" in text
    for part in job.glob("site=*/*/part-000000003*"):
        part.unlink()
    assert told(capsys, job)[0] == 0
    code, text = told(capsys, job, "--statement", statement(tmp_path, stream))
    assert (code, text) == (1, "packages 3 to 3 of the statement are missing.")


def test_what_was_removed_by_keep_days_or_is_kept_elsewhere_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = stream_of(6, 20)
    job = delivered(tmp_path, stream, packages)
    first, second = packages[0].watermark, packages[1].watermark
    for part in job.glob("site=*/*/part-00000000[12]*"):
        part.unlink()
    for number in (1, 2):
        (job / "manifests" / f"{number:09d}.json").unlink()
    assert told(capsys, job) == (1, "packages 1 to 2 are missing.")
    code, text = told(capsys, job, "--first", 3)
    assert (code, "4 packages" in text, "checked from package 3 on" in text) == (0, True, True)
    removed = {"number": 2, "digest": second.digest, "made": second.made}
    (job / "removed.json").write_text(json.dumps(removed))
    code, text = told(capsys, job, "--statement", statement(tmp_path, stream))
    assert (code, "packages 1 to 2 were removed because of keep_days" in text) == (0, True)
    old = statement(tmp_path, stream, number=1, digest=first.digest)
    assert told(capsys, job, "--statement", old)[0] == 2
    (job / "removed.json").write_text(json.dumps({**removed, "digest": first.digest}))
    assert told(capsys, job)[0] == 1


def test_a_package_that_is_just_being_written_is_no_damage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = stream_of(3, 20)
    job = delivered(tmp_path, stream, packages)
    (job / "manifests" / "000000003.json").unlink()
    paths = [str(path.relative_to(job)) for path in job.glob("site=*/*/part-000000003*")]
    (job / "unfinished.json").write_text(json.dumps({"number": 3, "paths": paths}))
    code, text = told(capsys, job)
    assert (code, "2 packages" in text) == (0, True)


def test_the_statement_tells_gaps_compression_and_what_still_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = stream_of(2, 20)
    job = delivered(tmp_path, stream, packages)
    gap = {"start": BEGIN, "end": BEGIN + 60 * NS_PER_S, "reasons": ["link"], "open": False}
    told_series = [
        {"key": "a", "name": "area/a.pv", "final_until": BEGIN, "compressed": True, "gaps": [gap]},
        {"key": "b", "name": "area/b.pv", "final_until": BEGIN, "compressed": False, "gaps": []},
    ]
    path = statement(tmp_path, stream, series=told_series, waiting=[[1, 2]], waiting_past=[])
    code, text = told(capsys, job, "--statement", path)
    assert code == 0
    assert "1 gaps in 2 series where nothing is known, the first: area/a.pv from 2026-11-18T11:06:40Z" in text
    assert "1 series are compressed on purpose, final until 2026-11-18T11:06:40Z" in text
    assert "1 ranges to deliver" in text


def test_what_cannot_be_checked_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream, packages = stream_of(1, 20)
    job = delivered(tmp_path, stream, packages)
    (tmp_path / "garbage.json").write_text("[1, 2")
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        ([], "name the folder of a job"),
        ([tmp_path / "nowhere"], "holds no folder manifests"),
        ([tmp_path], "name the folder of one job: job"),
        ([job, "--until", "tomorrow"], "is no time"),
        ([job, "--statement", tmp_path / "nowhere.json"], "No such file"),
        ([job, "--statement", tmp_path / "garbage.json"], "is no statement"),
        (["--messages", tmp_path / "nowhere"], "No such file"),
        (["--messages", tmp_path / "garbage.json"], "there is no package"),
        (["--postgres", "postgresql://nobody@127.0.0.1:1/x", "s"], "the database says"),
        (["--postgres", "postgresql://nobody@127.0.0.1:1/x"], "name the stream"),
        ([job, "--nonsense"], "unrecognized arguments"),
    ):
        code, text = told(capsys, *arguments)
        assert (code, words in text) == (2, True), (arguments, text)
    late = told(capsys, job, "--until", "2027-01-01")
    assert late == (1, "it is complete until 2026-11-18T11:06:41Z only, not until 2027-01-01T00:00:00Z.")
    foreign = statement(tmp_path, stream, stream="p_other/job")
    assert told(capsys, job, "--statement", foreign) == (
        1,
        "the statement is about p_other/job, this is p_test/job.",
    )


# ---------------------------------------------------------------------- messages


@needs_mosquitto
def test_a_log_that_mosquitto_sub_recorded_is_proved_and_its_damage_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = stream_of(4, 300)
    log = tmp_path / "log"
    recorded(tmp_path, log, stream, [*packages, packages[1]])
    wanted = statement(tmp_path, stream)
    code, text = told(capsys, "--messages", log, "--statement", wanted)
    assert (code, "4 packages, 1,200 rows" in text, "1 packages came more than once" in text) == (
        0,
        True,
        True,
    )
    lines = log.read_bytes().splitlines(keepends=True)
    last = next(place for place in range(len(lines) - 1, 0, -1) if b'"part":1,' in lines[place])
    lines = lines[:last]  # what came twice may be damaged once
    log.write_bytes(b"".join(lines))
    assert told(capsys, "--messages", log, stream.name, "--statement", wanted)[0] == 0
    assert told(capsys, "--messages", log, "p_test/other")[0] == 2
    rng = random.Random(3)
    rows = [place for place, line in enumerate(lines) if line.startswith(b'["')]
    for number in range(200):
        damaged, place = list(lines), rng.choice(rows)
        row = json.loads(lines[place])
        column = rng.choice([0, 1, 2, 5, 6, 8])
        row[column] = row[column] + 1 if column else "t_9999"
        changed = json.dumps(row).encode() + b"\n"
        damaged[place : place + 1] = [
            [changed],
            [],
            [lines[place]] * 2,
            [lines[place][: rng.randrange(1, 9)], b"\n"],
        ][number % 4]
        log.write_bytes(b"".join(damaged))
        assert told(capsys, "--messages", log, "--statement", wanted)[0] == 1


@needs_mosquitto
def test_every_float_in_a_log_is_proved_bit_by_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, packages = odd_floats()
    recorded(tmp_path, tmp_path / "log", stream, packages)
    assert told(capsys, "--messages", tmp_path / "log")[0] == 0


def recorded(folder: Path, log: Path, stream: Stream, packages: list[Package]) -> None:
    """As the checker's own text says it: by a session that the broker keeps."""
    program = shutil.which("mosquitto_sub")
    if program is None:
        pytest.skip("needs mosquitto_sub: apt-get install mosquitto-clients")
    broker = Broker(folder / "broker")
    command = [program, "-h", "127.0.0.1", "-p", str(broker.port), "-i", "office-log", "-c", "-q", "1"]
    command += ["-t", "v1/_log/job"]
    try:
        subprocess.run([*command, "-E"], check=True, timeout=20)
        with delivering(broker, stream, most_kb=16) as exporter, log.open("wb") as out:
            for package in packages:
                exporter.deliver(package)
            recorder = subprocess.Popen(command, stdout=out)
            try:
                wait_until(lambda: log.read_bytes().count(b'"watermark"') == len(packages))
            finally:
                recorder.terminate()
                recorder.wait(20)
    finally:
        broker.stop()


# ---------------------------------------------------------------------- database


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    with running() as one:
        yield one


def filled(cluster: PostgresCluster, schema: str, stream: Stream, packages: list[Package]) -> None:
    exporter = create(settings_of(cluster, schema), context(stream=stream.name))
    exporter.open()
    exporter.describe(stream.schema)
    for package in packages:
        exporter.deliver(package)
    exporter.close()


def proved(link: psycopg.Connection[Any], schema: str, stream: Stream) -> checker.Report:
    assert stream.last
    number = stream.last.number
    report = checker.check(Database(link, schema, stream.name).packages(1), wanted=number)
    checker.compare(report, {"stream": stream.name, "number": number, "digest": stream.last.digest})
    return report


def test_tables_are_proved_from_the_command_line(
    cluster: PostgresCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = Stream([series(n) for n in range(6)])
    filled(cluster, "wk_whole", stream, corrected(stream))
    url = f"postgresql://{OWNER}:{quote(PASSWORD)}@127.0.0.1:{cluster.port}/{DATABASE}"
    wanted = statement(tmp_path, stream)
    code, text = told(
        capsys,
        "--postgres",
        url,
        stream.name,
        "--schema",
        "wk_whole",
        "--statement",
        wanted,
        "--until",
        "2026-11-18",
    )
    assert (code, "4 packages, 692 rows, 0 missing, 0 duplicates" in text) == (0, True), text
    assert told(capsys, "--postgres", url, "p_x/y", "--schema", "wk_whole") == (
        2, f"there is no stream p_x/y; there is: {stream.name}."
    )  # fmt: skip
    assert told(capsys, "--postgres", url, stream.name, "--schema", "elsewhere")[0] == 2
    code, text = told(capsys, "--postgres", f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1/x", stream.name)
    assert (code, PASSWORD in text, "words" in text) == (2, False, False)


@pytest.mark.parametrize("has_numpy", [True, False])
def test_tables_with_events_and_packages_made_again_are_proved(
    cluster: PostgresCluster, has_numpy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_numpy:
        monkeypatch.setattr(checker, "np", None)
    schema = f"wk_more_{has_numpy}".lower()
    samples = Stream([series(place, name=name) for place, name in enumerate(EVIL_NAMES)])
    packages = corrected(samples)
    packages.append(
        samples.package(rows_of(samples.tags, [(0, good(2**64 - 1, BEGIN + 7)), (1, bad(BEGIN))]))
    )
    again = remade(packages[-1])
    samples.last = again.watermark
    filled(cluster, schema, samples, [*packages, again])
    alarms = Stream([], "p_test/alarms")
    filled(cluster, schema, alarms, [alarms.package(None, events(20)[n : n + 5]) for n in range(0, 20, 5)])
    with cluster.admin() as link:
        link.autocommit = False
        assert proved(link, schema, samples).packages == 5
        assert proved(link, schema, alarms).rows == 20


def test_every_float_in_tables_is_proved_bit_by_bit(cluster: PostgresCluster) -> None:
    stream, packages = odd_floats()
    filled(cluster, "wk_floats", stream, packages)
    with cluster.admin() as link:
        link.autocommit = False
        assert proved(link, "wk_floats", stream).rows == 9


DAMAGE_TO_TABLES = (
    "update sample set value_d = case value_d when 0 then 1 else -value_d end where {row} and kind = 1",
    "update sample set value_d = 0 where {row} and kind = 0",
    "update sample set value_d = null where {row} and kind = 1",
    "update sample set value_i = value_i # 1 where {row} and kind = 4",
    "update sample set value_s = value_s || '!' where {row} and kind = 5",
    "update sample set status = status # 1 where {row}",
    "update sample set flags = flags # 8 where {row}",
    "update sample set seq = seq + 100 where {row}",
    "update sample set ns = (ns + 1) % 1000 where {row}",
    "update sample set ts = ts + interval '1 microsecond' where {row}",
    "update sample set tag_no = case when tag_no = (select max(tag_no) from tag) then (select min(tag_no) from tag) "
    "else (select max(tag_no) from tag) end, seq = seq + 1000 where {row}",
    "update sample set package = package % 3 + 1 where {row}",
    "update sample set stream_id = stream_id + 1 where {row}",
    "delete from sample where {row}",
    "delete from sample_deleted where {row}",
    "insert into sample select ts, value_d, value_i, status, rev, package, stream_id, tag_no, seq + 500, flags, ns, "
    "kind, value_u, value_s from sample where {row}",
    "with gone as (delete from sample where {row} returning *) insert into sample_deleted select * from gone",
    "with gone as (delete from sample_deleted where {row} returning *) insert into sample select * from gone",
    "delete from package where number = {number}",
    "update package set number = number + 10 where number = {number}",
    "update package set superseded_rows = superseded_rows + 1 where number = {number}",
    "update package set superseded_sum = repeat('1', 32) where number = {number}",
    'update package set "rows" = "rows" + 1 where number = {number}',
    "update package set sum = repeat('0', 32) where number = {number}",
    "update package set complete_until = complete_until + interval '1 hour' where number = {number}",
    "update package set watermark = jsonb_set(watermark, '{{complete_until}}', '1') where number = {number}",
    "update package set watermark = watermark - 'sum' where number = {number}",
    "insert into package select stream_id, 99, digest, previous, \"rows\", sum, superseded_rows, superseded_sum, "
    "complete_until, made, delivered, watermark from package where number = {number}",
    "update tag set key = key || 'x' where tag_no = (select tag_no from sample where {row})",
    "update tag set unit = 'bar' where tag_no = (select tag_no from sample where {row})",
    "update series_list set content = replace(content, 'Number', 'number')",
    "delete from series_list",
)  # fmt: skip


def test_it_14_every_damage_to_tables_is_found(cluster: PostgresCluster) -> None:
    stream = Stream([series(n) for n in range(6)])
    filled(cluster, "wk_hurt", stream, corrected(stream))
    rng = random.Random(5)
    with cluster.admin() as link:
        link.autocommit = False
        assert proved(link, "wk_hurt", stream).rows == 692
        link.commit()  # the path to the tables stays
        for number in range(200):
            wanted = DAMAGE_TO_TABLES[number % len(DAMAGE_TO_TABLES)]
            table = "sample_deleted" if "from sample_deleted" in wanted else "sample"
            kind = next((f"where kind = {one}" for one in "0145" if f"kind = {one}" in wanted), "")
            places = f"select ctid from {table} {kind} order by ctid offset {{}} limit 1"
            count = link.execute(f"select count(*) from {table} {kind}").fetchone()
            assert count
            row = f"ctid = ({places.format(rng.randrange(count[0]))})"
            did = link.execute(wanted.format(row=row, number=rng.randrange(1, 5)))  # type: ignore[arg-type]
            assert did.rowcount, wanted
            with pytest.raises(Wrong):
                raise AssertionError((wanted, row, proved(link, "wk_hurt", stream)))
            link.rollback()
        assert proved(link, "wk_hurt", stream).rows == 692


def test_rows_without_a_statement_are_found(cluster: PostgresCluster) -> None:
    stream = Stream([series(n) for n in range(2)])
    packages = [stream.package(mixed_rows(stream.tags, 20, number)) for number in range(3)]
    filled(cluster, "wk_rest", stream, packages[:2])
    filled(cluster, "wk_rest", stream, packages[2:])
    with cluster.admin() as link:
        link.autocommit = False
        link.execute("set search_path to wk_rest")
        link.execute("delete from package where number = 3")
        with pytest.raises(Wrong, match="rows of package 3, of which there is no statement"):
            checker.check(Database(link, "wk_rest", stream.name).packages(1))
        with pytest.raises(NotCheckable, match="there is no stream"):
            Database(link, "wk_rest", "p_test/other")
