"""Rollups of months side by side: the same rows as the days' own files give, whatever happens to either."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.historian.care import Cared, Limits
from hmi.historian.port import Archive, CommitKind
from hmi.historian.rollups import HOUR, TEN_MINUTES, Rollups
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import open_archive, open_reader
from hmi.stores.sqlite._month_writer import remove_months
from hmi.stores.sqlite._months import MONTHS_FILE, first_day, month_of
from hmi.testing.days import DAY, samples_of

FIRST: Final = first_day(660)
"""A month of 31 days begins: January 2025."""
DAYS: Final = 40
END: Final = (FIRST + DAYS) * DAY
TAGS: Final = (1, 2, 3)
LEVELS: Final = (TEN_MINUTES, HOUR)
Table = dict[tuple[int, int], dict[str, list[object]]]


def day_of_tag(tag: int, day: int, count: int = 96) -> Batch:
    times = day * DAY + np.arange(count) * (DAY // count) + tag
    samples = samples_of(times, np.arange(count) * 1.5 + tag + day % 7)
    return Batch(np.full(count, tag, np.int32), samples)


def fill(folder: Path, days: int = DAYS) -> None:
    archive = opened(folder)
    for tag in TAGS:
        archive.number(f"t{tag}")
    for day in range(FIRST, FIRST + days):
        for tag in TAGS:
            if tag != 3 or day % 3:  # one that comes on some days only
                archive.insert(day_of_tag(tag, day), time=day * DAY + DAY - 1)
    archive.compact((FIRST + days) * DAY + HOUR)
    archive.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("months") / "history"
    fill(folder)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "history"))


def opened(folder: Path) -> Archive:
    return open_archive(folder, fine=lambda tag: tag == 1)


def one_at(day: int, value: float) -> Samples:
    return samples_of(np.array([day * DAY + 5 * HOUR + 11]), np.array([value]))


def rows(folder: Path, begin: int = FIRST * DAY, end: int = END) -> Table:
    reader = open_reader(folder, fine=lambda tag: tag == 1)
    found = {
        (tag, level): columns(reader.rollups(tag, begin, end, level)) for tag in TAGS for level in LEVELS
    }
    reader.close()
    return found


def columns(rollups: Rollups) -> dict[str, list[object]]:
    return {
        name: getattr(rollups, name)
        .view(np.uint64 if name in FLOATS else getattr(rollups, name).dtype)
        .tolist()
        for name in Rollups.__slots__
        if name != "level"
    }


FLOATS: Final = {"low", "high", "first", "last", "mean"}


def without_months(folder: Path, read: Callable[[], Table]) -> Table:
    """What the days' own files say."""
    kept = (folder / MONTHS_FILE).read_bytes()
    remove_months(folder)
    found = read()
    (folder / MONTHS_FILE).write_bytes(kept)
    return found


def generations(folder: Path) -> list[tuple[int, int]]:
    database = apsw.Connection(str(folder / MONTHS_FILE), flags=apsw.SQLITE_OPEN_READONLY)
    found = [
        (int(k), int(one)) for k, one in database.execute("select k, generation from sources order by k")
    ]
    database.close()
    return found


def test_a_month_that_is_over_is_written_once_and_read_bit_for_bit(folder: Path) -> None:
    archive = opened(folder)
    made = generations(folder)
    assert [key & 0xFFFFF for key, _ in made] == [month_of(FIRST)] * 2, "two levels of the one that is over"
    archive.compact(END + 2 * HOUR)
    assert generations(folder) == made
    archive.close()
    whole = rows(folder)
    assert all(table["starts"] for table in whole.values())
    assert whole == without_months(folder, lambda: rows(folder))


@pytest.mark.parametrize(("begin", "end"), [(3, 9), (0, 31), (17, 40), (30, 33), (5, 7)])
def test_any_stretch_of_it(folder: Path, begin: int, end: int) -> None:
    span = (FIRST + begin) * DAY + 7 * HOUR, (FIRST + end) * DAY - 3 * HOUR
    assert rows(folder, *span) == without_months(folder, lambda: rows(folder, *span))


def test_its_days_are_not_opened(folder: Path) -> None:
    whole = rows(folder)
    for path in folder.glob("day-202501*.db"):
        path.rename(path.with_suffix(".away"))
    assert rows(folder) == whole


