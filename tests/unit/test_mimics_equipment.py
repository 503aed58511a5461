"""States of equipment, flow arrows and names of instruments, decided without Qt (standards 2.6 and 2.8)."""

from __future__ import annotations

from typing import Any

import pytest

from hmi.client.port import InstanceInfo, TagInfo
from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.elements.instrument.definition import name_parts
from hmi.elements.pipe.definition import arrows_of
from hmi.mimics import Catalogue, Equipment, Scene, load_display, shipped_definitions

NOW = 1_795_000_000_000_000_000
LATER = NOW + 10_000_000_000


def tag(name: str, **more: Any) -> TagInfo:
    fields: dict[str, Any] = dict(
        id=name, name=name, type="float", description="", area="u", unit="m", format=".2f", low=0.0, high=10.0,
        normal_low=None, normal_high=None, states={}, writable=False, command_class="", limit_low=None,
        limit_high=None, instance="", signal="", period_ms=1000, history=False, alarms=[],
    )  # fmt: skip
    return TagInfo(**{**fields, **more})


def scene(element: dict[str, Any], **signals: Any) -> Scene:
    """One element of the equipment ``u/x``; a signal is a value or (value, status)."""
    names = {signal: f"u/x.{signal}" for signal in signals}
    catalogue = Catalogue(
        [tag(name) for name in names.values()],
        [InstanceInfo("u/x", "u/x", "x", "", "u", "", "", names, {})],
    )
    document = {"elements": [{"id": "e_1", "x": 100, "y": 100, **element}]}
    built = Scene(load_display(document, shipped_definitions()), catalogue)
    values = {s: v if isinstance(v, tuple) else (v, q.GOOD) for s, v in signals.items()}
    built.apply({names[s]: DataValue(v, status, NOW, NOW) for s, (v, status) in values.items()}, NOW)
    return built


def state(kind: str, **signals: Any) -> Equipment:
    built = scene({"type": kind, "instance": "u/x"}, **signals)
    return next(part for part in built.looks[0] if isinstance(part, Equipment))


@pytest.mark.parametrize(
    ("signals", "fill", "word", "figure"),
    [
        ({"position": 0.0}, "off", "CLSD", ""),
        ({"position": 48.0}, "half", "", "48 %"),
        ({"position": 100.0}, "on", "OPEN", "100 %"),
        ({"opened": False, "closed": False, "position": 30.0}, "half", "TRAV", "30 %"),
        ({"opened": True, "closed": False, "command": False}, "half", "TRAV", ""),
        ({"opened": True, "closed": True}, "half", "DISC", ""),
        (
            {"opened": False, "closed": False, "position": (None, q.BAD_SENSOR_FAILURE)},
            "half",
            "TRAV",
            "----",
        ),
        ({"position": (None, q.BAD_SENSOR_FAILURE)}, "none", "?", ""),
    ],
)
def test_a_valve_between_its_ends_is_neither(
    signals: dict[str, Any], fill: str, word: str, figure: str
) -> None:
    found = state("valve", **signals)
    assert (found.fill, found.word, found.figure) == (fill, word, figure)


def test_a_bad_fault_signal_leaves_the_state_and_marks_it() -> None:
    found = state("pump", running=True, fault=(None, q.BAD_SENSOR_FAILURE))
    assert (found.fill, found.word, found.mark) == ("on", "RUN", "S")


@pytest.mark.parametrize(
    ("text", "badge"), [("Hand", ("M", True)), ("Auto", ("A", False)), ("Off", ("O", False))]
)
def test_a_mode_is_named_by_its_text_and_never_taken_for_automatic(
    text: str, badge: tuple[str, bool]
) -> None:
    names = {"running": "u/x.running", "mode": "u/x.mode"}
    catalogue = Catalogue(
        [tag("u/x.running"), tag("u/x.mode", states={0: "-", 1: text})],
        [InstanceInfo("u/x", "u/x", "x", "", "u", "", "", names, {})],
    )
    document = {"elements": [{"id": "e_1", "type": "pump", "x": 0, "y": 0, "instance": "u/x"}]}
    built = Scene(load_display(document, shipped_definitions()), catalogue)
    built.apply({name: DataValue(1, q.GOOD, NOW, NOW) for name in names.values()}, NOW)
    assert built.looks[0][1].badges == (badge,)


def test_a_stale_mode_marks_the_whole() -> None:
    built = scene({"type": "pump", "instance": "u/x"}, running=True, auto=True)
    assert built.judge(lambda name: name != "u/x.auto", LATER) == {0}
    found = built.looks[0][1]
    assert found.stale
    assert found.mark == "stale"


def test_do_not_operate_is_a_badge_of_its_own() -> None:
    assert state("motor", running=False, tagged=True).badges == (("tag", True),)


def test_forced_and_simulated_are_badges_and_no_second_mark() -> None:
    forced = state("pump", running=(True, q.GOOD_LOCAL_OVERRIDE))
    simulated = state("pump", running=(True, q.UNCERTAIN_SIMULATED))
    assert (forced.badges, forced.mark) == ((("F", True),), "")
    assert (simulated.badges, simulated.mark) == ((("S", True),), "")
    assert simulated.is_doubtful
    assert not forced.is_doubtful


@pytest.mark.parametrize("kind", ["check", "hand"])
def test_a_valve_without_a_drive_has_no_state(kind: str) -> None:
    found = scene({"type": "valve", "kind": kind}).looks[0][1]
    assert (found.fill, found.word, found.mark) == ("plain", "", "")


@pytest.mark.parametrize("kind", ["on_off", "control", "three_way"])
def test_a_driven_valve_without_an_instance_is_a_configuration_fault(kind: str) -> None:
    found = scene({"type": "valve", "kind": kind}).looks[0][1]
    assert (found.fill, found.mark) == ("none", "K")


