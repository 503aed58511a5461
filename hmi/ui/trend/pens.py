"""The pens of a trend and the value axes that they share by unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from PySide6.QtGui import QColor

from hmi.client.history import MOST_PENS, RangeFigures
from hmi.client.port import TagInfo
from hmi.mimics import Catalogue, Limit, limits_of
from hmi.ui.theme import Theme
from hmi.ui.trend.curve import EMPTY, Curve, Tail, joined
from hmi.ui.trend.look import blended
from hmi.ui.trend.scale import Scale, made_scale, round_scale

PAD: Final = 0.06
USED: Final = 0.3
"""A scale stays while the data are inside and use at least this share of it."""
LEAST: Final = 0.025
"""Of the operating range that a scale shows at least."""
_PALER: Final = 0.36
_UNIT: Final = Scale(0.0, 1.0, 0.2)


class Mode(Enum):
    """Where the ends of a scale come from."""

    AUTO = "auto"
    RANGE = "range"
    MANUAL = "manual"


@dataclass
class Pen:
    """One tag in a trend. ``number`` counts from 1 and stands beside the colour wherever the pen is shown."""

    number: int
    tag: str
    info: TagInfo
    color: QColor
    setpoint: str = ""
    """The tag that this one is held against."""
    curve: Curve = EMPTY
    tail: Tail = field(default_factory=Tail)
    until: int = 0
    """How far its past was read and is known (UTC ns)."""
    edge: int = 0
    """Nothing later is looked at (UTC ns; 0: all): what comes live after it is not joined."""
    ghost: Curve | None = None
    hidden: bool = False
    own_axis: bool = False
    mode: Mode = Mode.AUTO
    manual: Scale | None = None
    log: bool = False
    figures: RangeFigures | None = None
    _joined: tuple[Curve, tuple[int, int, int], Curve] | None = None

    @property
    def is_lane(self) -> bool:
        """A state, shown as a band with words and not as a curve."""
        return self.info.type == "bool" or bool(self.info.states)

    @property
    def is_number(self) -> bool:
        return not self.is_lane and self.info.type not in {"string", "bytes", "time"}

    @property
    def is_sloped(self) -> bool:
        """Between two samples it has the values of the line between them."""
        return self.is_number and "int" not in self.info.type

    @property
    def limits(self) -> tuple[Limit, ...]:
        return limits_of(self.info)

    @property
    def whole(self) -> Curve:
        """The past and what came live after it."""
        seen = self.tail.seen(self.edge)
        state, known = self.tail.state(seen), self._joined
        if known is None or known[0] is not self.curve or known[1] != state:
            known = self._joined = (self.curve, state, joined(self.curve, self.tail, self.until, seen))
        return known[2]

    def forget(self) -> None:
        """What was read and what came live are not of the time that is shown now."""
        self.curve, self.until, self.figures = EMPTY, 0, None
        self.tail.clear()

    @property
    def axis_key(self) -> str:
        """Pens with the same key share an axis."""
        if self.own_axis or self.log:
            return f"pen {self.number}"
        if self.mode is Mode.MANUAL and self.manual is not None:
            return f"unit {self.info.unit} from {self.manual.low:g} to {self.manual.high:g}"
        return f"unit {self.info.unit}"


@dataclass
class Axis:
    """A value axis with the pens on it."""

    key: str
    pens: list[Pen]
    scale: Scale = _UNIT
    is_new: bool = True

    @property
    def unit(self) -> str:
        return self.pens[0].info.unit

    @property
    def shown(self) -> list[Pen]:
        return [pen for pen in self.pens if not pen.hidden]


def make_pens(tags: Iterable[str], catalogue: Catalogue, theme: Theme) -> list[Pen]:
    """Pens for the tags that the plant knows, at most ``MOST_PENS``."""
    known = catalogue.tags
    wanted = [tag for tag in dict.fromkeys(tags) if tag in known][:MOST_PENS]
    return [make_pen(number, tag, catalogue, theme) for number, tag in enumerate(wanted, 1)]


def make_pen(number: int, tag: str, catalogue: Catalogue, theme: Theme) -> Pen:
    info = catalogue.tags[tag]
    return Pen(number, tag, info, pen_color(number, theme), setpoint_of(info, catalogue))


def pen_color(number: int, theme: Theme) -> QColor:
    """One of the theme's pens; from the ninth on a paler one of the same hue."""
    hues = theme.trend_pens
    color = hues[(number - 1) % len(hues)]
    return color if number <= len(hues) else blended(color, theme.color("plot"), _PALER)


