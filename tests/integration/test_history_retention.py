"""Retention of the archive: whole closed days only, held ones stay, and what is gone is never guessed (HI-14)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import numpy as np
import pytest

from hmi.core.errors import StorageError
from hmi.historian.care import Cared, Hold, HoldBook, Limits, Tier, days_of_holds, limits_of
from hmi.historian.port import Archive
from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch
from hmi.historian.trend import trend
from hmi.project.plant import HistoryRules
from hmi.stores.sqlite import _retention, open_archive, open_reader
from hmi.testing.days import DAY, FIRST_DAY, add_days, days_archive, samples_of

DAYS: Final = 6
NOW: Final = (FIRST_DAY + DAYS) * DAY + HOUR
BAD_DATA_UNAVAILABLE: Final = 0x809E0000
GONE_AFTER_2: Final = Limits(2, 2, 2)


def never() -> bool:
    return False


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = days_archive(tmp_path / "history", DAYS)
    yield archive
    archive.close()


def cared(archive: Archive) -> Cared:
    assert isinstance(archive, Cared)
    return archive


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "history").glob("day-*"))


def days_with_samples(archive: Archive, tag: int = 1) -> list[int]:
    samples = archive.read(tag, 0, NOW)
    return np.unique(samples.times[samples.statuses == 0] // DAY - FIRST_DAY).tolist()


def test_hi_14_retention_removes_only_whole_partitions_older_than_the_limit(
    archive: Archive, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in (tmp_path / "history").glob("day-*")}
    removed = cared(archive).retain(GONE_AFTER_2, NOW, (), never)
    assert [(one.day - FIRST_DAY, one.left) for one in removed] == [(day, Tier.GONE) for day in range(4)]
    assert all(one.bytes == len(before[one.file]) for one in removed)
    assert days_with_samples(archive) == [4, 5]
    left = {path.name: path.read_bytes() for path in (tmp_path / "history").glob("day-*")}
    assert left == {name: before[name] for name in files(tmp_path)}  # those that stay are not touched
    assert len(left) == 2
    assert cared(archive).retain(GONE_AFTER_2, NOW, (), never) == []
    assert not archive.damaged()


def test_hi_14_held_days_stay_whatever_the_limits_and_the_quota_say(archive: Archive) -> None:
    held = days_of_holds(
        [Hold("h", (FIRST_DAY + 1) * DAY + HOUR, (FIRST_DAY + 2) * DAY, "inquest", "ann", 1)]
    )
    assert held == {FIRST_DAY, FIRST_DAY + 1, FIRST_DAY + 2}
    cared(archive).retain(Limits(1, 1, 1, quota=1), NOW, held, never)
    assert days_with_samples(archive) == [0, 1, 2, 5]
    after = archive.read(1, (FIRST_DAY + 3) * DAY, (FIRST_DAY + 4) * DAY - 1)
    # the last held value is not drawn on over days that are gone
    assert after.statuses.tolist() == [BAD_DATA_UNAVAILABLE]
    cared(archive).retain(Limits(1, 1, 1), NOW, (), never)
    assert days_with_samples(archive) == [5]


def test_rollups_of_a_day_outlive_its_samples_and_the_samples_read_as_not_there(archive: Archive) -> None:
    start = FIRST_DAY * DAY
    ten, hours = (archive.rollups(1, start, start + DAY, level) for level in (TEN_MINUTES, HOUR))
    size = [one.bytes for one in cared(archive).retain(Limits(2, 4, 100), NOW, (), never)]
    assert all(size)
    kept = archive.rollups(1, start + 2 * DAY, start + 3 * DAY, TEN_MINUTES)
    assert len(kept) == 144
    assert (kept.mean >= 48).all()
    after = archive.rollups(1, start, start + DAY, HOUR)
    assert after.mean.tolist() == hours.mean.tolist()
    assert len(ten) == 144
    finer = archive.rollups(1, start, start + DAY, TEN_MINUTES)
    assert np.isnan(finer.mean).all()
    samples = archive.read(1, start, start + DAY - 1)
    assert samples.statuses.tolist() == [BAD_DATA_UNAVAILABLE]
    assert archive.at([1, 2], start + DAY // 2).samples.statuses.tolist() == [BAD_DATA_UNAVAILABLE] * 2
    assert days_with_samples(archive) == [4, 5]
    assert not archive.damaged()


def test_late_samples_of_a_day_without_samples_never_change_its_rollups(archive: Archive) -> None:
    cared(archive).retain(Limits(2, 100, 100), NOW, (), never)
    start = FIRST_DAY * DAY
    before = archive.rollups(1, start, start + DAY, HOUR)
    times = np.array([start + 3 * HOUR + 1])
    archive.insert(Batch(np.ones(1, np.int32), samples_of(times, np.array([1e6]))), time=NOW)
    add_days(archive, FIRST_DAY + DAYS, 1)
    archive.compact(NOW + DAY)
    after = archive.rollups(1, start, start + DAY, HOUR)
    assert after.mean.tolist() == before.mean.tolist()
    assert after.high.tolist() == before.high.tolist()


def test_samples_of_a_day_that_keeps_only_rollups_are_refused_and_what_waits_for_a_day_keeps_it(
    archive: Archive,
) -> None:
    start = FIRST_DAY * DAY
    times = np.array([start + HOUR + 1])
    archive.insert(Batch(np.ones(1, np.int32), samples_of(times, np.array([7.0]))), time=NOW)
    removed = cared(archive).retain(Limits(2, 100, 100), NOW, (), never)
    assert [one.day - FIRST_DAY for one in removed] == [1, 2, 3]  # day 0 waits for the compaction
    archive.compact(NOW)
    [removed] = cared(archive).retain(Limits(2, 100, 100), NOW, (), never)
    assert removed.day == FIRST_DAY
    assert archive.rollups(1, start + HOUR, start + 2 * HOUR, HOUR).high.tolist() == [7.0]
    assert cared(archive).without_samples(np.array([start, NOW, start + 5 * DAY])) == [FIRST_DAY]


def test_the_feed_is_kept_as_long_as_it_is_asked_for(archive: Archive) -> None:
    assert archive.feed(0)
    cared(archive).keep_feed(2 * DAY, 1 << 30)
    add_days(archive, FIRST_DAY + DAYS, 1)
    archive.compact(NOW + DAY)
    oldest = archive.feed(0)[0]
    assert oldest.time >= (FIRST_DAY + DAYS - 2) * DAY
    cared(archive).keep_feed(365 * DAY, 20_000)
    add_days(archive, FIRST_DAY + DAYS + 1, 1)
    archive.compact(NOW + 2 * DAY)
    assert archive.feed(0)[0].seq > oldest.seq


def test_a_day_that_was_cut_off_while_its_samples_went_is_whole_before_or_after(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "history"

    def cut_off(*arguments: object) -> object:
        real(*arguments)  # type: ignore[arg-type]
        raise StorageError("the power failed")

    real = _retention.thinned
    monkeypatch.setattr(_retention, "thinned", cut_off)
    assert cared(archive).retain(Limits(5, 100, 100), NOW, (), never) == []
    archive.close()
    (folder / f"{min(files(tmp_path))}.new").write_bytes(b"half")
    monkeypatch.undo()
    again = open_archive(folder)
    assert [name for name in files(tmp_path) if name.endswith(".new")] == []
    assert days_with_samples(again) == [1, 2, 3, 4, 5]
    rows = again.rollups(1, FIRST_DAY * DAY, (FIRST_DAY + 1) * DAY, HOUR)
    assert len(rows) == 24
    assert not np.isnan(rows.mean).any()
    assert not again.damaged()
    again.close()


def test_a_trend_over_days_without_samples_shows_their_rollups(archive: Archive) -> None:
    cared(archive).retain(Limits(2, 100, 100), NOW, (), never)
    start, end = FIRST_DAY * DAY, (FIRST_DAY + DAYS) * DAY
    none = archive.read(1, 0, 0)
    found = trend(archive, 1, start, end, 60, stepped=False, tail=none, stop=never)
    assert not found.exact
    known = found.high[~np.isnan(found.high)]
    assert known[0] < 4
    assert known[-1] > 140
    assert len(known) == 48


def test_a_quota_removes_the_oldest_days_and_never_the_newest(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    size = sum(path.stat().st_size for path in folder.glob("*.db*"))
    day = next(folder.glob("day-*")).stat().st_size
    cared(archive).retain(Limits(90, 90, 90, quota=size - day), NOW, (), never)
    assert days_with_samples(archive) == [1, 2, 3, 4, 5]
    cared(archive).retain(Limits(90, 90, 90, quota=1), NOW, (), never)
    assert days_with_samples(archive) == [5]


def test_a_reader_that_looked_before_a_day_went_reads_on(archive: Archive, tmp_path: Path) -> None:
    reader = open_reader(tmp_path / "history")
    pieces = reader.blocks(1, 0, NOW)
    first = next(pieces)
    cared(archive).retain(GONE_AFTER_2, NOW, (), never)
    rest = list(pieces)
    assert first.times[0] == FIRST_DAY * DAY
    assert rest[-1].times[-1] // DAY == FIRST_DAY + 5
    reader.close()


def test_a_retention_that_was_cut_off_goes_on_with_the_next_one(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    oldest = min(folder.glob("day-*"))
    data = oldest.read_bytes()
    cared(archive).retain(Limits(5, 5, 5), NOW, (), never)
    archive.close()
    oldest.write_bytes(
        data
    )  # the live file forgot the day, and its file was still there when the power failed
    again = open_archive(folder)
    assert days_with_samples(again) == [1, 2, 3, 4, 5]
    [removed] = cared(again).retain(Limits(5, 5, 5), NOW, (), never)
    assert removed.file == oldest.name
    assert not oldest.exists()
    again.close()


def test_a_day_that_begins_again_after_its_file_went_is_kept_until_the_next_retention(
    archive: Archive,
) -> None:
    cared(archive).retain(GONE_AFTER_2, NOW, (), never)
    times = np.array([FIRST_DAY * DAY + HOUR])
    archive.insert(Batch(np.ones(1, np.int32), samples_of(times, np.array([7.0]))), time=NOW)
    add_days(archive, FIRST_DAY + DAYS, 1)
    archive.compact(NOW + DAY)
    assert archive.read(1, int(times[0]), int(times[0])).numbers().tolist() == [7.0]
    cared(archive).retain(GONE_AFTER_2, NOW, (), never)
    assert 0 not in days_with_samples(archive)


def test_holds_are_kept_and_a_book_that_cannot_be_read_removes_nothing(tmp_path: Path) -> None:
    book = HoldBook(tmp_path)
    assert book.all() == []
    book.add(Hold("h_1", DAY, 2 * DAY, "inquest", "ann", 5))
    book.add(Hold("h_0", 0, DAY, "audit", "bob", 6))
    assert [one.id for one in HoldBook(tmp_path).all()] == ["h_0", "h_1"]
    book.remove("h_0")
    assert [one.id for one in book.all()] == ["h_1"]
    (tmp_path / "holds.json").write_text("{ no list")
    with pytest.raises(StorageError, match=r"holds\.json"):
        book.all()
    with pytest.raises(StorageError):
        book.add(Hold("h_2", 0, 1, "x", "y", 7))


def test_a_coarser_level_is_never_kept_shorter_than_a_finer_one() -> None:
    limits = limits_of(HistoryRules(raw_days=3_660))
    assert (limits.raw_days, limits.minute_days, limits.hour_days) == (3_660, 3_660, 3_660)
    assert limits_of(HistoryRules()) == Limits(90, 730, 3_650)
    assert [limits_of(HistoryRules()).tier(0, cast("int", age * DAY)) for age in (91, 92, 732, 3_652)] == [
        Tier.RAW, Tier.ROLLUPS, Tier.HOURS, Tier.GONE,
    ]  # fmt: skip
