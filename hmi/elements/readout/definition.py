"""A value under its label, with unit and set point."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, Shown, show


def look(inputs: Inputs) -> tuple[object, ...]:
    unit = inputs.element.get("unit")
    shown = show(inputs.reading("tag"), form=inputs.text("format"), unit=unit if unit is not None else None)
    setpoint: Shown | None = None
    if inputs.bound("setpoint"):
        setpoint = show(inputs.reading("setpoint"), form=inputs.text("format"), unit="", role="setpoint")
    return inputs.text("label"), shown, setpoint


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
    margin=(36, 10, 60, 14),
    clickable=True,
    group="values",
)
