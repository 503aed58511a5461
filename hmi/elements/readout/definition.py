"""A value under its label, with unit and set point."""

from __future__ import annotations

from typing import Any

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, Shown, show


def look(inputs: Inputs) -> tuple[object, ...]:
    unit = inputs.element.get("unit")
    shown = show(inputs.reading("tag"), form=inputs.text("format"), unit=unit if unit is not None else None)
    setpoint: Shown | None = None
    if inputs.bound("setpoint"):
        setpoint = show(inputs.reading("setpoint"), form=inputs.text("format"), unit="", role="setpoint")
    return inputs.text("label"), shown, setpoint


_DIGIT, _UNIT = {"small": 9.5, "normal": 11.5, "large": 14.0}, 8.5
_CAP = {"small": 11.0, "normal": 13.5, "large": 16.5}
_BESIDE = 10.0  # a frame around the figures
_MARKS = 60.0  # quality and alarm mark to the right of the unit
_SIGN = 12.0
SETPOINT, SETPOINT_FRAMED = 18.0, 22.0  # baseline of the set point below that of the value


def extent(element: Element, look: tuple[Any, ...]) -> tuple[float, float, float, float]:
    """Generous for texts longer than the box; marks and frames have their own room."""
    label, shown, setpoint = look
    size, centered = element.get("size"), element.get("align") == "center"
    width = max(len(shown.text) * _DIGIT[size] + len(shown.unit) * _UNIT + 6, len(label) * 8.0)
    sign = _SIGN if shown.text[:1] in {"\u2212", "\u2007"} else 0.0
    over = max(width - element.w, 0.0)
    if shown.is_plain and (setpoint is None or setpoint.is_plain):
        return (over / 2 + 2 if centered else sign + 1.0, 1.0, over + 1, 1.0)
    baseline = (38.0 if size == "large" else 35.0) if label else _CAP[size] + 4
    low = baseline + _BESIDE + (SETPOINT_FRAMED if setpoint is not None else 0.0)
    left = 36.0 if centered else sign + _BESIDE
    right = over + _MARKS if centered else max(width + _MARKS - element.w, 0.0)
    return left, 1.0 if label else 7.0, right + 1, max(low - element.h, 0.0) + 1


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("label", element.get("label"), "text.label", element.w, "text.label"),)


DEFINITION = ElementDefinition(
    name="readout",
    title="Readout",
    properties=(
        Property("tag", "tag", "", "the value; a tag or a binding"),
        Property("label", "string", "", "line above the value"),
        Property("setpoint", "tag", "", "set point shown below"),
        Property("unit", "string", None, "instead of the tag's unit"),
        Property("format", "string", "", "instead of the tag's format, such as .2f"),
        Property("size", "choice", "normal", "of the figures", ("small", "normal", "large")),
        Property("align", "choice", "left", "of the figures in the box", ("left", "center")),
    ),
    look=look,
    size=(110, 40),
    margin=(36, 10, 120, 14),
    extent=extent,
    clickable=True,
    group="values",
    texts=texts,
)
