"""A pump or dosing pump with mode, state word and speed."""

from __future__ import annotations

from hmi.mimics import DRIVE_SIGNALS, ElementDefinition, Inputs, Property, Signal, equipment


def look(inputs: Inputs) -> tuple[object, ...]:
    return inputs.text("label"), equipment(inputs, on_word="RUN", off_word="STOP")


DEFINITION = ElementDefinition(
    name="pump",
    title="Pump",
    properties=(
        Property("instance", "instance", "", "the drive"),
        Property("label", "string", "", "name below the symbol"),
        Property("caption", "string", "", "third line, such as the chemical of a dosing pump"),
        Property("kind", "choice", "centrifugal", "symbol", ("centrifugal", "dosing")),
    ),
    signals=tuple(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
    look=look,
    size=(36, 36),
    margin=(50, 14, 62, 54),
    clickable=True,
    group="process",
)
