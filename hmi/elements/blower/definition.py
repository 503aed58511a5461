"""A blower, fan or compressor with mode, state word and speed."""

from __future__ import annotations

from hmi.mimics import DRIVE_SIGNALS, ElementDefinition, Inputs, Property, Signal, equipment


def look(inputs: Inputs) -> tuple[object, ...]:
    return inputs.text("label"), equipment(inputs, on_word="RUN", off_word="STOP")


DEFINITION = ElementDefinition(
    name="blower",
    title="Blower",
    properties=(
        Property("instance", "instance", "", "the drive"),
        Property("label", "string", "", "name below the symbol"),
        Property("caption", "string", "", "third line"),
        Property("kind", "choice", "blower", "symbol", ("blower", "fan", "compressor")),
    ),
    signals=tuple(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
    look=look,
    size=(40, 40),
    margin=(50, 14, 62, 54),
    clickable=True,
    group="process",
)
