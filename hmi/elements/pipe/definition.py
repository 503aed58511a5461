"""A routed pipe with flow arrows."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="pipe",
    title="Pipe",
    properties=(
        Property("points", "points", [], "corners as [x, y] in display pixels"),
        Property("size", "choice", "main", "main 4 px, minor 2 px", ("main", "minor")),
        Property("arrows", "points", [], "flow arrows as [x, y, direction in degrees: 0 right, 90 down]"),
    ),
    size=(0, 0),
    group="process",
)
