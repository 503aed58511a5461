"""Deviation, rate of change, discrepancy, stale values, limits by state, the count rule (standards 1.4)."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_bench import Bench, alarm

from hmi.alarms import AlarmChange
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmState
from hmi.core.values import DataValue, ValueType
from hmi.testing.plant import good, make_tag

STALE = quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE
BAD = DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1)
TWO = (make_tag("a/x"), make_tag("a/sp"))
ALM, RTN = AlarmEvent.ALM, AlarmEvent.RTN


def events(changes: list[AlarmChange]) -> list[AlarmEvent]:
    return [change.event for change in changes]


# ---- deviation


def deviation(**fields: Any) -> Bench:
    bench = Bench([alarm("deviation", 5.0, setpoint="a/sp", deadband=1.0, **fields)], TWO)
    bench.put(50.0, 1)
    bench.put(50.0)
    return bench


def test_a_deviation_is_measured_from_the_set_point_on_both_sides() -> None:
    bench = deviation()
    assert bench.put(54.9) == []
    assert events(bench.put(55.0)) == [ALM]
    assert bench.put(54.5) == []
    assert events(bench.put(53.9)) == [RTN]
    raised = bench.put(44.0)
    assert events(raised) == [ALM]
    assert (raised[0].row.value, raised[0].row.limit) == (6.0, 5.0)


def test_a_deviation_is_not_judged_while_the_set_point_settles() -> None:
    bench = deviation(hold_s=60.0)
    assert bench.put(70.0, 1) == []
    assert bench.wait(59.0) == []
    assert events(bench.wait(1.1)) == [ALM], "the hold ends without a new value"


def test_a_set_point_change_takes_back_a_raise_that_waits_for_its_delay() -> None:
    bench = deviation(hold_s=60.0, on_delay_s=10.0)
    bench.put(60.0)
    bench.wait(9.0)
    bench.put(55.0, 1)
    assert bench.wait(30.0) == []
    bench.put(56.0)
    assert bench.wait(300.0) == []


def test_a_bad_set_point_freezes_a_deviation() -> None:
    bench = deviation()
    bench.put(60.0)
    bench.put(BAD, 1)
    bench.put(50.0)
    assert bench.state is AlarmState.UNACK
    assert bench.alarms.active()[0].state_unknown
    assert events(bench.put(50.0, 1)) == [RTN]


# ---- rate of change


def ramp(bench: Bench, per_second: float, seconds: int, start: float = 0.0) -> list[AlarmChange]:
    found: list[AlarmChange] = []
    for second in range(seconds):
        found += bench.put(start + per_second * second)
        found += bench.wait(1)
    return found


@pytest.mark.parametrize(("kind", "sign"), [("rate_up", 1.0), ("rate_down", -1.0)])
def test_a_rate_is_the_slope_over_the_window(kind: str, sign: float) -> None:
    bench = Bench([alarm(kind, 0.5, window_s=10.0, deadband=0.1)])
    assert ramp(bench, 0.4 * sign, 60) == []
    raised = ramp(bench, 0.6 * sign, 60, start=24.0 * sign)
    assert events(raised) == [ALM]
    assert raised[0].row.value == pytest.approx(0.5, abs=0.11)
    assert raised[0].window_s == 10.0
    assert raised[0].entry().payload["window_s"] == 10.0
    assert ramp(bench, -0.6 * sign, 60, start=60.0 * sign)[0].event is RTN


def test_a_rate_ends_when_the_value_stands_still_though_no_value_comes() -> None:
    bench = Bench([alarm("rate_up", 0.5, window_s=10.0)])
    assert events(ramp(bench, 1.0, 30)) == [ALM]
    found = [change for _ in range(20) for change in bench.wait(1)]
    assert events(found) == [RTN]


def test_a_single_step_is_not_a_rate_by_two_samples() -> None:
    bench = Bench([alarm("rate_up", 2.0, window_s=60.0)])
    ramp(bench, 0.0, 5, start=10.0)
    assert bench.put(20.0) == [], "two samples say 10 per second, five of them nothing yet"


def test_a_rate_begins_anew_after_bad() -> None:
    bench = Bench([alarm("rate_up", 0.5, window_s=10.0)])
    ramp(bench, 0.0, 20)
    bench.put(BAD)
    bench.wait(1)
    assert bench.put(50.0) == []
    assert bench.wait(2) == []


# ---- discrepancy


def test_a_feedback_that_does_not_follow_its_command_alarms_after_its_time() -> None:
    switches = [make_tag(name, type=ValueType.BOOL) for name in ("a/x", "a/sp")]
    bench = Bench([alarm("discrepancy", command="a/sp", on_delay_s=10.0)], switches)
    bench.put(False, 1)
    bench.put(False)
    bench.put(True, 1)
    assert bench.wait(9.9) == []
    assert events(bench.wait(0.2)) == [ALM]
    assert events(bench.put(True)) == [RTN]


def test_another_command_gets_its_full_time_and_small_differences_are_none() -> None:
    bench = Bench([alarm("discrepancy", command="a/sp", on_delay_s=10.0, tolerance=1.0)], TWO)
    bench.put(20.0, 1)
    bench.put(20.5)
    assert bench.wait(60) == []
    bench.put(40.0, 1)
    bench.wait(9.0)
    bench.put(60.0, 1)
    assert bench.wait(9.0) == []
    assert events(bench.wait(1.1)) == [ALM]


# ---- stale


def test_a_stale_value_raises_its_stale_alarm_after_the_delay() -> None:
    bench = Bench([alarm("stale", on_delay_s=10.0), alarm("high")])
    bench.put(5.0)
    bench.put(DataValue(5.0, STALE, 1, 1))
    assert events(bench.wait(10.1)) == [ALM]
    assert bench.changes[-1].row.kind == "stale"
    assert events(bench.put(good(5.0, at=2))) == [RTN]


def test_a_value_that_stands_still_is_stale_when_a_window_is_given() -> None:
    bench = Bench([alarm("stale", on_delay_s=1.0, window_s=60.0, deadband=0.1)])
    bench.put(5.0)
    bench.wait(50)
    bench.put(5.05)
    assert bench.wait(10.5) == [], "the window is over, its delay is not"
    assert events(bench.wait(1)) == [ALM]
    assert events(bench.put(6.0)) == [RTN]


def test_a_bad_value_is_not_stale() -> None:
    bench = Bench([alarm("stale", on_delay_s=1.0, window_s=10.0)])
    bench.put(5.0)
    bench.put(BAD)
    assert bench.wait(600) == []


# ---- limits by state


CASES = (("'a/sp' == 1", 20.0), ("'a/sp' == 2", 30.0))


def test_the_first_true_case_gives_the_limit_and_a_bad_input_the_plain_one() -> None:
    bench = Bench([alarm(limit=10.0, limits_when=CASES)], TWO)
    bench.put(1, 1)
    assert bench.put(15.0) == []
    assert events(bench.put(25.0)) == [ALM]
    assert bench.alarms.active()[0].limit == 20.0
    assert events(bench.put(2, 1)) == [RTN]
    assert events(bench.put(BAD, 1)) == [ALM], "not known which state: the plain limit counts"
    assert bench.alarms.active()[0].limit == 10.0
    assert bench.put(3, 1) == []


# ---- count rule


def test_short_repeated_excursions_are_not_lost() -> None:
    bench = Bench([alarm(on_delay_s=30.0, count=3, count_window_s=60.0)])
    for _ in range(2):
        bench.put(11.0)
        bench.wait(2)
        bench.put(5.0)
        bench.wait(2)
    assert bench.events == []
    assert events(bench.put(11.0)) == [ALM]


def test_excursions_out_of_the_window_do_not_count() -> None:
    bench = Bench([alarm(on_delay_s=30.0, count=3, count_window_s=60.0)])
    for _ in range(5):
        bench.put(11.0)
        bench.wait(2)
        bench.put(5.0)
        bench.wait(31)
    assert bench.events == []
