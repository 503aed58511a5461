"""What a sparkline or trend draws: the past, the scale, the band, the limits and the set point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from hmi.client.port import TagInfo
from hmi.mimics._past import Past

LIMIT_KINDS: Final[Mapping[str, str]] = {"high": "HI", "low": "LO", "high_high": "HIHI", "low_low": "LOLO"}


class Limit(NamedTuple):
    """An alarm limit in effect: ``name`` as operators say it (LO), value in the tag's unit."""

    name: str
    value: float
    priority: int

    @property
    def is_high(self) -> bool:
        return self.name.startswith("HI")


class Curve(NamedTuple):
    """Comparable by identity and revision of the past, so that an unchanged curve is not painted again."""

    past: Past | None
    revision: int
    low: float
    high: float
    band: tuple[float, float] | None = None
    limits: tuple[Limit, ...] = ()
    setpoint: float | None = None

    @property
    def shown_limits(self) -> tuple[Limit, ...]:
        """Those inside the scale."""
        return tuple(limit for limit in self.limits if self.low < limit.value < self.high)

    @property
    def is_live(self) -> bool:
        """Whether its end is the present."""
        return self.past is None or self.past.is_live

    @property
    def minutes(self) -> float:
        """What the time axis spans."""
        return self.past.span_ns / 60e9 if self.past else 0.0


def limits_of(info: TagInfo | None) -> tuple[Limit, ...]:
    """The limit alarms of a tag."""
    found: list[Limit] = []
    for alarm in info.alarms if info else ():
        name = LIMIT_KINDS.get(str(alarm.get("kind", "")))
        if name and isinstance(value := alarm.get("limit"), int | float):
            found.append(Limit(name, float(value), int(alarm.get("priority") or 3)))
    return tuple(found)


def band_of(info: TagInfo | None) -> tuple[float, float] | None:
    """The band drawn as normal."""
    if info is None or info.normal_low is None or info.normal_high is None:
        return None
    return info.normal_low, info.normal_high


def scale_of(info: TagInfo | None) -> tuple[float, float]:
    """The operating range; 0 … 100 for a tag that states none."""
    if info is None or info.low is None or info.high is None or info.high <= info.low:
        return 0.0, 100.0
    return info.low, info.high


def curve(
    past: Past | None,
    info: TagInfo | None,
    *,
    low: Any = None,
    high: Any = None,
    setpoint: float | None = None,
    widen: float = 0.25,
) -> Curve:
    """Scale = normal band widened by a quarter, stretched to what the past holds (standards 2.5)."""
    band = band_of(info)
    bottom, top = _ends(info, band, widen, low, high)
    revision = 0
    if past is not None:
        revision = past.revision
        bottom, top = _stretched(past, bottom, top)
    step = _step(top - bottom)
    bottom = bottom if bottom == low else math.floor(round(bottom / step, 6)) * step
    top = top if top == high else math.ceil(round(top / step, 6)) * step
    return Curve(past, revision, bottom, top, band, limits_of(info), setpoint)


def _step(span: float) -> float:
    """A round number near an eighth of the span."""
    power = 10.0 ** math.floor(math.log10(span / 8))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= span / 8)


def _ends(
    info: TagInfo | None, band: tuple[float, float] | None, widen: float, low: Any, high: Any
) -> tuple[float, float]:
    full = scale_of(info)
    ends = full
    if band is not None:
        extra = (band[1] - band[0]) * widen
        ends = max(band[0] - extra, full[0]), min(band[1] + extra, full[1])
    bottom = float(low) if isinstance(low, int | float) else ends[0]
    top = float(high) if isinstance(high, int | float) else ends[1]
    return (bottom, top) if top > bottom else (bottom, bottom + 1.0)


def _stretched(past: Past, bottom: float, top: float) -> tuple[float, float]:
    if not np.isfinite(past.low).any():
        return bottom, top
    margin = (top - bottom) * 0.05
    least, most = float(np.nanmin(past.low)), float(np.nanmax(past.high))
    return (
        bottom if least >= bottom else least - margin,
        top if most <= top else most + margin,
    )
