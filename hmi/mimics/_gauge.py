"""One value on a scale: what every bar, pointer and strip of the product draws. Decided without Qt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hmi.core.quality import Mark
from hmi.mimics._curves import Limit, band_of, limits_of, scale_of
from hmi.mimics._parameters import is_number
from hmi.mimics._readings import Reading, Shown, doubt_of, fraction


class Gauge(NamedTuple):
    """Shares 0 … 1 along the scale; ``position`` is None for a value that is not known.

    ``beyond`` is -1 below the scale and 1 above it: the pointer stands at the end and says so.
    ``limits`` are the alarm limits in effect as (share, priority). ``setpoint_mark`` is the quality mark of
    the set point, which is drawn in doubt or not at all.
    """

    position: float | None
    band: tuple[float, float] | None = None
    limits: tuple[tuple[float, int], ...] = ()
    setpoint: float | None = None
    beyond: int = 0
    setpoint_mark: str = ""


def gauge(
    reading: Reading,
    *,
    low: Any = None,
    high: Any = None,
    setpoint: Reading | None = None,
    limits: Iterable[Limit] | None = None,
) -> Gauge:
    """Place a value on its operating range, or on ``low`` … ``high`` in the tag's unit.

    ``limits`` replaces those of the tag's alarms.
    """
    bottom, top = scale_ends(reading, low, high)
    number = reading.number
    band = band_of(reading.info)
    shares = (fraction(band[0], bottom, top), fraction(band[1], bottom, top)) if band else (None, None)
    inside = [
        (share, limit.priority)
        for limit in (limits_of(reading.info) if limits is None else limits)
        if bottom <= limit.value <= top and (share := fraction(limit.value, bottom, top)) is not None
    ]
    return Gauge(
        fraction(number, bottom, top),
        (shares[0], shares[1]) if shares[0] is not None and shares[1] is not None else None,
        tuple(inside),
        fraction(setpoint.number, bottom, top) if setpoint is not None else None,
        0 if number is None else (number > top) - (number < bottom),
        doubt_of(setpoint) if setpoint is not None else "",
    )


def scale_ends(reading: Reading, low: Any = None, high: Any = None) -> tuple[float, float]:
    """The ends of the scale: those given, else the operating range of the tag."""
    bottom, top = scale_of(reading.info)
    bottom = float(low) if is_number(low) else bottom
    top = float(high) if is_number(high) else top
    return (bottom, top) if top > bottom else (bottom, bottom + 1.0)


def beyond_mark(shown: Shown, beyond: int) -> Shown:
    """The value with the mark of a number outside the scale, unless it has a graver one."""
    return shown._replace(mark=Mark.OUT_OF_RANGE.value) if beyond and not shown.mark else shown


def effective_limits(reading: Reading, given: Iterable[tuple[str, Reading | None]]) -> tuple[Limit, ...]:
    """The alarm limits of a tag, those that depend on the state of the process replaced.

    ``given`` holds (name as operators say it, reading of the limit in effect or None). A limit whose reading
    is Bad is not known and is left out.
    """
    own = {limit.name: limit for limit in limits_of(reading.info)}
    for name, limit in given:
        if limit is None:
            continue
        before = own.pop(name, None)
        if (number := limit.number) is not None:
            own[name] = Limit(name, number, before.priority if before else 3)
    return tuple(own.values())
