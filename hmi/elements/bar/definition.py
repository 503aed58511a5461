"""An analogue indicator: vertical scale with normal band, limits, set point and a moving pointer."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, band_of, fraction, limits_of, scale_of, show


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    shown = show(reading, form=inputs.text("format"))
    low, high = scale_of(reading.info)
    low = inputs.get("low") if inputs.get("low") is not None else low
    high = inputs.get("high") if inputs.get("high") is not None else high
    band = band_of(reading.info)
    ends = (fraction(band[0], low, high), fraction(band[1], low, high)) if band else None
    limits = tuple((fraction(limit.value, low, high), limit.priority) for limit in limits_of(reading.info))
    setpoint = fraction(inputs.reading("setpoint").number, low, high) if inputs.bound("setpoint") else None
    number = reading.number
    beyond = number is not None and not low <= number <= high
    return inputs.text("label"), shown, fraction(number, low, high), ends, limits, setpoint, beyond


DEFINITION = ElementDefinition(
    name="bar",
    title="Analogue indicator",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("label", "string", "", "line above; empty for a bare scale"),
        Property("setpoint", "tag", "", "drawn as a diamond"),
        Property("format", "string", "", "instead of the tag's format"),
        Property("low", "number", None, "instead of the tag's range"),
        Property("high", "number", None, "instead of the tag's range"),
    ),
    look=look,
    size=(64, 150),
    margin=(30, 6, 34, 8),
    clickable=True,
    group="values",
)