def setpoint_of(info: TagInfo, catalogue: Catalogue) -> str:
    """The setpoint beside a measured value of the same equipment; empty when it has none."""
    instance = catalogue.instances.get(info.instance)
    if instance is None or info.signal != "pv":
        return ""
    found = instance.signals.get("sp", "")
    return found if found in catalogue.tags else ""


def axes_of(pens: Sequence[Pen], before: Sequence[Axis] = ()) -> list[Axis]:
    """An axis for each unit, and for each pen that has its own; scales of before are kept."""
    scales = {axis.key: axis for axis in before}
    found: dict[str, Axis] = {}
    for pen in pens:
        if not pen.is_number:
            continue
        if pen.axis_key in found:
            found[pen.axis_key].pens.append(pen)
            continue
        old = scales.get(pen.axis_key)
        found[pen.axis_key] = (
            Axis(pen.axis_key, [pen], old.scale, old.is_new) if old else Axis(pen.axis_key, [pen])
        )
    return list(found.values())


def fit(axis: Axis, start: int, end: int, setpoint: Curve | None = None) -> bool:
    """Let the scale hold what is in view; True when it is another one now."""
    before = axis.scale
    lead = axis.pens[0]
    if lead.mode is Mode.MANUAL and lead.manual is not None:
        axis.scale = lead.manual
    elif all(pen.mode is Mode.RANGE and _range_of(pen) for pen in axis.pens):
        ends = [end for pen in axis.pens for end in _range_of(pen)]
        axis.scale = made_scale(min(ends), max(ends), log=lead.log)
    else:
        _fit_data(axis, start, end, setpoint)
    return axis.scale != before


def _range_of(pen: Pen) -> tuple[float, ...]:
    low, high = pen.info.low, pen.info.high
    return (low, high) if low is not None and high is not None and high > low else ()


def _fit_data(axis: Axis, start: int, end: int, setpoint: Curve | None) -> None:
    pens = axis.shown or axis.pens
    curves = [pen.whole for pen in pens] + [pen.ghost for pen in pens if pen.ghost is not None]
    curves += [setpoint] if setpoint is not None else []
    extents = [found for curve in curves if (found := curve.extent(start, end))]
    if not extents:
        if axis.is_new:
            ends = [one for pen in pens for one in _range_of(pen)] or [0.0, 1.0]
            axis.scale = round_scale(min(ends), max(ends))
        return
    low, high = min(one[0] for one in extents), max(one[1] for one in extents)
    if not axis.is_new and _still_good(axis.scale, *_widened(pens, low, high)):
        return
    marks = [low, high, *_near(pens, low, high)]
    low, high = _widened(pens, min(marks), max(marks))
    log = axis.pens[0].log
    axis.scale = (
        round_scale(low, high, log=True) if log and low > 0 else round_scale(*_padded(pens, low, high))
    )
    axis.is_new = False


def _padded(pens: Sequence[Pen], low: float, high: float) -> tuple[float, float]:
    """A little room above and below, but not past the ends of the operating range for its sake."""
    pad = (high - low) * PAD
    ends = [end for pen in pens for end in _range_of(pen)] or [0.0]
    bottom, top = low - pad, high + pad
    if low >= min(ends):
        bottom = max(bottom, min(ends))
    if len(ends) > 1 and high <= max(ends):
        top = min(top, max(ends))
    return bottom, top


def _widened(pens: Sequence[Pen], low: float, high: float) -> tuple[float, float]:
    """At least a small part of the operating range: noise of a steady value does not fill the chart."""
    ranges = [found for pen in pens if (found := _range_of(pen))]
    least = max((ends[1] - ends[0] for ends in ranges), default=0.0) * LEAST
    missing = max(least - (high - low), 0.0)
    bottom = low - missing / 2
    if ranges and low >= min(ends[0] for ends in ranges):
        bottom = max(bottom, min(ends[0] for ends in ranges))
    return bottom, max(high, bottom + least)


def _still_good(scale: Scale, low: float, high: float) -> bool:
    inside = scale.low <= low and high <= scale.high
    return inside and (scale.log or high - low >= USED * (scale.high - scale.low))


def _near(pens: Sequence[Pen], low: float, high: float) -> list[float]:
    """Ends of the normal band and limits that are worth seeing with the data."""
    span = (high - low) or abs(high) * 0.1 or 1.0
    marks = [
        value for pen in pens for value in (pen.info.normal_low, pen.info.normal_high) if value is not None
    ]
    marks += [limit.value for pen in pens for limit in pen.limits]
    return [mark for mark in marks if low - 0.6 * span <= mark <= high + 0.6 * span]
