"""A line around a group of elements, with its title in the line."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="frame",
    title="Group frame",
    properties=(
        Property("title", "string", "", "stands in the upper line"),
        Property("on", "choice", "panel", "what the frame lies on", ("panel", "background")),
        Property("dashed", "boolean", False, "for what is planned or not in use"),
    ),
    size=(240, 160),
)
