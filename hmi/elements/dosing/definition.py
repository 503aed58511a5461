"""A dosing skid: day tank with level, dosing pump and dose in one element."""

from __future__ import annotations

from hmi.mimics import (
    DRIVE_SIGNALS,
    ElementDefinition,
    Equipment,
    Inputs,
    Property,
    Reading,
    Signal,
    equipment,
    fraction,
    limits_of,
    scale_of,
    show,
)

FLOWING, STILL, UNKNOWN = "full", "hollow", "dashed"


def look(inputs: Inputs) -> tuple[object, ...]:
    level = _reading(inputs, "level")
    low, high = scale_of(level.info)
    limits = tuple(fraction(limit.value, low, high) for limit in limits_of(level.info))
    state = equipment(inputs, on_word="RUN", off_word="STOP")
    setpoint = inputs.bound("setpoint") or "setpoint" in inputs.signals
    return (
        inputs.text("label"),
        state,
        show(level),
        fraction(level.number, low, high),
        limits,
        show(_reading(inputs, "dose")),
        show(_reading(inputs, "setpoint"), unit="", role="setpoint")._replace(frame="") if setpoint else None,
        _discharge(state),
    )


def _discharge(state: Equipment) -> str:
    """The arrow behind the pump says what the pump does; it never says that something flows when nobody knows."""
    if state.fill == "none" or state.is_doubtful:
        return UNKNOWN
    return FLOWING if state.fill in {"on", "plain"} else STILL


def _reading(inputs: Inputs, role: str) -> Reading:
    """The tag or binding of the property, else the signal of the instance; unbound is a configuration fault."""
    if role in inputs.element.bindings:
        return inputs.reading(role)
    found = inputs.signal(role)
    return found if found is not None else inputs.tag("")


DEFINITION = ElementDefinition(
    name="dosing",
    title="Dosing skid",
    properties=(
        Property("instance", "instance", "", "the dosing pump"),
        Property("label", "string", "", "name below the pump"),
        Property("chemical", "string", "", "what is dosed; inside the tank"),
        Property("dose_label", "string", "", "line above the dose"),
        Property("level", "tag", "", "level of the day tank, instead of the instance's own"),
        Property("dose", "tag", "", "the dose, instead of the instance's own"),
        Property("setpoint", "tag", "", "set point of the dose"),
    ),
    signals=(
        *(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
        Signal("level", ("level", "tank_level")),
        Signal("dose", ("dose", "flow", "pv")),
        Signal("setpoint", ("dose_sp", "sp")),
    ),
    look=look,
    size=(190, 124),
    margin=(30, 16, 40, 30),
    clickable=True,
    group="process",
)
