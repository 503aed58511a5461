"""A clarifier with a cone: rake drive, water level and sludge blanket, as far as there are signals for them."""

from __future__ import annotations

from hmi.mimics import (
    DRIVE_SIGNALS,
    STATELESS,
    ElementDefinition,
    Equipment,
    Inputs,
    Property,
    Reading,
    Signal,
    equipment,
    fraction,
    scale_of,
    show,
)


def look(inputs: Inputs) -> tuple[object, ...]:
    level, blanket = _reading(inputs, "level"), _reading(inputs, "blanket")
    low, high = scale_of(level.info if level else blanket.info if blanket else None)
    return (
        inputs.text("label"),
        _drive(inputs),
        show(level) if level else None,
        fraction(level.number, low, high) if level else inputs.element.get("weir"),
        show(blanket) if blanket else None,
        fraction(blanket.number, low, high) if blanket else None,
    )


def _drive(inputs: Inputs) -> Equipment | None:
    """None without a rake, plain for a rake that nothing is known of."""
    if not inputs.element.get("rake"):
        return None
    if not inputs.instance and not any(role in inputs.signals for role in DRIVE_SIGNALS):
        return STATELESS
    return equipment(inputs, on_word="RUN", off_word="STOP")


def _reading(inputs: Inputs, role: str) -> Reading | None:
    return inputs.reading(role) if role in inputs.element.bindings else inputs.signal(role)


DEFINITION = ElementDefinition(
    name="clarifier",
    title="Clarifier",
    properties=(
        Property("instance", "instance", "", "the clarifier with its rake drive"),
        Property("label", "string", "", "name beside the hopper"),
        Property(
            "level",
            "tag",
            "",
            "water level, instead of the instance's own; without one it stands at the weir",
        ),
        Property(
            "blanket", "tag", "", "sludge blanket in the unit of the level, instead of the instance's own"
        ),
        Property("rake", "boolean", True, "draw bridge, rake and its drive"),
        Property("weir", "number", 0.86, "height of the weir as a share of the body", low=0, high=1),
    ),
    signals=(
        *(Signal(role, names) for role, names in DRIVE_SIGNALS.items()),
        Signal("level", ("level",)),
        Signal("blanket", ("blanket", "sludge_level", "sludge")),
    ),
    look=look,
    size=(260, 190),
    margin=(30, 16, 30, 26),
    clickable=True,
    group="process",
)
