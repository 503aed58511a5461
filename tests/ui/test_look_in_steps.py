"""Another look comes step by step: the page before is seen and works until the new one is in its place."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from fleet_plant import open_fleet
from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from hmi.core.quality import BAD_SENSOR_FAILURE
from hmi.core.values import DataValue
from hmi.ui import flash as flash_module
from hmi.ui.mimic import growth as growth_module
from hmi.ui.mimic.backing import Backing
from hmi.ui.window import StationWindow
from hmi.ui.windows import renewal
from hmi.ui.windows.host import Host
from hmi.ui.windows.look import Look

pytestmark = pytest.mark.qt
PARTS = 10  # a page is made, begun, painted and put in its place in at least so many turns


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened in order: ``step`` for each step, ``turn`` for each turn of the event loop."""
    found: list[str] = []
    real = Host.renew_some
    monkeypatch.setattr(Host, "renew_some", lambda *args: (found.append("step"), real(*args))[1])
    return found


def renewed(qtbot, fleet) -> None:  # type: ignore[no-untyped-def]
    qtbot.waitUntil(lambda: not fleet.renewal.is_busy)


def test_HM_17_one_step_in_one_turn_of_the_event_loop(
    qtbot, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(renewal, "STEP_MS", 1)
    monkeypatch.setattr(renewal, "REST_MS", 1)
    with open_fleet(qtbot) as all_:
        fleet = all_.fleet
        fleet.open_window()
        beat = QTimer()
        beat.timeout.connect(lambda: steps.append("turn"))
        beat.start(0)
        steps.clear()
        fleet.other_theme()
        assert "step" not in steps
        renewed(qtbot, fleet)
        beat.stop()
        assert steps.count("step") >= PARTS * len(fleet.hosts)
        assert "step step" not in " ".join(steps)


def test_the_page_before_is_seen_until_the_new_one_takes_its_place(qtbot, steps: list[str]) -> None:  # type: ignore[no-untyped-def]
    with open_fleet(qtbot) as all_:
        host = all_.fleet.hosts[0]
        before, seen = host.page, []
        steps.clear()
        host.renewed.connect(lambda page: seen.append((page.isVisible(), page.mimic.name)))
        all_.fleet.other_theme()
        while len(steps) < 2:
            assert host.page is before
            assert before.isVisible()
            QApplication.processEvents()
        renewed(qtbot, all_.fleet)
        assert seen == [(True, before.mimic.name)]
        assert host.page is not before


def test_a_display_chosen_meanwhile_is_the_one_that_is_seen(qtbot, steps: list[str]) -> None:  # type: ignore[no-untyped-def]
    with open_fleet(qtbot) as all_:
        host = all_.fleet.hosts[0]
        steps.clear()
        all_.fleet.other_theme()
        qtbot.waitUntil(lambda: len(steps) >= 2)
        host.page.open_display("intake")
        renewed(qtbot, all_.fleet)
        assert host.page.theme.dark
        assert host.page.mimic.name == "intake"
        assert host.page.history.can_back


def test_a_look_chosen_meanwhile_is_the_one_that_comes(qtbot, steps: list[str]) -> None:  # type: ignore[no-untyped-def]
    with open_fleet(qtbot) as all_:
        fleet = all_.fleet
        fleet.open_window()
        steps.clear()
        fleet.other_theme()
        qtbot.waitUntil(lambda: len(steps) >= 2)
        fleet.resize_text(2)
        renewed(qtbot, fleet)
        assert {(host.page.theme.name, host.page.theme.percent) for host in fleet.hosts} == {("dark", 150)}


def test_a_question_asked_meanwhile_is_not_taken_away(qtbot, steps: list[str]) -> None:  # type: ignore[no-untyped-def]
    with open_fleet(qtbot) as all_:
        fleet, host = all_.fleet, all_.fleet.hosts[0]
        before = host.page
        steps.clear()
        fleet.other_theme()
        qtbot.waitUntil(lambda: len(steps) >= 2)
        card = before.desk.open("intake/fic1", QRect(100, 100, 40, 40))
        row = next(row for row in card.commands.rows if row.field is not None)
        row.field.setText("45")
        row.entry.ask()
        assert before.is_asking
        qtbot.wait(4 * renewal.AGAIN_MS)
        assert host.page is before
        assert card.commands.confirm is not None
        card.commands.dialogue.drop()
        renewed(qtbot, fleet)
        assert host.page.theme.dark


def test_a_page_is_not_replaced_under_a_pressed_button(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    with open_fleet(qtbot) as all_:
        fleet, host = all_.fleet, all_.fleet.hosts[0]
        qtbot.waitUntil(host.isActiveWindow)
        before, held = host.page, [Qt.MouseButton.LeftButton]
        monkeypatch.setattr(QGuiApplication, "mouseButtons", lambda: held[0])
        fleet.other_theme()
        qtbot.wait(4 * renewal.AGAIN_MS)
        assert host.page is before
        held[0] = Qt.MouseButton.NoButton
        renewed(qtbot, fleet)
        assert host.page.theme.dark


def test_a_window_closed_meanwhile_gets_no_page(qtbot, steps: list[str]) -> None:  # type: ignore[no-untyped-def]
    with open_fleet(qtbot) as all_:
        fleet = all_.fleet
        second = fleet.open_window()
        steps.clear()
        fleet.other_theme()
        qtbot.waitUntil(lambda: len(steps) >= 1)
        fleet.close_window(second)
        renewed(qtbot, fleet)
        assert len(fleet.hosts) == 1
        assert fleet.hosts[0].page.theme.dark


def test_HM_17_another_theme_and_a_second_window_try_no_text_anew(
    qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_fleet(qtbot, wanted=Look("light", 150)) as all_:
        fleet = all_.fleet
        qtbot.waitUntil(lambda: fleet.hosts[0].page.mimic.view.is_grown)
        tried: list[object] = []
        probed = growth_module.probed
        monkeypatch.setattr(growth_module, "probed", lambda *args: (tried.append(args), probed(*args))[1])
        fleet.open_window()
        fleet.other_theme()
        renewed(qtbot, fleet)
        for host in fleet.hosts:
            host.page.mimic.view.grab()
            assert host.page.mimic.view.is_grown
        assert tried == []


def test_HM_17_what_changes_while_a_page_is_painted_unseen_is_in_its_first_picture(
    qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    """The picture is painted before the page is seen; a value that comes meanwhile must not be missing in it."""
    seen: list[tuple[bool, bool]] = []
    real = Host._replace_by
    monkeypatch.setattr(flash_module, "blink_on", lambda _: True)  # it would turn between the two pictures

    def replace(host: Host, page: StationWindow) -> None:
        view, scene = page.mimic.view, page.mimic.view.scene
        assert scene is not None
        tag = scene.tags[0]
        info = page.station.catalogue.tags[tag]
        now = page.station.now() + 1
        view.apply({tag: DataValue(1 if info.states else 77.0, BAD_SENSOR_FAILURE, now, now)}, now)
        ready = isinstance(view._backing, Backing) and view._backing.is_whole
        real(host, page)
        QApplication.processEvents()
        shown = view.grab().toImage()
        view._forget_picture()
        seen.append((ready, shown == view.grab().toImage()))

    monkeypatch.setattr(Host, "_replace_by", replace)
    with open_fleet(qtbot) as all_:
        all_.fleet.other_theme()
        renewed(qtbot, all_.fleet)
    assert seen == [(True, True)]
