"""A key indicator card: value, unit and a sparkline of its recent past."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, curve, show


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    unit = inputs.element.get("unit")
    shown = show(reading, form=inputs.text("format"), unit=unit if unit is not None else None)
    return shown, curve(inputs.past("tag"), reading.info, widen=0.6)


INSET = 14


def texts(element: Element) -> tuple[FixedText, ...]:
    label, room = element.get("label"), element.w - 2 * INSET
    return (FixedText("label", label, "text.label", room, "text.label", on="panel"),)


DEFINITION = ElementDefinition(
    name="kpi",
    title="Key indicator",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("label", "string", "", "what it is"),
        Property("unit", "string", None, "instead of the tag's unit"),
        Property("format", "string", "", "instead of the tag's format"),
        Property("span_min", "integer", 120, "minutes of the sparkline", low=1, high=527_040),
        Property("plot_width", "integer", 80, "width of the sparkline in pixels", low=2, high=4_096),
    ),
    look=look,
    size=(264, 66),
    history=("tag",),
    clickable=True,
    group="values",
    texts=texts,
    ground=lambda _: "panel",
)
