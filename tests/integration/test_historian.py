"""The history over the embedded archive: what is stored of what came, and what a reader is told (HI-03 to HI-08)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import ReadProcessed, ReadRaw, SampleFlag
from hmi.core.values import DataValue, EURange, Value, ValueType, bad
from hmi.historian import History, Opened
from hmi.historian.aggregates import SamplesSource, processed
from hmi.historian.port import CommitKind, DuplicatePolicy
from hmi.historian.samples import joined
from hmi.project.plant import Plant
from hmi.project.recording import RecordRules
from hmi.stores.sqlite import open_archive
from hmi.testing.clock import ManualClock
from hmi.testing.plant import make_plant, make_tag

S = NS_PER_S
START = 1_700_006_400 * S
"""A full hour."""
PV, RAW, TEXT = "t_a/pv", "t_a/raw", "t_a/text"
EVER = 2**62


def small_plant(**rules: object) -> Plant:
    tags = [
        make_tag("a/pv", history=True, range=EURange(0, 100)),
        make_tag("a/raw", history=True, recording=RecordRules(**rules)),  # type: ignore[arg-type]
        make_tag("a/text", history=True, type=ValueType.STRING),
    ]
    return make_plant(tags)


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

    @property
    def now(self) -> int:
        return self.clock.now_ns()

    def tell(
        self, handle: int, value: Value, status: int = 0, *, at: int | None = None, seen: int = 0
    ) -> None:
        """A change whose source time is now, or ``at``."""
        told = DataValue(value, status, self.now if at is None else at, self.now)
        self.history.append([(handle, told)], now=self.now, seen=seen)

    def each_second(self, handle: int, values: Sequence[Value]) -> None:
        """A value each second, the first one now; the clock stands at the last."""
        for place, value in enumerate(values):
            if place:
                self.clock.advance(1)
            self.tell(handle, value, seen=self.now - S if place else 0)

    def samples(self, tag_id: str) -> list[DataValue]:
        return list(self.history.read_raw(ReadRaw(tag_id, 0, EVER)).samples)

    def flags(self, tag_id: str) -> dict[int, SampleFlag]:
        """By source time in s since the start."""
        page = self.history.read_raw(ReadRaw(tag_id, 0, EVER))
        marks = page.flags or (0,) * len(page.samples)
        return {(v.source_time - START) // S: SampleFlag(f) for v, f in zip(page.samples, marks, strict=True)}

    def again(self, plant: Plant | None = None) -> Desk:
        """Closed and opened once more, at the same time of day."""
        self.history.close()
        return Desk(self.folder, plant, at=self.now)


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it did not come about within 60 s"
        time.sleep(0.01)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "history")
    yield made
    made.history.close()


def seconds(samples: Sequence[DataValue]) -> list[float]:
    return [(one.source_time - START) / S for one in samples]


def test_hi_03_a_status_change_in_a_flat_period_is_archived_with_its_own_time(desk: Desk) -> None:
    desk.each_second(0, [50.0] * 30)
    desk.clock.advance(1)
    desk.tell(0, 50.0, quality.UNCERTAIN_EU_EXCEEDED, seen=desk.now - S)
    desk.clock.advance(1)
    desk.each_second(0, [50.0] * 30)
    desk.history.sync()
    told = {(s, v.status) for s, v in zip(seconds(desk.samples(PV)), desk.samples(PV), strict=True)}
    assert {(30.0, quality.UNCERTAIN_EU_EXCEEDED), (29.0, 0), (31.0, 0)} <= told
    assert len(told) < 8


def test_a_status_change_that_keeps_its_old_source_time_is_news_of_now(desk: Desk) -> None:
    desk.tell(0, 50.0)
    desk.clock.advance(100)
    desk.tell(0, 50.0, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE, at=START)
    desk.history.sync()
    assert [(s, v.status) for s, v in zip(seconds(desk.samples(PV)), desk.samples(PV), strict=True)] == [
        (0.0, 0),
        (100.0, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE),
    ]


def test_hi_04_a_lost_link_is_a_gap_from_the_last_known_time_on(desk: Desk) -> None:
    desk.each_second(0, [50.0 + 0.01 * (n % 3) for n in range(601)])
    last = desk.now
    desk.clock.advance(5)
    desk.history.append([(0, bad(quality.BAD_NO_COMMUNICATION, desk.now))], now=desk.now, seen=last)
    desk.clock.advance(595)
    desk.each_second(0, [70.0] * 601)
    desk.history.sync()
    found = desk.samples(PV)
    gap = next(place for place, value in enumerate(found) if value.status == quality.BAD_NO_DATA)
    assert found[gap].source_time == last + 1
    assert found[gap - 1].source_time == last
    assert [(s, v.status) for s, v in zip(seconds(found), found, strict=True)][gap + 1 : gap + 3] == [
        (605.0, quality.BAD_NO_COMMUNICATION),
        (1_200.0, 0),
    ]
    assert desk.flags(PV)[(last + 1 - START) // S] & SampleFlag.MARK
    assert aggregate(desk, "PercentGood", 1_800).value == pytest.approx(100 * 1_200 / 1_800, abs=0.01)
    assert aggregate(desk, "TimeAverage2", 1_800).value == pytest.approx((50.01 + 70.0) / 2, abs=0.11)


def aggregate(desk: Desk, name: str, seconds: int) -> DataValue:
    """Of PV over the first ``seconds``."""
    source = SamplesSource(joined(desk.history.samples(PV, 0, EVER)))
    request = ReadProcessed(PV, START, START + seconds * S, 0, name)
    return processed(source, request, desk.history.is_stepped(PV), known_until=desk.now)[0]


def test_hi_05_a_late_sample_appears_in_order_and_the_aggregate_of_its_hour_is_corrected(desk: Desk) -> None:
    desk.each_second(1, [10.0])
    desk.clock.advance(3_600)
    desk.tell(1, 10.0, seen=desk.now - S)
    desk.tell(1, 40.0, at=START + 1_800 * S)
    desk.history.sync()
    assert [(s, v.value) for s, v in zip(seconds(desk.samples(RAW)), desk.samples(RAW), strict=True)][:3] == [
        (0.0, 10.0),
        (1_800.0, 40.0),
        (3_599.0, 10.0),
    ]
    assert desk.flags(RAW)[1_800] & SampleFlag.LATE
    archive, number = desk.history.archive, desk.history.number(RAW)
    assert archive is not None
    assert number is not None
    assert archive.rollups(number, START, START + 1, 3_600 * S).high.tolist() == [40.0]


def test_a_late_sample_beyond_seven_days_needs_a_backfill(desk: Desk) -> None:
    desk.tell(1, 10.0)
    old = START - 8 * 86_400 * S
    desk.tell(1, 5.0, at=old)
    desk.history.sync()
    assert len(desk.samples(RAW)) == 1
    assert desk.history.counts.too_old == 1
    desk.history.insert(RAW, [DataValue(5.0, 0, old, desk.now)], user="ann", reason="from the paper chart")
    assert [value.value for value in desk.samples(RAW)] == [5.0, 10.0]
    assert SampleFlag.BACKFILL in desk.flags(RAW)[-8 * 86_400]


@pytest.mark.parametrize(
    ("policy", "kept", "modified"),
    [
        (DuplicatePolicy.KEEP_OR_REPLACE, [2.0], [1.0]),
        (DuplicatePolicy.REPLACE, [2.0], [1.0]),
        (DuplicatePolicy.KEEP_FIRST, [1.0], []),
        (DuplicatePolicy.APPEND, [1.0, 2.0], []),
    ],
)
def test_hi_06_a_second_value_of_one_instant_follows_the_policy_of_its_tag(
    tmp_path: Path, policy: DuplicatePolicy, kept: list[float], modified: list[float]
) -> None:
    desk = Desk(tmp_path / "history", small_plant(duplicates=policy.value))
    try:
        desk.tell(1, 1.0)
        desk.tell(1, 2.0)
        desk.history.sync()
        assert [value.value for value in desk.samples(RAW)] == kept
        old = desk.history.read_raw(ReadRaw(RAW, 0, EVER, modified=True)).samples
        assert [value.value for value in old] == modified
    finally:
        desk.history.close()


def test_hi_08_a_forecast_is_read_by_its_time_and_never_holds_now(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "history", small_plant(future=True))
    try:
        for hour in (3, 1, 2):
            desk.tell(1, float(hour), at=START + hour * 3_600 * S)
        desk.tell(1, 99.0, at=START + 400 * 86_400 * S)
        desk.history.sync()
        assert desk.history.counts.refused_future == 1
        assert desk.history.read_at(RAW, desk.now).status == quality.BAD_NO_DATA
        assert [value.value for value in desk.samples(RAW)] == [1.0, 2.0, 3.0]
        desk.clock.advance(2.5 * 3_600)
        assert desk.history.read_at(RAW, desk.now).value == 2.0
    finally:
        desk.history.close()


def test_hi_11_an_edit_keeps_the_old_version_with_user_and_reason(desk: Desk) -> None:
    desk.tell(1, 10.0)
    desk.history.edit(RAW, [DataValue(12.0, 0, START, START)], user="ann", reason="the sensor was off")
    assert [value.value for value in desk.samples(RAW)] == [12.0]
    assert SampleFlag.EDITED in desk.flags(RAW)[0]
    old = desk.history.read_raw(ReadRaw(RAW, 0, EVER, modified=True))
    assert [value.value for value in old.samples] == [10.0]
    assert [(one.user, one.reason) for one in old.modifications] == [("ann", "the sensor was off")]


def test_what_is_deleted_is_gone_and_stays_as_an_earlier_version(desk: Desk) -> None:
    desk.each_second(2, ["a", "b", "c"])
    assert desk.history.delete(TEXT, START + S, START + S, user="ann", reason="a test of the loop") == 1
    assert [value.value for value in desk.samples(TEXT)] == ["a", "c"]
    old = desk.history.read_raw(ReadRaw(TEXT, 0, EVER, modified=True))
    assert [(v.value, m.act) for v, m in zip(old.samples, old.modifications, strict=True)] == [
        ("b", "delete")
    ]


def test_a_clock_that_was_set_back_loses_nothing_and_makes_nothing_late(desk: Desk) -> None:
    desk.each_second(2, [f"before {n}" for n in range(10)])
    desk.each_second(0, [50.0] * 10)
    desk.history.sync()
    desk.clock.step(-12.5)
    desk.each_second(2, [f"after {n}" for n in range(10)])
    desk.tell(0, 60.0)
    desk.history.sync()
    found = desk.samples(TEXT)
    assert [value.source_time for value in found] == sorted(value.source_time for value in found)
    told = [f"{side} {n}" for side in ("after", "before") for n in range(10)]
    assert sorted(str(value.value) for value in found) == told
    assert not any(SampleFlag.LATE in flags for flags in desk.flags(TEXT).values())
    assert desk.history.read_at(PV, desk.now).value == 60.0


def test_a_queue_that_ran_over_leaves_a_gap(desk: Desk) -> None:
    desk.each_second(1, [1.0, 2.0])
    desk.clock.advance(10)
    desk.tell(1, 9.0, quality.OVERFLOW)
    desk.history.sync()
    found = desk.samples(RAW)
    assert [(v.value, v.status) for v in found][-2:] == [(None, quality.BAD_NO_DATA), (9.0, quality.OVERFLOW)]
    assert found[-2].source_time == found[-3].source_time + 1
    assert SampleFlag.OVERFLOW | SampleFlag.GAP_BEFORE in desk.flags(RAW)[11]


def test_only_recorded_tags_are_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "history", make_plant([make_tag("a/raw", history=True), make_tag("a/y")]))
    desk.tell(0, 1.0)
    desk.tell(1, 1.0)
    desk.history.sync()
    assert len(desk.samples(RAW)) == 1
    assert desk.samples("t_a/y") == []
    assert desk.history.read_at("t_a/y", desk.now).status == quality.BAD_NO_DATA
    desk.history.close()


def test_the_feed_goes_on_from_its_cursor_and_tells_live_late_and_edited_apart(desk: Desk) -> None:
    desk.each_second(2, ["a", "b"])
    desk.history.sync()
    first = desk.history.feed_after(0)
    desk.tell(2, "late", at=START - 5 * S)
    desk.history.sync()
    desk.history.edit(TEXT, [DataValue("B", 0, START + S, START + S)], user="ann", reason="a wrong label")
    kinds = [commit.kind for commit in desk.history.feed_after(first[-1].seq)]
    assert kinds == [CommitKind.LATE, CommitKind.EDIT]
    assert [value.value for value in desk.samples(TEXT)] == ["late", "a", "B"]


def test_a_tag_that_is_not_recorded_any_more_ends_with_a_gap(desk: Desk) -> None:
    desk.tell(1, 1.0)
    desk.history.apply(make_plant([make_tag("a/pv", history=True), make_tag("a/raw")]))
    desk.clock.advance(60)
    desk.history.sync()
    found = desk.samples(RAW)
    assert [(s, v.status) for s, v in zip(seconds(found), found, strict=True)][::2] == [(0.0, 0)]
    assert found[-1].status == quality.BAD_NO_DATA


def test_now_is_exact_though_the_point_is_held_back(desk: Desk) -> None:
    desk.each_second(0, [50.0 + 0.001 * n for n in range(100)])
    desk.history.sync()
    assert desk.history.read_at(PV, desk.now) == DataValue(50.099, 0, desk.now, desk.now)
    assert desk.samples(PV)[-1].source_time == desk.now
    assert len(desk.samples(PV)) < 5


def test_pages_repeat_and_lose_nothing_in_both_directions(desk: Desk) -> None:
    desk.each_second(2, [f"text {n}" for n in range(23)])
    desk.history.sync()
    desk.clock.advance(1)
    desk.each_second(2, [f"text {n}" for n in range(23, 30)])  # not stored yet
    for start, end, expected in ((0, EVER, range(30)), (EVER, 0, range(29, -1, -1))):
        for limit in (1, 4, 7, 100):
            found: list[Value] = []
            begin = start
            while True:
                page = desk.history.read_raw(ReadRaw(TEXT, begin, end, limit))
                assert len(page.samples) <= limit
                found += [value.value for value in page.samples]
                if not page.continuation:
                    break
                begin = page.continuation
            assert found == [f"text {n}" for n in expected]


def test_bounds_are_the_samples_beside_the_ends(desk: Desk) -> None:
    desk.each_second(2, [f"text {n}" for n in range(10)])
    page = desk.history.read_raw(ReadRaw(TEXT, START + 3 * S, START + 5 * S, bounds=True))
    assert seconds(page.samples) == [2, 3, 4, 5, 6]
    page = desk.history.read_raw(ReadRaw(TEXT, START + 5 * S, START + 3 * S, bounds=True))
    assert seconds(page.samples) == [6, 5, 4, 3, 2]


def test_a_restart_goes_on_and_the_time_between_is_a_gap(desk: Desk) -> None:
    desk.each_second(0, [50.0, 50.1])
    stopped = desk.now
    again = desk.again()
    try:
        again.clock.advance(60)
        again.tell(0, 51.0)
        again.history.sync()
        found = again.samples(PV)
        assert [(s, v.status) for s, v in zip(seconds(found), found, strict=True)] == [
            (0.0, 0),
            (1.0, 0),
            (pytest.approx(1.0, abs=1e-8), quality.BAD_NO_DATA),
            (61.0, 0),
        ]
        assert again.history.read_at(PV, stopped + 30 * S).status == quality.BAD_NO_DATA
        marks = [value.value for value in again.samples("@collector")]
        assert marks == ["started", "stopped", "started"]
    finally:
        again.history.close()


def test_a_revision_keeps_history_by_id_and_a_retyped_tag_goes_on(desk: Desk) -> None:
    desk.tell(1, 10.0)
    new = make_plant([
        make_tag("a/new", history=True),
        make_tag("a/raw", history=True, type=ValueType.STRING),
    ])  # fmt: skip
    desk.history.apply(new)
    desk.clock.advance(1)
    desk.tell(1, "ten")
    desk.tell(0, 1.0)
    desk.history.sync()
    assert [value.value for value in desk.samples(RAW)] == [10.0, "ten"]
    assert [value.value for value in desk.samples("t_a/new")] == [1.0]
    assert desk.history.is_stepped(RAW)


def test_a_restored_plant_has_a_past_of_its_own(tmp_path: Path) -> None:
    clock = ManualClock(START)

    def opened(run_id: str) -> Opened:
        folder = tmp_path / run_id
        folder.mkdir()
        return Opened(open_archive(folder), folder)

    history = History(small_plant(), clock=clock, run_id="run_1", simulated=True, opener=opened)
    history.start()
    history.append([(1, DataValue(1.0, 0, START, START))], now=START)
    wait_until(lambda: history.archive is not None)
    history.begin_run("run_2")
    wait_until(lambda: history.archive is not None)
    clock.step(-3_600)
    history.append([(1, DataValue(2.0, 0, clock.now_ns(), clock.now_ns()))], now=clock.now_ns())
    history.sync()
    page = history.read_raw(ReadRaw(RAW, 0, EVER))
    assert [value.value for value in page.samples] == [2.0]
    assert all(SampleFlag.SIMULATED in SampleFlag(flag) for flag in page.flags)
    history.close()
    old = History(
        small_plant(), clock=clock, run_id="run_1", opener=lambda run: Opened(open_archive(tmp_path / run))
    )
    old.start()
    wait_until(lambda: old.archive is not None)
    assert old.read_raw(ReadRaw(RAW, 0, EVER)).samples[0].value == 1.0
    old.close()
