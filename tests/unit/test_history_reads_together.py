"""What is read for several chunks, tags and rows at once is what it is one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import apsw
import numpy as np
import pytest

from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, Rollups, merged, rollups_of
from hmi.historian.samples import Batch, Samples, ValueKind, joined
from hmi.historian.trend import TrendColumns, expect, trend
from hmi.stores.sqlite import open_archive, open_reader

S = 1_000_000_000
DAY = 24 * HOUR
BEGIN = 20_717 * DAY
SECONDS = 3_600
HOURS = 6
COLUMNS = ("times", "bits", "kinds", "statuses", "receives", "flags", "versions", "runs")


def hour_of(hour: int, kind: ValueKind, *, bad: bool = False) -> Samples:
    chance = np.random.default_rng(hour)
    times = BEGIN + hour * HOUR + np.arange(SECONDS) * S
    numbers = chance.normal(50, 1, SECONDS).astype(np.float32).astype(np.float64)
    bits = numbers.view(np.uint64) if kind == ValueKind.FLOAT else np.arange(SECONDS, dtype=np.uint64)
    statuses = np.zeros(SECONDS, np.uint32)
    statuses[1_000:1_010] = 0x80000000 if bad else 0
    nothing = np.zeros(SECONDS, np.uint16)
    kinds = np.full(SECONDS, kind, np.uint8)
    return Samples(times, bits, kinds, statuses, times, nothing, nothing, np.ones(SECONDS, np.uint32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tags: floats only, and floats beside an hour of integers and an hour with Bad ones."""
    archive = open_archive(tmp_path / "history", fine=lambda tag: True)
    plain, mixed = archive.number("plain"), archive.number("mixed")
    for hour in range(HOURS):
        kind = ValueKind.INT if hour == 2 else ValueKind.FLOAT
        parts = [hour_of(hour, ValueKind.FLOAT), hour_of(hour, kind, bad=hour == 4)]
        tags = np.repeat(np.array([plain, mixed], np.int32), SECONDS)
        archive.commit(Batch(tags, joined(parts)), time=int(parts[0].times[-1]))
    archive.compact(BEGIN + HOURS * HOUR)
    archive.close()
    return tmp_path / "history"


def columns(samples: Samples) -> list[bytes]:
    return [np.ascontiguousarray(getattr(samples, name)).tobytes() for name in COLUMNS]


def one_by_one(folder: Path, tag: int) -> Samples:
    """Each hour by a reader of its own, which unpacks one chunk."""
    found: list[Samples] = []
    for hour in range(HOURS):
        reader = open_reader(folder)
        found.append(reader.read(tag, BEGIN + hour * HOUR, BEGIN + hour * HOUR + HOUR - 1))
        reader.close()
    return joined(found)


@pytest.mark.parametrize("tag", [1, 2])
def test_chunks_that_are_unpacked_together_are_those_that_were_stored(folder: Path, tag: int) -> None:
    reader = open_reader(folder)
    for _ in range(2):  # unpacked, and as it is kept
        found = joined(reader.blocks(tag, BEGIN, BEGIN + DAY))
        assert columns(found) == columns(one_by_one(folder, tag))
    backwards = reader.read(tag, BEGIN, BEGIN + DAY, backwards=True)
    assert columns(backwards.take(slice(None, None, -1))) == columns(found)
    reader.close()


@pytest.mark.parametrize("tag", [1, 2])
def test_a_part_of_chunks_that_are_unpacked_together_is_cut_at_its_bounds(folder: Path, tag: int) -> None:
    begin, end = BEGIN + 700 * S, BEGIN + 4 * HOUR + 17 * S
    reader = open_reader(folder)
    found = joined(reader.blocks(tag, begin, end))
    assert columns(found) == columns(one_by_one(folder, tag).between(begin, end))
    reader.close()


