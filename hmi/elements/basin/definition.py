"""An overflow basin: its level stands at the weir, so it has no level of its own."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="basin",
    title="Basin",
    properties=(
        Property("cells", "integer", 1, "chambers side by side"),
        Property("weir", "number", 0.8, "height of the weir as a share of the basin"),
        Property("label", "string", "", "name below"),
        Property("caption", "string", "", "second line below"),
    ),
    size=(66, 118),
    margin=(30, 4, 30, 44),
    group="process",
)
