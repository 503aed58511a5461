"""What is sorted by tag beside the commits reads like the commits, needs little memory, and may be lost."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import numpy as np
import pytest

from hmi.core.values import DataValue
from hmi.historian.port import Archive, CommitKind
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import _packer, _packs, _sources, open_reader
from hmi.stores.sqlite._archive import SqliteArchive
from hmi.stores.sqlite._reader import SqliteReader
from hmi.stores.sqlite._recent import Segment
from hmi.stores.sqlite._settings import Settings

S = 1_000_000_000
BEGIN = 20_717 * 24 * HOUR + 6 * HOUR
TAGS, SCANS = 40, 300
WHOLE = (BEGIN, BEGIN + HOUR - 1)


def batch(numbers: list[int], second: int) -> Batch:
    count = len(numbers)
    times, zeros = np.full(count, BEGIN + second * S), np.zeros(count, np.uint32)
    bits = (np.array(numbers) * 1000.0 + second).view(np.uint64)
    small = zeros.astype(np.uint16)
    return Batch(
        np.array(numbers, np.int32),
        Samples(times, bits, np.ones(count, np.uint8), zeros, times, small, small, zeros),
    )


def scans(archive: Archive, first: int, last: int) -> None:
    numbers = [archive.number(f"tag/{number}") for number in range(TAGS)]
    for second in range(first, last):
        archive.commit(batch(numbers, second), time=BEGIN + second * S)


def opened(folder: Path, pack_at: int = 2_000) -> SqliteArchive:
    return SqliteArchive(folder, Settings(lambda tag: False, lambda tag: False, pack_at=pack_at))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commits in packs of many blocks, some beside them, and a sample that was taken away."""
    monkeypatch.setattr(_packs, "_BLOCK", 500)
    archive = opened(tmp_path)
    scans(archive, 0, SCANS)
    archive.insert(batch([7], 100), time=BEGIN + HOUR, kind=CommitKind.DELETE)
    archive.close()
    assert rows(tmp_path, "select count(*) from pack_blocks") > 20
    return tmp_path


def settled(archive: SqliteArchive) -> None:
    assert archive._packer is not None
    archive._packer.settle()


def rows(folder: Path, query: str) -> int:
    database = apsw.Connection(str(folder / "live.db"))
    try:
        return int((database.execute(query).fetchone() or (0,))[0])
    finally:
        database.close()


def assert_all_there(reader: SqliteReader) -> None:
    for tag in (1, 7, 23, TAGS):
        numbers = reader.read(tag, *WHOLE).numbers()
        wanted = [tag * 1000.0 + second for second in range(SCANS) if (tag, second) != (7, 100)]
        assert numbers.tolist() == wanted
    held = reader.at(range(1, TAGS + 1), BEGIN + 150 * S)
    assert held.samples.numbers().tolist() == [tag * 1000.0 + 150 for tag in range(1, TAGS + 1)]


def test_hi_11_a_reader_finds_what_is_in_packs_and_beside_them(folder: Path) -> None:
    reader = SqliteReader(folder)
    assert sum(len(one.tags) for one in reader._live.snapshot().segments) < 3_000
    assert_all_there(reader)
    reader.close()


def test_a_reader_that_follows_has_no_sample_twice(tmp_path: Path) -> None:
    archive = opened(tmp_path)
    reader = SqliteReader(tmp_path)
    for second in range(0, SCANS, 7):
        scans(archive, second, min(second + 7, SCANS))
        settled(archive)
        assert len(reader.read(5, *WHOLE)) == min(second + 7, SCANS)
    archive.close()
    assert len(reader._live.snapshot().packs) >= 5
    reader.close()


def test_commits_go_on_while_a_pack_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, go_on = _packs.made_pack, threading.Event()

    def waiting(segment: Segment, time: int) -> _packs.MadePack:
        assert go_on.wait(60)
        return made(segment, time)

    monkeypatch.setattr(_packer, "made_pack", waiting)
    archive = opened(tmp_path)
    scans(archive, 0, SCANS)
    archive.insert(batch([7], 100), time=BEGIN + HOUR, kind=CommitKind.DELETE)
    assert rows(tmp_path, "select count(*) from packs") == 0
    assert_all_there(archive)
    go_on.set()
    settled(archive)
    assert rows(tmp_path, "select count(*) from packs") > 0
    assert_all_there(archive)
    archive.close()


