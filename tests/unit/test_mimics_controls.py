"""What a control can ask for, and what it says of its command; without a window."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.client.port import InstanceInfo
from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.mimics import (
    ASKED,
    DONE,
    FAILED,
    PENDING,
    UNKNOWN,
    Catalogue,
    Control,
    Scene,
    Track,
    load_display,
    note,
    pressed_value,
    range_words,
    shipped_definitions,
    track,
)
from hmi.testing.client import START_NS, make_tag

SP = make_tag(
    "u/x.sp", unit="m", low=0.0, high=10.0, limit_low=1.0, limit_high=8.0, max_step=2.0, writable=True
)
ON = make_tag("u/x.on", type="bool", writable=True)
MODE = make_tag("u/x.mode", type="enum", states={0: "Manual", 1: "Auto"}, writable=True)
FIXED = make_tag("u/x.pv", unit="m", low=0.0, high=10.0)


def scene(element: dict[str, Any], values: dict[str, Any] | None = None) -> Scene:
    document = {"size": [400, 200], "elements": [{"id": "e_1", "x": 10, "y": 10, **element}]}
    made = Scene(load_display(document, shipped_definitions()), Catalogue([SP, ON, MODE, FIXED]))
    made.apply({t: DataValue(v, q.GOOD, START_NS, START_NS) for t, v in (values or {}).items()}, START_NS)
    return made


@given(
    st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(1e-4, 1e6), st.floats(-2e6, 2e6, allow_nan=False)
)
def test_a_track_never_leaves_its_ends(low: float, span: float, step: float, number: float) -> None:
    own = Track(low, low + span, step)
    assert own.low <= own.kept(number) <= own.high
    assert own.at(0.0) == own.low
    assert own.at(1.0) == own.high


def test_a_track_moves_in_whole_steps_and_reaches_both_ends() -> None:
    own = Track(0.0, 1.0, 0.3)
    assert [own.moved(0.0, n) for n in range(5)] == [0.0, 0.3, 0.6, 0.9, 1.0]
    assert own.coarse == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, (1.0, 8.0)), ({"low": 2}, (2.0, 8.0)), ({"low": -5, "high": 50}, (1.0, 8.0)),
        ({"low": 3, "high": 4, "step": 0.5}, (3.0, 4.0)),
    ],
)  # fmt: skip
def test_a_slider_lies_inside_what_the_command_allows(
    own: dict[str, Any], expected: tuple[float, float]
) -> None:
    found = track(scene({"type": "slider", "tag": "u/x.sp", **own}).inputs[0])
    assert found is not None
    assert (found.low, found.high) == expected


def test_a_slider_without_a_range_has_no_track_and_says_so() -> None:
    made = scene({"type": "slider", "tag": "u/x.sp", "low": 9, "high": 10})
    assert track(made.inputs[0]) is None
    made.set_controls({"u/x.sp": Control()})
    assert "no range" in repr(made.looks[0])


@pytest.mark.parametrize(
    ("element", "values", "expected"),
    [
        ({"tag": "u/x.on"}, {}, True),
        ({"tag": "u/x.on", "value": 0}, {}, False),
        ({"tag": "u/x.on", "action": "toggle"}, {"u/x.on": True}, False),
        ({"tag": "u/x.on", "action": "toggle"}, {"u/x.on": False}, True),
        ({"tag": "u/x.on", "action": "toggle"}, {}, None),
        ({"tag": "u/x.mode", "value": 1}, {}, 1),
        ({"tag": "u/x.sp", "value": 4}, {}, 4.0),
        ({"tag": "u/none"}, {}, None),
    ],
)
def test_what_a_press_asks_for(element: dict[str, Any], values: dict[str, Any], expected: Any) -> None:
    found = pressed_value(scene({"type": "button", **element}, values).inputs[0])
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("control", "sign", "text"),
    [
        (Control(), "", "1 to 8 m"),
        (Control("why"), "lock", "why"),
        (Control("under way", PENDING, "5 m"), "diamond", "Pending: 5 m"),
        (Control("", ASKED, "5 m"), "diamond", "Not sent: 5 m"),
        (Control("why", ASKED, "5 m"), "lock", "why"),
        (Control("", DONE, "Confirmed: 5 m"), "✓", "Confirmed: 5 m"),
        (Control("", FAILED, "Refused: 5 m"), "✗", "Refused: 5 m"),
        (Control("", UNKNOWN, "Unknown: 5 m"), "?", "Unknown: 5 m"),
    ],
)
def test_the_line_below_a_control(control: Control, sign: str, text: str) -> None:
    found = note(control, "1 to 8 m")
    assert (found.sign, found.text) == (sign, text)


def test_a_scene_commands_nothing_until_a_station_says_that_it_may() -> None:
    made = scene({"type": "entry", "tag": "u/x.sp"}, {"u/x.sp": 5.0})
    assert made.inputs[0].control.blocked
    assert made.written_tags == ("u/x.sp",)
    assert made.set_controls({"u/x.sp": Control()}) == {0}
    assert made.inputs[0].control == Control()
    assert made.set_controls({"u/x.sp": Control()}) == set()


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ({"tag": "u/x.pv"}, "takes no commands"),
        ({"tag": "u/none"}, "does not exist"),
        ({"tag": {"expr": "'u/x.sp' * 2"}}, "No tag"),
        ({}, "No tag"),
    ],
)
def test_a_control_without_a_writable_tag_says_so_whatever_the_station_says(
    element: dict[str, Any], words: str
) -> None:
    made = scene({"type": "entry", **element}, {"u/x.sp": 5.0})
    made.set_controls({tag: Control() for tag in ("u/x.pv", "u/none", "u/x.sp")})
    assert words in made.inputs[0].control.blocked


def test_a_control_writes_the_signal_that_a_parameter_stands_for() -> None:
    signals = {"sp": "u/x.sp", "on": "u/x.on"}
    names = Catalogue([SP, ON], [InstanceInfo("i_1", "u/x", "valve", "X", "u", "", "", signals, {})])
    document = {
        "size": [400, 200],
        "parameters": {"valve": {"type": "instance"}},
        "elements": [{"id": "e_1", "type": "slider", "x": 10, "y": 10, "tag": "$valve.sp"}],
    }
    made = load_display(document, shipped_definitions(), names=names, arguments={"valve": "u/x"})
    assert Scene(made, names).written_tags == ("u/x.sp",)


def test_range_and_step_are_told_in_the_unit() -> None:
    assert range_words(SP) == "1 to 8 m, steps up to 2"
    assert range_words(make_tag("u/y")) == ""


def test_a_person_who_may_tune_is_told_the_range_for_tuning() -> None:
    tag = msgspec.structs.replace(SP, tune_low=0.0, tune_high=9.5)
    assert range_words(tag, tunes=True) == "0 to 9.5 m, steps up to 2"
    assert range_words(tag) == "1 to 8 m, steps up to 2"
    assert range_words(SP, tunes=True) == "1 to 8 m, steps up to 2", "no range of its own for tuning"
