"""Another display inside this one, at its natural size."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="embed",
    title="Embedded display",
    properties=(
        Property("display", "display", "", "name of the display"),
        Property("parameters", "arguments", {}, "values for its parameters"),
    ),
    group="displays",
)
