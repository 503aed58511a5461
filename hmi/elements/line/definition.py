"""A straight separating line."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="line",
    title="Line",
    properties=(
        Property("role", "choice", "panel.edge", "colour role", ("panel.edge", "pipe", "pipe.minor", "grid")),
        Property("width", "integer", 1, "pixels"),
    ),
    size=(100, 1),
)
