"""A filter: water over media and underdrain, a pressure vessel with media, or a screen."""

from __future__ import annotations

from typing import Final

from hmi.mimics import ElementDefinition, Inputs, Property, Reading, Signal, fraction, mark_of, scale_of, show

_OUT: Final = frozenset(("out of service", "oos"))


def look(inputs: Inputs) -> tuple[object, ...]:
    level, state = inputs.signal("level"), inputs.signal("state")
    alarm = inputs.alarm
    marks = (alarm.priority, alarm.unacked) if alarm and inputs.get("alarm_mark") else (0, False)
    word = show(state).text if state is not None else ""
    mark = mark_of(_worst(level, state)) if level or state else "K"
    return _position(inputs, level, state), mark, *marks, inputs.text("label"), word, word.lower() in _OUT


def _position(inputs: Inputs, level: Reading | None, state: Reading | None) -> float | None:
    """Water level from 0 to 1; None when it, or the state, is not known. A closed vessel is full."""
    if (level is not None and level.is_bad) or (state is not None and state.is_bad) or not (level or state):
        return None
    if level is None:
        return None if inputs.element.get("kind") == "gravity" else 1.0
    return fraction(level.number, *scale_of(level.info))


def _worst(level: Reading | None, state: Reading | None) -> Reading:
    """The reading whose mark is drawn: a Bad one, else a stale or doubtful one."""
    found = [reading for reading in (state, level) if reading is not None]
    bad = (reading for reading in found if reading.is_bad)
    marked = (reading for reading in reversed(found) if mark_of(reading))
    return next(bad, next(marked, found[0]))


DEFINITION = ElementDefinition(
    name="filter",
    title="Filter",
    properties=(
        Property("instance", "instance", "", "the filter"),
        Property("kind", "choice", "gravity", "symbol", ("gravity", "pressure", "screen")),
        Property("label", "string", "", "name below"),
        Property("show_state", "boolean", False, "draw the text of the state below"),
        Property("alarm_mark", "boolean", True, "draw the alarm mark at the body"),
    ),
    signals=(Signal("level", ("level", "pv")), Signal("state", ("state", "phase"))),
    look=look,
    size=(46, 104),
    margin=(40, 14, 40, 40),
    clickable=True,
    group="process",
)
