"""Parameters of displays: typed references, each doubt one finding, with and without an instance."""

from __future__ import annotations

from typing import Any

import pytest
from embedding_plant import CARD, load, opened, plant, sentences

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.expressions import ExpressionError, compile_expression
from hmi.mimics import arguments_from_texts, display_address, display_of_address, tag_names

NOW = 1_795_000_000_000_000_000
PUMP: dict[str, Any] = {"pump": {"type": "instance", "of": "pump"}}


def declared(parameters: Any, *elements: dict[str, Any]) -> list[str]:
    return sentences(load(*elements, parameters=parameters))


def test_a_card_read_for_itself_has_no_finding() -> None:
    assert declared(CARD["parameters"], *CARD["elements"]) == []


def test_a_whole_value_is_what_the_parameter_is() -> None:
    display = load(
        {
            "type": "kpi",
            "tag": "$flow",
            "label": "$title",
            "span_min": "$row",
            "x": "$row",
            "tooltip": "$title",
        },
        parameters={
            "flow": {"type": "tag", "unit": "m³/h"},
            "title": {"type": "string", "default": "Flow"},
            "row": {"type": "integer"},
        },
        arguments={"flow": "intake/p1.flow", "row": 7},
    )
    (element,) = display.elements
    assert display.findings == ()
    assert (element.get("tag"), element.get("label"), element.get("span_min")) == (
        "intake/p1.flow",
        "Flow",
        7,
    )
    assert (element.x, element.tooltip) == (7.0, "Flow")
    assert display.arguments == {"flow": "intake/p1.flow", "row": 7, "title": "Flow"}


@pytest.mark.parametrize(
    ("written", "stands_for"),
    [
        ("$pump.title", "Title of intake/p1"),
        ("$pump.name", "intake/p1"),
        ("$$pump.name", "$pump.name"),
        ("$5", "$5"),
        ("costs $pump", "costs $pump"),
    ],
)
def test_a_text_is_a_reference_as_a_whole_or_not_at_all(written: str, stands_for: str) -> None:
    display = load({"type": "text", "text": written}, parameters=PUMP, arguments={"pump": "intake/p1"})
    assert display.findings == ()
    assert display.elements[0].get("text") == stands_for


