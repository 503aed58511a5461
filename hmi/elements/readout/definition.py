"""A value under its label, with unit and set point."""

from __future__ import annotations

from typing import Any

from hmi.mimics import Element, ElementDefinition, Inputs, Property, Shown, show


def look(inputs: Inputs) -> tuple[object, ...]:
    unit = inputs.element.get("unit")
    shown = show(inputs.reading("tag"), form=inputs.text("format"), unit=unit if unit is not None else None)
    setpoint: Shown | None = None
    if inputs.bound("setpoint"):
        setpoint = show(inputs.reading("setpoint"), form=inputs.text("format"), unit="", role="setpoint")
    return inputs.text("label"), shown, setpoint


_DIGIT, _UNIT = {"small": 9.5, "normal": 11.5, "large": 14.0}, 8.5


def extent(element: Element, look: tuple[Any, ...]) -> tuple[float, float, float, float]:
    """Generous for texts longer than the box; marks and frames have their own room."""
    label, shown, setpoint = look
    width = max(len(shown.text) * _DIGIT[element.get("size")] + len(shown.unit) * _UNIT + 6, len(label) * 8.0)
    over = max(width - element.w, 0.0)
    plain = shown.is_plain and (setpoint is None or setpoint.is_plain)
    if plain:
        signed = 12.0 if shown.text[:1] in {"−", " "} else 1.0
        return (over / 2 + 2 if element.get("align") == "center" else signed, 1.0, over + 1, 1.0)
    return 36.0, 10.0, over + 60.0, 14.0


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
)
