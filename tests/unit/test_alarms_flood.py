"""Floods by fixed bins, and what sounds in them (standards 1.9)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hmi.alarms import AlarmChange, FloodWatch
from hmi.alarms._flood import BIN_NS, bin_start
from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState, Priority
from hmi.core.clock import NS_PER_S

MINUTE = 60 * NS_PER_S
BEGIN = int(datetime(2026, 11, 28, 10, 0, tzinfo=UTC).timestamp()) * NS_PER_S


def alarm(number: int, priority: int = 3) -> AlarmChange:
    row = AlarmRow(
        f"a_{number}", f"o_{number}", "t", "tag", "High", "high", Priority(priority), AlarmState.UNACK, "area",
        1.0, 0.5, "", BEGIN,
    )  # fmt: skip
    return AlarmChange(AlarmEvent.ALM, AlarmState.NORM, AlarmState.UNACK, row, BEGIN, annunciate=True)


def several(count: int, priority: int = 3) -> list[AlarmChange]:
    return [alarm(number, priority) for number in range(count)]


def test_ten_alarms_in_a_bin_are_no_flood_and_eleven_are() -> None:
    watch = FloodWatch()
    watch.take(several(10), BEGIN + MINUTE)
    assert watch.floods(BEGIN + MINUTE) == ()
    watch.take([alarm(99)], BEGIN + 2 * MINUTE)
    (flood,) = watch.floods(BEGIN + 2 * MINUTE)
    assert (flood.position, flood.since, flood.alarms) == ("", BEGIN, 11)


def test_ten_and_ten_on_both_sides_of_a_bin_are_no_flood() -> None:
    watch = FloodWatch()
    watch.take(several(10), BEGIN + 9 * MINUTE)
    watch.take(several(10), BEGIN + 11 * MINUTE)
    assert watch.floods(BEGIN + 12 * MINUTE) == ()


@pytest.mark.parametrize(("later", "ends"), [(5, False), (4, True)])
def test_a_flood_ends_with_the_first_later_bin_that_held_fewer_than_five(later: int, ends: bool) -> None:
    watch = FloodWatch()
    watch.take(several(11), BEGIN)
    watch.take(several(later), BEGIN + 10 * MINUTE)
    assert watch.floods(BEGIN + 19 * MINUTE) != ()
    assert (watch.floods(BEGIN + 20 * MINUTE) == ()) is ends


def test_a_flood_ends_in_a_quiet_night_too() -> None:
    watch = FloodWatch()
    watch.take(several(50), BEGIN)
    assert watch.floods(BEGIN + 10 * MINUTE) != ()
    assert watch.floods(BEGIN + 300 * MINUTE) == ()
    watch.take(several(3), BEGIN + 301 * MINUTE)
    assert watch.floods(BEGIN + 301 * MINUTE) == ()


def test_urgent_alarms_always_sound_and_the_others_once_in_ten_seconds() -> None:
    watch = FloodWatch()
    assert len(watch.take(several(10), BEGIN)) == 10
    watch.take(several(5), BEGIN)
    quiet_until = BEGIN + 10 * NS_PER_S
    assert watch.take([alarm(1), alarm(2, 2)], BEGIN + NS_PER_S) == []
    assert [c.row.priority for c in watch.take([alarm(3, 1), alarm(4)], BEGIN + 2 * NS_PER_S)] == [1]
    found = watch.take([alarm(5), alarm(6, 2), alarm(7, 4)], quiet_until)
    assert [change.row.alarm_id for change in found] == ["a_6"]
    assert watch.take([alarm(8, 2)], quiet_until + 9 * NS_PER_S) == []
    assert len(watch.take([alarm(9, 2)], quiet_until + 10 * NS_PER_S)) == 1


def test_journal_entries_never_sound() -> None:
    watch = FloodWatch()
    assert watch.take([alarm(1, 5)], BEGIN) == []


def test_positions_have_floods_of_their_own() -> None:
    watch = FloodWatch(positions={f"a_{n}": "north" for n in range(100, 200)})
    watch.take([alarm(100 + n) for n in range(11)], BEGIN)
    watch.take(several(5), BEGIN)
    assert [flood.position for flood in watch.floods(BEGIN)] == ["north"]
    assert len(watch.take(several(3), BEGIN + NS_PER_S)) == 3


def test_a_session_clock_that_was_set_begins_anew() -> None:
    watch = FloodWatch()
    watch.take(several(11), BEGIN)
    watch.begin_run()
    assert watch.floods(BEGIN - 600 * MINUTE) == ()


def test_bins_are_those_of_the_plants_clock() -> None:
    nepal = ZoneInfo("Asia/Kathmandu")  # UTC+05:45: its ten minutes begin five minutes after those of UTC
    assert bin_start(BEGIN + MINUTE, UTC) == BEGIN
    assert bin_start(BEGIN + MINUTE, nepal) == BEGIN - 5 * MINUTE
    assert bin_start(BEGIN + 6 * MINUTE, nepal) == BEGIN + 5 * MINUTE
    berlin = ZoneInfo("Europe/Berlin")
    for month in range(1, 13):
        at = int(datetime(2026, month, 28, 23, 58, tzinfo=UTC).timestamp()) * NS_PER_S
        assert 0 <= at - bin_start(at, berlin) < BIN_NS
