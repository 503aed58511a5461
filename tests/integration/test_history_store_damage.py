"""Damaged files of an archive: what cannot be trusted reads as Bad and is named, everything else stays readable."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import numpy as np
import pytest

from hmi.core.errors import StorageError
from hmi.core.history import SampleFlag
from hmi.historian.port import Annotation, Archive
from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import _rolled, open_archive, open_reader
from hmi.stores.sqlite._schema import LIVE_ROAD, migrate, version_of

S = 1_000_000_000
DAY = 24 * HOUR
BEGIN = 20_717 * DAY + 22 * HOUR
TAGS = [f"line/{number}" for number in range(4)]
WHOLE = (BEGIN - DAY, BEGIN + DAY)
BAD_DATA_LOST = 0x809D0000


def commit(archive: Archive, second: int) -> None:
    numbers = np.array([archive.number(tag) for tag in TAGS], np.int32)
    times = np.full(len(TAGS), BEGIN + second * S)
    bits = (second + numbers * 0.25).astype(np.float64).view(np.uint64)
    zeros = np.zeros(len(TAGS), np.uint32)
    narrow = zeros.astype(np.uint16)
    samples = Samples(times, bits, np.ones(len(TAGS), np.uint8), zeros, times, narrow, narrow, zeros)
    archive.commit(Batch(numbers, samples), time=BEGIN + second * S)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hours over midnight; the first day is closed, the last hour is not compacted."""
    folder = tmp_path_factory.mktemp("source")
    archive = open_archive(folder)
    for second in range(0, 4 * 3600, 30):
        commit(archive, second)
    archive.annotate(Annotation("a", TAGS[0], BEGIN, "pump changed", "anna", BEGIN))
    archive.compact(BEGIN + 3 * HOUR)
    archive.close()
    return folder


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    """A copy of its own for every test."""
    return shutil.copytree(source, tmp_path / "history")


def day_file(folder: Path, *, is_open: bool = False) -> Path:
    [path] = [path for path in folder.glob("day-*.db") if path.name.endswith(".open.db") == is_open]
    return path


def changed(path: Path, statement: str, *values: object) -> None:
    database = apsw.Connection(str(path))
    database.execute(statement, values)  # type: ignore[arg-type]
    database.close()


def values(folder: Path, tag: int) -> Samples:
    reader = open_reader(folder)
    try:
        return reader.read(tag, *WHOLE)
    finally:
        reader.close()


def assert_true_or_bad(samples: Samples, tag: int) -> None:
    """Every sample is what was written at its time, or says that it is lost."""
    lost = samples.statuses == BAD_DATA_LOST
    seconds = (samples.times - BEGIN) / S
    assert (samples.numbers()[~lost] == seconds[~lost] + tag * 0.25).all()
    assert ((samples.flags[lost] & SampleFlag.GAP_BEFORE) != 0).all()


def flipped(block: bytes, place: int) -> bytes:
    return block[:place] + bytes([block[place] ^ 1]) + block[place + 1 :]


def test_a_damaged_chunk_reads_as_one_bad_sample_and_is_named(folder: Path) -> None:
    path = day_file(folder, is_open=True)
    database = apsw.Connection(str(path))
    key, block = database.execute("select k, block from chunks where k >> 32 = 2").fetchone()
    database.execute("update chunks set block = ? where k = ?", (flipped(block, 20), key))
    database.close()
    reader = open_reader(folder)
    hour = reader.read(2, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR - 1)
    assert hour.statuses.tolist() == [BAD_DATA_LOST]
    assert hour.times.tolist() == [BEGIN + 2 * HOUR]
    [damage] = reader.damaged()
    assert (damage.file, damage.tag, damage.start) == (path.name, 2, BEGIN + 2 * HOUR)
    assert_true_or_bad(reader.read(2, *WHOLE), 2)
    assert not (reader.read(1, *WHOLE).statuses == BAD_DATA_LOST).any()
    assert reader.at([1, 2], BEGIN + 2 * HOUR + 5 * S).samples.statuses.tolist() == [0, BAD_DATA_LOST]
    rollups = reader.rollups(2, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR, TEN_MINUTES)
    assert rollups.counts.sum() == 120, "rollups are blocks of their own"
    reader.close()


@pytest.mark.parametrize(
    "statement",
    [
        "delete from chunks where k = (select max(k) from chunks where k >> 32 = 2)",
        "update chunks set k = k + (4 << 32) where k = (select max(k) from chunks where k >> 32 = 2)",
        "update chunks set last = last - 3600000000000 where k >> 32 = 2",
        "update chunks set n = n - 1 where k >> 32 = 2",
    ],
)
def test_a_chunk_that_is_not_where_it_was_put_reads_as_bad(folder: Path, statement: str) -> None:
    path = day_file(folder, is_open=True)
    changed(path, statement)
    samples = values(folder, 2)
    assert_true_or_bad(samples, 2)
    assert (samples.statuses == BAD_DATA_LOST).sum() >= 1
    assert len(values(folder, 6)) == 0