def test_late_and_changed_samples_are_seen_at_once_and_taken_over_when_they_are_many(folder: Path) -> None:
    archive = opened(folder)
    before = generations(folder)
    for day in (FIRST + 4, FIRST + 12):
        late = Batch(np.array([1], np.int32), one_at(day, 900.0))
        archive.insert(late, time=END, kind=CommitKind.LATE)
    assert 900.0 in highs(archive), "not compacted yet"
    archive.compact(END + 2 * HOUR)
    assert 900.0 in highs(archive)
    assert generations(folder) == before, "not for two days"
    for day in range(FIRST + 15, FIRST + 20):
        late = Batch(np.array([2], np.int32), one_at(day, 901.0))
        archive.insert(late, time=END, kind=CommitKind.LATE)
    archive.compact(END + 3 * HOUR)
    assert generations(folder) == before, "not twice a day"
    archive.compact(END + DAY + 3 * HOUR)
    assert generations(folder) != before
    archive.close()
    assert rows(folder) == without_months(folder, lambda: rows(folder))


def highs(archive: Archive) -> list[float]:
    return archive.rollups(1, FIRST * DAY, END, HOUR).high.tolist()


def test_hi_14_a_removed_day_is_not_shown_and_a_removed_month_goes(folder: Path) -> None:
    archive = opened(folder)
    now = (FIRST + DAYS) * DAY + HOUR
    cast(Cared, archive).retain(Limits(30, 30, 30), now, (), lambda: False)
    starts = archive.rollups(1, FIRST * DAY, END, HOUR).starts // DAY - FIRST
    assert starts.min() >= 8
    assert rows(folder) == without_months(folder, lambda: rows(folder))
    cast(Cared, archive).retain(Limits(5, 5, 5), now, (), lambda: False)
    archive.compact(now + HOUR)
    assert generations(folder) == []
    archive.close()


def test_stopped_half_way_nothing_of_it_is_read(folder: Path) -> None:
    archive = opened(folder)
    whole = rows(folder)
    for calls in range(12):
        remove_months(folder)
        left = iter([False] * calls)
        archive.compact(END + HOUR, stop=lambda left=left: next(left, True))
        assert rows(folder) == whole, calls
        if (folder / MONTHS_FILE).exists() and len(generations(folder)) == 2:
            break
    else:
        pytest.fail("it never comes to an end")
    archive.close()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_damage_of_it_changes_a_row(seed: int, month_files: tuple[Path, bytes, Table]) -> None:
    folder, content, wanted = month_files
    chance = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 40))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.1:
        del damaged[chance.randrange(len(damaged)) :]
    remove_months(folder)
    (folder / MONTHS_FILE).write_bytes(bytes(damaged))
    assert rows(folder) == wanted


@pytest.fixture(scope="module")
def month_files(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, Table]:
    folder = Path(shutil.copytree(template, tmp_path_factory.mktemp("damaged") / "history"))
    return folder, (folder / MONTHS_FILE).read_bytes(), rows(folder)


def test_a_damaged_file_is_made_anew(folder: Path) -> None:
    archive = opened(folder)
    before = rows(folder)
    (folder / MONTHS_FILE).write_bytes(b"no database at all" * 400)
    archive.compact(END + 2 * HOUR)
    archive.compact(END + 3 * HOUR)
    assert len(generations(folder)) == 2
    archive.close()
    assert rows(folder) == before


def test_a_day_file_that_cannot_be_read_costs_its_own_day_and_no_month(folder: Path) -> None:
    remove_months(folder)
    path = folder / "day-20250112.db"
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    for root in roots(path, "rollups"):
        content[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(bytes(content))
    archive = opened(folder)
    archive.compact(END + 2 * HOUR)
    archive.close()
    assert len(generations(folder)) == 2
    whole = rows(folder)
    assert whole == without_months(folder, lambda: rows(folder))
    other = folder / "day-20250113.db"
    other.rename(other.with_suffix(".away"))
    assert rows(folder) == whole, "the other days come out of the month"


def roots(path: Path, table: str) -> list[int]:
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = [
        int(row[0]) for row in database.execute("select rootpage from sqlite_schema where name = ?", (table,))
    ]
    database.close()
    return found
