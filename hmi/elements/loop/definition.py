"""A controller: process value, set point, output and mode in one block."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, Shown, Signal, show

_LETTERS = {"manual": "M", "auto": "A", "automatic": "A", "cascade": "C"}


def look(inputs: Inputs) -> tuple[object, ...]:
    form = inputs.text("format")
    value = _shown(inputs, "pv", form)
    setpoint = _shown(inputs, "sp", form)._replace(unit="", frame="")
    output = _shown(inputs, "op", ".0f")._replace(frame="")
    mode = inputs.signal("mode")
    letter, mark = "", ""
    if mode is not None:
        word = show(mode)
        mark = word.mark
        letter = "" if word.frame == "dashed" else _LETTERS.get(word.text.lower(), word.text[:1])
    return inputs.text("label"), value, setpoint, output, letter, mark


def _shown(inputs: Inputs, role: str, form: str) -> Shown:
    reading = inputs.signal(role)
    return show(
        reading if reading is not None else inputs.tag(""),
        form=form,
        role="value" if role != "sp" else "setpoint",
    )


DEFINITION = ElementDefinition(
    name="loop",
    title="Controller",
    properties=(
        Property("instance", "instance", "", "the control loop"),
        Property("label", "string", "", "line above the values"),
        Property("format", "string", "", "instead of the format of the process value"),
    ),
    signals=(
        Signal("pv", ("pv",)),
        Signal("sp", ("sp",)),
        Signal("op", ("op", "out")),
        Signal("mode", ("mode",)),
    ),
    look=look,
    size=(170, 58),
    margin=(8, 6, 60, 6),
    clickable=True,
    group="values",
)
