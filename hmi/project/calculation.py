"""A calculated history: a tag whose values are made of the stored samples of another one, one for each period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR, DAY, MONTH = "hour", "day", "month"
TOTAL, KPI = "total", "kpi"
BASES: Final = {"s": 1.0, "min": 60.0, "h": 3_600.0}
"""Seconds of the time base of a total: of m³/h it is h."""
KINDS: Final = (
    TOTAL, "hours", "starts", "state_hours", "average", "minimum", "maximum", "delta", "percent_good", KPI,
)  # fmt: skip
USUAL_GOOD: Final = 90.0


@dataclass(frozen=True, slots=True)
class CalculationRule:
    """``of``: id of the tag that it reads, empty for a KPI, whose ``expression`` reads calculated tags of the same
    ``every``.

    ``every``: hour, day or month of the plant's zone, or the times of day at which shifts begin (06:00 14:00 22:00).
    ``base_s``: seconds of the time base of a total. ``state``: value whose time is counted. Below ``good`` percent of
    the time with a Good value the result is Uncertain, without any Good value it is Bad.
    """

    kind: str
    of: str = ""
    every: str = DAY
    base_s: float = 1.0
    state: float = 1.0
    expression: str = ""
    good: float = USUAL_GOOD

    @property
    def is_kpi(self) -> bool:
        return self.kind == KPI

    @property
    def shifts(self) -> tuple[int, ...]:
        """Minutes of the day at which periods begin; () for hours and months."""
        if self.every == DAY:
            return (0,)
        if self.every in (HOUR, MONTH):
            return ()
        hours = (one.split(":") for one in self.every.split())
        return tuple(sorted(60 * int(hour) + int(minute) for hour, minute in hours))
