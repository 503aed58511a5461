"""A controller: process value, set point, output and mode, as a block of figures or as a strip of bars."""

from __future__ import annotations

from hmi.mimics import (
    ElementDefinition,
    Gauge,
    Inputs,
    Property,
    Reading,
    Shown,
    Signal,
    beyond_mark,
    gauge,
    scale_ends,
    show,
)

_LETTERS = {"manual": "M", "auto": "A", "automatic": "A", "cascade": "CAS", "cas": "CAS"}
_PERCENT = (0.0, 100.0)


def look(inputs: Inputs) -> tuple[object, ...]:
    form = inputs.text("format")
    value = _shown(inputs, "pv", form)
    setpoint = _shown(inputs, "sp", form)._replace(unit="", frame="")
    output = _shown(inputs, "op", ".0f")._replace(frame="")
    letter, mark = _mode(inputs)
    if inputs.element.get("variant") != "strip":
        return inputs.text("label"), value, setpoint, output, letter, mark, ()
    bars = _bars(inputs)
    shown = beyond_mark(value, bars[0].beyond)
    return inputs.text("label"), shown, setpoint, output, letter, mark, bars


def _mode(inputs: Inputs) -> tuple[str, str]:
    """Letter and quality mark of the mode; a Bad one is ``?`` beside its cause."""
    mode = inputs.signal("mode")
    if mode is None:
        return "", ""
    word = show(mode)
    letter = "?" if word.frame == "dashed" else _LETTERS.get(word.text.lower(), word.text[:1])
    return letter, word.mark


def _bars(inputs: Inputs) -> tuple[Gauge, Gauge, Gauge]:
    """Process value and set point on one scale, so that a deviation is seen; the output on its own."""
    pv, sp, op = _reading(inputs, "pv"), _reading(inputs, "sp"), _reading(inputs, "op")
    low, high = scale_ends(pv)
    least, most = scale_ends(op) if op.info is not None and op.info.low is not None else _PERCENT
    return (
        gauge(pv, setpoint=sp),
        gauge(sp, low=low, high=high, limits=()),
        gauge(op, low=least, high=most, limits=()),
    )


def _reading(inputs: Inputs, role: str) -> Reading:
    reading = inputs.signal(role)
    return reading if reading is not None else inputs.tag("")


def _shown(inputs: Inputs, role: str, form: str) -> Shown:
    return show(_reading(inputs, role), form=form, role="value" if role != "sp" else "setpoint")


DEFINITION = ElementDefinition(
    name="loop",
    title="Controller",
    properties=(
        Property("instance", "instance", "", "the control loop"),
        Property("label", "string", "", "line above the values"),
        Property("format", "string", "", "instead of the format of the process value"),
        Property("variant", "choice", "compact", "figures alone, or with bars", ("compact", "strip")),
    ),
    signals=(
        Signal("pv", ("pv",)),
        Signal("sp", ("sp",)),
        Signal("op", ("op", "out")),
        Signal("mode", ("mode",)),
    ),
    look=look,
    size=(170, 58),
    margin=(14, 8, 60, 12),
    clickable=True,
    group="values",
)
