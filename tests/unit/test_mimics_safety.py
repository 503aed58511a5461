"""Sizes, numbers and texts that no display may harm a station with: each one finding, and a bounded picture."""

from __future__ import annotations

import time
from typing import Any

import pytest
from embedding_plant import DEFINITIONS, load, plant, sentences

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.mimics import MOST_ELEMENTS, Scene, format_value, load_display

NOW = 1_795_000_000_000_000_000
INFINITE, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("level", ["x", None, 0, 5, 2.5, True, [2], 10**400])
def test_a_level_that_is_none_is_one_finding(level: Any) -> None:
    display = load(level=level)
    assert display.level == 2
    assert len(display.findings) == 1
    assert display.findings[0].text.startswith("the level is ")


@pytest.mark.parametrize(
    "size", [[0, 10], [-1, 10], [10], "big", [1e308, 10], [10**9, 10**9], [True, 3], {}, None]
)
def test_a_size_that_is_none_is_one_finding(size: Any) -> None:
    display = load(size=size)
    assert display.size == (1920, 880)
    assert len(display.findings) == 1


@pytest.mark.parametrize("number", [NAN, INFINITE, -INFINITE, 1e308, -1e308, 10**400, "3", None, True, [1]])
@pytest.mark.parametrize("field", ["x", "y", "w", "h"])
def test_a_place_is_a_number_of_pixels(field: str, number: Any) -> None:
    display = load({"type": "readout", "tag": "intake/p1.flow", field: number})
    (finding,) = display.findings
    assert f": {field} is " in finding.text
    assert len(finding.text) < 120
    assert all(-100_000 <= n <= 100_000 for n in display.elements[0].bounds)


@pytest.mark.parametrize("field", ["w", "h"])
def test_a_size_is_not_negative(field: str) -> None:
    display = load({"type": "box", field: -5})
    assert len(display.findings) == 1
    assert display.elements[0].w >= 0
    assert display.elements[0].h >= 0
    assert load({"type": "box", "x": -5, "y": -5}).findings == ()


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("trend", "plot_width", 10**9), ("trend", "span_min", 10**12), ("basin", "cells", 10**9),
        ("tank", "baffles", -1), ("line", "width", 10**6), ("tank", "full", INFINITE), ("bar", "low", 1e308),
        ("pipe", "points", [["a", 1]]), ("pipe", "points", [[1]]), ("pipe", "points", [[NAN, 1]]),
        ("pipe", "points", [[0, 0]] * 3_000), ("pipe", "arrows", [[1, 2, "x"]]), ("table", "rows", [1]),
        ("table", "rows", [{"tags": 5}]), ("table", "rows", [{"tags": ["a"] * 300}]), ("table", "rows", [{}] * 300),
    ],
)  # fmt: skip
def test_a_value_that_would_fill_memory_or_fail_in_a_painter_is_refused(
    kind: str, field: str, value: Any
) -> None:
    display = load({"type": kind, field: value})
    (finding,) = display.findings
    assert f": {field} is " in finding.text
    assert display.elements[0].get(field) == next(
        p.default for p in DEFINITIONS[kind].properties if p.name == field
    )


def test_a_text_of_ten_million_characters_is_cut_and_said() -> None:
    display = load({"type": "text", "text": "x" * 10_000_000, "tooltip": "y" * 5_000, "w": 10})
    text, tooltip = sentences(display)
    assert "is 10000000 characters long, of which 4000 are drawn" in text
    assert "tooltip is 5000 characters long" in tooltip
    assert len(display.elements[0].get("text")) == 4_000
    assert len(display.elements[0].tooltip) == 4_000


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\x00b", "a\ufffdb"), ("\u202egnp.exe", "\ufffdgnp.exe"), ("\u2066x\u2069", "\ufffdx\ufffd"),
        ("a\x1b[31m", "a\ufffd[31m"), ("\ud800", "\ufffd"), ("a\r\nb", "a b"), ("\x85", "\ufffd"),
    ],
)  # fmt: skip
def test_what_is_no_visible_character_is_replaced_and_said(text: str, drawn: str) -> None:
    display = load({"type": "text", "text": text})
    assert display.elements[0].get("text") == drawn
    assert "characters that cannot be drawn" in sentences(display)[0]


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "{value.__class__}", "%s%n", "日本語 🚰 مرحبا", "é" + "\u0301" * 300]
)
def test_every_other_text_is_drawn_as_it_is(text: str) -> None:
    display = load({"type": "text", "text": text})
    assert display.findings == ()
    assert Scene(display, plant()).looks[0][0].text == text


