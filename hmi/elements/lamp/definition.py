"""A status lamp: a shape whose fill says the state, with the word beside it."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, show, state_word


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    shown = show(reading, unit="", role="text")
    if reading.is_bad:
        return inputs.text("label"), "none", shown
    word = state_word(reading, inputs.get("values") or ())
    return inputs.text("label"), word.fill if word.is_known else "open", shown._replace(text=word.text)


LABEL_SHARE = 0.6  # of the width; the word has the rest


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("label", element.get("label"), "text.label", element.w * LABEL_SHARE, "text.label"),)


DEFINITION = ElementDefinition(
    name="lamp",
    title="Status lamp",
    properties=(
        Property("tag", "tag", "", "the value; a tag or a binding"),
        Property("label", "string", "", "what it is about"),
        Property(
            "values", "list", [], 'each {"value": …, "text": …, "look": "on", "off", "half" or "hatched"}'
        ),
        Property("shape", "choice", "circle", "of the lamp", ("circle", "square", "diamond")),
    ),
    look=look,
    size=(170, 26),
    margin=(6, 8, 60, 8),
    clickable=True,
    group="values",
    texts=texts,
)
