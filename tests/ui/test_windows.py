"""Several windows of one station: opened, kept, restored, one look and one beat for all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

from fleet_plant import open_fleet
from PySide6.QtCore import QRect, Qt

from hmi.ui.exitcodes import CLOSED, LEAVE_ON_WATCH
from hmi.ui.flash import flash
from hmi.ui.windows import layout, look
from hmi.ui.windows.look import Look

pytestmark = pytest.mark.qt


def complete(qtbot, fleet) -> None:
    qtbot.waitUntil(lambda: all(host.page.mimic.is_complete for host in fleet.hosts))


def section(folder: Path, name: str) -> dict:
    files = list(folder.rglob("*.json"))
    return json.loads(files[0].read_text())[name] if files else {}


def test_a_second_window_has_its_own_display_and_the_same_station(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        fleet = all_.fleet
        qtbot.keyClick(fleet.hosts[0], Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        assert len(fleet.hosts) == 2
        first, second = (host.page for host in fleet.hosts)
        second.open_display("outlet")
        complete(qtbot, fleet)
        assert (first.mimic.name, second.mimic.name) == ("overview", "outlet")
        assert first.station is second.station
        assert len(second.strip.model.shown) == len(first.strip.model.shown) == 2


def test_closing_a_window_that_is_not_the_last_ends_nothing(qtbot) -> None:
    with open_fleet(qtbot, asks=True) as all_:
        fleet, codes = all_.fleet, []
        fleet.windowClosed.connect(codes.append)
        second = fleet.open_window()
        second.close()
        assert len(fleet.hosts) == 1
        assert codes == []
        wanted = all_.station._wants
        assert len(wanted) == len([w for w in wanted.values() if w])
        fleet.hosts[0].close()
        question = fleet.hosts[0].page.close_question
        assert question is not None
        question.settle(LEAVE_ON_WATCH)
        assert codes == [LEAVE_ON_WATCH]


def test_a_closed_window_wants_no_values_any_more(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        second = all_.fleet.open_window()
        second.page.open_display("outlet")
        complete(qtbot, all_.fleet)
        before = len(all_.station._wants)
        second.close()
        assert len(all_.station._wants) == before - 1


def test_windows_come_back_where_they_stood_with_what_they_showed(qtbot, tmp_path) -> None:
    with open_fleet(qtbot, tmp_path) as all_:
        fleet = all_.fleet
        fleet.hosts[0].setGeometry(QRect(10, 20, 1100, 700))
        second = fleet.open_window()
        second.page.open_display("outlet")
        complete(qtbot, fleet)
        second.showFullScreen()
        fleet.close_all()
    qtbot.waitUntil(lambda: len(section(tmp_path, layout.SECTION).get("windows", ())) == 2)
    with open_fleet(qtbot, tmp_path) as again:
        hosts = again.fleet.hosts
        assert [host.page.mimic.name for host in hosts] == ["overview", "outlet"]
        assert hosts[1].isFullScreen()


def test_a_window_closed_on_purpose_does_not_come_back(qtbot, tmp_path) -> None:
    with open_fleet(qtbot, tmp_path) as all_:
        fleet = all_.fleet
        fleet.open_window().close()
        fleet.close_all()
    qtbot.waitUntil(lambda: len(section(tmp_path, layout.SECTION).get("windows", [])) == 1)
    with open_fleet(qtbot, tmp_path) as again:
        assert len(again.fleet.hosts) == 1


def test_the_exit_code_of_the_last_window_is_that_of_the_station(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        codes: list[int] = []
        all_.fleet.windowClosed.connect(codes.append)
        all_.fleet.open_window()
        all_.fleet.close_all()
        assert codes == [CLOSED]
        assert all_.fleet.hosts == []


def test_the_theme_turns_in_every_window_and_is_kept(qtbot, tmp_path) -> None:
    with open_fleet(qtbot, tmp_path) as all_:
        fleet = all_.fleet
        fleet.open_window()
        qtbot.keyClick(
            fleet.hosts[0],
            Qt.Key.Key_T,
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
        )
        assert fleet.theme.name == "dark"
        qtbot.waitUntil(lambda: not fleet.renewal.is_busy)
        assert {host.page.theme.name for host in fleet.hosts} == {"dark"}
        for host in fleet.hosts:
            assert host.page.mimic.view._theme.dark
        fleet.resize_text(1)
    qtbot.waitUntil(lambda: section(tmp_path, look.SECTION).get("percent") == 125)
    with open_fleet(qtbot, tmp_path) as again:
        assert look.look_of(again.fleet.theme) == Look("dark", 125)
    with open_fleet(qtbot, tmp_path, wanted=Look("light")) as told:
        assert look.look_of(told.fleet.theme) == Look("light", 125)


def test_another_look_keeps_display_history_faceplate_and_trend(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        page = all_.fleet.hosts[0].page
        page.open_display("intake")
        complete(qtbot, all_.fleet)
        page.desk.open("intake/fic1", QRect(100, 100, 40, 40))
        page.open_trend(["intake/fic1.pv"])
        all_.fleet.resize_text(2)
        qtbot.waitUntil(lambda: not all_.fleet.renewal.is_busy)
        after = all_.fleet.hosts[0].page
        assert after is not page
        assert after.mimic.name == "intake"
        assert after.history.can_back
        assert [card.content.name for card in after.desk.cards] == ["intake/fic1"]
        assert [pen.tag for panel in after.trends for pen in panel.pens] == ["intake/fic1.pv"]
        complete(qtbot, all_.fleet)


def test_a_question_about_a_command_is_never_taken_away_by_another_look(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        fleet, told = all_.fleet, []
        all_.station.notice.connect(told.append)
        page = fleet.hosts[0].page
        card = page.desk.open("intake/fic1", QRect(100, 100, 40, 40))
        row = next(row for row in card.commands.rows if row.field is not None)
        row.field.setText("45")
        row.entry.ask()
        assert page.is_asking
        fleet.other_theme()
        assert fleet.theme.name == "light"
        assert card.commands.confirm is not None
        assert told
        card.commands.dialogue.drop()
        fleet.other_theme()
        assert fleet.theme.name == "dark"


def test_HM_12_marks_of_all_windows_turn_together(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        all_.fleet.open_window()
        complete(qtbot, all_.fleet)
        for lit in (False, True, False):
            flash().turned.emit(lit)
            phases = set()
            for host in all_.fleet.hosts:
                page = host.page
                phases |= {page.mimic.view._kit.lit, page.header.tabs.lit, page.strip.table.delegate.lit}
            assert phases == {lit}


def test_no_more_windows_than_the_station_allows(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        for _ in range(layout.MOST + 2):
            all_.fleet.open_window()
        assert len(all_.fleet.hosts) == layout.MOST


def test_f11_fills_the_screen_and_goes_back(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        host = all_.fleet.hosts[0]
        qtbot.keyClick(host, Qt.Key.Key_F11)
        assert host.isFullScreen()
        qtbot.keyClick(host, Qt.Key.Key_F11)
        assert not host.isFullScreen()
