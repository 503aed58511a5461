"""An on/off valve or control valve; travelling shows its position."""

from __future__ import annotations

from hmi.mimics import DRIVE_SIGNALS, ElementDefinition, Inputs, Property, Signal, equipment


def look(inputs: Inputs) -> tuple[object, ...]:
    return inputs.text("label"), equipment(inputs, on_word="OPEN", off_word="CLSD")


DEFINITION = ElementDefinition(
    name="valve",
    title="Valve",
    properties=(
        Property("instance", "instance", "", "the valve"),
        Property("label", "string", "", "name beside the symbol; empty for a bare symbol"),
        Property("kind", "choice", "on_off", "symbol", ("on_off", "control")),
        Property("direction", "choice", "horizontal", "of the pipe", ("horizontal", "vertical")),
        Property("label_side", "choice", "right", "where the texts stand", ("left", "right", "below")),
        Property("show_state", "choice", "abnormal", "when the state word is drawn", ("always", "abnormal")),
    ),
    signals=tuple(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
    look=look,
    size=(20, 20),
    margin=(90, 24, 90, 36),
    clickable=True,
    group="process",
)
