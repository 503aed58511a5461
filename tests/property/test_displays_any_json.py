"""Whatever a display file holds: findings and something to draw, never an exception, never a long wait."""

from __future__ import annotations

import json
import math
from typing import Any

from display_documents import ANYTHING, ARGUMENTS, DOCUMENTS
from embedding_plant import DEFINITIONS, plant
from hypothesis import HealthCheck, given, settings

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.mimics import Display, DisplaySource, Scene, display_weight, load_display

NOW = 1_795_000_000_000_000_000


def shown(document: dict[str, Any], arguments: Any) -> Display:
    """Load, weigh, make a scene, give it values: what a station does."""
    names = plant(displays={"loop": document})
    names.displays = {**names.displays, "plain": DisplaySource({"elements": []})}
    display = load_display(document, DEFINITIONS, names=names, arguments=arguments, text="{}")
    display_weight(document, names)
    scene = Scene(display, names)
    for value in (0.5, math.nan, "\x00" * 5_000, True, 2**64 - 1):
        data = DataValue(value, quality.GOOD, NOW, NOW)
        scene.apply(dict.fromkeys(scene.tags, data), NOW)
    for index in range(len(scene.elements)):
        assert all(math.isfinite(n) for n in scene.extent(index))
        assert isinstance(scene.target(index), str)
    return display


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, ARGUMENTS)
def test_any_document_gives_findings_and_no_exception(document: dict[str, Any], arguments: Any) -> None:
    display = shown(document, arguments)
    assert 1 <= display.level <= 4
    assert display.size[0] > 0
    assert display.size[1] > 0
    for finding in display.findings:
        assert finding.text
        assert len(finding.text) < 6_000
        assert "\n" not in finding.text


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_any_json_value_survives_as_a_property_of_an_unknown_type(value: Any) -> None:
    display = shown({"elements": [{"type": "widget", "more": value}]}, {})
    assert repr(display.elements[0].unknown["more"]) == repr(value)


def test_deep_nesting_is_no_matter() -> None:
    deep: Any = "$pump"
    for _ in range(800):
        deep = [deep]
    for field in ("rows", "points", "parameters", "over", "overrides", "text"):
        shown(
            {"elements": [{"type": kind, field: deep} for kind in DEFINITIONS], "parameters": {"p": deep}},
            {"p": deep},
        )
    assert json.dumps(deep)
