"""Calculated history: periods of the plant's clock, results with their quality, going on, and doing it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, bad
from hmi.historian.aggregates import SamplesSource
from hmi.historian.calculated import Calculations, Period, calculated, combined, period_of, periods
from hmi.historian.calculated._desk import GRACE_NS
from hmi.historian.port import Commit, CommitKind, Coverage
from hmi.historian.samples import Batch, Samples
from hmi.project.calculation import CalculationRule
from hmi.project.plant import Plant
from hmi.testing.plant import make_plant, make_tag

HOUR, DAY = 3_600 * NS_PER_S, 86_400 * NS_PER_S
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> int:
    moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]
    return int(moment.timestamp()) * NS_PER_S


def samples(*rows: tuple[int, Any], flags: int = 0) -> Samples:
    made = [
        value._replace(source_time=at, receive_time=at)
        if isinstance(value, DataValue)
        else DataValue(value, 0, at, at)
        for at, value in rows
    ]
    return Samples.of(made, flags=flags)


def lengths(rule: CalculationRule, start: int, end: int) -> list[float]:
    return [(one.end - one.start) / HOUR for one in periods(rule, BERLIN, start, end)]


# ------------------------------------------------------------------ periods


def test_HI_15_the_days_that_the_clock_is_changed_have_23_and_25_hours() -> None:
    day = CalculationRule("total", every="day")
    assert lengths(day, utc(2026, 3, 28), utc(2026, 3, 31)) == [23, 24]
    assert lengths(day, utc(2026, 10, 24), utc(2026, 10, 27)) == [25, 24]
    night = period_of(day, BERLIN, utc(2026, 10, 25, 1, 30))
    assert night == Period(utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))


def test_hours_go_on_over_the_change_of_the_clock() -> None:
    hour = CalculationRule("total", every="hour")
    found = list(periods(hour, BERLIN, utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)))
    assert len(found) == 25
    assert all(a.end == b.start for a, b in pairwise(found))
    india = ZoneInfo("Asia/Kolkata")
    assert period_of(hour, india, utc(2026, 5, 1, 10, 40)).start == utc(2026, 5, 1, 10, 30)


def test_shifts_begin_at_their_times_and_the_night_goes_over_midnight() -> None:
    shift = CalculationRule("total", every="06:00 14:00 22:00")
    assert lengths(shift, utc(2026, 5, 1, 3), utc(2026, 5, 2, 4)) == [8, 8, 8]
    assert period_of(shift, BERLIN, utc(2026, 5, 1, 23)) == Period(utc(2026, 5, 1, 20), utc(2026, 5, 2, 4))
    assert lengths(shift, utc(2026, 10, 24, 19), utc(2026, 10, 25, 22)) == [9, 8, 8]


def test_months_have_their_own_lengths() -> None:
    month = CalculationRule("total", every="month")
    found = list(periods(month, BERLIN, utc(2025, 12, 31, 23), utc(2026, 4, 30, 22)))
    assert [(one.end - one.start) / DAY for one in found] == [31, 28, 31 - 1 / 24, 30]


def test_every_instant_lies_in_one_period() -> None:
    for every in ("hour", "day", "month", "06:00 14:00 22:00"):
        rule, at = CalculationRule("total", every=every), utc(2026, 3, 27)
        while at < utc(2026, 4, 2):
            one = period_of(rule, BERLIN, at)
            assert one.start <= at < one.end
            assert period_of(rule, BERLIN, one.end).start == one.end
            at += 7 * HOUR // 3


# ------------------------------------------------------------------ results


PERIOD = Period(utc(2026, 5, 1), utc(2026, 5, 2))


def result(kind: str, found: Samples, *, stepped: bool = True, **fields: Any) -> DataValue:
    rule = CalculationRule(kind, of="t_x", **fields)
    return calculated(rule, SamplesSource(found, piece=2), PERIOD, stepped=stepped)


def test_a_total_names_the_time_base_of_its_unit() -> None:
    found = samples((PERIOD.start - HOUR, 10.0), (PERIOD.start + 12 * HOUR, 20.0))
    assert result("total", found, base_s=3_600.0).value == pytest.approx(360)  # m3/h over a day
    assert result("total", found, base_s=60.0).value == pytest.approx(360 * 60)
    assert result("total", found, base_s=1.0).value == pytest.approx(360 * 3_600)
    told = result("total", found, base_s=3_600.0)
    assert (told.status, told.source_time, told.receive_time) == (quality.GOOD, PERIOD.start, PERIOD.end)


def test_running_hours_starts_and_time_in_state() -> None:
    rows = [(PERIOD.start - HOUR, 1), (PERIOD.start + 2 * HOUR, 0), (PERIOD.start + 5 * HOUR, 1)]
    rows += [(PERIOD.start + 6 * HOUR, 2), (PERIOD.start + 8 * HOUR, 0), (PERIOD.start + 20 * HOUR, 1)]
    found = samples(*rows)
    assert result("hours", found).value == pytest.approx(2 + 3 + 4)
    assert result("starts", found).value == 2
    assert result("state_hours", found, state=2.0).value == pytest.approx(2)
    assert result("state_hours", found, state=1.0).value == pytest.approx(2 + 1 + 4)


def test_average_extremes_and_difference() -> None:
    found = samples((PERIOD.start, 0.0), (PERIOD.end, 24.0))
    assert result("average", found, stepped=False).value == pytest.approx(12)
    assert result("maximum", found, stepped=False).value == pytest.approx(24)
    assert result("minimum", found, stepped=False).value == pytest.approx(0)
    assert result("delta", samples((PERIOD.start - 1, 100.0), (PERIOD.start + HOUR, 160.0))).value == 60


def test_the_status_says_how_much_of_the_time_is_known() -> None:
    lost = bad(quality.BAD_NO_COMMUNICATION, 0)
    half = samples((PERIOD.start, 10.0), (PERIOD.start + 12 * HOUR, lost))
    unsure = result("total", half, base_s=3_600.0)
    assert (unsure.value, unsure.status) == (pytest.approx(120), quality.UNCERTAIN_SUBNORMAL)
    assert result("total", half, base_s=3_600.0, good=50.0).status == quality.GOOD
    assert result("percent_good", half).value == pytest.approx(50)
    none = result("hours", samples((PERIOD.start - HOUR, lost)))
    assert (none.value, none.status) == (None, quality.BAD_NO_DATA)


def test_a_kpi_is_as_good_as_its_parts() -> None:
    rule = CalculationRule("kpi", expression="'a/energy' / 'a/volume'")
    energy, volume = DataValue(50.0, 0, 1, 1), DataValue(200.0, 0, 1, 1)
    assert combined(rule, {"a/energy": energy, "a/volume": volume}, PERIOD).value == 0.25
    unsure = volume.with_status(quality.UNCERTAIN_SUBNORMAL)
    assert (
        combined(rule, {"a/energy": energy, "a/volume": unsure}, PERIOD).status == quality.UNCERTAIN_SUBNORMAL
    )
    for other in (DataValue(0.0, 0, 1, 1), bad(quality.BAD_NO_DATA, 1)):
        told = combined(rule, {"a/energy": energy, "a/volume": other}, PERIOD)
        assert told.is_bad
        assert (told.value, told.source_time) == (None, PERIOD.start)


# ------------------------------------------------------------------ going on


@dataclass
class Store:
    """A history in memory that keeps commits."""

    kept: dict[str, dict[int, DataValue]] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    edits: list[tuple[str, DataValue]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    first: int = 0

    def put(self, tag_id: str, values: Sequence[DataValue], kind: CommitKind) -> int:
        self.kept.setdefault(tag_id, {}).update({value.source_time: value for value in values})
        number = self.numbers.setdefault(tag_id, len(self.numbers) + 1)
        batch = Batch(np.full(len(values), number, np.int32), Samples.of(values))
        self.commits.append(Commit(len(self.commits) + 1, 0, kind, batch))
        return len(self.commits)

    def _all(self, tag_id: str) -> Samples:
        rows = self.kept.get(tag_id, {})
        return Samples.of([rows[at] for at in sorted(rows)])

    def samples(self, tag_id: str, start: int, end: int) -> Iterator[Samples]:
        found = self._all(tag_id).between(start, end)
        if len(found):
            yield found

    def before(self, tag_id: str, at: int) -> Samples:
        return self._all(tag_id).between(0, at - 1).take(slice(-1, None))

    def after(self, tag_id: str, at: int) -> Samples:
        return self._all(tag_id).between(at + 1, 2**62).take(slice(0, 1))

    def is_stepped(self, tag_id: str) -> bool:
        return True

    def number(self, tag_id: str) -> int | None:
        return self.numbers.get(tag_id)

    def coverage(self) -> Coverage:
        return Coverage(len(self.commits), 0, first_seq=self.first)

    def feed_after(self, seq: int, limit: int = 1_000) -> list[Commit]:
        return [one for one in self.commits if one.seq > max(seq, self.first - 1)][:limit]

    def insert(self, tag_id: str, values: Sequence[DataValue], *, user: str, reason: str) -> int:
        return self.put(tag_id, values, CommitKind.LATE)

    def edit(self, tag_id: str, values: Sequence[DataValue], *, user: str, reason: str) -> int:
        self.edits += [(tag_id, value) for value in values]
        return self.put(tag_id, values, CommitKind.EDIT)

    def live(self, *rows: tuple[int, float]) -> None:
        self.put("t_a/flow", [DataValue(value, 0, at, at) for at, value in rows], CommitKind.LIVE)


def works() -> Plant:
    flow = make_tag("a/flow", history=True)
    made = [
        make_tag("a/kpi", expression="", manual=True, history=True,
                 calculation=CalculationRule("kpi", expression="'a/volume' / 24")),
        make_tag("a/volume", manual=True, history=True,
                 calculation=CalculationRule("total", of="t_a/flow", base_s=3_600.0)),
    ]  # fmt: skip
    return make_plant([flow, *(replace(one, manual=False) for one in made)])


def values_of(store: Store, tag_id: str) -> list[Any]:
    return [store.kept[tag_id][at].value for at in sorted(store.kept.get(tag_id, {}))]


BEGIN = utc(2026, 5, 1)


def settled(made: Calculations, now: int) -> list[tuple[str, Any]]:
    """Steps until there is no more to do; what was told, in order."""
    told: list[tuple[str, Any]] = []
    for _ in range(100):
        news, more = made.step(now)
        told += [(one.tag.name, one.value.value) for one in news]
        if not more and not news:
            return told
    raise AssertionError("it never comes to rest")


def test_what_is_over_is_calculated_once_and_a_restart_goes_on() -> None:
    store = Store()
    store.live((BEGIN + HOUR, 10.0))
    made = Calculations(works(), store)
    assert settled(made, BEGIN + DAY + GRACE_NS - 1) == []
    assert settled(made, BEGIN + DAY + GRACE_NS) == [("a/volume", 230.0), ("a/kpi", 230.0 / 24)]
    again = Calculations(works(), store, made.cursor)
    assert settled(again, BEGIN + 4 * DAY)[-2:] == [("a/volume", 240.0), ("a/kpi", 10.0)]
    assert values_of(store, "t_a/volume") == [230.0, 240.0, 240.0]
    assert store.edits == []
    assert settled(Calculations(works(), store), BEGIN + 4 * DAY) == [("a/volume", 240.0), ("a/kpi", 10.0)]
    assert values_of(store, "t_a/volume") == [230.0, 240.0, 240.0]


def test_a_long_time_is_caught_up_in_portions() -> None:
    store = Store()
    store.live((BEGIN, 1.0))
    made = Calculations(works(), store)
    _, more = made.step(BEGIN + 200 * DAY + GRACE_NS)
    assert more
    assert len(store.kept["t_a/volume"]) == 50
    settled(made, BEGIN + 200 * DAY + GRACE_NS)
    assert len(store.kept["t_a/volume"]) == len(store.kept["t_a/kpi"]) == 200


def test_HI_05_late_data_calculates_its_period_again_and_what_is_made_of_it() -> None:
    store = Store()
    store.live((BEGIN, 10.0))
    made = Calculations(works(), store)
    settled(made, BEGIN + 3 * DAY + GRACE_NS)
    store.put("t_a/flow", [DataValue(20.0, 0, BEGIN + 12 * HOUR, 1)], CommitKind.LATE)
    store.put("t_a/flow", [DataValue(10.0, 0, BEGIN + DAY, 1)], CommitKind.LATE)
    settled(made, BEGIN + 3 * DAY + GRACE_NS)
    assert values_of(store, "t_a/volume") == [360.0, 240.0, 240.0]
    assert values_of(store, "t_a/kpi") == [15.0, 10.0, 10.0]
    assert {tag_id for tag_id, _ in store.edits} == {"t_a/volume", "t_a/kpi"}


def test_HI_05_a_late_value_counts_up_to_the_next_one_through_all_periods() -> None:
    store = Store()
    store.live((BEGIN, 10.0))
    made = Calculations(works(), store)
    settled(made, BEGIN + 3 * DAY + GRACE_NS)
    store.put("t_a/flow", [DataValue(20.0, 0, BEGIN + 12 * HOUR, 1)], CommitKind.LATE)
    settled(made, BEGIN + 3 * DAY + GRACE_NS)
    assert values_of(store, "t_a/volume") == [360.0, 480.0, 480.0]
    assert values_of(store, "t_a/kpi") == [15.0, 20.0, 20.0]


def test_HI_05_a_live_value_of_a_period_that_is_calculated_counts_too() -> None:
    store = Store()
    store.live((BEGIN, 10.0))
    made = Calculations(works(), store)
    settled(made, BEGIN + DAY + GRACE_NS)
    store.live((BEGIN + 12 * HOUR, 20.0))
    settled(made, BEGIN + DAY + 2 * GRACE_NS)
    assert values_of(store, "t_a/volume") == [360.0]


class Fragile(Store):
    """Refuses what is said of one tag."""

    refused: tuple[str, type[Exception]] = ("", ValueError)

    def put(self, tag_id: str, values: Sequence[DataValue], kind: CommitKind) -> int:
        if tag_id == self.refused[0]:
            raise self.refused[1]("it goes wrong")
        return super().put(tag_id, values, kind)


@pytest.mark.parametrize("error", [ValueError, UsageError])
def test_a_calculation_that_fails_stops_no_other_one(error: type[Exception]) -> None:
    store = Fragile()
    store.live((BEGIN, 10.0))
    store.refused = ("t_a/volume", error)
    made = Calculations(two_totals(), store)
    settled(made, BEGIN + DAY + GRACE_NS)
    assert values_of(store, "t_a/other") == [240.0]
    store.put("t_a/flow", [DataValue(20.0, 0, BEGIN + 12 * HOUR, 1)], CommitKind.LATE)
    settled(made, BEGIN + DAY + GRACE_NS)
    assert values_of(store, "t_a/other") == [360.0]
    assert made.cursor == len(store.commits)


def two_totals() -> Plant:
    rule = CalculationRule("total", of="t_a/flow", base_s=3_600.0)
    totals = [make_tag(f"a/{name}", history=True, calculation=rule) for name in ("volume", "other")]
    return make_plant([make_tag("a/flow", history=True), *totals])


def test_what_a_clock_ahead_left_is_made_anew_when_its_time_has_come() -> None:
    store = Store()
    store.live((BEGIN, 10.0))
    made = Calculations(works(), store)
    settled(made, BEGIN + 5 * DAY + GRACE_NS)  # the clock is wrong for a while
    now = BEGIN + DAY + HOUR
    store.live((now, 20.0))
    settled(made, now)
    assert values_of(store, "t_a/volume") == [240.0] * 5
    settled(made, BEGIN + 2 * DAY + GRACE_NS)
    assert values_of(store, "t_a/volume")[:3] == [240.0, 470.0, 240.0]


def test_commits_that_fell_out_of_the_feed_are_made_up_for() -> None:
    store = Store()
    store.live((BEGIN, 10.0))
    made = Calculations(works(), store)
    settled(made, BEGIN + 3 * DAY + GRACE_NS)
    store.put("t_a/flow", [DataValue(30.0, 0, BEGIN + 2 * DAY, 1)], CommitKind.LATE)
    store.first = len(store.commits) + 1
    again = Calculations(works(), store, made.cursor)
    settled(again, BEGIN + 3 * DAY + GRACE_NS)
    assert values_of(store, "t_a/volume") == [240.0, 240.0, 720.0]


def test_nothing_is_calculated_of_a_tag_without_a_past() -> None:
    assert settled(Calculations(works(), Store()), BEGIN + 9 * DAY) == []


def test_a_gap_is_left_out_and_said() -> None:
    gap = samples((PERIOD.start, 10.0))
    late = samples((PERIOD.start + 12 * HOUR, 10.0), flags=int(SampleFlag.GAP_BEFORE))
    rows = [*gap.values(), bad(quality.BAD_NO_DATA, PERIOD.start + 6 * HOUR), *late.values()]
    told = result("total", Samples.of(rows), base_s=3_600.0)
    assert told.value == pytest.approx(180)
    assert told.status == quality.UNCERTAIN_SUBNORMAL


def test_times_are_those_of_the_plant() -> None:
    assert period_of(CalculationRule("total"), BERLIN, utc(2026, 7, 1)).start == utc(2026, 6, 30, 22)
    assert timedelta(hours=2) == datetime(2026, 7, 1, tzinfo=BERLIN).utcoffset()