@pytest.mark.parametrize("is_open", [True, False])
def test_an_instant_in_a_file_with_a_destroyed_page_is_right_or_lost(folder: Path, is_open: bool) -> None:
    """Also where the keyframe can be read and what came after it cannot: an older value is never passed off."""
    path = day_file(folder, is_open=is_open)
    whole = path.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    at = BEGIN + (2 if is_open else 1) * HOUR + 1_725 * S
    second = (at - BEGIN) // S // 30 * 30
    told = 0
    for begin in range(size, len(whole), size):
        path.write_bytes(whole[:begin] + bytes([0xA5]) * size + whole[begin + size :])
        reader = open_reader(folder)
        found = reader.at([1, 2, 3, 4], at)
        reader.close()
        lost = found.samples.statuses == BAD_DATA_LOST
        assert found.tags.tolist() == [1, 2, 3, 4]
        assert (found.samples.numbers()[~lost] == second + found.tags[~lost] * 0.25).all(), begin // size
        told += int(lost.any())
    assert told, "a destroyed page is noticed"


@pytest.mark.parametrize("many", [1, 1_000])
def test_rows_that_were_expected_are_those_that_are_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(_rolled, "_MANY", many)  # several threads look into the files, or none
    path = day_file(folder, is_open=True)
    changed(path, "update rollups set block = zeroblob(9) where k = ?", 2 << 16 | 2 << 8 | 1)
    day_file(folder).write_bytes(b"")
    alone, together = open_reader(folder), open_reader(folder)
    together.expect([1, 2, 3, 99], *WHOLE, TEN_MINUTES)
    for tag in (1, 2, 3, 99):
        one, other = (reader.rollups(tag, *WHOLE, TEN_MINUTES) for reader in (alone, together))
        for name in ("starts", "low", "high", "mean", "counts", "worst", "covered"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert {one.text for one in alone.damaged()} == {one.text for one in together.damaged()}
    assert any(one.file == path.name for one in together.damaged())
    alone.close()
    together.close()


def test_what_merges_with_a_damaged_chunk_keeps_the_loss(folder: Path) -> None:
    changed(day_file(folder, is_open=True), "update chunks set block = zeroblob(40) where k >> 32 = 2")
    archive = open_archive(folder)
    late = Samples.empty()
    for one in range(2):
        late = archive.read(2, BEGIN + 3 * HOUR + one * 30 * S, BEGIN + 3 * HOUR + one * 30 * S)
    moved = Samples(late.times - 3000 * S - 7, *[getattr(late, name) for name in ("bits", "kinds", "statuses")],
                    late.times - 3000 * S - 7, late.flags, late.versions, late.runs)  # fmt: skip
    archive.insert(Batch(np.array([2], np.int32), moved), time=BEGIN + 4 * HOUR)
    archive.compact(BEGIN + 4 * HOUR)
    samples = archive.read(2, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR - 1)
    assert samples.statuses.tolist() == [BAD_DATA_LOST, 0]
    assert any(one.tag == 2 for one in archive.damaged())
    archive.close()


@pytest.mark.parametrize("content", [b"this is no database, " * 1000, b"", None])
def test_a_day_file_that_is_none_leaves_the_others_readable(folder: Path, content: bytes | None) -> None:
    path = day_file(folder)
    if content is None:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    else:
        path.write_bytes(content)
    samples = values(folder, 1)
    assert_true_or_bad(samples, 1)
    assert samples.statuses[0] == BAD_DATA_LOST
    assert samples.between(BEGIN + 2 * HOUR, BEGIN + 4 * HOUR).is_good().sum() == 240


@pytest.mark.parametrize("keeps", ["nothing", "half", "no file"])
def test_a_damaged_live_file_is_set_aside_and_the_loss_told(folder: Path, keeps: str) -> None:
    live = folder / "live.db"
    whole = live.read_bytes()
    if keeps == "no file":
        live.unlink()
    else:
        live.write_bytes(b"rubbish" * 1000 if keeps == "nothing" else whole[: len(whole) // 2])
    reader = open_reader(folder)
    before = reader.read(1, BEGIN, BEGIN + 3 * HOUR - 1)
    assert before.is_good().sum() == 360
    assert reader.tags()[TAGS[0]] == 1
    if keeps != "no file":
        assert reader.at([1], BEGIN + 3 * HOUR + 50 * S).samples.statuses.tolist() == [BAD_DATA_LOST]
        assert any(one.file == "live.db" for one in reader.damaged())
    reader.close()

    archive = open_archive(folder)
    assert [archive.number(tag) for tag in TAGS] == [1, 2, 3, 4]
    assert any("set aside" in one.text for one in archive.damaged())
    seen = archive.coverage().seq
    commit(archive, 4 * 3600 + 10)
    assert archive.coverage().seq > seen
    samples = archive.read(1, BEGIN, BEGIN + DAY)
    assert_true_or_bad(samples, 1)
    assert samples.between(BEGIN, BEGIN + 3 * HOUR - 1).is_good().all()
    assert (samples.statuses == BAD_DATA_LOST).any(), "what is missing is no line across"
    archive.close()
    again = open_archive(folder)
    assert any("set aside" in one.text for one in again.damaged()), "also told after the next start"
    assert len(list(folder.glob("live.damaged-*.db"))) == (keeps != "no file")
    again.close()


def test_a_damaged_commit_is_a_hole_before_and_after_compaction(folder: Path) -> None:
    database = apsw.Connection(str(folder / "live.db"))
    seq, block = database.execute(
        "select seq, block from commits order by seq desc limit 1 offset 60"
    ).fetchone()
    database.execute("update commits set block = ? where seq = ?", (flipped(block, 30), seq))
    database.close()
    samples = values(folder, 3)
    assert_true_or_bad(samples, 3)
    assert (samples.statuses == BAD_DATA_LOST).sum() == 1
    archive = open_archive(folder)
    archive.compact(BEGIN + 4 * HOUR)
    assert_true_or_bad(archive.read(3, *WHOLE), 3)
    assert (archive.read(3, *WHOLE).statuses == BAD_DATA_LOST).sum() == 1
    assert any(one.block == f"commit {seq}" for one in archive.damaged())
    assert seq not in [one.seq for one in archive.feed(0, 10_000)]
    archive.close()


def test_missing_commits_are_a_hole(folder: Path) -> None:
    changed(folder / "live.db", "delete from commits where seq = (select max(seq) - 20 from commits)")
    samples = values(folder, 3)
    assert_true_or_bad(samples, 3)
    assert (samples.statuses == BAD_DATA_LOST).sum() == 1


def test_commits_that_the_log_lost_without_a_word_are_told(folder: Path) -> None:
    changed(folder / "live.db", "delete from commits where seq > (select max(seq) - 3 from commits)")
    archive = open_archive(folder)
    assert any("missing" in one.text for one in archive.damaged())
    commit(archive, 4 * 3600 + 60)
    samples = archive.read(1, *WHOLE)
    assert samples.statuses[-2:].tolist() == [BAD_DATA_LOST, 0]
    archive.close()


def test_closed_days_are_read_where_they_were_copied_to(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(day_file(folder), copy)
    reader = open_reader(copy)
    assert reader.tags() == {tag: number for number, tag in enumerate(TAGS, 1)}
    samples = reader.read(1, *WHOLE)
    assert len(samples) == 240
    assert samples.is_good().all()
    reader.close()


@pytest.mark.parametrize("file", ["live.db", "day"])
def test_a_file_of_a_newer_program_is_refused_with_a_sentence(folder: Path, file: str) -> None:
    path = folder / file if file == "live.db" else day_file(folder)
    changed(path, "pragma user_version=99")
    with pytest.raises(StorageError, match="newer version"):
        values(folder, 1)
    if file == "live.db":
        with pytest.raises(StorageError, match="newer version"):
            open_archive(folder)
        assert not list(folder.glob("live.damaged-*"))


def test_an_interrupted_migration_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    database = apsw.Connection(str(path))
    migrate(database, path, LIVE_ROAD)
    broken = (*LIVE_ROAD, "create table more (n); create table nonsense (")
    with pytest.raises(apsw.SQLError):
        migrate(database, path, broken)
    assert version_of(database, path, LIVE_ROAD) == len(LIVE_ROAD)
    migrate(database, path, (*LIVE_ROAD, "create table more (n);"))
    assert int(database.pragma("user_version")) == len(LIVE_ROAD) + 1
    database.close()


def test_one_process_writes(folder: Path) -> None:
    archive = open_archive(folder)
    with pytest.raises(StorageError, match="another process writes"):
        open_archive(folder)
    archive.close()


def everywhere(folder: Path, draw: random.Random) -> Iterator[tuple[Path, int]]:
    files = [path for path in folder.glob("*.db") if path.stat().st_size]
    while True:
        path = draw.choice(files)
        yield path, draw.randrange(path.stat().st_size * 8)


def test_flipped_bits_never_become_a_wrong_value(folder: Path, tmp_path: Path) -> None:
    draw = random.Random(7)
    copy = tmp_path / "copy"
    for path, bit in (one for one, _ in zip(everywhere(folder, draw), range(24), strict=False)):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        data = bytearray(path.read_bytes())
        data[bit // 8] ^= 1 << bit % 8
        (copy / path.name).write_bytes(data)
        for tag in range(1, 5):
            try:
                samples = values(copy, tag)
            except StorageError:
                continue
            assert_true_or_bad(samples, tag)
            at = BEGIN + 2 * HOUR + 45 * S
            assert_true_or_bad(samples.between(at, at), tag)
            assert len(samples) == 480 or (samples.statuses == BAD_DATA_LOST).any(), f"{path.name} bit {bit}"
