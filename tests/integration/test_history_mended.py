"""What history keeps and tells after edits, pages, thinned days and clocks that went wrong: faults that were mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import numpy as np
import pytest

from hmi.cli._history_data import Piece
from hmi.cli._history_files import ParquetWriter
from hmi.core.errors import UsageError
from hmi.core.history import Modification, ReadRaw
from hmi.core.values import DataValue, Value, ValueType
from hmi.historian import History, Opened
from hmi.historian.blocks import BlockTooLarge, _zstd
from hmi.historian.care import Limits
from hmi.historian.port import Archive, CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import open_archive, open_reader
from hmi.stores.sqlite._archive import SqliteArchive
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag
from tests.integration.test_historian import wait_until

S = 1_000_000_000
DAY = 24 * HOUR
BEGIN = 1_700_006_400 * S // DAY * DAY + 10 * HOUR


def batch(at: int, *values: tuple[int, Value]) -> Batch:
    """(tag, value) at one instant."""
    tags = np.array([tag for tag, _ in values], np.int32)
    return Batch(tags, Samples.of([DataValue(value, 0, at, at) for _, value in values]))


def commit(archive: Archive, at: int, *values: tuple[int, Value]) -> None:
    archive.commit(batch(at, *values), time=at)


def value_at(archive: Archive, tag: int, at: int) -> Value:
    return archive.at([tag], at).samples.values()[0].value


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = open_archive(tmp_path / "history")
    for number in range(3):
        opened.number(f"t_a/{number}")
    yield opened
    opened.close()


@pytest.fixture
def history(archive: Archive, tmp_path: Path) -> Iterator[History]:
    """Over the archive; its tags are the three of it."""
    tags = [make_tag(f"a/{number}", history=True, type=ValueType.STRING) for number in range(3)]
    clock = ManualClock(BEGIN + HOUR)
    made = History(make_plant(tags), clock=clock, run_id="r", opener=lambda _: Opened(archive, tmp_path))
    made.start()
    wait_until(lambda: made.archive is not None)
    yield made
    made.close()


# ------------------------------------------------------------------ edits before a compaction


def test_a_sample_deleted_in_the_last_minute_of_an_hour_never_comes_back(
    archive: Archive, tmp_path: Path
) -> None:
    commit(archive, BEGIN + 60 * S, (2, 1.0))
    archive.at([2], BEGIN + HOUR)
    for second in range(3_580, 3_780):
        rows: list[tuple[int, Value]] = [(1, float(second))]
        commit(archive, BEGIN + second * S, *rows, *([(2, 777.0)] if second == 3_590 else []))
    wrong, now = BEGIN + 3_590 * S, BEGIN + 3_780 * S
    archive.insert(batch(wrong, (2, 777.0)), time=now, kind=CommitKind.DELETE, policy=DuplicatePolicy.REPLACE)
    assert value_at(archive, 2, now) == 1.0
    archive.compact(BEGIN + HOUR)
    assert value_at(archive, 2, now) == 1.0
    reader = open_reader(tmp_path / "history")
    assert reader.at([2], now).samples.values()[0].value == 1.0
    reader.close()
    for second in range(3_780, 7_400, 5):
        commit(archive, BEGIN + second * S, (1, float(second)))
    archive.compact(BEGIN + 2 * HOUR)
    assert value_at(archive, 2, BEGIN + 2 * HOUR + 30 * S) == 1.0
    frame = archive.keyframe(BEGIN + HOUR + 1_800 * S)
    assert frame is not None
    assert frame[1].samples.values()[frame[1].tags.tolist().index(2)].value == 1.0


def test_a_delete_in_an_hour_that_is_not_compacted_leaves_its_tag_in_keyframes(archive: Archive) -> None:
    tags = [archive.number(f"many/{number}") for number in range(700)]
    seventh = tags[7]
    for minute, value in ((-30, 1.0), (1, 2.0), (50, 3.0)):
        commit(archive, BEGIN + minute * 60 * S, *((tag, value) for tag in tags))
    wrong = BEGIN + 30 * 60 * S
    commit(archive, wrong, (seventh, 666.0))
    archive.insert(batch(wrong, (seventh, 666.0)), time=BEGIN + 3_500 * S, kind=CommitKind.DELETE)
    commit(archive, BEGIN + HOUR + 10 * S, *((tag, 4.0) for tag in tags))
    archive.compact(BEGIN + HOUR)
    at = BEGIN + 25 * 60 * S + 5 * S
    assert all(one.value == 2.0 for one in archive.at(tags, at).samples.values())
    frame = archive.keyframe(at)
    assert frame is not None
    assert frame[1].samples.values()[frame[1].tags.tolist().index(seventh)].value == 2.0


def test_an_edit_before_a_compaction_leaves_its_hour_in_the_rollups(archive: SqliteArchive) -> None:
    first = BEGIN // DAY * DAY
    for n in range(24 * 6):
        at = first + n * 600 * S + S
        commit(archive, at, (1, float(n)))
        if n == 15:
            edited = batch(first + 12 * 600 * S + S, (1, 500.0))
            archive.insert(edited, time=at, kind=CommitKind.EDIT, policy=DuplicatePolicy.REPLACE)
        if n % 6 == 5:
            archive.compact(at + 600 * S)
    archive.compact(first + DAY)
    before = archive.rollups(1, first, first + 5 * HOUR, HOUR).mean.tolist()
    archive.retain(Limits(2, 100, 200), first + 6 * DAY, ())
    assert archive.rollups(1, first, first + 5 * HOUR, HOUR).mean.tolist() == before


# ------------------------------------------------------------------ days without samples, days too large


def test_HI_14_an_insert_into_a_thinned_day_is_refused_and_not_acknowledged(archive: SqliteArchive) -> None:
    first = BEGIN // DAY * DAY
    for hour in range(0, 5 * 24, 6):
        commit(archive, first + hour * HOUR, (1, float(hour)))
    archive.compact(first + 5 * DAY)
    archive.retain(Limits(2, 100, 200), first + 5 * DAY + HOUR, ())
    now = first + 5 * DAY + 2 * HOUR
    with pytest.raises(UsageError, match="only rollups are kept"):
        archive.insert(
            batch(first + 3 * HOUR, (1, 99.0)), time=now, modification=Modification("u", now, "", "insert")
        )


def test_a_sample_older_than_all_that_is_kept_is_refused(history: History) -> None:
    at = BEGIN - 3_700 * DAY
    with pytest.raises(UsageError, match="keeps nothing longer than 3650 days"):
        history.insert("t_a/0", [DataValue("x", 0, at, at)], user="u", reason="old")


def test_a_day_too_large_for_one_block_is_closed_as_it_is(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_zstd, "MOST_BYTES", 300_000)
    first = BEGIN // DAY * DAY
    for hour in range(24):
        for minute in range(0, 60, 6):
            at = first + hour * HOUR + minute * 60 * S
            commit(archive, at, (1, "w" * 2_000 + str(minute)), (2, 1.0))
    commit(archive, first + DAY + HOUR, (2, 2.0))
    commit(archive, first + 2 * DAY + HOUR, (2, 2.0))
    archive.compact(first + 2 * DAY)
    names = sorted(path.name for path in (tmp_path / "history").glob("day-*.db"))
    assert len(names) == 2
    assert not any("open" in name for name in names)
    assert sum(len(one) for one in archive.blocks(1, first, first + DAY)) == 240


def test_a_day_that_cannot_be_closed_holds_up_no_other(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hmi.stores.sqlite import _compaction

    real = _compaction.closed
    bad_day = BEGIN // DAY

    def failing(folder: Path, name: str, day: int, *more: object) -> object:
        if day == bad_day:
            raise BlockTooLarge("too large")
        return real(folder, name, day, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(_compaction, "closed", failing)
    for day in range(3):
        commit(archive, BEGIN + day * DAY, (1, float(day)))
    archive.compact((bad_day + 3) * DAY)
    names = sorted(path.name for path in (tmp_path / "history").glob("day-*.db"))
    assert ["open" in name for name in names] == [True, False, False]
    monkeypatch.setattr(_compaction, "closed", real)
    archive.compact((bad_day + 3) * DAY)
    assert not any("open" in path.name for path in (tmp_path / "history").glob("day-*.db"))


def test_files_are_let_go_before_others_take_their_place(
    archive: SqliteArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hmi.stores.sqlite import _compaction, _retention

    done: list[str] = []
    days = archive._days
    forget, closing, thinned = days.forget, _compaction.remove_open, _retention.thinned
    monkeypatch.setattr(days, "forget", lambda name: (done.append(f"forget {name}"), forget(name)))
    monkeypatch.setattr(
        _compaction,
        "remove_open",
        lambda folder, name: (done.append(f"remove {name}"), closing(folder, name)),
    )
    monkeypatch.setattr(
        _retention,
        "thinned",
        lambda folder, name, tier: (done.append(f"thin {name}"), thinned(folder, name, tier))[1],
    )
    commit(archive, BEGIN, (1, 1.0))
    commit(archive, BEGIN + DAY, (1, 2.0))
    archive.compact((BEGIN // DAY + 2) * DAY)
    archive.retain(Limits(2, 100, 200), BEGIN + 9 * DAY, ())
    replaced = [place for place, one in enumerate(done) if not one.startswith("forget")]
    assert len(replaced) == 4
    assert all(f"forget {done[place].split()[1]}" == done[place - 1] for place in replaced)


# ------------------------------------------------------------------ damage


def damaged_second_hour(folder: Path) -> Archive:
    made = open_archive(folder)
    made.number("t1")
    for minute in range(180):
        commit(made, BEGIN + minute * 60 * S + S, (1, float(minute)))
    made.compact(BEGIN + 3 * HOUR)
    made.close()
    database = apsw.Connection(str(next(folder.glob("day-*.open.db"))))
    key, block = database.execute("select k, block from chunks order by k").fetchall()[1]
    assert isinstance(block, bytes)
    flipped = bytearray(block)
    flipped[len(flipped) // 2] ^= 0xFF
    database.execute("update chunks set block = ? where k = ?", (bytes(flipped), key))
    database.close()
    return open_archive(folder)


@pytest.mark.parametrize("kind", [CommitKind.DELETE, CommitKind.EDIT])
def test_a_change_over_a_damaged_chunk_keeps_the_mark_of_its_damage(tmp_path: Path, kind: CommitKind) -> None:
    archive = damaged_second_hour(tmp_path)
    [mark] = archive.read(1, BEGIN + HOUR, BEGIN + 2 * HOUR - 1).values()
    assert (mark.value, mark.status) == (None, 0x809D0000)
    archive.insert(
        batch(BEGIN + HOUR, (1, 5.0)), time=BEGIN + 3 * HOUR, kind=kind, policy=DuplicatePolicy.REPLACE
    )
    commit(archive, BEGIN + 3 * HOUR + 60 * S, (1, 7.0))
    archive.compact(BEGIN + 4 * HOUR)
    left = archive.read(1, BEGIN + HOUR, BEGIN + 2 * HOUR - 1).values()
    assert (left[-1].value, left[-1].status) == (None, 0x809D0000)
    assert [one.value for one in left[:-1]] == ([] if kind is CommitKind.DELETE else [5.0])
    archive.close()


# ------------------------------------------------------------------ reads


@pytest.mark.parametrize("limit", [1, 9, 10, 11, 12])
@pytest.mark.parametrize("backwards", [False, True])
def test_pages_lose_nothing_around_an_instant_with_two_versions(
    archive: Archive, history: History, limit: int, backwards: bool
) -> None:
    number = archive.number("t_a/0")
    for second in range(30):
        commit(archive, BEGIN + second * S, (number, str(second)))
    archive.insert(
        batch(BEGIN + 10 * S, (number, "again")), time=BEGIN + 40 * S, policy=DuplicatePolicy.APPEND
    )
    start, end = (BEGIN + 100 * S, BEGIN) if backwards else (BEGIN, BEGIN + 100 * S)
    found: list[Value] = []
    while start:
        page = history.read_raw(ReadRaw("t_a/0", start, end, limit))
        found += [one.value for one in page.samples]
        start = page.continuation
    assert len(found) == 31


@pytest.mark.parametrize("backwards", [False, True])
def test_bounds_come_once_over_all_pages(archive: Archive, history: History, backwards: bool) -> None:
    number = archive.number("t_a/0")
    for second in range(30):
        commit(archive, BEGIN + second * S, (number, str(second)))
    low, high = BEGIN + 2 * S, BEGIN + 20 * S
    request = ReadRaw("t_a/0", high if backwards else low, low if backwards else high, 5, bounds=True)
    found: list[Value] = []
    while True:
        page = history.read_raw(request)
        found += [one.value for one in page.samples]
        if not page.continuation:
            break
        request = ReadRaw("t_a/0", page.continuation, request.end, 5, bounds=True, continued=True)
    expected = [str(second) for second in range(1, 22)]
    assert found == (expected[::-1] if backwards else expected)


def test_HI_11_versions_that_were_replaced_come_in_pages(archive: Archive, history: History) -> None:
    number = archive.number("t_a/0")
    for second in range(5):
        commit(archive, BEGIN + second * S, (number, str(second)))
        values = [DataValue("new", 0, BEGIN + second * S, 1)]
        history.edit("t_a/0", values, user="u", reason="wrong")
    start, found = BEGIN, list[Value]()
    while start:
        page = history.read_raw(ReadRaw("t_a/0", start, BEGIN + HOUR, 2, modified=True))
        found += [one.value for one in page.samples]
        assert len(page.modifications) == len(page.samples) <= 2
        start = page.continuation
    assert found == ["0", "1", "2", "3", "4"]


def test_a_tag_that_is_asked_twice_is_told_twice(archive: Archive, history: History) -> None:
    commit(archive, BEGIN, (archive.number("t_a/0"), "x"), (archive.number("t_a/1"), "y"))
    found = history.values_at(["t_a/0", "t_a/1", "t_a/0"], BEGIN + S)
    assert [one.value for one in found] == ["x", "y", "x"]


def test_of_two_live_values_of_one_instant_the_later_commit_holds_everywhere(archive: Archive) -> None:
    for second in range(3):
        commit(archive, BEGIN + second * S, (1, float(second)))
    commit(archive, BEGIN + S, (1, 100.0))  # the clock went back
    commit(archive, BEGIN + 2 * S, (1, 101.0))
    at = BEGIN + 2 * S
    assert value_at(archive, 1, at) == archive.before(1, at + 1).values()[0].value == 101.0
    commit(archive, BEGIN + 2 * HOUR, (1, 1.0))
    archive.compact(BEGIN + HOUR)
    assert value_at(archive, 1, at) == archive.before(1, at + 1).values()[0].value == 101.0


def test_HI_13_an_integer_that_no_float_holds_goes_to_parquet_as_text(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    values = [2**63 + 12_345, -(2**53) - 1, 7, True]
    samples = Samples.of([DataValue(value, 0, BEGIN + n, BEGIN) for n, value in enumerate(values)])
    writer = ParquetWriter(tmp_path / "x.parquet", modified=False)
    writer.add(make_tag("a/c", type=ValueType.UINT64), Piece(samples))
    writer.finish()
    table = parquet.read_table(tmp_path / "x.parquet")
    assert table["text"].to_pylist() == ["9223372036854788153", "-9007199254740993", None, None]
    assert table["value"].to_pylist() == [None, None, 7.0, 1.0]
