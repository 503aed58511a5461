"""Short forms of ``make chaos-history``: nothing acknowledged is lost, and no wrong value is ever shown as right."""

from __future__ import annotations

import sys
from random import Random

import pytest

from hmi.bench._history_disk import Event, after_power_cut
from hmi.bench._history_flips import flipped
from hmi.bench._history_full import full_and_freed
from hmi.bench._history_kills import killed
from hmi.bench._history_power import cut, not_noted

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs fork, and the names of open files in /proc"),
    pytest.mark.timeout(300),
    pytest.mark.slow,
]


def test_hi_10_kills_lose_nothing_acknowledged_and_leave_no_bad_row() -> None:
    story = killed(10, seed=101)
    assert (story.ends, story.lost, story.wrong, story.unreadable) == (10, 0, [], [])
    assert story.acts > 0


def test_hi_10_power_cuts_lose_nothing_that_was_synced() -> None:
    story = cut(15, seed=102)
    assert (story.ends, story.lost, story.wrong, story.unreadable) == (15, 0, [], [])
    assert story.acts > 0


def test_a_file_that_got_its_name_after_the_cut_is_not_there() -> None:
    files = {"day.db": b"whole", "writer.lock": b""}
    events = [Event("day.db.new", "write", 0, b"whole"), Event("day.db.new", "rename", to="day.db")]
    assert not_noted(files, events) == {"writer.lock": b""}
    assert after_power_cut({}, events[:1], Random(1)).keys() <= {"day.db.new"}


def test_a_turned_bit_never_gives_a_wrong_value_in_silence() -> None:
    found = flipped(15, seed=103)
    assert found.flips == 15
    assert (found.invented, found.wrong, found.missing, found.crashed) == ([], [], [], [])
    assert found.told > 0


def test_a_full_disk_is_named_and_recovered_from_without_help() -> None:
    found = full_and_freed(3, seed=104)
    assert (found.times, found.lost, found.stuck, found.kept) == (3, [], [], [])
    assert found.refused > 0
