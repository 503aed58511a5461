"""A separating line: straight, or through corners."""

from hmi.mimics import ElementDefinition, Property

ROLES = ("panel.edge", "pipe", "pipe.minor", "grid", "outline.body")

DEFINITION = ElementDefinition(
    name="line",
    title="Line",
    properties=(
        Property("role", "choice", "panel.edge", "colour role", ROLES),
        Property("width", "integer", 1, "pixels", low=1, high=64),
        Property("points", "points", [], "corners as [x, y] in display pixels, instead of a straight line"),
        Property("dashed", "boolean", False, "such as for a signal"),
    ),
    size=(100, 1),
)
