"""An embedded trend: band, limits, set point, gaps, and the value at the end of the line."""

from __future__ import annotations

from typing import Final

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, SpanChoice, curve, show

SPANS_MIN: Final = (15, 60, 480, 1440)
_CELL, _ROW, _INSET = 46.0, 24.0, 10.0
_LEAST_WIDTH: Final = 420.0  # a narrower trend has no room for the choice


def look(inputs: Inputs) -> tuple[object, ...]:
    reading = inputs.reading("tag")
    setpoint = inputs.reading("setpoint").current if inputs.bound("setpoint") else None
    drawn = curve(
        inputs.past("tag"), reading.info, low=inputs.get("low"), high=inputs.get("high"), setpoint=setpoint
    )
    return show(reading, form=inputs.text("format")), drawn, inputs.minutes


def spans(element: Element, minutes: int) -> tuple[SpanChoice, ...]:
    """The usual spans and that of the display, at the right of the head line."""
    if not element.get("choice") or element.w < _LEAST_WIDTH:
        return ()
    offered = sorted({*SPANS_MIN, int(element.get("span_min")), minutes})
    left = element.x + element.w - _INSET - _CELL * len(offered)
    return tuple(
        SpanChoice(left + n * _CELL, element.y + 4, _CELL, _ROW, one) for n, one in enumerate(offered)
    )


def texts(element: Element) -> tuple[FixedText, ...]:
    """Title and caption stand in one line, left of the spans that can be chosen."""
    said = " ".join(filter(None, (element.get("title"), element.get("caption"))))
    taken = _CELL * len(spans(element, int(element.get("span_min")))) + _INSET
    return (FixedText("title", said, "text.strong", element.w - 14 - taken, on="panel"),)


DEFINITION = ElementDefinition(
    name="trend",
    title="Embedded trend",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("title", "string", "", "head line"),
        Property("caption", "string", "", "second part of the head line, such as the tag's short name"),
        Property("setpoint", "tag", "", "drawn as a dotted line"),
        Property("span_min", "integer", 120, "minutes back from now", low=1, high=527_040),
        Property("choice", "boolean", True, "offer 15 min, 1 h, 8 h and 24 h; also with + and −"),
        Property(
            "plot_width", "integer", None, "buckets of the curve; by default its width", low=2, high=4_096
        ),
        Property("low", "number", None, "instead of the scale from the normal band"),
        Property("high", "number", None, "instead of the scale from the normal band"),
        Property("format", "string", "", "instead of the tag's format"),
    ),
    look=look,
    size=(626, 176),
    history=("tag",),
    clickable=True,
    spans=spans,
    group="trends",
    texts=texts,
    ground=lambda _: "panel",
)
