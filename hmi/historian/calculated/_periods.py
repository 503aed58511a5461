"""Hours, shifts, days and months of the plant's zone as instants: a day of 23 or 25 hours is one day; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from hmi.core.clock import NS_PER_S
from hmi.project.calculation import HOUR, MONTH, CalculationRule

_HOUR_NS: Final = 3_600 * NS_PER_S
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """[start, end), UTC ns."""

    start: int
    end: int


def period_of(rule: CalculationRule, zone: tzinfo, at: int) -> Period:
    """The period that an instant lies in."""
    if rule.every == HOUR:
        offset = int((_local(at, zone).utcoffset() or timedelta()).total_seconds()) * NS_PER_S
        start = (at + offset) // _HOUR_NS * _HOUR_NS - offset
        return Period(start, start + _HOUR_NS)
    edges = _edges_around(rule, zone, at)
    place = bisect_right(edges, at)
    return Period(edges[place - 1], edges[place])


def periods(rule: CalculationRule, zone: tzinfo, start: int, end: int) -> Iterator[Period]:
    """Every period that begins at or after ``start`` and is over at ``end``."""
    found = period_of(rule, zone, start)
    if found.start < start:
        found = period_of(rule, zone, found.end)
    while found.end <= end:
        yield found
        found = period_of(rule, zone, found.end)


def _edges_around(rule: CalculationRule, zone: tzinfo, at: int) -> list[int]:
    """Beginnings of periods from before an instant to after it, in order."""
    day = _local(at, zone).date()
    if rule.every == MONTH:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        return [_instant(datetime(one.year, one.month, 1, tzinfo=zone)) for one in (first, following)]
    days = [day + timedelta(days=step) for step in (-1, 0, 1)]
    found = {
        _instant(datetime(one.year, one.month, one.day, *divmod(minute, 60), tzinfo=zone))
        for one in days
        for minute in rule.shifts
    }
    return sorted(found)


def _instant(wall: datetime) -> int:
    """Of a time on the wall: the first of two; one that is skipped counts by the clock of before."""
    moment = wall.astimezone(UTC) - _EPOCH
    return (moment.days * 86_400 + moment.seconds) * NS_PER_S


def _local(at: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(seconds=at // NS_PER_S)).astimezone(zone)