def test_a_damaged_chunk_among_others_is_one_bad_sample_and_they_are_whole(folder: Path) -> None:
    [path] = folder.glob("day-*.db")
    database = apsw.Connection(str(path))
    [[key, block]] = database.execute("select k, block from chunks order by k limit 1 offset 3")
    database.execute("update chunks set block = ? where k = ?", (bytes(len(block) - 4) + block[-4:], key))
    database.close()
    reader = open_reader(folder)
    found = joined(reader.blocks(1, BEGIN, BEGIN + DAY))
    assert len(found) == (HOURS - 1) * SECONDS + 1
    assert np.flatnonzero(found.is_bad()).tolist() == [3 * SECONDS]
    sound = [hour_of(hour, ValueKind.FLOAT).bits for hour in range(HOURS) if hour != 3]
    assert np.array_equal(np.delete(found.bits, 3 * SECONDS), np.concatenate(sound))
    assert [one.tag for one in reader.damaged()] == [1]
    reader.close()


def drawn(column: TrendColumns) -> list[bytes]:
    values = (getattr(column, one.name) for one in fields(column))
    return [value.tobytes() if isinstance(value, np.ndarray) else str(value).encode() for value in values]


@pytest.mark.parametrize("pixels", [10, 100, 400, 2_000])
def test_a_chart_that_was_told_of_is_the_one_that_was_not(folder: Path, pixels: int) -> None:
    begin, end = BEGIN + 1_000 * S, BEGIN + 5 * HOUR
    found: list[list[list[bytes]]] = []
    for is_told in (True, False):
        reader = open_reader(folder, fine=lambda tag: True)
        if is_told:
            expect(reader, (1, 2), begin, end, pixels)
        found.append([drawn(trend(reader, tag, begin, end, pixels, stepped=False)) for tag in (1, 2)])
        reader.close()
    assert found[0] == found[1]


def test_what_was_expected_is_not_given_when_the_file_changed_since(folder: Path) -> None:
    archive = open_archive(folder, fine=lambda tag: True)
    reader = open_reader(folder, fine=lambda tag: True)
    begin, end = BEGIN, BEGIN + 2 * HOUR - 1
    reader.expect((1, 2), begin, end, 0)
    late = hour_of(1, ValueKind.FLOAT).take(slice(5, 6))
    moved = Samples(late.times + 1, *(getattr(late, name) for name in COLUMNS[1:]))
    archive.insert(Batch(np.ones(1, np.int32), moved), time=BEGIN + HOURS * HOUR)
    archive.compact(BEGIN + HOURS * HOUR)
    found = joined(reader.blocks(1, begin, end))
    assert len(found) == 2 * SECONDS + 1
    assert int(moved.times[0]) in found.times
    reader.close()
    archive.close()


def rows() -> Iterator[tuple[str, Rollups]]:
    samples = hour_of(0, ValueKind.FLOAT)
    full = rollups_of(samples, MINUTE, before=None, stepped=False)
    yield "full", full
    yield "begun late", full.take(slice(3, None))
    yield "ends early", full.take(slice(0, -4))
    yield "hole", full.take(np.arange(len(full)) % 7 != 3)
    yield "not covered", rollups_of(samples.take(slice(100, None)), MINUTE, before=None, stepped=False)


@pytest.mark.parametrize(("name", "fine"), list(rows()), ids=[name for name, _ in rows()])
@pytest.mark.parametrize("stepped", [True, False])
@pytest.mark.parametrize("placed", [True, False])
def test_columns_said_once_merge_to_the_same_rows(
    name: str, fine: Rollups, stepped: bool, placed: bool
) -> None:
    folded = {"counts", "good", "worst", "covered"}
    short = Rollups(
        fine.level,
        **{
            one.name: np.broadcast_to(column[:1], len(column))
            if one.name in folded and len(np.unique(column)) == 1
            else column
            for one in fields(fine)
            if one.name != "level"
            for column in [getattr(fine, one.name)]
        },
    )
    whole, folded_rows = (merged(one, TEN_MINUTES, stepped=stepped, placed=placed) for one in (fine, short))
    for one in fields(fine):
        assert np.array_equal(getattr(whole, one.name), getattr(folded_rows, one.name), equal_nan=True), (
            one.name
        )
