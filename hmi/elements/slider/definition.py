"""A slider: the actual value on its scale, and another one that is chosen by drag or step and sent on purpose."""

from __future__ import annotations

from typing import Any

from hmi.core.texts import tr
from hmi.mimics import (
    Element,
    ElementDefinition,
    FixedText,
    Grip,
    Inputs,
    Property,
    beyond_mark,
    fraction,
    gauge,
    note,
    range_words,
    scale_of_track,
    show,
    track,
)

STEP, GAP = 26.0, 12.0
VALUE = 100.0  # about what four figures, a unit and a mark take


def look(inputs: Inputs) -> tuple[object, ...]:
    reading, control = inputs.reading("tag"), inputs.control
    low, high = scale_of_track(inputs)
    own = gauge(reading, low=low, high=high)
    shown = beyond_mark(show(reading, form=inputs.text("format"), role="setpoint"), own.beyond)
    label = inputs.text("label") or (reading.info.description if reading.info else "")
    if not control.blocked and track(inputs) is None:
        control = control._replace(blocked=tr("This slider has no range to move in."))
    target = fraction(control.target, low, high) if control.is_target_shown else None
    hint = range_words(reading.info) if reading.info else ""
    return label, shown, own, target, control, note(control, hint)


def grip(element: Element, look: tuple[Any, ...], x: float, y: float) -> Grip | None:
    """The track, or one of the two step buttons at its ends; the track reaches a little beyond its ends."""
    along = x - element.x
    if not 0 <= y - element.y <= element.h:
        return None
    if 0 <= along <= STEP:
        return Grip("step", -1.0)
    if element.w - STEP <= along <= element.w:
        return Grip("step", 1.0)
    left, right = STEP + GAP, element.w - STEP - GAP
    if right <= left:
        return None
    return Grip("share", min(max((along - left) / (right - left), 0.0), 1.0))


def texts(element: Element) -> tuple[FixedText, ...]:
    """The value with its unit and mark stands to the right of the name."""
    return (FixedText("label", element.get("label"), "text.label", element.w - VALUE, "text.label"),)


DEFINITION = ElementDefinition(
    name="slider",
    title="Slider",
    properties=(
        Property("tag", "tag", "", "what it shows and writes; a number that takes commands"),
        Property("label", "string", "", "line above, instead of the description of the tag"),
        Property("format", "string", "", "instead of the tag's format"),
        Property("low", "number", None, "lower end, inside what the command allows"),
        Property("high", "number", None, "upper end, inside what the command allows"),
        Property(
            "step", "number", None, "fine step in the tag's unit; a coarse one is ten of them; else 1 %"
        ),
    ),
    look=look,
    size=(320, 70),
    margin=(10, 8, 60, 8),
    clickable=True,
    control="track",
    grip=grip,
    group="controls",
    texts=texts,
)
