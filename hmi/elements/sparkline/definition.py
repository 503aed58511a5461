"""The recent past of one tag as a bare line over its normal band, with limits and set point."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, curve, show


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    setpoint = inputs.reading("setpoint").current if inputs.bound("setpoint") else None
    return show(reading), curve(inputs.past("tag"), reading.info, widen=0.6, setpoint=setpoint)


DEFINITION = ElementDefinition(
    name="sparkline",
    title="Sparkline",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("setpoint", "tag", "", "drawn as a dotted line"),
        Property("span_min", "integer", 120, "minutes", low=1, high=527_040),
        Property("limits", "boolean", True, "draw the alarm limits that lie inside the scale"),
    ),
    look=look,
    size=(120, 36),
    margin=(4, 4, 28, 4),
    history=("tag",),
    clickable=True,
    group="trends",
)
