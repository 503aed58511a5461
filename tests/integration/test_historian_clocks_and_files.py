"""The recorder over the embedded archive where clocks are wrong, files are cut off, and an archive refuses samples."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.core.history import ReadRaw
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.historian import History, Opened, _portions, _run, _shelf
from hmi.historian._held import HeldFile
from hmi.historian._recorder import Recorder
from hmi.historian.blocks import _zstd
from hmi.historian.port import CommitKind
from hmi.historian.samples import Batch, Samples
from hmi.project.plant import Plant
from hmi.runtime import HistoryFolder, newest_archive
from hmi.stores.sqlite import open_archive
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag

S = NS_PER_S
START = 1_700_006_400 * S
"""A full hour."""
PV, RAW, TEXT = "t_a/pv", "t_a/raw", "t_a/text"
EVER = 2**62
DAY_S = 86_400


def small_plant() -> Plant:
    return make_plant([
        make_tag("a/pv", history=True, range=EURange(0, 100)),
        make_tag("a/raw", history=True),
        make_tag("a/text", history=True, type=ValueType.STRING),
    ])  # fmt: skip


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it did not come about within 60 s"
        time.sleep(0.01)


class Desk:
    """A history over an archive in a folder, on a clock that stands until it is moved."""

    def __init__(self, folder: Path, plant: Plant | None = None, *, at: int = START) -> None:
        self.folder, self.clock = folder, ManualClock(at)
        folder.mkdir(exist_ok=True)
        self.history = History(plant or small_plant(), clock=self.clock, run_id="run_1", opener=self._opened)
        self.history.start()
        wait_until(lambda: self.history.archive is not None)

    def _opened(self, run_id: str) -> Opened:
        return Opened(open_archive(self.folder, stepped=self.history.is_number_stepped), self.folder)

    def tell(self, handle: int, value: Value) -> None:
        now = self.clock.now_ns()
        self.history.append([(handle, DataValue(value, 0, now, now))], now=now)

    def each_second(self, handle: int, *values: Value) -> None:
        """A value each second, the first one now; the clock stands a second behind the last."""
        for value in values:
            self.tell(handle, value)
            self.clock.advance(1)

    def found(self, tag_id: str) -> list[tuple[float, Value]]:
        """(s since the start, value) of what was measured."""
        page = self.history.read_raw(ReadRaw(tag_id, 0, EVER)).samples
        return [((one.source_time - START) / S, one.value) for one in page if one.is_good]

    def gaps(self, tag_id: str) -> list[float]:
        """Where gaps begin, s since the start."""
        page = self.history.read_raw(ReadRaw(tag_id, 0, EVER)).samples
        return [(one.source_time - START) // S for one in page if one.status == quality.BAD_NO_DATA]

    def compact(self) -> None:
        self.history._run.compact_due()  # pyright: ignore[reportPrivateUsage]

    def killed(self, folder: Path) -> Path:
        """What a kill in this moment would leave."""
        self.history.sync()
        return shutil.copytree(self.folder, folder)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "history")
    yield made
    made.history.close()


# ------------------------------------------------------------------ clocks


def test_a_start_with_the_clock_behind_stamps_no_value_into_the_future(desk: Desk) -> None:
    desk.each_second(1, 10.0)
    desk.clock.advance(3_599)
    desk.each_second(1, 11.0)
    desk.history.close()
    again = Desk(desk.folder, at=START + 600 * S)
    for value in (500.0, 501.0, 502.0):
        again.tell(1, value)
        again.history.sync()
        again.clock.advance(60)
    told = [(600.0, 500.0), (660.0, 501.0), (720.0, 502.0)]
    assert again.found(RAW) == [(0.0, 10.0), *told, (3_600.0, 11.0), (3_601.0, 11.0)]
    assert again.history.read_at(RAW, START + 720 * S).value == 502.0
    again.history.close()


def test_after_a_step_back_one_instant_has_one_value_and_what_it_replaced_is_kept(desk: Desk) -> None:
    desk.each_second(1, 0.0, 1.0, 2.0, 3.0, 4.0)
    desk.clock.step(-3)
    desk.each_second(1, 102.0, 103.0, 104.0, 105.0)
    desk.history.sync()
    right = [(0.0, 0.0), (1.0, 1.0), (2.0, 102.0), (3.0, 103.0), (4.0, 104.0), (5.0, 105.0)]
    assert desk.found(RAW) == right
    assert desk.history.read_at(RAW, START + 3 * S).value == 103.0
    before = desk.history.read_raw(ReadRaw(RAW, 0, EVER, modified=True)).samples
    assert [one.value for one in before] == [2.0, 3.0, 4.0]
    desk.clock.advance(2 * 3_600)
    desk.compact()
    assert desk.found(RAW) == right


def test_more_than_can_be_put_between_stored_samples_holds_nothing_up_and_the_last_told_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_shelf, "MOST_BETWEEN", 0)
    desk.each_second(1, 0.0, 1.0, 2.0, 3.0)
    desk.history.sync()
    desk.clock.step(-3)
    desk.each_second(1, 101.0, 102.0, 103.0)
    desk.history.sync()
    archive = desk.history.archive
    assert archive is not None
    assert {one.kind for one in archive.feed(0)} == {CommitKind.LIVE}
    assert desk.history.read_at(RAW, START + 2 * S).value == 102.0
    assert [value for _, value in desk.found(RAW)][-1] == 103.0


def test_a_clock_that_was_ahead_makes_no_later_sample_late_and_compaction_goes_on(desk: Desk) -> None:
    desk.each_second(1, 1.0, 2.0)
    desk.clock.step(40 * DAY_S)
    desk.each_second(1, 3.0)
    desk.clock.advance(600)
    desk.compact()
    archive = desk.history.archive
    assert archive is not None
    ahead = archive.coverage()
    assert ahead.compacted > START + 39 * DAY_S * S
    desk.clock.step(-40 * DAY_S)
    desk.each_second(1, 4.0, 5.0, 6.0)
    desk.history.sync()
    assert {one.kind for one in archive.feed(ahead.seq)} == {CommitKind.LIVE}
    desk.clock.advance(2 * 3_600)
    desk.compact()
    desk.each_second(1, 7.0)
    values = [value for _, value in desk.found(RAW)]
    assert values == [1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 3.0]
    desk.history.close()
    with_day = Desk(desk.folder, at=desk.clock.now_ns())
    assert list(dict.fromkeys(value for _, value in with_day.found(RAW))) == values
    with_day.history.close()


# ------------------------------------------------------------------ what is held back


def test_a_deleted_point_that_was_held_back_stays_deleted_after_a_kill(desk: Desk, tmp_path: Path) -> None:
    desk.each_second(0, *(50.0 + n * 0.5 for n in range(20)))
    desk.history.sync()
    desk.history.delete(PV, START + 15 * S, START + 30 * S, user="ann", reason="wrong")
    assert desk.found(PV) == [(0.0, 50.0)]
    again = Desk(desk.killed(tmp_path / "killed"), at=desk.clock.now_ns())
    assert again.found(PV) == [(0.0, 50.0)]
    again.history.close()


def test_held_points_of_a_tag_that_the_plant_lacks_at_a_start_are_stored(desk: Desk, tmp_path: Path) -> None:
    desk.each_second(0, *(50.0 + n * 0.5 for n in range(20)))
    folder = desk.killed(tmp_path / "killed")
    without = Desk(folder, make_plant([make_tag("a/raw", history=True)]), at=desk.clock.now_ns() + 60 * S)
    without.history.close()
    again = Desk(folder, at=desk.clock.now_ns() + 120 * S)
    assert again.found(PV) == [(0.0, 50.0), (19.0, 59.5)]
    assert again.gaps(PV) == [20.0]
    again.history.close()


def test_after_a_write_that_was_cut_off_the_file_of_held_points_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batch(n: int) -> Batch:
        at = START + n * S
        return Batch(np.array([1], np.int32), Samples.of([DataValue(float(n), 0, at, at)]))

    file, write = HeldFile(tmp_path), os.write
    file.renew(batch(0), START)
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:7]))
    with pytest.raises(StorageError, match="No space left"):
        file.add(batch(1), START + S)
    monkeypatch.undo()
    assert not file.is_open
    file.renew(batch(2), START + 2 * S)
    file.add(batch(3), START + 3 * S)
    file.close()
    state = HeldFile(tmp_path).read()
    assert [one.samples.values()[0].value for one in state.batches] == [2.0, 3.0]


# ------------------------------------------------------------------ archives that refuse


@pytest.mark.parametrize("error", [ValueError("odd block"), StorageError("busy")])
def test_a_compaction_that_fails_is_told_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(_run, "LOOK_S", 0.02)
    monkeypatch.setattr(_run, "COMPACT_AGAIN_S", 0.02)
    archive = desk.history.archive
    assert archive is not None
    tries = threading.Semaphore(0)

    def compact(*_: object, **__: object) -> None:
        tries.release()
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(archive, "compact", compact)
        desk.each_second(1, 1.0)
        desk.clock.advance(3_600 + 600)
        assert tries.acquire(timeout=30)
        assert tries.acquire(timeout=30)
        desk.history.sync()
        wait_until(lambda: desk.history.problem == str(error))
    wait_until(lambda: not desk.history.problem)
    assert archive.coverage().compacted == START + 3_600 * S


def test_one_sample_that_no_archive_takes_costs_its_tag_alone_and_leaves_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = desk.history.archive
    assert archive is not None
    desk.each_second(1, 1.0)
    desk.each_second(2, "before")
    desk.history.sync()
    desk.history.take_wanted()
    commit = archive.commit

    def refusing(batch: Batch, *, time: int) -> int:
        if any(one.value == "poison" for one in batch.samples.values()):
            raise ValueError("poison")
        return commit(batch, time=time)

    monkeypatch.setattr(archive, "commit", refusing)
    with desk.history._run._lock:  # pyright: ignore[reportPrivateUsage]
        desk.each_second(1, 2.0, 3.0)
        desk.each_second(2, "poison")
        desk.each_second(1, 4.0)
    wait_until(lambda: desk.history.counts.lost)
    assert desk.history.take_wanted() == [0, 1, 2]
    desk.each_second(2, "after")
    desk.history.sync()
    assert desk.found(RAW) == [(0.0, 1.0), (2.0, 2.0), (3.0, 3.0), (5.0, 4.0)]
    assert desk.found(TEXT) == [(1.0, "before"), (6.0, "after")]
    assert desk.gaps(TEXT)[0] == 4.0
    assert desk.gaps(RAW) == []
    assert desk.history.counts.lost == 1


def test_texts_that_are_too_much_for_one_block_are_stored_in_several(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_zstd, "MOST_BYTES", 200_000)
    monkeypatch.setattr(_portions, "MOST_BYTES_AT_ONCE", 150_000)
    with desk.history._run._lock:  # pyright: ignore[reportPrivateUsage]
        desk.each_second(2, *(f"{n:060000}" for n in range(10)))
    desk.history.sync()
    assert [str(value)[-1] for _, value in desk.found(TEXT)] == list("0123456789")
    assert desk.history.problem == ""


# ------------------------------------------------------------------ runs and folders


def test_another_run_begins_without_work_on_the_loop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    apply = Recorder.apply

    def noted(recorder: Recorder, plant: Plant, now: int) -> None:
        threads.add(threading.get_ident())
        apply(recorder, plant, now)

    monkeypatch.setattr(Recorder, "apply", noted)
    desk.history.begin_run("run_2")
    desk.tell(1, 1.0)
    wait_until(lambda: threads)
    assert threading.get_ident() not in threads
    wait_until(lambda: desk.history.archive is not None)
    assert desk.found(RAW)[-1] == (0.0, 1.0)


def test_a_plant_that_is_real_now_is_not_read_from_a_run_that_was_simulated_before(tmp_path: Path) -> None:
    for simulated, run_id in ((True, "run_sim"), (False, "")):
        folder = HistoryFolder(tmp_path, simulated=simulated)
        opened = folder.open(run_id, stepped=lambda _: False, fine=lambda _: False)
        opened.archive.close()
        assert newest_archive(tmp_path) == opened.folder


def test_what_is_back_filled_in_bulk_is_compacted_before_the_hour_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_run, "MOST_INSERTED", 5_000)
    desk.each_second(1, 10.0)
    desk.clock.advance(3_900)
    desk.compact()
    seq = desk.history.coverage().seq
    past = [DataValue(float(n), 0, at := START - 86_400 * S + n * S, at) for n in range(6_000)]
    desk.history.insert(RAW, past[:4_000], user="anna", reason="from elsewhere")
    desk.compact()
    assert not (desk.folder / "day-20231114.db").exists()
    desk.history.insert(RAW, past[4_000:], user="anna", reason="from elsewhere")
    desk.compact()
    assert (desk.folder / "day-20231114.db").exists()
    assert [value for _, value in desk.found(RAW)][:6_000] == [float(n) for n in range(6_000)]
    assert desk.history.coverage().seq == seq + 2
