"""What is told of a pen at an instant, between two, and over a range: texts with their quality."""

from __future__ import annotations

from typing import NamedTuple

from hmi.core.quality import BAD, BAD_NO_DATA
from hmi.core.values import DataValue
from hmi.mimics import NO_VALUE, Reading, format_value, show
from hmi.ui.mimic.words import quality_words
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.pens import Mode, Pen
from hmi.ui.trend.scale import MINUS, digits_of, number_text


class Told(NamedTuple):
    """A text with the marks of standards 2.8."""

    text: str
    quality: str = ""
    mark: str = ""
    frame: str = ""
    is_good: bool = True


def told_at(model: TrendModel, pen: Pen, at: int | None) -> Told:
    """At a cursor; without one the live value, or what held at the right edge while the past is in view."""
    if at is None and model.is_live:
        return told_reading(model.station.reading(pen.tag))
    at = min(model.view.end, model.now) if at is None else at
    return told_reading(reading_at(pen, at) if model.is_known(pen, at) else unknown_at(pen, at))


def unknown_at(pen: Pen, at: int) -> Reading:
    """An instant of which nothing is known."""
    return Reading(pen.tag, DataValue(None, BAD_NO_DATA, at, at), pen.info)


def reading_at(pen: Pen, at: int) -> Reading:
    """What the curve says of an instant: on the line between two samples where it is drawn as a line."""
    held = pen.whole.at(at)
    if held is None:
        return unknown_at(pen, at)
    status, number = held[1], number_at(pen, at)
    value = None if number != number else typed(pen, number)
    return Reading(
        pen.tag, DataValue(value, status if value is not None else max(status, BAD), at, at), pen.info
    )


def number_at(pen: Pen, at: int) -> float:
    """The number of a curve at an instant, the same as the dot on it; NaN where there is none."""
    whole = pen.whole
    if pen.is_sloped and whole.is_exact:
        return whole.drawn_at(at)
    held = whole.at(at)
    return held[0] if held is not None else float("nan")


def typed(pen: Pen, number: float) -> float | int | bool:
    """A number of a curve in the type of its tag."""
    if pen.info.type == "bool":
        return bool(number)
    if pen.is_lane or "int" in pen.info.type:
        return int(number)
    return number


def told_reading(reading: Reading) -> Told:
    shown = show(reading)
    good = not shown.frame and not shown.mark
    return Told(shown.text.strip() or NO_VALUE, quality_words(reading), shown.mark, shown.frame, good)


def told_difference(model: TrendModel, pen: Pen) -> Told:
    """From cursor A to cursor B; nothing where either has no number."""
    if model.cursor_a is None or model.cursor_b is None or not pen.is_number:
        return Told("")
    cursors = (model.cursor_a, model.cursor_b)
    a, b = (number_at(pen, at) if model.is_known(pen, at) else float("nan") for at in cursors)
    difference = b - a
    if difference != difference:
        return Told(NO_VALUE)
    text = format_value(abs(difference), pen.info).strip()
    return Told(f"{'+' if difference > 0 else MINUS if difference < 0 else ''}{text}")


_FIELDS = {"LEAST": "minimum", "MOST": "maximum", "MEAN": "average"}


def told_figures(model: TrendModel, pen: Pen, which: str) -> Told:
    """Minimum, maximum, time-weighted average or the share of Good time; empty until known of what is shown."""
    figures = model.figures.fit(pen.figures)
    if figures is None:
        return Told("")
    if which == "GOOD":
        return Told(f"{figures.percent_good:.1f} %" if figures.percent_good < 99.95 else "100 %")
    value = getattr(figures, _FIELDS[which])
    if value is None and not figures.count:
        value = figures.average  # one value held all the time
    if value is None or not pen.is_number:
        return Told(NO_VALUE if pen.is_number else "")
    return Told(format_value(float(value), pen.info).strip())


def told_scale(model: TrendModel, pen: Pen) -> str:
    """Ends of the axis of a pen, and where they come from when not from the data."""
    axis = next((axis for axis in model.axes if pen in axis.pens), None)
    if axis is None:
        return ""
    scale = axis.scale
    digits = digits_of(scale.step) if not scale.log else 2
    ends = f"{number_text(scale.low, digits)} … {number_text(scale.high, digits)}"
    notes = {Mode.RANGE: "range", Mode.MANUAL: "manual"}.get(pen.mode, "")
    return " ".join(part for part in (ends, notes, "log" if scale.log else "") if part)
