"""The alarm list: order, filter, an order that waits for the reader, acknowledging, flashing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

pytest.importorskip("PySide6")

from hmi.client.port import AlarmInfo
from hmi.testing.client import START_NS, make_alarm
from hmi.ui.alarms.model import AlarmModel, Column, Filter
from hmi.ui.alarms.table import AlarmTable
from hmi.ui.paint import BLINK_PERIOD_NS
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt


def row(number: int, **more: Any) -> AlarmInfo:
    return make_alarm(f"area{number % 2}/ft{number}.pv", number, alarm_time=START_NS + number, **more)


def model(*rows: AlarmInfo) -> AlarmModel:
    made = AlarmModel(lambda at: str(at), lambda tag: None)
    made.set_rows(rows)
    return made


def ids(made: AlarmModel) -> list[str]:
    return [one.alarm_id for one in made.shown]


def test_unacknowledged_first_then_priority_then_the_newest() -> None:
    made = model(
        row(1, priority=1, state="ACKED"), row(2, priority=3), row(3, priority=2), row(4, priority=2)
    )
    assert ids(made) == ["a_4", "a_3", "a_2", "a_1"]


def test_filters_by_area_priority_and_text() -> None:
    made = model(row(1, priority=1), row(2, priority=2), row(3, priority=2, message="Pump P-3 tripped"))
    made.set_filter(Filter(priorities=frozenset((2,))))
    assert ids(made) == ["a_3", "a_2"]
    made.set_filter(Filter(area="area1"))
    assert ids(made) == ["a_1", "a_3"]
    made.set_filter(Filter(text="p-3 TRIP"))
    assert ids(made) == ["a_3"]


def test_the_order_waits_while_one_reads(qtbot) -> None:
    made = model(row(1), row(2))
    made.set_hold(True)
    made.set_rows([msgspec.structs.replace(row(2), state="ACKED"), row(1), row(3, priority=1)])
    assert ids(made) == ["a_2", "a_1", "a_3"]
    assert made.shown[0].state == "ACKED"
    made.set_hold(False)
    assert ids(made) == ["a_3", "a_1", "a_2"]


def test_a_changed_state_touches_its_own_rows_only(qtbot) -> None:
    made = model(*(row(n, priority=2) for n in range(1, 6)))
    touched: list[tuple[int, int]] = []
    made.dataChanged.connect(lambda a, b: touched.append((a.row(), b.row())))
    rows = list(made.shown)
    made.set_rows([*rows[:2], msgspec.structs.replace(rows[2], value=9.0), *rows[3:]])
    assert touched == [(2, 2)]


def test_a_selection_follows_its_alarm_when_the_order_changes(qtbot) -> None:
    made = model(row(1), row(2))
    table = AlarmTable(Theme.load("light"), made)
    qtbot.addWidget(table)
    table.selectRow(1)
    made.set_rows([row(1), row(2), row(3, priority=1)])
    assert [one.alarm_id for one in table.selected_rows()] == ["a_1"]


def test_only_visible_unacknowledged_rows_are_acknowledged_together(qtbot) -> None:
    made = model(*(row(n, state="UNACK" if n % 2 else "ACKED") for n in range(1, 101)))
    table = AlarmTable(Theme.load("light"), made)
    qtbot.addWidget(table)
    table.resize(1900, 26 + 27 * 10)
    table.show()
    first, last = table.visible_range()
    assert first == 0
    assert 8 <= last <= 11
    assert table.visible_unacked() == [one.occurrence_id for one in made.shown[: last + 1]]


def test_the_button_and_the_key_ask_for_one_acknowledgement(qtbot) -> None:
    from PySide6.QtCore import Qt

    made = model(row(1))
    table = AlarmTable(Theme.load("light"), made)
    qtbot.addWidget(table)
    table.resize(1900, 300)
    table.show()
    asked: list[list[str]] = []
    table.ackAsked.connect(asked.append)
    cell = table.visualRect(made.index(0, Column.ACK))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_A)
    assert asked == [["o_1"], ["o_1"]]


def test_HM_12_marks_blink_between_half_a_hertz_and_one() -> None:
    assert 0.5 <= 1e9 / BLINK_PERIOD_NS <= 1.0


def test_thousand_alarms_are_arranged_without_a_proxy_in_one_pass(qtbot) -> None:
    made = model(*(row(n, priority=1 + n % 4) for n in range(1000)))
    priorities = [one.priority for one in made.shown]
    assert priorities == sorted(priorities)
    assert made.rowCount() == 1000
