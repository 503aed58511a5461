"""The recorder where things go wrong: full disks, kills, input that cannot be true, and hours that are compacted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError, UsageError
from hmi.core.history import ReadRaw, SampleFlag
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.historian import History, Opened, _run
from hmi.historian._held import FILE
from hmi.project.plant import Plant
from hmi.stores.sqlite import open_archive
from hmi.testing.archive import MemoryArchive
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag

S = NS_PER_S
START = 1_700_006_400 * S
PV, RAW, TEXT = "t_a/pv", "t_a/raw", "t_a/text"
EVER = 2**62


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
    """A history over an archive in memory that fails when it is told to."""

    def __init__(self) -> None:
        self.clock, self.archive = ManualClock(START), MemoryArchive()
        self.refuses_to_open = ""
        self.history = History(small_plant(), clock=self.clock, run_id="run_1", opener=self._opened)

    def _opened(self, run_id: str) -> Opened:
        if self.refuses_to_open:
            raise StorageError(self.refuses_to_open)
        return Opened(self.archive)

    def start(self) -> None:
        self.history.start()
        wait_until(lambda: self.history.archive is not None)

    def tell(self, handle: int, value: Value, status: int = 0, *, at: int | None = None) -> None:
        now = self.clock.now_ns()
        self.history.append([(handle, DataValue(value, status, now if at is None else at, now))], now=now)

    def samples(self, tag_id: str) -> list[DataValue]:
        return list(self.history.read_raw(ReadRaw(tag_id, 0, EVER)).samples)

    def flags(self, tag_id: str) -> list[SampleFlag]:
        return [SampleFlag(flag) for flag in self.history.read_raw(ReadRaw(tag_id, 0, EVER)).flags]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(_run, "COMMIT_S", 0.02)
    monkeypatch.setattr(_run, "RETRY_S", 0.02)
    made = Desk()
    yield made
    made.archive.refusal = made.refuses_to_open = ""
    made.history.close()


def test_a_full_disk_is_told_and_nothing_is_lost_when_it_has_room_again(desk: Desk) -> None:
    desk.start()
    desk.tell(2, "before")
    desk.history.sync()
    desk.archive.refusal = "the disk is full"
    for n in range(50):
        desk.clock.advance(1)
        desk.tell(2, f"text {n}")
    wait_until(lambda: desk.history.problem)
    assert desk.history.problem == "the disk is full"
    desk.archive.refusal = ""
    wait_until(lambda: not desk.history.problem)
    assert [value.value for value in desk.samples(TEXT)] == ["before", *(f"text {n}" for n in range(50))]
    assert desk.history.counts.lost == 0


def test_what_waits_for_the_disk_is_bounded_and_its_loss_is_counted_and_drawn_as_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_run, "MOST_ROWS", 100)
    desk.start()
    desk.history.sync()
    desk.archive.refusal = "the disk is full"
    for n in range(250):
        desk.clock.advance(1)
        desk.tell(2, f"text {n}")
        desk.history.tail(TEXT)
    wait_until(lambda: desk.history.problem)
    desk.archive.refusal = ""
    wait_until(lambda: not desk.history.problem)
    found = desk.samples(TEXT)
    assert desk.history.counts.lost + sum(value.is_good for value in found) == 250
    assert desk.history.counts.lost > 0
    assert (found[0].status, found[-1].value) == (quality.BAD_NO_DATA, "text 249")
    assert SampleFlag.OVERFLOW in desk.flags(TEXT)[0]


def test_an_archive_that_cannot_be_opened_is_tried_again(desk: Desk) -> None:
    desk.refuses_to_open = "the disk is not there"
    desk.tell(2, "early")
    desk.history.start()
    wait_until(lambda: desk.history.problem)
    assert desk.samples(TEXT)[0].value == "early"
    desk.refuses_to_open = ""
    wait_until(lambda: desk.history.archive is not None and not desk.history.problem)
    desk.history.sync()
    assert desk.archive.read(desk.archive.number(TEXT), 0, EVER).values()[0].value == "early"


def test_samples_that_no_archive_takes_do_not_block_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.start()
    taken = desk.archive.commit

    def commit(batch: object, *, time: int) -> int:
        raise ValueError("poison")

    monkeypatch.setattr(desk.archive, "commit", commit)
    desk.tell(2, "poison")
    wait_until(lambda: desk.history.problem and desk.history.counts.lost >= 1)
    monkeypatch.setattr(desk.archive, "commit", taken)
    desk.clock.advance(1)
    desk.tell(2, "good")
    wait_until(lambda: not desk.history.problem)
    found = desk.samples(TEXT)
    assert [value.value for value in found if value.is_good] == ["good"]
    assert (found[0].source_time, found[0].status) == (START, quality.BAD_NO_DATA)
    assert desk.history.counts.lost >= 1


# ------------------------------------------------------------------ input that cannot be true


def test_a_source_time_before_1970_or_far_ahead_gives_way_to_the_receive_time(desk: Desk) -> None:
    desk.start()
    for at in (-5, 0, START + 3_600 * S, 2**62):
        desk.clock.advance(1)
        desk.tell(2, f"at {at}", at=at)
    assert [value.source_time for value in desk.samples(TEXT)] == [START + n * S for n in (1, 2, 3, 4)]
    assert all(SampleFlag.RECEIVED_TIME in flags for flags in desk.flags(TEXT))
    assert desk.history.counts.bad_times == 4


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_bad(desk: Desk, number: float) -> None:
    desk.start()
    desk.tell(0, number)
    desk.history.sync()
    assert [(v.value, v.status) for v in desk.samples(PV)] == [(None, quality.BAD_DEVICE_FAILURE)]


ANYTHING: tuple[Value, ...] = (1.0, "one", 2.0, None, 3, True, b"\x00", (1.0, "x"), 2**63, {"a": 1})


def test_text_in_a_numeric_tag_is_kept_as_it_came(desk: Desk) -> None:
    desk.start()
    for value in ANYTHING:
        desk.clock.advance(1)
        desk.tell(0, value)
    desk.history.sync()
    assert tuple(v.value for v in desk.samples(PV)) == ANYTHING


@pytest.mark.parametrize(
    "large", ["x" * 1_000_000, b"x" * 1_000_000, (1.0,) * 100_000, 2**64, {"a": "x" * 70_000}]
)
def test_a_value_that_is_too_large_is_bad_and_counted(desk: Desk, large: Value) -> None:
    desk.start()
    desk.tell(2, "before")
    desk.clock.advance(1)
    desk.tell(2, large)
    desk.history.sync()
    assert [(v.value, v.status) for v in desk.samples(TEXT)] == [
        ("before", 0),
        (None, quality.BAD_OUT_OF_RANGE),
    ]
    assert desk.history.counts.too_large == 1
    with pytest.raises(UsageError, match="too large"):
        desk.history.insert(TEXT, [DataValue(large, 0, START, START)], user="ann", reason="")


def test_a_clock_that_steps_back_loses_nothing(desk: Desk) -> None:
    desk.start()
    for n in range(10):
        desk.clock.advance(1)
        desk.tell(2, f"before {n}")
    desk.clock.step(-5.5)
    for n in range(10):
        desk.clock.advance(1)
        desk.tell(2, f"after {n}")
    desk.history.sync()
    found = desk.samples(TEXT)
    times = [value.source_time for value in found]
    assert times == sorted(times)
    told = [f"{side} {n}" for side in ("after", "before") for n in range(10)]
    assert sorted(str(value.value) for value in found) == told


@pytest.mark.parametrize(
    ("at", "sentence"), [(0, "before 1970"), (-1, "before 1970"), (START + 3_600 * S, "too far ahead")]
)
def test_a_backfill_with_impossible_times_is_refused_in_one_sentence(
    desk: Desk, at: int, sentence: str
) -> None:
    desk.start()
    with pytest.raises(UsageError, match=sentence):
        desk.history.insert(TEXT, [DataValue("x", 0, at, at)], user="ann", reason="")


# ------------------------------------------------------------------ hours that are compacted


def test_nothing_older_than_a_compacted_hour_is_held_back(tmp_path: Path) -> None:
    clock = ManualClock(START)
    folder = tmp_path / "history"
    folder.mkdir()
    history = History(small_plant(), clock=clock, opener=lambda run: Opened(open_archive(folder), folder))
    history.start()
    wait_until(lambda: history.archive is not None)
    for n in range(3_600):
        now = clock.now_ns()
        history.append([(0, DataValue(50.0 + n * 0.0001, 0, now, now))], now=now, seen=now - S)
        clock.advance(1)
    clock.advance(400)
    history.sync()
    history._run.compact_due()  # pyright: ignore[reportPrivateUsage]
    archive, number = history.archive, history.number(PV)
    assert archive is not None
    assert number is not None
    assert archive.coverage().compacted == START + 3_600 * S
    stored = archive.read(number, 0, START + 3_600 * S - 1)
    assert int(stored.times[-1]) == START + 3_599 * S
    now = clock.now_ns()
    history.append([(0, DataValue(60.0, 0, START + 1_800 * S, now))], now=now)
    history.sync()
    found = history.read_raw(ReadRaw(PV, START + 1_700 * S, START + 1_900 * S)).samples
    assert [value.value for value in found] == [60.0]
    history.close()


# ------------------------------------------------------------------ kills

_WRITER = """
import sys, time
from pathlib import Path
from hmi.core.values import DataValue, EURange
from hmi.historian import History, Opened
from hmi.stores.sqlite import open_archive
from hmi.testing.plant import make_plant, make_tag

