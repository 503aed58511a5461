"""Scenes: values in, changed elements out; age, alarms, configuration faults and the past."""

from __future__ import annotations

import math
from typing import Any

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
    format_value,
    load_display,
    samples_of,
    shipped_definitions,
    show,
)

NOW = 1_795_000_000_000_000_000
SECOND = 1_000_000_000


def tag(name: str, **more: Any) -> TagInfo:
    fields: dict[str, Any] = dict(
        id=name, name=name, type="float", description="", area="a", unit="m", format=".1f", low=0.0, high=10.0,
        normal_low=None, normal_high=None, states={}, writable=False, command_class="", limit_low=None,
        limit_high=None, instance="", signal="", period_ms=1000, history=True, alarms=[],
    )  # fmt: skip
    return TagInfo(**{**fields, **more})


def value(number: Any, status: int = q.GOOD, at: int = NOW) -> DataValue:
    return DataValue(number, status, at, at)


def scene(
    *elements: dict[str, Any], tags: tuple[TagInfo, ...] = (), instances: tuple[InstanceInfo, ...] = ()
) -> Scene:
    rows = [{"id": f"e_{n}", "x": 10, "y": 10, "w": 90, "h": 40, **e} for n, e in enumerate(elements)]
    display = load_display({"elements": rows}, shipped_definitions())
    assert [f for f in display.findings if f.severity == "error"] == []
    return Scene(display, Catalogue(tags or (tag("a/x.pv"), tag("a/y.pv")), instances))


READOUT = {"type": "readout", "tag": "a/x.pv"}


def test_only_elements_of_changed_tags_change() -> None:
    s = scene(READOUT, {"type": "readout", "tag": "a/y.pv"})
    assert s.apply({"a/x.pv": value(3.0)}, NOW) == {0}


def test_unchanged_text_is_not_a_change() -> None:
    s = scene(READOUT)
    s.apply({"a/x.pv": value(3.01)}, NOW)
    assert s.apply({"a/x.pv": value(3.02, at=NOW + 1)}, NOW + 1) == set()


def test_values_of_other_tags_are_ignored() -> None:
    assert scene(READOUT).apply({"b/z": value(1.0)}, NOW) == set()


def test_unknown_tag_is_a_configuration_fault() -> None:
    s = scene({"type": "readout", "tag": "a/none.pv"})
    shown = s.looks[0][1]
    assert (shown.text, shown.mark, shown.frame) == ("----", "K", "dashed")
    assert s.unknown_tags == ("a/none.pv",)
    assert s.tags == ()


def test_before_the_first_value_it_waits() -> None:
    assert scene(READOUT).looks[0][1].mark == "W"


def test_stale_keeps_the_value_and_shows_the_clock() -> None:
    s = scene(READOUT)
    s.apply({"a/x.pv": value(3.0)}, NOW)
    assert s.judge(lambda _: False, NOW + 4 * SECOND) == {0}
    shown = s.looks[0][1]
    assert (shown.text, shown.mark, shown.frame) == ("3.0", "stale", "dotted")
    assert s.judge(lambda _: True, NOW + 5 * SECOND) == {0}


@pytest.mark.parametrize(
    ("status", "mark"),
    [
        (q.BAD_NO_COMMUNICATION, "C"),
        (q.BAD_SENSOR_FAILURE, "S"),
        (q.BAD_DEVICE_FAILURE, "D"),
        (q.BAD_CONFIGURATION, "K"),
        (q.BAD_OUT_OF_SERVICE, "O"),
        (q.BAD_WAITING_FOR_INITIAL_DATA, "W"),
    ],
)
def test_bad_by_cause(status: int, mark: str) -> None:
    shown = show(Reading("t", value(3.0, status)))
    assert (shown.text, shown.mark, shown.frame) == ("----", mark, "dashed")


