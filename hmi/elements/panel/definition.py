"""A frame with a head line that groups one part of the process."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Property

INSET = 14


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("title", element.get("title"), "title", element.w - 2 * INSET, on="panel"),)


DEFINITION = ElementDefinition(
    name="panel",
    title="Panel",
    properties=(
        Property("title", "string", "", "head line"),
        Property("footer", "number", 0, "height of the status block below a hairline; 0 for none"),
    ),
    size=(360, 600),
    texts=texts,
    ground=lambda _: "panel",
)
