"""Alarm summaries in a station: in phase with every other mark, silent when the runtime is, a way to the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("PySide6")

from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from shell_plant import Desk, display, open_station, plant

from hmi.client.port import PlantInfo
from hmi.core.values import DataValue
from hmi.mimics import Catalogue, Scene, TagAlarm, load_display, shipped_definitions
from hmi.testing.client import make_alarm, make_tag
from hmi.ui.flash import flash
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.painters import paint_dynamic
from hmi.ui.paint import BLINK_PERIOD_NS
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt


def with_elements(*elements: dict[str, Any]) -> PlantInfo:
    home = display("overview", level=1, tags=("intake/fic1.pv",))
    named = [{"id": f"x_{n}", **element} for n, element in enumerate(elements)]
    return replace(
        plant(),
        displays=[
            replace(home, document={**home.document, "elements": [*home.document["elements"], *named]})
        ],
    )


SUMMARY = {"type": "alarm_summary", "x": 600, "y": 40, "w": 230, "h": 50, "area": "intake", "title": "Intake"}
TREND = {"type": "trend", "x": 600, "y": 400, "w": 626, "h": 176, "tag": "intake/fic1.pv", "span_min": 60}


def counts(desk: Desk) -> list[int]:
    return [count.count for count in desk.window.mimic.view.scene.looks[1][1]]


def click(desk: Desk, x: float, y: float) -> None:
    view = desk.window.mimic.view
    at = view._offset.toPoint() + QPoint(round(x * view._scale), round(y * view._scale))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def test_it_counts_what_the_runtime_tells_and_a_click_lists_it(qtbot) -> None:
    with open_station(qtbot, info=with_elements(SUMMARY)) as desk:
        qtbot.waitUntil(lambda: counts(desk) == [0, 1, 0, 0])
        desk.client.raise_alarms(
            make_alarm("intake/fic1.pv", 6, priority=2),
            make_alarm("intake/fic1.pv", 7, priority=3),
            make_alarm("outlet/lt2.pv", 8, priority=1),
        )
        qtbot.waitUntil(lambda: counts(desk) == [0, 1, 1, 0])
        click(desk, 700, 70)
        assert desk.window.stack.currentWidget() is desk.window.alarm_page
        assert {row.tag_name for row in desk.window.alarm_page.model.shown} == {"intake/fic1.pv"}


def test_HM_17_the_keyboard_reaches_it(qtbot) -> None:
    with open_station(qtbot, info=with_elements(SUMMARY)) as desk:
        view = desk.window.mimic.view
        view.setFocus()
        for _ in range(3):
            QTest.keyClick(view, Qt.Key.Key_Tab)
            if view._focused == 1:
                break
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert desk.window.stack.currentWidget() is desk.window.alarm_page


def test_an_area_that_the_list_cannot_filter_by_is_searched_as_text(qtbot) -> None:
    with open_station(qtbot, info=with_elements({**SUMMARY, "area": "intake/fic1"})) as desk:
        click(desk, 700, 70)
        assert desk.window.alarm_page.filter_bar.search.text() == "intake/fic1"
        assert {row.tag_name for row in desk.window.alarm_page.model.shown} == {"intake/fic1.pv"}


def test_HM_09_a_silent_runtime_is_seen_on_it(qtbot) -> None:
    with open_station(qtbot, info=with_elements(SUMMARY)) as desk:
        desk.client.tick()
        desk.station.drain()
        desk.window.mimic._judge()
        assert desk.window.mimic.view.scene.looks[1][0]
        desk.time.pass_s(5)
        desk.window.mimic._judge()
        assert not desk.window.mimic.view.scene.looks[1][0]


def test_an_area_of_a_runtime_that_is_not_there_is_not_quiet(qtbot) -> None:
    with open_station(qtbot, info=with_elements({**SUMMARY, "area": "south::intake"})) as desk:
        desk.client.tick()
        desk.station.drain()
        desk.window.mimic._judge()
        assert not desk.window.mimic.view.scene.looks[1][0]


def test_HM_12_it_blinks_with_the_one_timer(qtbot) -> None:
    with open_station(qtbot, info=with_elements(SUMMARY)) as desk:
        view = desk.window.mimic.view
        qtbot.waitUntil(lambda: 1 in view._blinking)
        for lit in (False, True, False):
            flash().turned.emit(lit)
            assert view._kit.lit is desk.window.header.tabs.lit is lit


@pytest.mark.parametrize(
    "element",
    [
        {"type": "alarm_summary", "area": "u"},
        {"type": "bar", "tag": "u/v.pv", "label": "Level"},
        {"type": "bar", "tag": "u/v.pv", "label": "Level", "direction": "horizontal"},
        {"type": "bar", "tag": "u/v.pv"},
        {"type": "deviation", "rows": [{"label": "L", "tags": ["u/v.pv"]}]},
        {"type": "lamp", "tag": "u/v.pv", "values": [{"value": 1, "text": "On"}]},
        {"type": "multistate", "tag": "u/v.pv", "values": [{"value": 1, "text": "On", "role": "abnormal"}]},
        {"type": "sparkline", "tag": "u/v.pv"},
        {"type": "table", "rows": [{"label": "L", "tags": ["u/v.pv"]}]},
    ],
    ids=lambda element: "-".join(str(v) for v in element.values() if isinstance(v, str)),
)
def test_HM_12_borders_blink_and_text_never_does(
    qtbot, element: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hmi.ui.paint.stamp", _unstamped)
    lit, dark = (_painted(element, lit=phase) for phase in (True, False))
    assert lit[0] != dark[0]
    assert sorted(lit[1]) == sorted(dark[1])
    assert lit[1]
    assert 0.5 <= 1e9 / BLINK_PERIOD_NS <= 1.0


def _unstamped(
    painter: QPainter, _theme: Any, _key: Any, center: Any, _size: Any, draw: Callable[..., None]
) -> None:
    draw(painter, center)


class _Recorder(QPainter):
    def __init__(self, image: QImage) -> None:
        super().__init__(image)
        self.texts: list[tuple[str, str]] = []

    def drawText(self, *arguments: Any) -> Any:
        self.texts.append((str(arguments[-1]), self.pen().color().name()))
        return super().drawText(*arguments)


def _painted(element: dict[str, Any], *, lit: bool) -> tuple[QImage, list[tuple[str, str]]]:
    document = {
        "size": [400, 240],
        "elements": [{"id": "e", "x": 60, "y": 60, "w": 220, "h": 100, **element}],
    }
    scene = Scene(
        load_display(document, shipped_definitions()),
        Catalogue([make_tag("u/v.pv", unit="m", low=0.0, high=100.0, normal_low=20.0, normal_high=60.0)]),
    )
    scene.apply({"u/v.pv": DataValue(1.0, 0, 10**18, 10**18)}, 10**18)
    scene.set_alarms({"u/v.pv": TagAlarm(2, True)})
    kit = Kit(Theme.load("light"))
    kit.lit = lit
    image = QImage(400, 240, QImage.Format.Format_RGB32)
    image.fill(Theme.load("light").color("background"))
    painter = _Recorder(image)
    paint_dynamic(painter, scene, kit, [0])
    painter.end()
    return image, painter.texts


def test_the_span_of_a_trend_is_chosen_by_click_and_by_key(qtbot) -> None:
    with open_station(qtbot, info=with_elements(TREND)) as desk:
        view = desk.window.mimic.view
        choice = {one.minutes: one for one in view.scene.span_choices(1)}
        assert list(choice) == [15, 60, 480, 1440]
        click(desk, choice[480].x + 20, choice[480].y + 10)
        assert view.scene.span_of(view.scene.elements[1]) == 480
        view.setFocus()
        QTest.keyClick(view, Qt.Key.Key_Plus)
        assert view.scene.span_of(view.scene.elements[1]) == 1440
        QTest.keyClick(view, Qt.Key.Key_Plus)
        QTest.keyClick(view, Qt.Key.Key_Minus)
        assert view.scene.span_of(view.scene.elements[1]) == 480
