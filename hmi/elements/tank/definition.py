"""A tank with its level: open, closed, elevated, clear-well with baffles, or clarifier with a cone."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property, fraction, limits_of, scale_of, show

SHAPES = ("open", "closed", "elevated", "clearwell", "clarifier")


def look(inputs: Inputs) -> tuple[object, ...]:
    level = inputs.reading("level")
    low, high = scale_of(level.info)
    high = inputs.get("full") if inputs.get("full") is not None else high
    shown = show(level)
    second = show(inputs.reading("second")) if inputs.bound("second") else None
    blanket = fraction(inputs.reading("blanket").number, low, high) if inputs.bound("blanket") else None
    limits = tuple(fraction(limit.value, low, high) for limit in limits_of(level.info))
    return inputs.text("label"), shown, second, fraction(level.number, low, high), blanket, limits


DEFINITION = ElementDefinition(
    name="tank",
    title="Tank",
    properties=(
        Property("level", "tag", "", "level in its own unit"),
        Property("second", "tag", "", "another value beside the level, such as the volume"),
        Property("blanket", "tag", "", "sludge level of a clarifier in the unit of the level"),
        Property("label", "string", "", "short name inside the tank"),
        Property("shape", "choice", "open", "outline", SHAPES),
        Property("baffles", "integer", 0, "walls drawn from the floor", low=0, high=24),
        Property("full", "number", None, "level at the upper edge, instead of the tag's range"),
        Property("text_at", "number", 0.9, "where the figures stand, 0 top to 1 bottom"),
    ),
    look=look,
    size=(90, 172),
    margin=(30, 24, 30, 8),
    clickable=True,
    group="process",
)
