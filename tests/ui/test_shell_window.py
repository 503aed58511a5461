"""The operator window: navigation, alarms on tabs, freshness, frame, closing, texts, look."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import msgspec
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QLabel, QWidget
from shell_plant import good, open_station

from hmi.core.principal import Mode
from hmi.core.texts import pseudo, use_pseudo_language, use_translations
from hmi.project import open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import plant_info
from hmi.testing.client import make_alarm
from hmi.ui.closing import CloseQuestion
from hmi.ui.commands.reasons import blocked
from hmi.ui.exitcodes import CLOSED, LEAVE_ON_WATCH
from hmi.ui.faceplate.content import content_of
from hmi.ui.faceplate.desk import LIMIT
from hmi.ui.navigation import places
from hmi.ui.widgets import FlatButton, Text

pytestmark = pytest.mark.qt


def test_every_display_carries_what_an_operator_must_know(qtbot) -> None:
    with open_station(qtbot) as desk:
        header = desk.window.header
        qtbot.waitUntil(lambda: header.user.full_text == "demo-operator")
        assert header.plant.full_text == "Small plant"
        assert "Overview" in header.place.full_text
        assert "1" in header.place.full_text
        qtbot.waitUntil(lambda: header.health.word == "All links up")
        assert header.clock.full_text.count(":") == 2
        assert header.counts.count(2) == 1
        assert header.counts.count(4) == 1
        assert desk.window.strip.isVisible()


def test_HM_01_every_display_is_one_action_from_any_other(qtbot) -> None:
    with open_station(qtbot) as desk:
        names = {place.display for place in desk.window.header.tabs._places}
        assert names == {display.name for display in desk.station.plant.displays}
        qtbot.keyClick(desk.window, Qt.Key.Key_F2)
        assert desk.window.mimic.name == "intake"


def test_history_goes_back_and_forward_by_keys(qtbot) -> None:
    with open_station(qtbot) as desk:
        for name in ("intake", "outlet"):
            desk.window.open_display(name)
        qtbot.keyClick(desk.window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
        assert desk.window.mimic.name == "intake"
        qtbot.keyClick(desk.window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
        assert desk.window.mimic.name == "outlet"


def test_a_silent_runtime_makes_everything_stale_and_says_so(qtbot) -> None:
    with open_station(qtbot) as desk:
        assert not desk.station.reading("intake/fic1.pv").stale
        desk.time.pass_s(2.1)
        desk.station.judged.emit()
        desk.window._tick()
        assert desk.station.reading("intake/fic1.pv").stale
        assert desk.window.mimic.view.scene.stale == {"intake/fic1.pv", "outlet/lt2.pv"}
        assert "No sign of life" in desk.window.banner.text.full_text
        assert desk.window.banner.isVisible()
        assert desk.window.header.health.word == "No runtime"


def test_simulator_frame_and_word_only_in_simulator_mode(qtbot) -> None:
    with open_station(qtbot) as desk:
        assert not desk.window.frame.isVisible()
        assert "SIMULATOR" not in desk.window.windowTitle()
    with open_station(qtbot, mode="simulator") as desk:
        assert desk.window.frame.isVisible()
        assert "SIMULATOR" in desk.window.windowTitle()
        assert desk.window.header.chip.isVisible()
        desk.window.toggle_instructor()
        qtbot.waitUntil(lambda: len(desk.window.instructor._rows) == 2)
        desk.window.instructor._freeze_or_run()
        qtbot.waitUntil(lambda: ("freeze", {}) in desk.client.asked)
        desk.window.toggle_instructor()


def test_HM_11_strip_stays_free_of_four_faceplates_and_a_trend(qtbot) -> None:
    with open_station(qtbot) as desk:
        strip = desk.window.strip.geometry()
        for target in ("intake/fic1", "intake/p1", "outlet/lt2.pv", "intake/fic1.sp"):
            desk.window.desk.open(target, QRect(900, 860, 90, 36))
        desk.window.open_trend(["intake/fic1.pv"])
        qtbot.wait(20)
        covers = [card.geometry() for card in desk.window.desk.cards] + [
            panel.geometry() for panel in desk.window.trends
        ]
        assert len(desk.window.desk.cards) <= LIMIT
        assert len(covers) >= 4
        assert not any(box.intersects(strip) for box in covers)


def test_faceplate_opens_beside_its_object(qtbot) -> None:
    with open_station(qtbot) as desk:
        box = QRect(400, 344, 90, 36)
        card = desk.window.desk.open("intake/fic1", box)
        assert card is not None
        assert not card.geometry().intersects(box)


def test_set_point_is_read_back_confirmed_and_its_end_told(qtbot) -> None:
    with open_station(qtbot) as desk:
        card = desk.window.desk.open("intake/fic1", QRect(400, 344, 90, 36))
        qtbot.waitUntil(lambda: "intake/fic1.sp" in desk.station.values)
        row = next(row for row in card.commands.rows if row.field is not None)
        row.field.setText("45,5")
        assert "45.5" in row.entry.hint.full_text
        row.entry.ask()
        assert desk.client.submitted == []
        seen = desk.station.mailbox.ages.heartbeat
        card.commands.confirm.confirmed.emit()
        qtbot.waitUntil(lambda: "Confirmed" in card.commands.result.full_text)
        assert [(c.tag_id, c.value) for c in desk.client.submitted] == [("t_intake/fic1.sp", 45.5)]
        assert (desk.client.submitted[0].heartbeat, desk.client.submitted[0].expected) == (seen, 40.0)
        qtbot.waitUntil(lambda: desk.station.values.get("intake/fic1.sp") == good(40.0))


def test_a_value_outside_the_limits_is_not_asked_for(qtbot) -> None:
    with open_station(qtbot) as desk:
        card = desk.window.desk.open("intake/fic1", QRect(400, 344, 90, 36))
        row = next(row for row in card.commands.rows if row.field is not None)
        row.field.setText("95")
        row.entry.ask()
        assert card.commands.confirm is None
        assert "Not above 90" in row.entry.hint.full_text


def test_HM_15_every_disabled_command_tells_its_reason(qtbot) -> None:
    with open_station(qtbot) as desk:
        card = desk.window.desk.open("intake/p1", QRect(400, 344, 90, 36))
        desk.client.tick({"intake/p1.remote": good(False)})
        buttons = [button for row in card.commands.rows for button, _ in row.buttons]
        assert buttons

        def blocked() -> bool:
            desk.station.drain()
            card.refresh()
            return all(not b.isEnabled() and "local" in b.toolTip() for b in buttons)

        qtbot.waitUntil(blocked)
        assert "local" in card.commands.why.full_text


def test_one_click_from_an_alarm_to_its_faceplate_and_acknowledge(qtbot) -> None:
    with open_station(qtbot) as desk:
        qtbot.waitUntil(lambda: desk.window.strip.model.rowCount() == 2)
        row = desk.window.strip.model.shown[0]
        desk.window._alarm_chosen(row, QRect(20, 940, 1000, 27))
        assert desk.window.desk.cards[-1].content.name == "intake/fic1"
        desk.window._ack_top()
        qtbot.waitUntil(lambda: desk.client.acknowledged == ["o_1"])
        qtbot.waitUntil(lambda: desk.station.alarms["o_1"].state == "ACKED")


def test_closing_asks_and_answers_through_the_exit_code(qtbot) -> None:
    with open_station(qtbot, ask_on_close=True) as desk:
        desk.window.close()
        question = desk.window.close_question
        assert isinstance(question, CloseQuestion)
        assert desk.window.isVisible()
        question.settle(None)
        assert desk.window.close_question is None
        assert desk.window.exit_code == CLOSED
        desk.window.close()
        desk.window.close_question.settle(LEAVE_ON_WATCH)
        assert desk.window.exit_code == LEAVE_ON_WATCH
        assert not desk.window.isVisible()


def test_plant_text_is_never_taken_for_mark_up(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.client.raise_alarms(make_alarm("intake/fic1.pv", 9, message="<b>bold</b><img src=x>"))
        qtbot.waitUntil(lambda: "o_9" in desk.station.alarms)
        desk.window.desk.open("intake/fic1", QRect(400, 344, 90, 36))
        labels = desk.window.findChildren(QLabel)
        assert labels
        assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)


def test_no_product_text_escapes_translation(qtbot) -> None:
    from_plant = {
        "Small plant", "demo-operator", "Overview", "Intake", "Outlet", "FIC-1", "Raw flow control", "LT-2", "P-1",
        "m³/h", "Raw flow set point", "Raw flow", "Raw flow high",
    }  # fmt: skip
    use_pseudo_language()
    try:
        with open_station(qtbot, mode="simulator") as desk:
            desk.window.desk.open("intake/fic1", QRect(400, 344, 90, 36))
            texts = [w.full_text for w in desk.window.findChildren(Text)]
            texts += [b.text() for b in desk.window.findChildren(FlatButton)]
            assert pseudo("Acknowledge visible") in texts
            own = [t for t in texts if any(c.isalpha() for c in t) and not t.startswith("⟦") and "⟦" not in t]
            assert [t for t in own if t not in from_plant and "/" not in t] == []
    finally:
        use_translations({})


def test_closed_faceplates_leave_nothing_behind(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.window.desk.open("intake/fic1", QRect(400, 344, 90, 36))
        desk.window.desk.close_all()
        desk.window.open_trend(["intake/fic1.pv"])
        desk.window.trends[0].close_panel()
        qtbot.waitUntil(
            lambda: (
                not [
                    w
                    for w in desk.window.findChildren(QWidget)
                    if type(w).__name__ in {"Faceplate", "TrendPanel"}
                ]
            )
        )
        assert len(desk.station._wants) == 1


def test_a_missing_right_blocks_with_a_reason(qtbot) -> None:
    with open_station(qtbot) as desk:
        info = desk.station.catalogue.tags["intake/fic1.sp"]
        status = desk.station.status
        assert blocked(info, status, True, [], no_right="") == ""
        assert blocked(info, status, True, [], no_right="Sign in to operate.") == "Sign in to operate."
        assert "does not answer" in blocked(info, status, False, [], no_right="")
        assert content_of("intake/fic1.pv", desk.station.catalogue).name == "intake/fic1"


def test_a_tab_says_what_it_opens_and_one_that_leads_nowhere_stays_put(qtbot) -> None:
    with open_station(qtbot) as desk:
        made = desk.station.plant
        areas = [*made.areas, {"path": "lab", "title": "Laboratory", "parent": "site"}]
        shown = [d for d in made.displays if d.name != "outlet"]
        found = places(msgspec.structs.replace(made, areas=areas, displays=shown))
        assert [(p.title, p.display, p.opens) for p in found[1:]] == [
            ("Intake", "intake", ""),
            ("Outlet", "overview", "Overview"),
            ("Laboratory", "", ""),
        ]
        tabs = desk.window.header.tabs
        tabs.set_places(found)
        assert tabs.text_of(found[2]) == "Outlet ↗"
        assert tabs.explained(2) == "Outlet has no display of its own: opens Overview."
        assert tabs.explained(3) == "No display shows Laboratory yet."
        before = desk.window.mimic.name
        with qtbot.waitSignal(tabs.refused):
            tabs._choose(3)
        assert desk.window.mimic.name == before


def test_every_area_of_the_waterworks_leads_to_a_display_that_shows_it() -> None:
    info = plant_info(open_plant(shipped_path("screens") / "waterworks"), Mode.SIMULATOR)
    displays = {display.name: display for display in info.displays}
    for place in places(info):
        if place.area:
            assert place.display, place
            assert f"{place.area}/" in str(displays[place.display].document)
            assert bool(place.opens) is (displays[place.display].area != place.area)
