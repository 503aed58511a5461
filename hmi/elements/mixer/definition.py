"""A mixer: motor, shaft and blade."""

from __future__ import annotations

from hmi.mimics import DRIVE_SIGNALS, ElementDefinition, Inputs, Property, Signal, equipment


def look(inputs: Inputs) -> tuple[object, ...]:
    return inputs.text("label"), equipment(inputs, on_word="RUN", off_word="STOP")


DEFINITION = ElementDefinition(
    name="mixer",
    title="Mixer",
    properties=(
        Property("instance", "instance", "", "the drive"),
        Property("label", "string", "", "name above the motor"),
        Property("blade", "choice", "flat", "what stirs", ("flat", "propeller", "gate")),
        Property(
            "show_state",
            "choice",
            "abnormal",
            "when the state word and the usual badges are drawn",
            ("always", "abnormal"),
        ),
    ),
    signals=tuple(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
    look=look,
    size=(22, 128),
    margin=(50, 42, 62, 4),
    clickable=True,
    group="process",
)