folder = Path(sys.argv[1])
plant = make_plant([make_tag("a/pv", history=True, range=EURange(0, 100)), make_tag("a/raw", history=True)])
history = History(plant, opener=lambda run: Opened(open_archive(folder), folder))
history.start()
while history.archive is None:
    time.sleep(0.01)
n = 0
while True:
    n += 1
    now = time.time_ns()
    history.append([(0, DataValue(50 + n * 1e-6, 0, now, now)), (1, DataValue(float(n), 0, now, now))], now=now)
    history.sync()
    print(n, now, flush=True)
"""


def test_after_a_kill_every_acknowledged_sample_is_there_and_the_dead_time_is_a_gap(tmp_path: Path) -> None:
    """Also the points that were held back: the archive alone ends at the first sample of a slow ramp."""
    folder = tmp_path / "history"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().split() for _ in range(50)]
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    acknowledged += [line.split() for line in process.stdout if len(line.split()) == 2]
    process.wait()
    number, last = int(acknowledged[-1][0]), int(acknowledged[-1][1])
    history = History(small_plant(), opener=lambda run: Opened(open_archive(folder), folder))
    history.start()
    wait_until(lambda: history.archive is not None)
    raw = [v.value for v in history.read_raw(ReadRaw(RAW, 0, EVER)).samples if v.is_good]
    assert raw[:number] == [float(n) for n in range(1, number + 1)]
    held = history.read_at(PV, last)
    assert (held.value, held.source_time) == (50 + number * 1e-6, last)
    for tag_id in (PV, RAW):
        end = history.read_raw(ReadRaw(tag_id, EVER, 0, 1)).samples[0]
        assert (end.value, end.status) == (None, quality.BAD_NO_DATA)
        assert last < end.source_time < time.time_ns()
    marks = [v.value for v in history.read_raw(ReadRaw("@collector", 0, EVER)).samples]
    assert marks == ["started", "broke off", "started"]
    history.close()


def test_a_torn_file_of_held_points_costs_only_its_torn_end(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    process.wait()
    file = folder / FILE
    data = file.read_bytes()
    for torn in (data[:-7], data + b"\xff" * 30, data[:40], b"", b"nonsense"):
        file.write_bytes(torn)
        history = History(small_plant(), opener=lambda run: Opened(open_archive(folder), folder))
        history.start()
        wait_until(lambda h=history: h.archive is not None)
        found = history.read_raw(ReadRaw(RAW, 0, EVER)).samples
        assert [v.value for v in found[:20]] == [float(n) for n in range(1, 21)]
        history.close()


def test_changes_that_nothing_takes_are_counted_and_every_tag_begins_again_behind_a_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_run, "MOST_PENDING", 10)
    for n in range(30):
        desk.clock.advance(1)
        desk.tell(2, f"text {n}")
    assert desk.history.counts.lost > 0
    desk.start()
    desk.history.sync()
    wanted = desk.history.take_wanted()
    assert wanted == [0, 1, 2]
    assert desk.history.take_wanted() == []
    desk.clock.advance(1)
    desk.tell(2, "text 29", at=START + 30 * S)
    desk.history.sync()
    found = desk.samples(TEXT)
    assert [(value.value, value.status) for value in found][-2:] == [
        (None, quality.BAD_NO_DATA),
        ("text 29", 0),
    ]
    assert SampleFlag.OVERFLOW in desk.flags(TEXT)[-2]
    assert desk.history.counts.lost + sum(value.is_good for value in found) == 31


def test_a_value_that_is_told_twice_is_kept_once(desk: Desk) -> None:
    desk.start()
    for _ in range(2):
        desk.tell(1, 1.0, at=START)
        desk.clock.advance(1)
    desk.history.sync()
    assert len(desk.samples(RAW)) == 1
    assert [commit.kind.value for commit in desk.history.feed_after(0)] == ["live"]


def test_a_tag_that_is_recorded_from_now_on_wants_its_present_value(desk: Desk) -> None:
    plant = small_plant()
    desk.history.apply(make_plant([*plant.tags, make_tag("a/new", history=True)], revision="r2"))
    assert desk.history.take_wanted() == [3]
    desk.history.begin_run("run_2")
    assert desk.history.take_wanted() == [0, 1, 2, 3]
