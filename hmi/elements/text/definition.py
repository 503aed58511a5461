"""A line of text, fixed or bound."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, Shown, show

ROLES = ("usual", "text", "text.secondary", "text.label", "value", "setpoint")
STYLES = ("text", "label", "strong", "word", "small", "title", "heading", "unit")


def look(inputs: Inputs) -> tuple[object, ...]:
    if "text" not in inputs.element.bindings:
        return Shown(inputs.text("text")), False
    shown = show(inputs.reading("text"), unit="")
    return shown._replace(frame="", alarm=0), bool(inputs.get("strong"))


FONTS = {"label": "text.label", "strong": "text.strong", "word": "text.word", "small": "text.small"}
COLORS = {"label": "text.label", "small": "text.label", "unit": "text.label", "word": "text.secondary"}


def texts(element: Element) -> tuple[FixedText, ...]:
    style, role = str(element.get("style")), str(element.get("role"))
    color = COLORS.get(style, "text") if role == "usual" else role
    return (FixedText("text", element.get("text"), FONTS.get(style, style), element.w, color),)


DEFINITION = ElementDefinition(
    name="text",
    title="Text",
    properties=(
        Property("text", "string", "", "what it says; may be a binding"),
        Property("style", "choice", "text", "size and weight", STYLES),
        Property("role", "choice", "usual", "colour role; usual is that of the style", ROLES),
        Property("align", "choice", "left", "where the text stands in its box", ("left", "center", "right")),
        Property("strong", "boolean", False, "bold; may be a binding"),
    ),
    look=look,
    size=(120, 18),
    margin=(12, 6, 26, 16),
    texts=texts,
)
