"""Rules of scales: inside the range of the tag, and wide enough for its normal band and its alarm limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hmi.check._display_lints._view import Doubt, View
from hmi.mimics import Element
from hmi.project.plant import TagDef

_LIMITS: Final = ("low_low", "low", "high", "high_high")
# property of the value -> properties of its scale; an empty name stands for the end of the tag's range
_SCALES: Final = (("tag", "low", "high"), ("level", "", "full"))
_TREND_BEYOND: Final = 0.25  # a trend may show this much of the range beyond it (standards 2.5)


class Scale(NamedTuple):
    """The scale of one element; ``low`` and ``high`` in the unit of its tag, ``given`` where it says one of them."""

    element: Element
    tag: TagDef
    low: float
    high: float


def scale(view: View) -> Iterator[Doubt]:
    """Scales that are upside down, or reach beyond the range of the tag."""
    for own in _scales(view):
        limits = own.tag.range
        what = f"element {own.element.id}: the scale {own.low:g} to {own.high:g}"
        if own.low >= own.high:
            yield Doubt(own.element.id, f"{what} is empty", "let low be below high", grave=True)
        elif limits is not None:
            room = limits.span * _TREND_BEYOND if own.element.type == "trend" else 0.0
            if own.low < limits.low - room or own.high > limits.high + room:
                what += f" reaches beyond the range of {own.tag.name}, {limits.low:g} to {limits.high:g}"
                yield Doubt(
                    own.element.id, what, "values out there are marked as out of range; correct one of them"
                )


def limit_off_scale(view: View) -> Iterator[Doubt]:
    """Alarm limits that the scale leaves out: the value meets them beyond its end."""
    for own in _scales(view):
        for alarm in view.facts.alarms.get(own.tag.name, ()):
            if alarm.kind in _LIMITS and own.low < own.high and not own.low <= alarm.limit <= own.high:
                what = (
                    f"element {own.element.id}: the {alarm.kind} limit {alarm.limit:g} of {own.tag.name} is not on"
                    f" the scale {own.low:g} to {own.high:g}"
                )
                yield Doubt(own.element.id, what, "widen the scale, so that the limit is seen")


def band_off_scale(view: View) -> Iterator[Doubt]:
    """Normal bands that the scale cuts off: the middle of the scale then means nothing."""
    for own in _scales(view):
        band = own.tag.normal
        if band is not None and own.low < own.high and (band.low < own.low or band.high > own.high):
            what = (
                f"element {own.element.id}: the normal band {band.low:g} to {band.high:g} of {own.tag.name} reaches"
                f" beyond the scale {own.low:g} to {own.high:g}"
            )
            yield Doubt(own.element.id, what, "widen the scale, or correct the band")


def _scales(view: View) -> Iterator[Scale]:
    """Elements that write an end of their scale themselves; what the tag says is checked with the tag."""
    for element in view.display.elements:
        if element.definition is None or element.definition.control:
            continue
        for value, low, high in _SCALES:
            ends = _end(element, low), _end(element, high)
            tag = view.tag(element, value) if ends != (None, None) else None
            if tag is None:
                continue
            least, most = (tag.range.low, tag.range.high) if tag.range else (None, None)
            bottom = ends[0] if ends[0] is not None else least
            top = ends[1] if ends[1] is not None else most
            if bottom is not None and top is not None:
                yield Scale(element, tag, bottom, top)


def _end(element: Element, name: str) -> float | None:
    written = element.properties.get(name) if name else None
    is_number = isinstance(written, int | float) and not isinstance(written, bool)
    return float(written) if is_number and written is not None else None
