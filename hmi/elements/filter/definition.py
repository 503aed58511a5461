"""A granular media filter: water over media and underdrain."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, Signal, fraction, mark_of, scale_of


def look(inputs: Inputs) -> tuple[object, ...]:
    level, state = inputs.signal("level"), inputs.signal("state")
    low, high = scale_of(level.info) if level else (0.0, 1.0)
    position = fraction(level.number, low, high) if level else None
    bad = state if state is not None and state.is_bad else level
    if bad is not None and bad.is_bad:
        position = None
    alarm = inputs.alarm
    marks = (alarm.priority, alarm.unacked) if alarm and inputs.get("alarm_mark") else (0, False)
    mark = mark_of(bad) if bad is not None else "K"
    return position, mark, *marks


DEFINITION = ElementDefinition(
    name="filter",
    title="Filter",
    properties=(
        Property("instance", "instance", "", "the filter"),
        Property("alarm_mark", "boolean", True, "draw the alarm mark at the body"),
    ),
    signals=(Signal("level", ("level", "pv")), Signal("state", ("state", "phase"))),
    look=look,
    size=(46, 104),
    margin=(14, 6, 14, 6),
    clickable=True,
    group="process",
)
