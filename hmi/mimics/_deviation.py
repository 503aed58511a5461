"""How far a value is from where it should be, as a share of what is still normal. Decided without Qt."""

from __future__ import annotations

from typing import Any, NamedTuple

from hmi.core.quality import Mark
from hmi.mimics._curves import band_of, scale_of
from hmi.mimics._parameters import is_number
from hmi.mimics._readings import Reading, Shown, doubt_of, show

_NORMAL = 0.5  # where the normal band ends, as a share of the bar


class Deviation(NamedTuple):
    """One bar. ``position`` is -1 … 1 around the zero line; None when the deviation is not known.

    ``doubt`` is the quality mark of the set point when that is what is not known, or not current.
    """

    label: str
    shown: Shown
    position: float | None
    beyond: int = 0
    doubt: str = ""


def deviation(
    reading: Reading, setpoint: Reading | None, *, label: str = "", form: str = "", span: Any = None
) -> Deviation:
    """``span`` (unit of the tag) is the deviation at the end of the bar; by default a normal band wide."""
    shown = show(reading, form=form)
    aim, doubt = _aim(reading, setpoint)
    full = _full(reading, span)
    if reading.number is None or aim is None or full is None:
        missing = doubt or ("" if reading.number is None else Mark.CONFIG.value)
        return Deviation(label, shown, None, 0, missing)
    share = (reading.number - aim) / full
    beyond = (share > 1.0) - (share < -1.0)
    return Deviation(label, shown, min(max(share, -1.0), 1.0), beyond, doubt)


def _aim(reading: Reading, setpoint: Reading | None) -> tuple[float | None, str]:
    """Where the value should be, and the mark of the set point."""
    if setpoint is not None:
        return setpoint.number, doubt_of(setpoint)
    band = band_of(reading.info)
    return ((band[0] + band[1]) / 2, "") if band else (None, "")


def _full(reading: Reading, span: Any) -> float | None:
    if is_number(span) and span > 0:
        return float(span)
    band = band_of(reading.info)
    if band and band[1] > band[0]:
        return (band[1] - band[0]) / 2 / _NORMAL
    low, high = scale_of(reading.info)
    return (high - low) / 4 if reading.info is not None and reading.info.low is not None else None