def test_a_signal_a_parameter_and_the_area_of_an_instance() -> None:
    display = load(
        {"type": "readout", "tag": "$pump.flow"},
        {"type": "kpi", "span_min": "$pump.base"},
        {"type": "link", "area": "$pump.area", "text": "$pump.area"},
        {"type": "table", "rows": [{"label": "$pump.title", "tags": ["$pump.flow", "$pump.speed"]}]},
        {"type": "pipe", "points": [["$pump.base", 0], [1, 2]]},
        parameters=PUMP,
        arguments={"pump": "intake/p1"},
    )
    readout, kpi, link, table, pipe = display.elements
    assert display.findings == ()
    assert readout.get("tag") == "intake/p1.flow"
    assert kpi.get("span_min") == 100
    assert (link.get("area"), link.get("text")) == ("intake", "intake")
    row = {"label": "Title of intake/p1", "tags": ["intake/p1.flow", "intake/p1.speed"]}
    assert table.get("rows") == [row]
    assert pipe.get("points") == [[100, 0], [1, 2]]


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (
            {"type": "readout", "tag": "$pump.level"},
            "the type pump has neither a signal nor a parameter level",
        ),
        ({"type": "readout", "tag": "$other"}, "the display has no parameter other"),
        ({"type": "readout", "tag": "$pump"}, "$pump is an instance, expected tag"),
        ({"type": "readout", "label": "$limit"}, "$limit is a number, expected string"),
        ({"type": "pump", "instance": "$pump.flow"}, "$pump.flow is a tag, expected instance"),
        ({"type": "kpi", "span_min": "$limit"}, "$limit is a number, expected integer"),
        ({"type": "readout", "tag": "$limit.flow"}, "limit is a number and has no parts"),
        ({"type": "text", "text": {"expr": "'$pump.level' > 1"}}, "neither a signal nor a parameter level"),
        ({"type": "text", "text": {"expr": "'$pump' > 1"}}, "$pump is an instance and has no value"),
        ({"type": "text", "text": {"expr": "'$word' * 2"}}, "a text cannot be calculated with"),
        ({"type": "table", "rows": [{"tags": ["$pump"]}]}, "$pump is an instance, expected tag"),
        ({"type": "tank", "shape": "$style"}, "$style may be 'flat'"),
        ({"type": "pipe", "points": "$limit"}, "$limit cannot stand for the whole"),
    ],
)
def test_a_reference_is_held_against_the_declared_type_without_any_instance(
    element: dict[str, Any], text: str
) -> None:
    parameters = {
        **PUMP,
        "limit": {"type": "number", "default": 5},
        "word": {"type": "string"},
        "style": {"type": "choice", "choices": ["open", "flat"]},
    }
    display = load({"id": "e_1", **element}, parameters=parameters)
    (finding,) = display.findings
    assert finding.severity == "error"
    assert finding.element == "e_1"
    assert text in finding.text
    assert finding.do
    assert display.elements[0].definition is None, "it is drawn as a mark"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "the parameter pump (a pump) is missing"),
        ({"pump": "intake/p9"}, "'intake/p9', which is no instance"),
        ({"pump": "intake/v1"}, "intake/v1, a valve and not a pump"),
        ({"pump": 3}, "3, not the name of an instance"),
        ({"pump": "intake/p1", "limit": 11}, "is 11, above 10"),
        ({"pump": "intake/p1", "limit": -1}, "is -1, below 0"),
        ({"pump": "intake/p1", "limit": "5"}, "'5', not a number"),
        ({"pump": "intake/p1", "limit": True}, "True, not a number"),
        ({"pump": "intake/p1", "row": 1.5}, "1.5, not a whole number"),
        ({"pump": "intake/p1", "mini": "no"}, "'no', not true or false"),
        ({"pump": "intake/p1", "style": "round"}, "'round', not one of a, b"),
        ({"pump": "intake/p1", "flow": "intake/p1.speed"}, "in %, not in m³/h"),
        ({"pump": "intake/p1", "flow": "nowhere"}, "'nowhere', which is no tag"),
        ({"pump": "intake/p1", "colour": 1}, "there is no parameter 'colour'"),
        ({"pump": "$pump"}, "'$pump', which is no instance"),
    ],
)
def test_an_argument_that_does_not_fit_is_one_finding(arguments: dict[str, Any], text: str) -> None:
    parameters = {
        **CARD["parameters"],
        "row": {"type": "integer", "default": 1},
        "style": {"type": "choice", "choices": ["a", "b"], "default": "a"},
        "flow": {"type": "tag", "unit": "m³/h", "default": "intake/p1.flow"},
    }
    display = load(parameters=parameters, arguments=arguments)
    (finding,) = display.findings
    assert text in finding.text


def test_an_instance_of_a_type_that_extends_it_is_accepted() -> None:
    assert load(*CARD["elements"], parameters=PUMP | {"title": {"type": "string", "default": ""},
                "limit": {"type": "number", "default": 1}}, arguments={"pump": "dosing/d1"}).findings == ()  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (7, "is not an object"),
        ({}, "the type None is not known"),
        ({"type": "macro"}, "the type 'macro' is not known"),
        ({"type": "instance", "of": "boiler"}, "there is no type 'boiler'"),
        ({"type": "choice"}, "a choice has no choices"),
        ({"type": "choice", "choices": ["a"], "default": "b"}, "the default is 'b', not one of a"),
        ({"type": "number", "low": 3, "high": 1}, "low 3 is above high 1"),
        ({"type": "number", "low": "x"}, "low is 'x'"),
        ({"type": "number", "default": "x"}, "the default is 'x', not a number"),
        ({"type": "string", "title": 3}, "title is 3"),
        ({"type": "choice", "choices": "ab"}, "choices is not a list of texts"),
    ],
)
def test_a_wrong_declaration_is_one_finding_and_what_refers_to_it_none(parameter: Any, text: str) -> None:
    (finding,) = load(
        {"type": "readout", "tag": "$p", "label": "$p.title"}, parameters={"p": parameter}
    ).findings
    assert finding.text.startswith("parameter p: ")
    assert text in finding.text


def test_names_of_parameters_and_unknown_fields() -> None:
    assert declared([]) == ["parameters is not an object"]
    assert declared({"Pump 1": {"type": "string"}}) == ["'Pump 1' is not the name of a parameter"]
    (finding,) = load(parameters={"p": {"type": "string", "colour": 1, "default": ""}}).findings
    assert finding.severity == "warning"
    assert "'colour' is kept and ignored" in finding.text


