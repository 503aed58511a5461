"""A plain rectangle behind other elements."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="box",
    title="Box",
    properties=(
        Property("fill", "choice", "panel", "fill role", ("panel", "background", "body", "plot")),
        Property("edge", "choice", "panel.edge", "edge role", ("panel.edge", "outline.body")),
    ),
    size=(200, 100),
    ground=lambda element: element.get("fill"),
)
