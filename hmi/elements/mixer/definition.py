"""A mixer: motor, shaft and blade."""

from __future__ import annotations

from hmi.mimics import DRIVE_SIGNALS, ElementDefinition, Inputs, Property, Signal, equipment


def look(inputs: Inputs) -> tuple[object, ...]:
    return (equipment(inputs, on_word="RUN", off_word="STOP"),)


DEFINITION = ElementDefinition(
    name="mixer",
    title="Mixer",
    properties=(Property("instance", "instance", "", "the drive"),),
    signals=tuple(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
    look=look,
    size=(22, 128),
    margin=(22, 24, 34, 4),
    clickable=True,
    group="process",
)