def test_what_lacks_its_argument_is_a_mark_and_the_rest_is_drawn() -> None:
    display = load(
        {"type": "readout", "tag": "$pump.flow", "w": 90, "h": 40}, {"type": "text", "text": "fixed"},
        parameters=PUMP, arguments={},
    )  # fmt: skip
    assert [element.definition is None for element in display.elements] == [True, False]
    assert (display.elements[0].w, display.elements[0].h) == (90.0, 40.0)


def test_expressions_share_one_compilation_and_read_the_right_tags() -> None:
    display = opened(
        {
            "id": "a",
            "type": "embed",
            "display": "card",
            "parameters": {"pump": "intake/p1", "title": 'a "b"\\'},
        },
        {"id": "b", "type": "embed", "display": "card", "parameters": {"pump": "intake/p2", "limit": 1}},
    )
    first, second = (e.bindings["text"] for e in display.elements if e.type == "text")
    values = {
        "intake/p1.flow": DataValue(6.0, quality.GOOD, NOW, NOW),
        "intake/p2.flow": DataValue(0.5, quality.GOOD, NOW, NOW),
    }
    assert (first.names, second.names) == (("intake/p1.flow",), ("intake/p2.flow",))
    assert first._base is second._base  # type: ignore[attr-defined]
    assert first.evaluate(values, NOW).value == 'a "b"\\'
    assert second.evaluate(values, NOW).value == ""
    assert second.evaluate({}, NOW).is_bad


def test_a_bad_tag_makes_a_bound_expression_bad() -> None:
    bound = compile_expression("'$a' + '$b'", references={"$a": False, "$b": False}).bound(
        {"$a": "x/a"}, {"$b": 2}
    )
    assert bound.evaluate({"x/a": DataValue(1, quality.GOOD, NOW, NOW)}, NOW).value == 3
    assert bound.evaluate({"x/a": DataValue(None, quality.BAD_NO_COMMUNICATION, NOW, NOW)}, NOW).is_bad
    assert bound.names == ("x/a",)


def test_a_reference_without_a_meaning_is_no_expression() -> None:
    with pytest.raises(ExpressionError):
        compile_expression("'$pump.flow' > 1")


def test_names_of_tags_leave_out_what_is_open() -> None:
    display = load({"type": "text", "text": {"expr": "'$pump.flow' + 'a/b'"}}, parameters=PUMP)
    assert list(tag_names(display.elements[0])) == [("text", "a/b")]


def test_the_title_of_a_display_may_be_that_of_its_instance() -> None:
    card = load(
        *CARD["elements"], parameters=CARD["parameters"], title="$pump.title", arguments={"pump": "intake/p2"}
    )
    assert card.title == "Title of intake/p2"


def test_a_page_is_a_display_with_its_arguments() -> None:
    one = display_address("card", {"pump": "a/p1", "limit": 2})
    assert one == display_address("card", {"limit": 2, "pump": "a/p1"})
    assert display_of_address(one) == ("card", {"pump": "a/p1", "limit": 2})
    assert display_of_address("card") == ("card", {})
    assert display_of_address("card?[1]") == ("card?[1]", {})
    assert display_of_address("card?" + "[" * 5_000)[1] == {}


def test_arguments_written_by_hand_are_read_as_their_type() -> None:
    names = plant()
    parameters = load(parameters=CARD["parameters"], names=names).parameters
    texts = {"pump": "intake/p1", "limit": "2.5", "mini": "true"}
    assert arguments_from_texts(parameters, texts, names) == (
        {"pump": "intake/p1", "limit": 2.5, "mini": True},
        [],
    )
    for wrong in ({"pump": "intake/p1", "limit": "x"}, {"pump": "intake/p1", "limit": "nan"}, {}):
        assert len(arguments_from_texts(parameters, wrong, names)[1]) == 1


def test_an_instance_of_another_runtime_has_the_signals_of_its_declared_type() -> None:
    elements = [{"type": "readout", "tag": "$pump.flow"}, {"type": "text", "text": "$pump.name"}]
    display = load(*elements, parameters=PUMP, arguments={"pump": "south::intake/p7"})
    assert display.findings == ()
    assert display.elements[0].get("tag") == "south::intake/p7.flow"
    assert display.elements[1].get("text") == "south::intake/p7"
    missing = load(
        {"type": "text", "text": "$pump.area"}, parameters=PUMP, arguments={"pump": "south::intake/p7"}
    )
    assert "belongs to another runtime" in sentences(missing)[0]
