"""A frame with a head line that groups one part of the process."""

from hmi.mimics import ElementDefinition, Property

DEFINITION = ElementDefinition(
    name="panel",
    title="Panel",
    properties=(
        Property("title", "string", "", "head line"),
        Property("footer", "number", 0, "height of the status block below a hairline; 0 for none"),
    ),
    size=(360, 600),
)
