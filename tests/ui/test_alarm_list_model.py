"""The alarm list: order, filter, an order that waits for the reader, folding in a flood, acknowledging, flashing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt

from hmi.client.port import AlarmInfo
from hmi.core.clock import NS_PER_S
from hmi.testing.client import START_NS, make_alarm
from hmi.ui.alarms.columns import ACTIVE, FIXED, Choice, Column, choice_from, left_out
from hmi.ui.alarms.model import MANY, AlarmModel
from hmi.ui.alarms.rules import Filter, Fold
from hmi.ui.alarms.table import AlarmTable
from hmi.ui.paint import BLINK_PERIOD_NS
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
DAY_NS = 24 * 3_600 * NS_PER_S


def row(number: int, **more: Any) -> AlarmInfo:
    return make_alarm(f"area{number % 2}/ft{number}.pv", number, **{"alarm_time": START_NS + number, **more})


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
    made.set_filter(Filter(text="tripped p-3", priorities=frozenset((1,))))
    assert ids(made) == []


@pytest.mark.parametrize(
    ("word", "found"),
    [("unacked", ["a_1", "a_3", "a_4"]), ("acked", ["a_2", "a_5"]), ("returned", ["a_3"]), ("latched", ["a_4", "a_5"])],
)  # fmt: skip
def test_filters_by_state(word: str, found: list[str]) -> None:
    states = ("UNACK", "ACKED", "RTNUN", "LATCH-UNACK", "LATCH-ACKED")
    made = model(*(row(n, state=state) for n, state in enumerate(states, 1)))
    made.set_filter(Filter(states=frozenset((word,))))
    assert sorted(ids(made)) == found


def test_AL_16_an_alarm_acknowledged_for_a_day_and_a_second_is_listed_stale_and_a_hidden_one_is_not() -> None:
    made = model(
        row(1, state="ACKED", alarm_time=START_NS),
        row(2, state="UNACK", alarm_time=START_NS),
        row(3, state="ACKED", alarm_time=START_NS + 2 * NS_PER_S),
        row(4, state="RTNUN", alarm_time=START_NS),
        row(5, state="SHLVD", alarm_time=START_NS),
        row(6, state="DSUPR", alarm_time=START_NS),
        row(7, state="OOSRV", alarm_time=START_NS),
    )
    made.set_filter(Filter(states=frozenset(("stale",)), now=START_NS + DAY_NS + NS_PER_S))
    assert sorted(ids(made)) == ["a_1", "a_2"]
    made.judge_age(START_NS + DAY_NS + 3 * NS_PER_S)
    assert sorted(ids(made)) == ["a_1", "a_2", "a_3"]
    made.set_filter(Filter(states=frozenset(("stale", "acked")), now=START_NS + DAY_NS + NS_PER_S))
    assert ids(made) == ["a_1"]


def test_the_order_waits_while_one_reads(qtbot) -> None:
    made = model(row(1), row(2), row(4))
    made.set_hold(True)
    made.set_rows([msgspec.structs.replace(row(2), state="ACKED"), row(1), row(3, priority=1)])
    assert ids(made) == ["a_4", "a_2", "a_1"]
    assert made.shown[1].state == "ACKED"
    assert [one.alarm_id for one in made.waiting] == ["a_3"]
    assert made.has_ended(made.shown[0])
    assert made.text(made.shown[0], Column.STATE) == "Ended"
    made.set_hold(False)
    assert ids(made) == ["a_3", "a_1", "a_2"]
    assert made.waiting == []


def test_what_waits_comes_in_when_asked_for_and_the_order_is_held_from_there(qtbot) -> None:
    made = model(row(1), row(2))
    made.set_hold(True)
    made.apply([row(3, priority=1)], [])
    made.catch_up()
    assert ids(made) == ["a_3", "a_2", "a_1"]
    made.apply([row(4, priority=1)], [])
    assert ids(made) == ["a_3", "a_2", "a_1"]
    assert [one.alarm_id for one in made.waiting] == ["a_4"]


def test_an_ended_row_is_acknowledged_by_no_key_and_no_button(qtbot) -> None:
    made = model(row(1), row(2))
    table = AlarmTable(Theme.load("light"), made)
    qtbot.addWidget(table)
    table.resize(1900, 300)
    table.show()
    asked: list[tuple[str, list[AlarmInfo]]] = []
    table.actAsked.connect(lambda act, rows: asked.append((act, rows)))
    table.selectRow(0)
    made.set_hold(True)
    made.apply([], ["o_2"])
    cell = table.visualRect(made.index(0, Column.ACK))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    qtbot.keyClick(table, Qt.Key.Key_A)
    assert asked == [("ACK", [])]
    assert [one.alarm_id for one in table.visible_unacked()] == ["a_1"]


def test_a_changed_state_touches_its_own_rows_only(qtbot) -> None:
    made = model(*(row(n, priority=2) for n in range(1, 6)))
    touched: list[tuple[int, int]] = []
    made.dataChanged.connect(lambda a, b: touched.append((a.row(), b.row())))
    rows = list(made.shown)
    made.set_rows([*rows[:2], msgspec.structs.replace(rows[2], value=9.0), *rows[3:]])
    assert touched == [(2, 2)]


@pytest.mark.parametrize("count", [3, MANY + 50])
def test_deltas_of_any_size_end_in_the_same_order_as_the_whole_list(qtbot, count: int) -> None:
    rows = {n: row(n, priority=1 + n % 4, state="UNACK" if n % 3 else "ACKED") for n in range(1, 600)}
    made = model(*rows.values())
    for n in range(1, count):
        rows[n] = msgspec.structs.replace(rows[n], state="ACKED", priority=1 + (n + 1) % 4)
    rows[700] = row(700, priority=1)
    made.apply([*(rows[n] for n in range(1, count)), rows[700]], ["o_500", "o_501", "nothing"])
    whole = model(*(one for n, one in rows.items() if n not in {500, 501}))
    assert ids(made) == ids(whole)
    assert made.passing == len(whole.shown)


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
    assert table.visible_unacked() == made.shown[: last + 1]


def test_the_button_and_the_key_ask_for_one_acknowledgement(qtbot) -> None:
    made = model(row(1))
    table = AlarmTable(Theme.load("light"), made)
    qtbot.addWidget(table)
    table.resize(1900, 300)
    table.show()
    asked: list[tuple[str, list[str]]] = []
    table.actAsked.connect(lambda act, rows: asked.append((act, [one.alarm_id for one in rows])))
    cell = table.visualRect(made.index(0, Column.ACK))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_A)
    assert asked == [("ACK", ["a_1"]), ("ACK", ["a_1"])]


# floods


def flood() -> AlarmModel:
    made = model(
        row(1, priority=1, area="north"), row(2, priority=2, area="north", group="pumps", first_out=1),
        *(row(n, priority=3, area="north", group="pumps") for n in range(3, 8)),
        *(row(n, priority=4, area="south") for n in range(8, 10)), row(20, priority=2, area="east", state="ACKED"),
    )  # fmt: skip
    made.set_folds(True)
    return made


def test_in_a_flood_consequences_fold_below_their_group_and_priority_1_never() -> None:
    made = flood()
    assert ids(made) == ["a_1", "a_2", "a_9", "a_8", "a_20"]
    fold = next(line for line in made.lines if isinstance(line, Fold))
    assert (fold.group, fold.count, fold.unacked, fold.priority) == ("pumps", 5, 5, 3)
    assert made.lines.index(fold) == 2
    assert made.passing == 10
    made.turn_fold(fold.key)
    assert ids(made) == ["a_1", "a_2", "a_7", "a_6", "a_5", "a_4", "a_3", "a_9", "a_8", "a_20"]
    made.set_folds(False)
    assert not any(isinstance(line, Fold) for line in made.lines)


def test_a_folded_alarm_that_becomes_first_priority_comes_out_at_once() -> None:
    made = flood()
    made.apply([msgspec.structs.replace(row(5, area="north", group="pumps"), priority=1)], [])
    assert "a_5" in ids(made)


def test_folded_alarms_are_not_acknowledged_unseen(qtbot) -> None:
    made = flood()
    table = AlarmTable(Theme.load("light"), made)
    qtbot.addWidget(table)
    table.resize(1900, 500)
    table.show()
    asked: list[list[str]] = []
    table.actAsked.connect(lambda _, rows: asked.append([one.alarm_id for one in rows]))
    table.selectAll()
    qtbot.keyClick(table, Qt.Key.Key_A)
    assert asked == [["a_1", "a_2", "a_9", "a_8", "a_20"]]
    table.selectRow(2)
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert len(made.shown) == 10
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert len(made.shown) == 5


# columns


def test_columns_are_chosen_moved_and_resized_and_come_back_as_they_were(qtbot) -> None:
    choice = Choice().toggled(Column.CLASS).toggled(Column.LIMIT).with_width(Column.TAG, 200)
    assert Column.LIMIT not in choice.shown
    assert choice.shown.index(Column.CLASS) == choice.shown.index(Column.RESPONSE) - 1
    assert choice_from(choice.to_settings()) == choice
    moved = choice.with_shown([Column.ACK, Column.STATE, Column.TIME, Column.DESCRIPTION])
    assert moved.shown == (Column.MARK, Column.STATE, Column.TIME, Column.DESCRIPTION, Column.ACK)
    table = AlarmTable(Theme.load("light"), model(row(1)))
    qtbot.addWidget(table)
    table.resize(1900, 300)
    table.take_choice(moved)
    places = sorted(moved.shown, key=table.header.visualIndex)
    assert tuple(places) == moved.shown
    assert [column for column in Column if not table.isColumnHidden(column)] == sorted(moved.shown)


@pytest.mark.parametrize(
    "kept", [{}, {"shown": 4}, {"shown": ["nonsense"], "widths": {"tag": "wide", "time": -4}}, {"widths": []}]
)
def test_kept_columns_that_make_no_sense_are_the_usual_ones(kept: dict[str, Any]) -> None:
    assert choice_from(kept).shown == ACTIVE


def test_mark_and_button_are_never_left_out_of_a_narrow_table() -> None:
    for room in (300, 600, 900, 1200, 2000):
        assert not FIXED & left_out(Choice(), room)


def test_HM_12_marks_blink_between_half_a_hertz_and_one() -> None:
    assert 0.5 <= 1e9 / BLINK_PERIOD_NS <= 1.0


def test_thousand_alarms_are_arranged_without_a_proxy_in_one_pass(qtbot) -> None:
    made = model(*(row(n, priority=1 + n % 4) for n in range(1000)))
    priorities = [one.priority for one in made.shown]
    assert priorities == sorted(priorities)
    assert made.rowCount() == 1000
