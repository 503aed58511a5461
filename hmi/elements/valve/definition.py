"""An on/off, control or three-way valve, or one without a drive: check valve and hand valve."""

from __future__ import annotations

from hmi.mimics import DRIVE_SIGNALS, STATELESS, ElementDefinition, Inputs, Property, Signal, equipment

KINDS = ("on_off", "control", "three_way", "check", "hand")
_DRIVELESS = frozenset(("check", "hand"))


def look(inputs: Inputs) -> tuple[object, ...]:
    label = inputs.text("label")
    if inputs.element.get("kind") in _DRIVELESS and not inputs.instance and not inputs.signals:
        return label, STATELESS
    return label, equipment(inputs, on_word="OPEN", off_word="CLSD")


DEFINITION = ElementDefinition(
    name="valve",
    title="Valve",
    properties=(
        Property("instance", "instance", "", "the valve; a check or hand valve may have none"),
        Property("label", "string", "", "name beside the symbol; empty for a bare symbol"),
        Property("kind", "choice", "on_off", "symbol", KINDS),
        Property("direction", "choice", "horizontal", "of the pipe", ("horizontal", "vertical")),
        Property("reverse", "boolean", False, "a check valve lets flow to the left or up"),
        Property("label_side", "choice", "right", "where the texts stand", ("left", "right", "below")),
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
    size=(20, 20),
    margin=(90, 24, 90, 48),
    clickable=True,
    group="process",
)
