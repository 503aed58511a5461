"""A line of text, fixed or bound."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property

STYLES = ("text", "label", "strong", "word", "small", "title", "heading", "unit")


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("text") if "text" in inputs.element.bindings else None
    if reading is not None and reading.is_bad:
        return "----", False
    return inputs.text("text"), bool(inputs.get("strong"))


DEFINITION = ElementDefinition(
    name="text",
    title="Text",
    properties=(
        Property("text", "string", "", "what it says; may be a binding"),
        Property("style", "choice", "text", "size and weight", STYLES),
        Property("align", "choice", "left", "where the text stands in its box", ("left", "center", "right")),
        Property("strong", "boolean", False, "bold; may be a binding"),
    ),
    look=look,
    size=(120, 18),
)
