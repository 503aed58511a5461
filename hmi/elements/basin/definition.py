"""An overflow basin: its level stands at the weir, unless a level is measured."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, fraction, scale_of, show


def look(inputs: Inputs) -> tuple[object, ...]:
    """Empty while the level is not measured: all of it is then part of the fixed picture."""
    if not inputs.bound("level"):
        return ()
    level = inputs.reading("level")
    return show(level), fraction(level.number, *scale_of(level.info))


DEFINITION = ElementDefinition(
    name="basin",
    title="Basin",
    properties=(
        Property("cells", "integer", 1, "chambers side by side", low=1, high=24),
        Property("weir", "number", 0.8, "height of the weir as a share of the basin", low=0, high=1),
        Property(
            "level", "tag", "", "a measured level, over the whole height; without one it stands at the weir"
        ),
        Property("diffusers", "boolean", False, "aeration at the floor"),
        Property("label", "string", "", "name below"),
        Property("caption", "string", "", "second line below"),
    ),
    look=look,
    size=(66, 118),
    margin=(30, 4, 30, 44),
    clickable=True,
    group="process",
)