def test_what_a_compaction_took_while_a_pack_was_made_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, go_on = _packs.made_pack, threading.Event()

    def waiting(segment: Segment, time: int) -> _packs.MadePack:
        pack = made(segment, time)
        assert go_on.wait(60)
        return pack

    monkeypatch.setattr(_packer, "made_pack", waiting)
    archive = opened(tmp_path)
    scans(archive, 0, SCANS)
    archive.insert(batch([7], 100), time=BEGIN + HOUR, kind=CommitKind.DELETE)
    archive.compact(BEGIN + HOUR)
    go_on.set()
    settled(archive)
    assert_all_there(archive)
    archive.compact(BEGIN + 2 * HOUR)
    assert rows(tmp_path, "select count(*) from packs") == 0
    assert_all_there(archive)
    archive.close()


def test_decoded_blocks_keep_to_their_memory(folder: Path) -> None:
    reader = SqliteReader(folder, memory=40_000)
    assert_all_there(reader)
    assert reader._live._cache.bytes <= 40_000
    assert_all_there(reader)
    reader.close()


def test_decoded_texts_and_arrays_count_with_all_that_they_hold(tmp_path: Path) -> None:
    """An hour of long texts is larger than its columns by far: the memory of a reader is no count of samples."""
    archive = opened(tmp_path)
    tag, long = archive.number("tag/text"), 20_000
    contents = ["x" * long, ("y" * long, 1.0), {"name": "z" * long}]
    for second in range(60):
        value = DataValue(contents[second % 3], 0, BEGIN + second * S, BEGIN + second * S)
        archive.commit(Batch(np.array([tag], np.int32), Samples.of([value])), time=BEGIN + second * S)
    archive.compact(BEGIN + HOUR)
    archive.close()
    for memory, kept in ((1_000_000, False), (100_000_000, True)):
        reader = SqliteReader(tmp_path, memory=memory)
        found = reader.read(tag, *WHOLE)
        assert [one.value for one in found.values()] == contents * 20
        assert reader._days._chunks.bytes <= memory
        assert (reader._days._chunks.bytes > 60 * long) is kept
        reader.close()


@pytest.mark.parametrize(
    "harm",
    [
        "update pack_blocks set block = cast(substr(block, 1, 60) || x'00ff' || substr(block, 63) as blob)",
        "delete from pack_blocks where k % 2",
        "update packs set head = cast(substr(head, 1, 30) || x'00ff' || substr(head, 33) as blob)",
    ],
)
def test_commits_make_up_for_a_pack_that_is_damaged(folder: Path, harm: str) -> None:
    database = apsw.Connection(str(folder / "live.db"))
    database.execute(harm)
    database.close()
    reader = SqliteReader(folder)
    assert_all_there(reader)
    reader.close()
    archive = opened(folder)
    report = archive.compact(BEGIN + HOUR)
    assert (report.samples, report.chunks) == (TAGS * SCANS - 1, TAGS)
    assert_all_there(archive)
    assert archive.damaged() == []
    archive.close()


def test_a_compaction_in_the_middle_of_a_read_takes_nothing_away(folder: Path) -> None:
    reader = SqliteReader(folder)
    state = reader._live.snapshot()
    archive = opened(folder)
    archive.compact(BEGIN + HOUR)
    archive.close()
    assert rows(folder, "select count(*) from packs") == 0
    with pytest.raises(_packs.PackGone):
        state.of_tag(3, *WHOLE)
    assert_all_there(reader)
    reader.close()


def test_an_hour_that_is_sorted_in_ranges_is_written_like_one_that_is_not(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sources, "_HELD_MOST", 1_000)
    monkeypatch.setattr(_sources, "_RANGE", 1_500)
    archive = opened(folder)
    report = archive.compact(BEGIN + HOUR)
    assert report.samples == TAGS * SCANS - 1
    assert report.chunks == TAGS
    archive.close()
    reader = open_reader(folder)
    assert isinstance(reader, SqliteReader)
    assert_all_there(reader)
    found = reader.keyframe(BEGIN + HOUR)
    assert found is not None
    assert found[1].samples.numbers().tolist() == [tag * 1000.0 + SCANS - 1 for tag in range(1, TAGS + 1)]
    reader.close()
