"""An entry: the actual set point, and a field for another one that opens beside it."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, note, range_words, show


def look(inputs: Inputs) -> tuple[object, ...]:
    reading, control = inputs.reading("tag"), inputs.control
    shown = show(reading, form=inputs.text("format"), role="setpoint")
    label = inputs.text("label") or (reading.info.description if reading.info else "")
    hint = range_words(reading.info) if reading.info else ""
    return label, shown, control, note(control, hint)


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("label", element.get("label"), "text.label", element.w, "text.label"),)


DEFINITION = ElementDefinition(
    name="entry",
    title="Entry field",
    properties=(
        Property("tag", "tag", "", "what it shows and writes; a number that takes commands"),
        Property("label", "string", "", "line above, instead of the description of the tag"),
        Property("format", "string", "", "instead of the tag's format"),
    ),
    look=look,
    size=(200, 70),
    margin=(10, 8, 60, 8),
    clickable=True,
    control="number",
    group="controls",
    texts=texts,
)
