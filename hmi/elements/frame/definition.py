"""A line around a group of elements, with its title in the line."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Property

INSET, GAP = 14.0, 6.0


def texts(element: Element) -> tuple[FixedText, ...]:
    room, ground = element.w - 2 * (INSET + GAP), element.get("on")
    return (FixedText("title", element.get("title"), "text.word", room, on=ground),)


DEFINITION = ElementDefinition(
    name="frame",
    title="Group frame",
    properties=(
        Property("title", "string", "", "stands in the upper line"),
        Property("on", "choice", "panel", "what the frame lies on", ("panel", "background")),
        Property("dashed", "boolean", False, "for what is planned or not in use"),
    ),
    size=(240, 160),
    texts=texts,
)
