"""Ctrl+K in the real window: rows, values of the rows in view only, Enter, Ctrl+Enter, another plant."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shell_plant import Desk, good, open_station, plant

from hmi.client.port import PlantInfo
from hmi.testing.client import make_alarm, make_tag
from hmi.ui.search.panel import SearchPanel

pytestmark = pytest.mark.qt
CTRL = Qt.KeyboardModifier.ControlModifier


def ask(qtbot, desk: Desk, words: str) -> SearchPanel:  # type: ignore[no-untyped-def]
    panel = desk.window.overlays.find
    qtbot.waitUntil(desk.window.travel.atlas.is_ready)
    if panel.isHidden():
        QTest.keyClick(desk.window, Qt.Key.Key_K, CTRL)
    panel.field.setText(words)
    qtbot.waitUntil(lambda: panel._search is not None and panel._search.done)
    return panel


def many_tags() -> PlantInfo:
    made = plant()
    more = [make_tag(f"intake/x{n}.pv", description=f"Measurement {n}") for n in range(400)]
    return msgspec.structs.replace(made, tags=[*made.tags, *more])


def test_enter_opens_display_and_faceplate_and_rings_the_object(qtbot) -> None:
    with open_station(qtbot) as desk:
        window = desk.window
        panel = ask(qtbot, desk, "lt2")
        QTest.keyClick(panel.field, Qt.Key.Key_Return)
        assert panel.isHidden()
        assert window.mimic.name == "overview"
        assert window.desk.cards[-1].content.name == "outlet/lt2.pv"
        view = window.mimic.view
        assert view.scene.target(view._pointed) == "outlet/lt2.pv"
        window.open_display("intake")
        QTest.keyClick(ask(qtbot, desk, "lt2").field, Qt.Key.Key_Return)
        assert window.mimic.name == "outlet"
        assert view.scene.target(view._pointed) == "outlet/lt2.pv"
        assert len(window.desk.cards) == 1


def test_ctrl_enter_opens_the_trend_and_leaves_the_display(qtbot) -> None:
    with open_station(qtbot) as desk:
        panel = ask(qtbot, desk, "intake/fic1.pv")
        QTest.keyClick(panel.field, Qt.Key.Key_Return, CTRL)
        assert [pen.tag for pen in desk.window.trends[0].pens] == ["intake/fic1.pv"]
        assert panel.isHidden()
        assert desk.window.mimic.name == "overview"


def test_a_click_on_a_row_opens_it(qtbot) -> None:
    with open_station(qtbot) as desk:
        panel = ask(qtbot, desk, "outlet")
        row = next(n for n in range(panel.model.rowCount()) if panel.model.entry(n).kind == "display")
        place = panel.list.visualRect(panel.model.index(row, 0)).center()
        QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert desk.window.mimic.name == "outlet"


def test_arrows_move_the_choice_while_typing_goes_on(qtbot) -> None:
    with open_station(qtbot) as desk:
        panel = ask(qtbot, desk, "intake/p1.")
        assert panel.list.chosen == 0
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
            QTest.keyClick(panel.field, key)
        assert panel.list.chosen == 1
        QTest.keyClicks(panel.field, "spe")
        qtbot.waitUntil(lambda: panel._search.done)
        assert panel.model.entry(panel.list.chosen).target == "intake/p1.speed"


def test_only_the_rows_in_view_are_asked_for_and_none_when_it_is_closed(qtbot) -> None:
    info = many_tags()
    with open_station(qtbot, info=info, live={tag.name: good(1.0) for tag in info.tags}) as desk:
        panel = ask(qtbot, desk, "measurement")
        qtbot.waitUntil(lambda: "intake/x0.pv" in desk.client.tags)
        shown = {name for name in desk.client.tags if "/x" in name}
        assert 3 < len(shown) <= len(panel.list.rows_in_view()) < 20
        panel.list.scrollTo(panel.model.index(150, 0))
        qtbot.waitUntil(lambda: panel.model.entry(150).target in desk.client.tags)
        assert "intake/x0.pv" not in desk.client.tags
        QTest.keyClick(panel.field, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not any("/x" in name for name in desk.client.tags))


def test_a_value_is_never_shown_in_the_row_of_another_tag(qtbot) -> None:
    """The rows change at once, the values come later: meanwhile a row shows none."""
    with open_station(qtbot) as desk:
        panel = ask(qtbot, desk, "fic1.pv")
        qtbot.waitUntil(lambda: bool(panel._tags))
        panel.field.setText("lt2")
        assert panel._tags == {}
        qtbot.waitUntil(lambda: panel._tags.get(0) == "outlet/lt2.pv")
        for row, tag in panel._tags.items():
            assert panel._tag_of(panel.model.entry(row)) == tag


def test_values_of_a_silent_runtime_are_stale_here_too(qtbot) -> None:
    with open_station(qtbot) as desk:
        panel = ask(qtbot, desk, "lt2")
        qtbot.waitUntil(lambda: panel._tags.get(0) == "outlet/lt2.pv")
        qtbot.waitUntil(lambda: not desk.station.reading("outlet/lt2.pv").is_bad)
        live = panel.list.grab().toImage()
        assert panel.list.grab().toImage() == live
        desk.time.pass_s(5)
        assert desk.station.reading("outlet/lt2.pv").stale
        desk.station.judged.emit()
        assert panel.list.grab().toImage() != live


def test_the_row_of_an_alarm_carries_its_mark_only_while_it_is_active(qtbot) -> None:
    made = plant()
    alarm = {"id": "a_1", "name": "High", "kind": "high", "priority": 1, "message": "Level high"}
    tags = [
        msgspec.structs.replace(t, alarms=[alarm] if t.name == "outlet/lt2.pv" else t.alarms)
        for t in made.tags
    ]
    with open_station(qtbot, info=msgspec.structs.replace(made, tags=tags)) as desk:
        panel = ask(qtbot, desk, "level high")
        entry = panel.model.entry(0)
        assert (entry.kind, entry.target) == ("alarm", "outlet/lt2.pv")
        assert panel._priority(entry, entry.target) == 0
        desk.client.raise_alarms(make_alarm("outlet/lt2.pv", 5, priority=1, message="Level high"))
        qtbot.waitUntil(lambda: panel._priority(entry, entry.target) == 1)


def test_another_plant_revision_is_searched_as_soon_as_it_is_there(qtbot) -> None:
    with open_station(qtbot) as desk:
        panel = ask(qtbot, desk, "x399")
        assert panel.model.rowCount() == 0
        desk.client.take_plant(msgspec.structs.replace(many_tags(), revision="r2"))
        qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
        assert panel.model.entry(0).target == "intake/x399.pv"


def test_what_no_display_shows_opens_its_faceplate_where_one_is(qtbot) -> None:
    made = plant()
    lonely = make_tag("lab/q9.pv", area="lab", description="Laboratory")
    info = msgspec.structs.replace(made, tags=[*made.tags, lonely])
    with open_station(qtbot, info=info) as desk:
        QTest.keyClick(ask(qtbot, desk, "q9").field, Qt.Key.Key_Return)
        assert desk.window.mimic.name == "overview"
        assert desk.window.desk.cards[-1].content.name == "lab/q9.pv"
        assert desk.window.mimic.view._pointed == -1
