"""HI-15: days of a zone have 23, 24 or 25 hours; what is stored is UTC and stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from hmi.cli._times import instant_ns, length_ns
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.historian.calendar import calendar_intervals

HOUR = 3_600 * NS_PER_S


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S


def hours(start: str, end: str, unit: str, zone: str = "Europe/Berlin") -> list[float]:
    return [(high - low) / HOUR for low, high in calendar_intervals(utc(start), utc(end), unit, zone)]


def test_hi_15_days_around_both_changes_of_the_clock() -> None:
    assert hours("2026-03-27T23:00", "2026-03-30T22:00", "day") == [24, 23, 24]
    assert hours("2026-10-23T22:00", "2026-10-26T23:00", "day") == [24, 25, 24]


def test_hi_15_where_midnight_itself_is_skipped_the_day_begins_at_one() -> None:
    # Beirut: on 29 March 2026 the clock jumps from 00:00 to 01:00
    assert hours("2026-03-27T22:00", "2026-03-29T21:00", "day", "Asia/Beirut") == [24, 23]


def test_intervals_meet_and_are_cut_to_the_range() -> None:
    found = calendar_intervals(utc("2026-01-15T12:00"), utc("2026-03-02T00:00"), "month", "UTC")
    assert [low for low, _ in found] == [
        utc("2026-01-15T12:00"),
        utc("2026-02-01T00:00"),
        utc("2026-03-01T00:00"),
    ]
    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert found[-1][1] == utc("2026-03-02T00:00")
    weeks = calendar_intervals(utc("2026-06-01T00:00"), utc("2026-06-15T00:00"), "week", "UTC")
    assert len(weeks) == 2


@pytest.mark.parametrize(("start", "end", "unit"), [(0, 1, "year"), (5, 5, "day"), (0, 2**62, "day")])
def test_what_makes_no_sense_is_a_sentence(start: int, end: int, unit: str) -> None:
    with pytest.raises(ValueError, match=r"is not one of|ends before it begins|more than"):
        calendar_intervals(start, end, unit, "UTC")


def test_times_are_taken_as_people_write_them() -> None:
    now = utc("2026-06-01T12:00")
    assert instant_ns("now", "UTC", "from", now) == now
    assert instant_ns("-8h", "UTC", "from", now) == now - 8 * HOUR
    assert instant_ns("90min", "UTC", "from", now) == now - HOUR * 3 // 2
    assert instant_ns("2026-06-01T14:00", "Europe/Berlin", "from", now) == now
    assert instant_ns("2026-06-01T12:00Z", "Europe/Berlin", "from", now) == now
    assert instant_ns("2026-06-01T12:00:00.250+00:00", "UTC", "from", now) == now + NS_PER_S // 4
    # the hour that comes twice: the first one, unless its offset says otherwise
    assert instant_ns("2026-10-25T02:30", "Europe/Berlin", "from", now) == utc("2026-10-25T00:30")
    assert instant_ns("2026-10-25T02:30+01:00", "Europe/Berlin", "from", now) == utc("2026-10-25T01:30")


@pytest.mark.parametrize("text", ["", "yesterday", "1969-12-31", "2026-13-01", "-1y", "9999-99"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--from"):
        instant_ns(text, "UTC", "from", 0)


@pytest.mark.parametrize("text", ["", "0s", "10", "-5s", "1y", "s"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--interval"):
        length_ns(text, "interval")
