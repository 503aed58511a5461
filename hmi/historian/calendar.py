"""Days, weeks and months as people of a zone count them: a day of a daylight-saving change has 23 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

UNITS: Final = ("day", "week", "month")
MOST: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def calendar_intervals(start: int, end: int, unit: str, zone: str) -> list[tuple[int, int]]:
    """(start, end) in UTC ns of every whole or cut-off ``unit`` of the zone between two instants, in time order.

    Each begins at local midnight; the first and the last are cut to the range. ValueError for an unknown unit, an
    empty range, or more than ``MOST`` of them.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is not one of: {', '.join(UNITS)}")
    if start >= end:
        raise ValueError("the range ends before it begins")
    place = ZoneInfo(zone)
    day = _first_day(datetime.fromtimestamp(start // 10**9, place).date(), unit)
    edges = [start]
    while edges[-1] < end:
        if len(edges) > MOST:
            raise ValueError(f"there are more than {MOST} of unit {unit} in the range")
        day = _following(day, unit)
        edges.append(min(midnight_ns(day, place), end))
    return [(one, other) for one, other in pairwise(edges) if other > one]


def midnight_ns(day: date, place: ZoneInfo) -> int:
    """The first instant of a day in a zone, UTC ns; where midnight is skipped, the one the clock jumps to."""
    at = datetime.combine(day, time(), place).astimezone(UTC)
    return int((at - _EPOCH) / timedelta(seconds=1)) * 10**9


def _first_day(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _following(day: date, unit: str) -> date:
    if unit == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)
