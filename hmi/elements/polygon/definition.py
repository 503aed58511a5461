"""A shape of straight sides, closed or open."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, Property

FILLS = ("none", "panel", "background", "body", "water", "media", "plot", "fill.mark")
EDGES = ("none", "panel.edge", "outline.body", "outline", "pipe", "pipe.minor")


def ground(element: Element) -> str:
    filled = element.get("closed") and element.get("fill") != "none"
    return element.get("fill") if filled else ""


DEFINITION = ElementDefinition(
    name="polygon",
    title="Polygon",
    properties=(
        Property("points", "points", [], "corners as [x, y] in display pixels"),
        Property("fill", "choice", "body", "fill role", FILLS),
        Property("edge", "choice", "outline.body", "edge role", EDGES),
        Property("width", "integer", 2, "pixels of the edge", low=1, high=64),
        Property("closed", "boolean", True, "join the last corner with the first"),
    ),
    size=(100, 100),
    ground=ground,
)
