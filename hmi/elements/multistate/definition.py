"""A state in words: the text that a value stands for, set apart while it is not the usual one."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, show, state_word


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    shown = show(reading, unit="", role="text")
    if reading.is_bad:
        return inputs.text("label"), "ok", shown
    word = state_word(reading, inputs.get("values") or ())
    return inputs.text("label"), word.role, shown._replace(text=word.text)


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("label", element.get("label"), "text.label", element.w, "text.label"),)


DEFINITION = ElementDefinition(
    name="multistate",
    title="State in words",
    properties=(
        Property("tag", "tag", "", "the value; a tag or a binding"),
        Property("label", "string", "", "line above"),
        Property("values", "list", [], 'each {"value": …, "text": …, "role": "ok" or "abnormal"}'),
        Property("align", "choice", "left", "where the text stands in its box", ("left", "center")),
    ),
    look=look,
    size=(150, 40),
    margin=(26, 8, 60, 10),
    clickable=True,
    group="values",
    texts=texts,
)