def test_the_text_of_a_device_is_plain_and_bounded_too() -> None:
    names = plant()
    display = load({"type": "readout", "tag": "intake/p1.flow"}, names=names)
    scene = Scene(display, names)
    scene.apply({"intake/p1.flow": DataValue("\x00" + "z" * 100_000, quality.GOOD, NOW, NOW)}, NOW)
    shown = scene.looks[0]
    assert len(repr(shown)) < 5_000
    assert "\x00" not in repr(shown)


@pytest.mark.parametrize("form", ["999999999d", ".999999999f", ">99999f", "c", "{0.x}", "\x00f"])
def test_a_format_never_makes_a_long_text(form: str) -> None:
    assert format_value(12.345, None, form) == "12.3"


def test_a_template_is_filled_without_formatting() -> None:
    names = plant()
    template = "{value.__class__} {value:>999999999} {value}"
    scene = Scene(
        load({"type": "status", "value": "intake/p1.flow", "template": template}, names=names), names
    )
    scene.apply({"intake/p1.flow": DataValue(2.0, quality.GOOD, NOW, NOW)}, NOW)
    assert "{value.__class__} {value:>999999999} 2.0 m³/h" in repr(scene.looks[0])


def test_a_million_elements_are_counted_and_not_read() -> None:
    elements = [{"type": "line"}] * 1_000_000
    begin = time.process_time()
    display = load_display({"elements": elements}, DEFINITIONS)
    took = time.process_time() - begin
    reference = time.process_time()
    load_display({"elements": elements[:20_000]}, DEFINITIONS)
    assert took < time.process_time() - reference, "less than reading a fiftieth of it"
    assert sentences(display) == [f"has 1000000 elements, more than {MOST_ELEMENTS}; none is drawn"]
    assert "1000000" in display.elements[1].get("text")


def test_elements_that_cover_the_display_many_times_are_not_drawn() -> None:
    box = {"type": "box", "x": -50_000, "y": -50_000, "w": 100_000, "h": 100_000}
    assert load(*[box] * 99).findings == ()
    display = load(*[box] * 150)
    assert sentences(display) == ["its elements cover the display 150 times; none is drawn"]
    assert [e.id for e in display.elements] == ["notice", "notice-text"]


def test_findings_are_counted_when_there_are_too_many_to_read() -> None:
    display = load(*[{"type": "line", "x": "bad"}] * 5_000)
    assert len(display.findings) == 201
    assert display.findings[-1].text == "4800 more findings are not listed"


def test_texts_of_the_head_are_texts() -> None:
    display = load(title=["x"], area=3)
    assert (display.title, display.area) == ("", "")
    assert len(display.findings) == 2


def test_an_element_whose_expression_fails_is_a_mark() -> None:
    broken = {"type": "status", "value": "intake/p1.flow", "template": "running", "when": {"expr": "'a/b' >"}}
    display = load(broken)
    assert len(display.findings) == 1
    assert display.elements[0].definition is None, "a condition that cannot be read must not count as true"


def test_bindings_that_are_no_texts_are_found() -> None:
    for wrong in (3, None, [], {"expr": "1"}):
        assert len(load({"type": "text", "text": {"expr": wrong}}).findings) == 1
