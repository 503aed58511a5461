"""AL-17, the station's half: a storm of alarms never holds the Qt thread, and the list stays in use meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QDeadlineTimer, Qt
from PySide6.QtTest import QTest
from shell_plant import Desk, open_station
from turns import turn_ms

from hmi.client.alarms import AlarmInfo
from hmi.core.clock import NS_PER_MS
from hmi.testing.client import START_NS, make_alarm

pytestmark = pytest.mark.qt
BLOCK_MS = 100.0
WAIT_MS = 60_000
BATCHES = 10


def storm(first: int, count: int, **more: Any) -> list[AlarmInfo]:
    return [
        make_alarm(
            f"{'intake' if n % 2 else 'outlet'}/x{n}.pv", n,
            **{"priority": 1 + n % 4, "alarm_time": START_NS + n * NS_PER_MS, "message": f"Alarm {n}", **more},
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def turns_until(desk: Desk, alarms: int) -> Iterator[float]:
    """Turns of the event loop until so many alarms are in the station and in both lists."""
    deadline = QDeadlineTimer(WAIT_MS)
    window = desk.window
    while not deadline.hasExpired():
        yield turn_ms()
        models = (window.strip.model, window.alarm_page.model)
        if len(desk.station.alarms) == alarms and all(model.passing == alarms for model in models):
            return
    raise AssertionError(f"{len(desk.station.alarms)} of {alarms} alarms arrived")


def test_AL_17_a_thousand_alarms_in_a_second_block_no_turn_and_the_list_stays_in_use(qtbot) -> None:
    with open_station(qtbot) as desk:
        window, page = desk.window, desk.window.alarm_page
        window.toggle_alarms()
        qtbot.waitUntil(lambda: page.model.passing == 2)
        longest = 0.0
        for number in range(BATCHES):
            desk.client.alarm_book.change(storm(100 + 100 * number, 100))
            wanted = 2 + 100 * (number + 1)
            longest = max(longest, *turns_until(desk, wanted))
            QTest.keyClick(page.table, Qt.Key.Key_Home)
            assert page.table.current_row() == page.model.shown[0]
        page.table.end_reading()
        assert longest < BLOCK_MS
        first = [row for row in page.model.shown if row.priority == 1]
        assert page.model.shown[: len(first)] == first
        assert window.strip.model.shown[0].priority == 1
        assert {row.alarm_id for row in page.model.shown} == {
            row.alarm_id for row in desk.station.alarms.values()
        }


def test_AL_17_ten_thousand_rows_stay_fast(qtbot) -> None:
    """Changes to a list of 10,000 alarms, its filters and its scrolling: no turn is longer than a tenth of a second."""
    with open_station(qtbot) as desk:
        window, page = desk.window, desk.window.alarm_page
        window.toggle_alarms()
        rows = storm(100, 10_000)
        for start in range(0, len(rows), 1_000):
            desk.client.alarm_book.change(rows[start : start + 1_000])
        spent = list(turns_until(desk, 10_002))
        desk.client.alarm_book.change(storm(100, 400, state="ACKED"))
        waiting = lambda: sum(  # noqa: E731
            row.state == "ACKED" for row in desk.station.alarms.values()
        )
        while waiting() < 401:
            spent.append(turn_ms())
        for act in (
            lambda: page.table.scrollToBottom(),
            lambda: page.table.scrollToTop(),
            lambda: page.filter_bar.show_area("outlet"),
            lambda: page.filter_bar.search.setText("alarm 99"),
            lambda: page.filter_bar.open_all(),
        ):
            act()
            spent += [turn_ms() for _ in range(3)]
        assert max(spent) < BLOCK_MS
        assert page.model.rowCount() == 10_002
