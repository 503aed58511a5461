"""How many alarms an area has, by priority; a click lists them."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property


def look(inputs: Inputs) -> tuple[object, ...]:
    return inputs.alarms_heard, inputs.alarm_counts()


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("title", element.get("title"), "text.label", element.w, "text.label"),)


DEFINITION = ElementDefinition(
    name="alarm_summary",
    title="Alarm summary",
    properties=(
        Property(
            "area", "area", "", "prefix of tag names whose alarms are counted; empty for the whole plant"
        ),
        Property("title", "string", "", "line above"),
        Property("direction", "choice", "horizontal", "of the row of counts", ("horizontal", "vertical")),
    ),
    look=look,
    size=(230, 50),
    margin=(8, 8, 26, 10),
    clickable=True,
    lists_alarms=True,
    group="values",
    texts=texts,
)
