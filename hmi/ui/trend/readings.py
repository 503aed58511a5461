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
    return told_reading(reading_at(pen, at if at is not None else min(model.view.end, model.now)))


def reading_at(pen: Pen, at: int) -> Reading:
    """What held at an instant of the past."""
    held = pen.whole.at(at)
    if held is None:
        return Reading(pen.tag, DataValue(None, BAD_NO_DATA, at, at), pen.info)
    number, status, _ = held
    value = None if number != number else typed(pen, number)
    return Reading(
        pen.tag, DataValue(value, status if value is not None else max(status, BAD), at, at), pen.info
    )


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
    a, b = (pen.whole.at(at) for at in (model.cursor_a, model.cursor_b))
    if a is None or b is None or a[0] != a[0] or b[0] != b[0]:
        return Told(NO_VALUE)
    difference = b[0] - a[0]
    text = format_value(abs(difference), pen.info).strip()
    return Told(f"{'+' if difference > 0 else MINUS if difference < 0 else ''}{text}")


_FIELDS = {"LEAST": "minimum", "MOST": "maximum", "MEAN": "average"}


def told_figures(pen: Pen, which: str) -> Told:
    """Minimum, maximum, time-weighted average or the share of Good time; empty until they are known."""
    figures = pen.figures
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
