"""An analogue indicator: a scale with normal band, limits in effect, set point and a moving pointer."""

from __future__ import annotations

from hmi.mimics import (
    ElementDefinition,
    Inputs,
    Property,
    Reading,
    beyond_mark,
    effective_limits,
    gauge,
    show,
)

_LIMITS = (("HI", "limit_high"), ("LO", "limit_low"))


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    own = gauge(
        reading,
        low=inputs.get("low"),
        high=inputs.get("high"),
        setpoint=_bound(inputs, "setpoint"),
        limits=effective_limits(reading, [(name, _bound(inputs, prop)) for name, prop in _LIMITS]),
    )
    shown = show(reading, form=inputs.text("format"))
    return inputs.text("label"), beyond_mark(shown, own.beyond), own


def _bound(inputs: Inputs, name: str) -> Reading | None:
    return inputs.reading(name) if inputs.bound(name) else None


DEFINITION = ElementDefinition(
    name="bar",
    title="Analogue indicator",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("label", "string", "", "line above; empty for a bare scale"),
        Property("direction", "choice", "vertical", "of the scale", ("vertical", "horizontal")),
        Property("setpoint", "tag", "", "drawn as a diamond"),
        Property("format", "string", "", "instead of the tag's format"),
        Property("low", "number", None, "instead of the tag's range"),
        Property("high", "number", None, "instead of the tag's range"),
        Property(
            "limit_high", "tag", "", "high limit in effect, where it depends on a state; tag or binding"
        ),
        Property("limit_low", "tag", "", "low limit in effect, where it depends on a state; tag or binding"),
    ),
    look=look,
    size=(64, 150),
    margin=(30, 14, 34, 12),
    clickable=True,
    group="values",
)
