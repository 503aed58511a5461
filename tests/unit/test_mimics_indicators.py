"""What indicators decide without Qt: places on scales, deviations, words of states, counts of alarms, the past."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.mimics import (
    Catalogue,
    Past,
    Reading,
    Scene,
    TagAlarm,
    beyond_mark,
    deviation,
    effective_limits,
    gauge,
    load_display,
    samples_of,
    shipped_definitions,
    show,
    state_word,
    worst_of,
)

SECOND = 1_000_000_000
NOW = 1_795_000_000 * SECOND


def tag(name: str = "a/x.pv", **more: Any) -> TagInfo:
    fields: dict[str, Any] = dict(
        id=name, name=name, type="float", description="", area="a", unit="m", format=".1f", low=0.0, high=100.0,
        normal_low=20.0, normal_high=60.0, states={}, writable=False, command_class="", limit_low=None,
        limit_high=None, instance="", signal="", period_ms=1000, history=True,
        alarms=[{"kind": "high", "limit": 80.0, "priority": 2}, {"kind": "low", "limit": 10.0, "priority": 3}],
    )  # fmt: skip
    return TagInfo(**{**fields, **more})


def reading(value: Any, status: int = q.GOOD, *, stale: bool = False, info: TagInfo | None = None) -> Reading:
    return Reading("a/x.pv", DataValue(value, status, NOW, NOW), info or tag(), stale)


def test_a_gauge_places_value_band_limits_and_set_point() -> None:
    own = gauge(reading(40.0), setpoint=reading(50.0))
    assert own.position == 0.4
    assert own.band == (0.2, 0.6)
    assert own.limits == ((0.8, 2), (0.1, 3))
    assert own.setpoint == 0.5
    assert (own.beyond, own.setpoint_mark) == (0, "")


@pytest.mark.parametrize(("value", "position", "beyond"), [(130.0, 1.0, 1), (-4.0, 0.0, -1), (100.0, 1.0, 0)])
def test_a_value_beyond_the_scale_is_clamped_and_marked(value: float, position: float, beyond: int) -> None:
    own = gauge(reading(value))
    assert (own.position, own.beyond) == (position, beyond)
    shown = beyond_mark(show(reading(value)), own.beyond)
    assert shown.mark == ("↯" if beyond else "")
    assert f"{abs(value):.1f}" in shown.text


def test_HM_08_a_bad_value_has_no_place_on_the_scale() -> None:
    assert gauge(reading(40.0, q.BAD_SENSOR_FAILURE)).position is None
    assert gauge(reading(None)).position is None
    assert gauge(reading("text")).position is None


def test_a_set_point_in_doubt_is_marked_and_a_bad_one_is_not_drawn() -> None:
    stale = gauge(reading(40.0), setpoint=reading(50.0, stale=True))
    assert (stale.setpoint, stale.setpoint_mark) == (0.5, "stale")
    bad = gauge(reading(40.0), setpoint=reading(50.0, q.BAD_NO_COMMUNICATION))
    assert (bad.setpoint, bad.setpoint_mark) == (None, "C")
    limited = gauge(reading(40.0), setpoint=reading(50.0, q.GOOD | q.LIMIT_HIGH))
    assert limited.setpoint_mark == ""


def test_a_limit_that_depends_on_a_state_replaces_the_fixed_one() -> None:
    now = effective_limits(reading(40.0), [("HI", reading(70.0)), ("LO", None)])
    assert {(limit.name, limit.value, limit.priority) for limit in now} == {("HI", 70.0, 2), ("LO", 10.0, 3)}
    unknown = effective_limits(reading(40.0), [("HI", reading(None, q.BAD_NO_COMMUNICATION))])
    assert [limit.name for limit in unknown] == ["LO"]


def test_all_in_line_means_normal() -> None:
    assert deviation(reading(40.0), None).position == 0.0
    assert deviation(reading(60.0), None).position == 0.5
    assert deviation(reading(50.0), reading(50.0)).position == 0.0
    assert deviation(reading(55.0), reading(50.0), span=10).position == 0.5
    far = deviation(reading(95.0), reading(50.0), span=10)
    assert (far.position, far.beyond) == (1.0, 1)


def test_HM_08_a_deviation_from_nothing_is_not_known() -> None:
    assert deviation(reading(40.0), reading(None, q.BAD_NO_COMMUNICATION)).doubt == "C"
    assert deviation(reading(40.0), reading(None, q.BAD_NO_COMMUNICATION)).position is None
    lost = deviation(reading(40.0, q.BAD_SENSOR_FAILURE), reading(50.0))
    assert (lost.position, lost.shown.text, lost.shown.mark) == (None, "----", "S")
    nothing = deviation(reading(40.0, info=tag(normal_low=None)), None)
    assert (nothing.position, nothing.doubt) == (None, "K")


ROWS = [{"value": 0, "text": "Shut", "look": "off"}, {"value": 1, "text": "Blocked", "role": "abnormal"}]


def test_a_state_takes_its_word_from_the_element_then_from_the_tag() -> None:
    states = tag(states={0: "Closed", 1: "Open", 2: "Travelling"})
    assert state_word(reading(0, info=states), ROWS).text == "Shut"
    assert state_word(reading(1.0, info=states), ROWS).role == "abnormal"
    assert state_word(reading(2, info=states), ROWS)[:2] == ("Travelling", "ok")
    assert state_word(reading(True), []).text == "ON"
    assert state_word(reading("auto"), [{"value": "auto", "text": "Automatic"}]).text == "Automatic"


@pytest.mark.parametrize("value", [7, 1.5, "other", 1e300, float("inf"), float("nan")])
def test_an_unknown_value_is_shown_as_such_and_never_as_another(value: Any) -> None:
    word = state_word(reading(value, info=tag(states={0: "Closed", 1: "Open"})), ROWS)
    assert word.text.startswith("? ")
    assert not word.is_known
    assert word.role == "abnormal"


def summary(area: str = "a/") -> Scene:
    display = load_display({"elements": [{"type": "alarm_summary", "area": area}]}, shipped_definitions())
    return Scene(display, Catalogue([tag()]))


@pytest.mark.parametrize(("status", "badge"), [(q.GOOD, ("CAS", "")), (q.BAD_NO_COMMUNICATION, ("?", "C"))])
def test_a_lost_mode_does_not_read_as_cascade(status: int, badge: tuple[str, str]) -> None:
    names = {signal: f"a/loop.{signal}" for signal in ("pv", "sp", "op", "mode")}
    tags = [tag(name, states={2: "Cascade"} if name.endswith("mode") else {}) for name in names.values()]
    loop = InstanceInfo("i", "a/loop", "loop", "", "a", "", "", names, {})
    element = {"type": "loop", "instance": "a/loop"}
    scene = Scene(load_display({"elements": [element]}, shipped_definitions()), Catalogue(tags, [loop]))
    scene.apply({names["mode"]: DataValue(None if status else 2, status, NOW, NOW)}, NOW)
    assert scene.looks[0][4:6] == badge


def test_an_alarm_summary_counts_every_alarm_of_every_tag_below_its_area() -> None:
    scene = summary()
    assert scene.looks[0] == (False, ())
    both = worst_of([TagAlarm(3, False), TagAlarm(2, False), TagAlarm(3, True)])
    assert scene.set_alarms({"a/x.pv": both, "a/y.pv": TagAlarm(3, False), "b/z.pv": TagAlarm(1, True)}) == {
        0
    }
    heard, counts = scene.looks[0]
    assert heard
    assert [tuple(count) for count in counts] == [(1, 0, False), (2, 1, False), (3, 3, True), (4, 0, False)]
    assert [count.count for count in summary("").alarm_counts("")] == []


def test_an_alarm_summary_of_the_whole_plant_has_no_area() -> None:
    scene = summary("")
    scene.set_alarms({"a/x.pv": TagAlarm(2, False), "south::b/z.pv": TagAlarm(1, True)})
    assert [count.count for count in scene.looks[0][1]] == [1, 1, 0, 0]


def test_HM_09_an_alarm_summary_of_a_silent_runtime_says_so() -> None:
    scene = summary()
    scene.set_alarms({})
    assert scene.looks[0][0]
    assert scene.judge(lambda _: True, NOW, hears=lambda area: area != "a/") == {0}
    assert not scene.looks[0][0]
    assert scene.judge(lambda _: True, NOW, hears=lambda _: True) == {0}
    assert scene.looks[0][0]


def sample(second: float, value: float | None, status: int = q.GOOD) -> DataValue:
    at = NOW + int(second * SECOND)
    return DataValue(value, q.BAD_NO_COMMUNICATION if value is None else status, at, at)


def test_HM_13_a_gap_of_ten_minutes_and_a_spike_of_one_sample_in_eight_hours() -> None:
    past = Past(8 * 3600 * SECOND, 480)
    values = [sample(n - 8 * 3600, 5.0) for n in range(0, 8 * 3600, 2) if not 9_000 <= n < 9_600]
    values += [sample(12_345 - 8 * 3600, 99.0), sample(9_000 - 8 * 3600, None)]
    past.fill(samples_of(sorted(values, key=lambda v: v.source_time)), NOW)
    _, low, high = past.points()
    assert np.nanmax(high) == 99.0
    assert int(np.isnan(low).sum()) in {9, 10}
    assert not np.isnan(low[:149]).any()
    assert low[-1] == 5.0


def test_uncertain_history_is_drawn_as_such_bucket_by_bucket() -> None:
    past = Past(100 * SECOND, 100)
    kinds = {range(60, 40, -1): q.GOOD, range(40, 20, -1): q.UNCERTAIN, range(20, 0, -1): q.GOOD}
    past.fill(samples_of([sample(-n, 1.0, kind) for part, kind in kinds.items() for n in part]), NOW)
    assert int(past.doubt.sum()) == 20
    past.add(2.0, NOW, doubtful=True)
    assert past.doubt[-1]
    past.add(3.0, NOW + 30 * SECOND)
    assert not past.doubt[-1]
    assert int(past.doubt.sum()) == 21


def test_what_was_not_read_to_its_end_is_not_held_up_to_now() -> None:
    past = Past(100 * SECOND, 100)
    read = [sample(n - 100, 4.0) for n in range(50)]
    past.fill(samples_of(read, read[-1].source_time), NOW)
    _, low, _ = past.points()
    assert np.isnan(low[-45:]).all()
    past.fill(samples_of(read), NOW)
    assert past.points()[1][-1] == 4.0


def test_another_span_is_chosen_on_the_display_and_asks_for_its_past() -> None:
    element = {"type": "trend", "tag": "a/x.pv", "w": 626, "span_min": 60}
    scene = Scene(load_display({"elements": [element]}, shipped_definitions()), Catalogue([tag()]))
    assert dict(scene.history_wants()) == {"a/x.pv": pytest.approx(3600 * SECOND, rel=0.01)}
    assert [choice.minutes for choice in scene.span_choices(0)] == [15, 60, 480, 1440]
    assert scene.choose_span(0, 1440) == {0}
    assert round(scene.looks[0][1].minutes) == 1440
    assert dict(scene.history_wants())["a/x.pv"] == pytest.approx(24 * 3600 * SECOND, rel=0.01)
    scene.apply({"a/x.pv": sample(0, 3.0)}, NOW)
    assert scene.looks[0][1].past.points()[1][-1] == 3.0
