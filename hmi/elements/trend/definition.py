"""An embedded trend: band, limits, set point, gaps, and the value at the end of the line."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, curve, show


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    setpoint = inputs.reading("setpoint").number if inputs.bound("setpoint") else None
    drawn = curve(
        inputs.past("tag"), reading.info, low=inputs.get("low"), high=inputs.get("high"), setpoint=setpoint
    )
    return show(reading, form=inputs.text("format")), drawn


DEFINITION = ElementDefinition(
    name="trend",
    title="Embedded trend",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("title", "string", "", "head line"),
        Property("caption", "string", "", "second part of the head line, such as the tag's short name"),
        Property("setpoint", "tag", "", "drawn as a dotted line"),
        Property("span_min", "integer", 120, "minutes back from now"),
        Property("plot_width", "integer", 500, "buckets of the curve"),
        Property("low", "number", None, "instead of the scale from the normal band"),
        Property("high", "number", None, "instead of the scale from the normal band"),
        Property("format", "string", "", "instead of the tag's format"),
    ),
    look=look,
    size=(626, 176),
    history=("tag",),
    clickable=True,
    group="trends",
)
