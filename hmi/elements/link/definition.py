"""A way to another display, with the most urgent alarm of what lies behind it."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property


def look(inputs: Inputs) -> tuple[object, ...]:
    alarm = inputs.area_alarm()
    return (alarm, inputs.area_count() if alarm else 0)


BESIDE = 40  # the arrow, and the inset at the left


def texts(element: Element) -> tuple[FixedText, ...]:
    if element.get("style") != "button":
        return ()
    return (FixedText("text", element.get("text"), "text.word", element.w - BESIDE, on="button"),)


DEFINITION = ElementDefinition(
    name="link",
    title="Link to a display",
    properties=(
        Property("text", "string", "", "what it says"),
        Property("display", "display", "", "name of the display it opens"),
        Property("parameters", "arguments", {}, "values for the parameters of that display"),
        Property("area", "area", "", "prefix of tag names whose alarms it shows"),
        Property("style", "choice", "button", "button with text, or a bare arrow", ("button", "arrow")),
    ),
    look=look,
    size=(150, 30),
    clickable=True,
    texts=texts,
)
