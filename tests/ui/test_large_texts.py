"""HM-17: with texts of up to 200 % no control and no text is lost, in any part of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("PySide6")

from fleet_plant import open_fleet
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QWidget,
)
from shell_plant import alarms

from hmi.ui.alarms.columns import Column
from hmi.ui.mimic.growth import Growth
from hmi.ui.mimic.hits import Hits
from hmi.ui.navigation import Place
from hmi.ui.people.card import Mode
from hmi.ui.theme import SCALES, Theme
from hmi.ui.widgets import FlatButton, Text
from hmi.ui.window import StationWindow
from hmi.ui.windows.look import Look

pytestmark = pytest.mark.qt

SETTLED_MS = 250  # longer than the area tree slides
SIZES = [(1920, 1080), (1366, 768)]


def controls(page: StationWindow) -> Iterator[QWidget]:
    """Everything in view that takes a click or a key."""
    for widget in page.findChildren(QWidget):
        interactive = isinstance(widget, QAbstractButton | QLineEdit | QAbstractItemView)
        interactive |= bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if widget.isVisible() and interactive and not isinstance(widget, QScrollBar):
            yield widget


def scrolled_in(widget: QWidget) -> QWidget | None:
    """The content of the scroll area that a widget lies in, if it lies in one."""
    above = widget.parentWidget()
    while above is not None:
        area = above.parentWidget().parentWidget() if above.parentWidget() else None
        if isinstance(area, QScrollArea) and area.widget() is above:
            return above
        above = above.parentWidget()
    return None


def lost(page: StationWindow) -> list[str]:
    """Controls that reach out of the window, or out of what can be scrolled into view."""
    found = []
    for widget in controls(page):
        room = scrolled_in(widget) or page
        box = QRect(widget.mapTo(room, widget.rect().topLeft()), widget.size())
        inside = room.rect().contains(box) if room is page else room.rect().right() >= box.right() - 1
        if not inside or box.isEmpty():
            found.append(f"{type(widget).__name__} {widget.accessibleName()!r} {box} in {room.rect()}")
    return found


def cut(page: StationWindow) -> list[str]:
    """Texts that are cut and tell nowhere what they say in full; buttons whose words are cut."""
    found = []
    for text in page.findChildren(Text):
        if text.isVisible() and text.text() != text.full_text and not text.toolTip():
            missing = text.fontMetrics().horizontalAdvance(text.full_text) - text.width()
            found.append(f"{text.full_text!r} lacks {missing} px")
    for button in page.findChildren(FlatButton):
        if button.isVisible() and button.width() < button.fontMetrics().horizontalAdvance(button.text()) + 10:
            found.append(f"button {button.text()!r}")
    return found


def overlapping(page: StationWindow) -> list[str]:
    """Parts of the title bar that lie over each other."""
    parts = [child for child in page.header.findChildren(QWidget) if child.isVisible()]
    boxes = [(part, part.geometry()) for part in parts if part.parent() is page.header]
    return [
        f"{type(one).__name__} and {type(other).__name__}"
        for n, (one, box) in enumerate(boxes)
        for other, second in boxes[n + 1 :]
        if box.intersects(second)
    ]


def nothing(page: StationWindow) -> None: ...


def faceplates(page: StationWindow) -> None:
    for target in ("intake/fic1", "intake/p1"):
        page.desk.open(target, QRect(300, 300, 40, 40))


def question(page: StationWindow) -> None:
    card = page.desk.open("intake/fic1", QRect(300, 300, 40, 40))
    assert card is not None
    row = next(row for row in card.commands.rows if row.field is not None)
    row.field.setText("45")
    row.entry.ask()


STATES: dict[str, Callable[[StationWindow], object]] = {
    "display": nothing,
    "alarms": StationWindow.toggle_alarms,
    "points": StationWindow.toggle_points,
    "faceplates": faceplates,
    "question": question,
    "trend": lambda page: page.open_trend(["intake/fic1.pv", "outlet/lt2.pv"]),
    "search": lambda page: page.overlays.toggle(page.overlays.find),
    "areas": lambda page: page.overlays.toggle(page.overlays.areas),
    "keys": lambda page: page.overlays.toggle(page.overlays.keys),
    "guidance": lambda page: page.overlays.show_guidance(alarms()[0]),
    "people": lambda page: page.people.open(),
    "sign in": lambda page: page.people.ask(Mode.SIGN_IN),
    "elevate": lambda page: page.people.ask(Mode.ELEVATE),
    "password": lambda page: page.people.ask(Mode.PASSWORD),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("percent", [150, 200])
def test_HM_17_large_texts_lose_no_control_and_no_text(qtbot, percent: int, size: tuple[int, int]) -> None:
    with open_fleet(qtbot, wanted=Look("light", percent)) as all_:
        fleet, problems = all_.fleet, []
        host = fleet.hosts[0]
        host.resize(*size)
        for name, open_it in STATES.items():
            page = host.page
            open_it(page)
            qtbot.wait(SETTLED_MS)
            assert page.size().toTuple() == size
            found = [*lost(page), *cut(page), *overlapping(page)]
            problems += [f"{name}: {problem}" for problem in found]
            page.desk.close_all()
            for panel in (*page.trends, *page.overlays.opened):
                panel.close_panel()
            if name in {"alarms", "points"}:
                open_it(page)
        assert problems == []


@pytest.mark.parametrize("width", [1024, 1366, 1600, 1920, 2560])
@pytest.mark.parametrize("percent", SCALES)
def test_HM_17_the_title_bar_keeps_time_and_tabs(qtbot, percent: int, width: int) -> None:
    """Tabs and clock in full, or the tabs cut by less than a fifth and told in full by their tooltips."""
    with open_fleet(qtbot, wanted=Look("light", percent)) as all_:
        host = all_.fleet.hosts[0]
        header = host.page.header
        areas = ("Intake", "Clarification", "Filtration", "Clearwell", "Distribution", "Utilities")
        header.tabs.set_places([Place(area, area, "intake") for area in areas])
        host.resize(width, 768)
        qtbot.waitUntil(lambda: header.clock.text() == header.clock.full_text and not overlapping(host.page))
        assert host.page.rect().right() >= header.menu.geometry().right()
        assert header.tabs.width() >= 0.8 * header.tabs.width_for(compact=True)


@pytest.mark.parametrize("percent", SCALES)
def test_HM_17_at_least_three_alarms_stay_in_view(qtbot, percent: int) -> None:
    with open_fleet(qtbot, wanted=Look("light", percent)) as all_:
        page = all_.fleet.hosts[0].page
        all_.fleet.hosts[0].resize(1366, 768)
        qtbot.wait(50)
        table = page.strip.table
        assert table.viewport().height() >= 3 * table.verticalHeader().defaultSectionSize()
        assert page.rect().contains(page.strip.geometry())


@pytest.mark.parametrize("width", [1024, 1366, 1920])
@pytest.mark.parametrize("percent", SCALES)
def test_HM_17_the_button_of_an_alarm_is_always_in_view(qtbot, percent: int, width: int) -> None:
    with open_fleet(qtbot, wanted=Look("light", percent)) as all_:
        host = all_.fleet.hosts[0]
        host.resize(width, 768)
        qtbot.wait(50)
        page = host.page
        page.toggle_alarms()
        qtbot.wait(50)
        for table in (page.strip.table, page.alarm_page.table):
            box = table.visualRect(table.alarm_model.index(0, Column.ACK))
            assert table.viewport().rect().contains(box)
            words = QFontMetrics(page.theme.font("text.word")).horizontalAdvance("Acknowledge")
            assert table.delegate.button_box(box).width() >= words + 4


def test_HM_17_columns_without_room_are_told_by_the_tooltip(qtbot) -> None:
    with open_fleet(qtbot, wanted=Look("light", 200)) as all_:
        all_.fleet.hosts[0].resize(1366, 768)
        qtbot.wait(50)
        table = all_.fleet.hosts[0].page.strip.table
        model = table.alarm_model
        hidden = [column for column in Column if table.isColumnHidden(column)]
        assert hidden
        told = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
        row = model.shown[0]
        texts = {**dict(enumerate(model.texts(row))), Column.TAG: row.tag_name}
        assert all(texts[column] in told for column in hidden)


def test_text_size_by_the_keyboard(qtbot) -> None:
    with open_fleet(qtbot) as all_:
        fleet, control = all_.fleet, Qt.KeyboardModifier.ControlModifier
        seen = []
        for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_0):
            host = fleet.hosts[0]
            qtbot.waitUntil(host.isActiveWindow)
            qtbot.keyClick(host, key, control)
            seen.append(fleet.theme.percent)
        assert seen == [125, 150, 125, 100]


def test_texts_of_a_display_grow_inside_their_elements_alone(qapp) -> None:
    from shipped_scenes import scenes

    grown = 0
    for name, scene in scenes():
        growth = Growth(scene, Hits.of(scene.elements), Theme.load("light"), 200)
        while not growth.is_settled:
            growth.go_on(0)
        for index in range(len(scene.elements)):
            percent = growth.percent(index, scene.looks[index])
            if percent > 100:
                grown += 1
                plain, large = growth._probed(index, 100), growth._probed(index, percent)
                assert large.cut <= plain.cut, (name, index)
                bounds = scene.elements[index].bounds
                for before, after in zip(plain.texts, large.texts, strict=True):
                    left, top, width, height = bounds
                    assert after.left() >= min(left, before.left()) - 1, (name, index)
                    assert after.right() <= max(left + width, before.right()) + 1, (name, index)
                    assert after.bottom() <= max(top + height, before.bottom()) + 1, (name, index)
    assert grown > 100


def test_a_display_at_100_percent_is_painted_as_designed(qapp) -> None:
    from shipped_scenes import scenes

    _, scene = next(iter(scenes()))
    growth = Growth(scene, Hits.of(scene.elements), Theme.load("light"), 100)
    assert growth.is_settled
    assert {growth.percent(index, look) for index, look in enumerate(scene.looks)} == {100}