@pytest.mark.parametrize(
    ("status", "mark"),
    [
        (q.UNCERTAIN, "?"),
        (q.GOOD_LOCAL_OVERRIDE, "F"),
        (q.UNCERTAIN_SIMULATED, "sim"),
        (q.UNCERTAIN_SUBSTITUTE, "M"),
        (q.UNCERTAIN_EU_EXCEEDED, "↯"),
        (q.GOOD | q.LIMIT_LOW, "↓"),
        (q.GOOD | q.LIMIT_HIGH, "↑"),
    ],
)
def test_marks_of_values_that_are_shown(status: int, mark: str) -> None:
    shown = show(Reading("t", value(3.0, status), tag("t")))
    assert (shown.text, shown.mark) == ("3.0", mark)


def test_a_good_value_has_no_mark() -> None:
    assert show(Reading("t", value(3.0), tag("t"))).is_plain


def test_numbers_are_grouped_and_signed_without_jumping() -> None:
    assert format_value(12345.6, tag("t", format=".1f")) == "12\u00a0345.6"
    signed = tag("t", low=-10.0)
    assert len(format_value(3.0, signed)) == len(format_value(-3.0, signed))
    assert format_value(-0.01, signed).strip("\u2007") == "0.0"


def test_states_are_words() -> None:
    assert format_value(1, tag("t", states={0: "Closed", 1: "Open"})) == "Open"


def test_alarm_frames_the_value_and_ends() -> None:
    s = scene(READOUT)
    s.apply({"a/x.pv": value(3.0)}, NOW)
    assert s.set_alarms({"a/x.pv": TagAlarm(2, True)}) == {0}
    assert (s.looks[0][1].alarm, s.looks[0][1].unacked) == (2, True)
    assert s.set_alarms({}) == {0}


def test_link_counts_the_alarms_behind_it() -> None:
    s = scene({"type": "link", "display": "d", "area": "a/"})
    s.set_alarms({"a/x.pv": TagAlarm(3, False), "a/y.pv": TagAlarm(2, True), "b/z": TagAlarm(1, True)})
    assert s.looks[0] == (TagAlarm(2, True), 2)


def test_binding_is_evaluated_when_its_tags_change() -> None:
    s = scene({"type": "text", "text": {"expr": '"high" if \'a/x.pv\' > 5 else "low"'}})
    s.apply({"a/x.pv": value(7.0)}, NOW)
    assert s.looks[0][0].text == "high"
    s.apply({"a/x.pv": value(7.0, q.BAD_SENSOR_FAILURE)}, NOW)
    assert s.looks[0][0].text == "----"


def pump(**signals: Any) -> Scene:
    names = {role: f"a/p1.{role}" for role in signals}
    s = scene(
        {"type": "pump", "instance": "a/p1"},
        tags=tuple(tag(name, type="bool") for name in names.values()),
        instances=(InstanceInfo("i", "a/p1", "pump", "", "a", "pump", "pump", names, {}),),
    )
    s.apply({names[role]: v if isinstance(v, DataValue) else value(v) for role, v in signals.items()}, NOW)
    return s


@pytest.mark.parametrize(
    ("signals", "fill", "word"),
    [
        ({"running": True}, "on", "RUN"),
        ({"running": False}, "off", "STOP"),
        ({"running": False, "command": True}, "half", "STRT"),
        ({"running": True, "command": False}, "half", "STPG"),
        ({"running": False, "fault": True}, "off", "TRIP"),
        ({"running": False, "oos": True}, "hatched", "OOS"),
        ({"running": value(False, q.BAD_NO_COMMUNICATION)}, "none", "?"),
        ({"opened": True, "closed": True}, "half", "DISC"),
        ({"running": True, "discrepancy": True}, "on", "DISC"),
        ({"running": False, "discrepancy": True}, "off", "DISC"),
        ({"opened": False, "closed": False}, "half", "TRAV"),
        ({"closed": True}, "off", "STOP"),
    ],
)
def test_equipment_states(signals: dict[str, Any], fill: str, word: str) -> None:
    state = pump(**signals).looks[0][1]
    assert (state.fill, state.word) == (fill, word)


