"""The answer to "why this number?" is built from what is known, and says so where nothing is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hmi.acquisition.port import Trace
from hmi.check.where import WhereUsed
from hmi.client.why import Why, WhyHop
from hmi.core import quality
from hmi.core.alarms import AlarmRow, AlarmState, Priority
from hmi.core.values import DataValue, EURange, ValueType
from hmi.project.plant import CommandRule, ConnectionDef, DisplayFile, Plant, Scaling
from hmi.runtime._inquiry import told
from hmi.runtime._why import why
from hmi.runtime._why_expression import MOST_LEVELS, tree_of
from hmi.runtime._why_known import Known, LinkNow, Source
from hmi.testing.plant import make_plant, make_tag

NOON = 1_795_521_600_000_000_000  # 2026-11-24 12:00:00 UTC
LINK = LinkNow("plc1", "modbus", "up", NOON, "tcp://127.0.0.1:502", "3", "up")
SPAN = Scaling(EURange(0, 27648), EURange(0, 10), clamp=True)


def known(plant: Plant, name: str, values: dict[str, DataValue], **more: Any) -> Known:
    base = Known(plant, plant.by_name[name], values, NOON + 10_000_000_000, Source("plc1:g", 200, 3000), LINK)
    return replace(base, **more)


def good(value: Any) -> DataValue:
    return DataValue(value, quality.GOOD, NOON, NOON)


def bad(status: int) -> DataValue:
    return DataValue(None, status, NOON, NOON)


def hop(answer: Why, kind: str) -> WhyHop:
    return next(one for one in answer.hops if one.kind == kind)


def level(**more: Any) -> Plant:
    return make_plant([make_tag("a/level", address="1.10 HR", unit="m", **more)])


def traced(raw: Any, status: int = 0, fault: str = "") -> Trace:
    return Trace(
        DataValue(raw, status, NOON, NOON),
        {"words": [raw], "took_ms": 3.0},
        {"wire": "uint16", "type": "float"},
        fault,
    )


@pytest.mark.parametrize(
    ("scaling", "raw", "text", "value"),
    [
        (SPAN, 13824, "(13824 − 0) ÷ 27648 × 10 + 0 = 5", 5.0),
        (SPAN, 30000, "(30000 − 0) ÷ 27648 × 10 + 0 = 10, held at the end of the range", 10.0),
        (Scaling(EURange(-100, 100), EURange(4, 20)), 0, "(0 − −100) ÷ 200 × 16 + 4 = 12", 12.0),
        (Scaling(EURange(0, 100), EURange(0, 50), "sqrt"), 25, "√((25 − 0) ÷ 100) × 50 + 0 = 25", 25.0),
    ],
)
def test_the_scaling_is_told_with_its_numbers(scaling: Scaling, raw: int, text: str, value: float) -> None:
    answer = why(known(level(scaling=scaling), "a/level", {"a/level": good(value)}, trace=traced(raw)))
    assert (hop(answer, "scaling").text, hop(answer, "scaling").value) == (text, value)
    assert hop(answer, "decode").text == f"Read as uint16 it is {raw}."


def test_without_scaling_the_raw_value_is_the_value() -> None:
    answer = why(known(level(), "a/level", {"a/level": good(5.0)}, trace=traced(5)))
    assert hop(answer, "scaling").value == 5.0
    assert hop(answer, "scaling").text.startswith("No scaling")


def test_hops_that_wait_for_the_device_say_so_and_the_others_are_there() -> None:
    answer = why(known(level(scaling=SPAN), "a/level", {"a/level": good(5.0)}, asking=True))
    assert [one.kind for one in answer.hops if one.state == "asking"] == [
        "device",
        "decode",
        "scaling",
        "used_by",
    ]
    assert hop(answer, "scaling").facts["eu"] == [0, 10]
    assert hop(answer, "age").state == "good"


def test_a_device_that_could_not_be_asked_leaves_the_rest_unknown() -> None:
    answer = why(known(level(), "a/level", {"a/level": good(5.0)}, trace_error="plc1 is not connected"))
    assert (hop(answer, "device").state, hop(answer, "device").text) == ("bad", "Plc1 is not connected.")
    assert hop(answer, "decode").state == hop(answer, "scaling").state == "unknown"


@pytest.mark.parametrize(
    ("value", "more", "text"),
    [
        (bad(quality.BAD_NO_COMMUNICATION), {}, "No value: unit 3 of plc1 does not answer since 12:00:00."),
        (bad(quality.BAD_TIMEOUT), {"link": replace(LINK, unit="")}, "No value: plc1 does not answer since 12:00:00."),
        (
            bad(quality.BAD_NO_COMMUNICATION),
            {"link": replace(LINK, state="down", text="cannot be reached")},
            "No value: plc1 is down since 12:00:00: cannot be reached.",
        ),
        (bad(quality.BAD_SENSOR_FAILURE), {}, "No value since 12:00:00: the sensor reports a fault."),
        (bad(quality.BAD_OUT_OF_SERVICE), {}, "No value since 12:00:00: the point is out of service."),
        (bad(quality.BAD_WAITING_FOR_INITIAL_DATA), {}, "No value: no first value has come yet."),
        (good(1.0).with_status(quality.GOOD_LOCAL_OVERRIDE), {}, "Good: the value is forced in the device."),
        (good(1.0).with_status(quality.UNCERTAIN_SIMULATED), {}, "Uncertain: the value is simulated."),
        (good(1.0), {"source": Source("g", 9000, 3000, live=False)},
         "The last value, of 12:00:00: its source gives no sign of life."),
        (good(1.0).with_status(quality.UNCERTAIN_LAST_USABLE), {"source": Source("g", 9, 3000, resting=True)},
         "The last value, of 12:00:00: nobody looked at the tag, so it is read rarely."),
        (good(1.0), {}, "Good and live: this is what plc1 says."),
    ],
)  # fmt: skip
def test_the_first_sentence_says_why(value: DataValue, more: dict[str, Any], text: str) -> None:
    assert why(known(level(), "a/level", {"a/level": value}, **more)).text == text


def test_a_frozen_controller_is_named() -> None:
    plc = ConnectionDef("plc1", "fake", ("fake://1",), life_counter="a/life")
    plant = make_plant([make_tag("a/level"), make_tag("a/life")], connections={"plc1": plc})
    value = good(1.0).with_status(quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE)
    assert "the life counter a/life" in why(known(plant, "a/level", {"a/level": value})).text


def derived() -> tuple[Plant, dict[str, DataValue]]:
    tags = [
        make_tag("a/x"),
        make_tag("a/y"),
        make_tag("a/sum", expression="'a/x' + 'a/y'"),
        make_tag("a/most", expression="max('a/sum', 1) if 'a/x' > 0 else 'a/y'"),
    ]
    return make_plant(tags), {"a/x": good(1.0), "a/y": good(2.0), "a/sum": good(3.0), "a/most": good(3.0)}


def test_the_tree_goes_through_calculated_inputs_and_marks_the_branch_not_taken() -> None:
    plant, values = derived()
    tree = tree_of(plant, plant.by_name["a/most"], values)
    test, taken, other = tree.parts
    assert (test.text, test.value) == ("'a/x' > 0", True)
    assert (taken.parts[0].tag, taken.parts[0].parts[0].text) == ("a/sum", "'a/x' + 'a/y'")
    assert (other.tag, other.used) == ("a/y", False)


def test_the_tree_is_bounded_in_depth() -> None:
    tags = [make_tag("a/t0"), *(make_tag(f"a/t{n}", expression=f"'a/t{n - 1}' + 1") for n in range(1, 20))]
    plant = make_plant(tags)
    tree = tree_of(plant, plant.by_name["a/t19"], {tag.name: good(1.0) for tag in tags})
    depth, part = 0, tree
    while part.parts:
        part, depth = part.parts[0], depth + bool(part.tag)
    assert part.cut
    assert depth == MOST_LEVELS


def test_the_tree_is_bounded_in_size() -> None:
    tags = [make_tag("a/t0")]
    for n in range(1, 6):
        tags.append(make_tag(f"a/t{n}", expression=" + ".join([f"'a/t{n - 1}'"] * 12)))
    plant = make_plant(tags)

    def count(part: Any) -> int:
        return 1 + sum(map(count, part.parts))

    assert count(tree_of(plant, plant.by_name["a/t5"], {tag.name: good(1.0) for tag in tags})) < 1_000


def test_a_bad_input_is_named_in_the_first_sentence() -> None:
    plant, values = derived()
    values |= {"a/y": bad(quality.BAD_SENSOR_FAILURE), "a/sum": bad(quality.BAD_SENSOR_FAILURE)}
    answer = why(known(plant, "a/sum", values, link=None))
    assert answer.text == "No value, because a/y has none: the sensor reports a fault."
    assert hop(answer, "expression").state == "bad"


def test_a_calculation_over_a_silent_source_is_not_told_as_live() -> None:
    plant, values = derived()
    answer = why(known(plant, "a/sum", values, link=None, source=Source("g", 9000, 3000, live=False)))
    assert hop(answer, "expression").state == "uncertain"
    assert not answer.live


def test_the_range_is_held_against_the_value() -> None:
    plant = level(range=EURange(0, 4), normal=EURange(1, 3), command=CommandRule(limits=EURange(0, 2)))
    answer = why(known(plant, "a/level", {"a/level": good(5.0)}))
    found = hop(answer, "range")
    assert (found.state, found.text) == ("uncertain", "5 is above the range 0 … 4 m.")
    assert (found.facts["normal"], found.facts["command_limits"]) == ([1, 3], [0, 2])
    late = why(known(plant, "a/level", {"a/level": good(2.0)}, source=Source("g", 9000, 3000, live=False)))
    assert hop(late, "range").text.startswith("The last value, 2, is within")


def test_alarms_and_a_silent_journal() -> None:
    row = AlarmRow("a_1", "o_1", "t_a/level", "a/level", "High", "Level high", Priority.P2, AlarmState.UNACK,
                   "a", 5.0, 4.0, "m", NOON)  # fmt: skip
    found = hop(why(known(level(), "a/level", {"a/level": good(5.0)}, alarms=[row])), "alarms")
    assert found.rows[0]["state"] == "UNACK"
    assert found.text == "Its alarm stands. The journal does not answer, so what happened last is not known."


def test_every_use_in_the_plant_is_found() -> None:
    rule = CommandRule(
        permissives=(("'a/x' > 0", "x runs"),), interlocks=(("'a/x' > 9", ""),), feedback="'a/x' == 1"
    )
    plc = ConnectionDef("plc1", "fake", ("fake://1",), life_counter="a/x")
    plant = make_plant(
        [
            make_tag("a/x", type=ValueType.INT64),
            make_tag("a/sp", command=rule),
            make_tag("a/sum", expression="'a/x' + 1"),
        ],
        connections={"plc1": plc},
    )
    elements = [{"type": "readout", "tag": "a/x"}, {"type": "text", "text": "{'a/x' + 'a/none'}"}]
    display = DisplayFile("d_1", "home", "Home", 1, "", {"elements": elements})
    uses = told(WhereUsed(replace(plant, displays={"home": display})).of_tag("a/x"))
    assert [(use["kind"], use["name"]) for use in uses] == [
        ("display", "home"),
        ("permissive", "a/sp"),
        ("interlock", "a/sp"),
        ("feedback", "a/sp"),
        ("calculation", "a/sum"),
        ("life counter", "plc1"),
    ]