@pytest.mark.parametrize(
    ("flow", "look"),
    [
        (5.0, ("full", "")),
        (True, ("full", "")),
        (0.0, ("hollow", "")),
        (2.0, ("hollow", "")),
        ((5.0, q.UNCERTAIN), ("full", "?")),
        ((5.0, q.BAD_NO_COMMUNICATION), ("dashed", "C")),
        ((None, q.BAD_SENSOR_FAILURE), ("dashed", "S")),
        (("open", q.GOOD), ("dashed", "?")),
    ],
)
def test_a_pipe_is_never_shown_as_flowing_without_knowing(flow: Any, look: tuple[str, str]) -> None:
    built = scene(
        {"type": "pipe", "points": [[0, 0], [90, 0]], "flow": "u/x.flow", "flow_above": 2.0}, flow=flow
    )
    assert built.looks[0] == look


def test_a_pipe_with_a_stale_flow_is_not_known() -> None:
    built = scene({"type": "pipe", "points": [[0, 0], [90, 0]], "flow": "u/x.flow"}, flow=5.0)
    assert built.judge(lambda _: False, LATER) == {0}
    assert built.looks[0] == ("dashed", "stale")


def test_a_pipe_may_flow_by_an_expression() -> None:
    built = scene({"type": "pipe", "points": [[0, 0], [90, 0]], "flow": {"expr": "'u/x.a' and not 'u/x.b'"}},
                  a=True, b=False)  # fmt: skip
    assert built.looks[0] == ("full", "")
    built.apply({"u/x.b": DataValue(None, q.BAD_NO_COMMUNICATION, NOW, NOW)}, NOW)
    assert built.looks[0][0] == "dashed"


def test_a_pipe_paints_along_its_points_wherever_its_box_is() -> None:
    built = scene({"type": "pipe", "points": [[10, 20], [10, 300], [400, 300]], "flow": "u/x.flow"}, flow=1.0)
    element = built.elements[0]
    assert arrows_of(element) == [(205, 300, 0)]
    left, top, width, height = element.bounds
    assert left < 10
    assert top < 20
    assert left + width > 400
    assert top + height > 300
    assert built.extent(0) == element.bounds


def test_a_basin_is_alive_only_with_a_measured_level() -> None:
    assert scene({"type": "basin"}).looks[0] == ()
    measured = scene({"type": "basin", "level": "u/x.level"}, level=4.0)
    assert measured.looks[0][1] == 0.4
    measured.apply({"u/x.level": DataValue(4.0, q.BAD_SENSOR_FAILURE, NOW, NOW)}, NOW)
    assert measured.looks[0][0].text == "----"
    assert measured.looks[0][1] is None


def test_a_clarifier_takes_what_its_instance_has() -> None:
    built = scene({"type": "clarifier", "instance": "u/x"}, running=True, level=8.0, blanket=2.0)
    _, drive, level, share, blanket, sludge = built.looks[0]
    assert (drive.word, level.text, share, blanket.text, sludge) == ("RUN", "8.00", 0.8, "2.00", 0.2)
    bare = scene({"type": "clarifier", "rake": False}).looks[0]
    assert bare[1] is None
    assert bare[2] is bare[4] is None
    assert scene({"type": "clarifier"}).looks[0][1].fill == "plain"


def test_a_dosing_skid_shows_tank_pump_and_dose_together() -> None:
    built = scene({"type": "dosing", "instance": "u/x"}, running=True, level=5.0, dose=1.5, sp=1.6)
    _, pump, level, share, _, dose, setpoint, _ = built.looks[0]
    assert (pump.word, level.text, share, dose.text, setpoint.text) == ("RUN", "5.00", 0.5, "1.50", "1.60")
    without = scene({"type": "dosing", "instance": "u/x"}, running=True).looks[0]
    assert (without[2].mark, without[5].mark, without[6]) == ("K", "K", None)


@pytest.mark.parametrize(
    ("signals", "arrow"),
    [
        ({"running": True}, "full"),
        ({"running": False}, "hollow"),
        ({"running": True, "out_of_service": True}, "hollow"),
        ({"running": (None, q.BAD_NO_COMMUNICATION)}, "dashed"),
        ({"running": (None, q.BAD_WAITING_FOR_INITIAL_DATA)}, "dashed"),
        ({"running": (True, q.UNCERTAIN_LAST_USABLE)}, "dashed"),
        ({"running": (True, q.UNCERTAIN_SENSOR_NOT_ACCURATE)}, "dashed"),
    ],
)
def test_the_discharge_of_a_dosing_skid_never_flows_when_nobody_knows(
    signals: dict[str, Any], arrow: str
) -> None:
    assert scene({"type": "dosing", "instance": "u/x"}, **signals).looks[0][7] == arrow


def test_a_closed_filter_is_full_and_an_open_one_without_level_is_not_known() -> None:
    pressure = scene({"type": "filter", "instance": "u/x", "kind": "pressure"}, state=1).looks[0]
    gravity = scene({"type": "filter", "instance": "u/x"}, state=1).looks[0]
    assert (pressure[0], gravity[0]) == (1.0, None)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("FIC-211A", ("FIC", "211A")),
        ("FT101", ("FT", "101")),
        ("AIT-402 Cl2", ("AIT", "402")),
        ("pH 7", ("pH", "7")),
        ("Turbidity", ("Turbidity", "")),
        ("", ("", "")),
    ],
)
def test_instrument_names(name: str, parts: tuple[str, str]) -> None:
    assert name_parts(name) == parts


def test_an_instrument_is_named_by_its_tag() -> None:
    built = scene({"type": "instrument", "tag": "u/x.flow"}, flow=1.0)
    assert built.looks[0][:2] == ("X", "")
