"""One display for each of several pieces of equipment, row by row."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="repeat",
    title="Repeated display",
    properties=(
        Property("display", "display", "", "name of the display"),
        Property("parameter", "string", "", "its parameter that gets the instance"),
        Property(
            "over",
            "instances",
            [],
            'names of instances, {"type": …, "area": …}, or a query: "type:pump area:north"',
        ),
        Property("columns", "integer", 1, "how many stand in a row", low=1, high=1_000),
        Property("gap", "pair", [16, 16], "pixels between them as [x, y]"),
        Property("parameters", "arguments", {}, "values for its other parameters"),
        Property("overrides", "overrides", {}, "other values by name of an instance"),
    ),
    group="displays",
)