def test_modes_and_conditions_are_badges() -> None:
    assert pump(running=True, auto=True).looks[0][1].badges == (("A", False),)
    assert pump(running=True, auto=False).looks[0][1].badges == (("M", True),)
    assert ("L", True) in pump(running=True, remote=False).looks[0][1].badges
    assert ("I", True) in pump(running=False, interlock=True).looks[0][1].badges
    assert ("P", True) in pump(running=False, ready=False).looks[0][1].badges
    assert ("F", True) in pump(running=value(True, q.GOOD_LOCAL_OVERRIDE)).looks[0][1].badges


def test_one_bad_state_signal_makes_the_whole_unknown() -> None:
    state = pump(running=True, opened=value(True, q.BAD_DEVICE_FAILURE)).looks[0][1]
    assert (state.fill, state.mark) == ("none", "D")


def test_HM_13_past_keeps_spikes_and_gaps() -> None:
    past = Past(3600 * SECOND, 60)
    samples = [(NOW - (3600 - n) * SECOND, 5.0) for n in range(0, 1200, 10)]
    samples.append((NOW - 2400 * SECOND, 99.0))
    samples.append((NOW - 2399 * SECOND, 5.0))
    samples.append((NOW - 2000 * SECOND, None))
    samples.append((NOW - 1400 * SECOND, 5.0))
    statuses = {None: q.BAD_NO_COMMUNICATION}
    past.fill(samples_of([value(v, statuses.get(v, q.GOOD), at) for at, v in samples]), NOW)
    _, low, high = past.points()
    assert max(v for v in high if not math.isnan(v)) == 99.0
    assert sum(math.isnan(v) for v in low) >= 8
    assert low[-1] == 5.0


def test_past_scrolls_on_absolute_time() -> None:
    past = Past(60 * SECOND, 60)
    for n in range(100):
        past.add(float(n), NOW + n * SECOND)
    _, low, _ = past.points()
    assert low[-1] == 99.0
    assert low[0] == 40.0


def test_a_stale_tag_leaves_a_gap_in_the_curve() -> None:
    s = scene({"type": "trend", "tag": "a/x.pv", "span_min": 1, "plot_width": 60})
    s.apply({"a/x.pv": value(3.0)}, NOW)
    s.judge(lambda _: True, NOW + SECOND)
    for n in range(2, 20):
        s.judge(lambda _: False, NOW + n * SECOND)
    past = s.looks[0][1].past
    assert sum(math.isnan(v) for v in past.low[-18:]) == 18


def test_status_row_fills_its_template_and_gives_way_to_bad() -> None:
    s = scene(
        {
            "type": "status",
            "label": "x",
            "value": "a/x.pv",
            "second": "a/y.pv",
            "template": "{value} of {second}",
        }
    )
    s.apply({"a/x.pv": value(3.0), "a/y.pv": value(4.0)}, NOW)
    assert s.looks[0][1].text == "3.0 m of 4.0 m"
    s.apply({"a/y.pv": value(None, q.BAD_NO_COMMUNICATION)}, NOW)
    assert s.looks[0][1].text == "----"


def test_a_young_plant_shows_its_first_minutes_wide() -> None:
    s = scene({"type": "trend", "tag": "a/x.pv", "span_min": 240, "plot_width": 100})
    s.apply({"a/x.pv": value(3.0)}, NOW)
    assert s.looks[0][1].minutes == 5
    minute = 60 * SECOND
    s.backfill("a/x.pv", [value(2.0, at=NOW - 30 * minute), value(3.0)], NOW)
    assert s.looks[0][1].minutes == 60
    s.backfill("a/x.pv", [value(2.0, at=NOW - 200 * minute), value(3.0)], NOW)
    assert s.looks[0][1].minutes == 240
