"""The recent past of one tag as a bare line over its normal band."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, curve, show


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    return show(reading), curve(inputs.past("tag"), reading.info, widen=0.6)


DEFINITION = ElementDefinition(
    name="sparkline",
    title="Sparkline",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("span_min", "integer", 120, "minutes"),
    ),
    look=look,
    size=(120, 36),
    history=("tag",),
    clickable=True,
    group="trends",
)
