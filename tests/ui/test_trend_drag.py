"""A value is dragged from a display, a faceplate or a list onto a trend; a click stays a click."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shell_plant import Desk
from trend_plant import FLOW, LEVEL, RESIDUAL, open_trends

from hmi.ui.faceplate.value_row import ValueRow
from hmi.ui.trend.chart import Chart
from hmi.ui.trend.drag import MIME, mime_of, tags_in

pytestmark = pytest.mark.qt
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_trends(qtbot) as made:
        yield made


def drop(chart: Chart, data: QMimeData) -> bool:
    """As the window system does it; whether it was taken."""
    at = QPointF(chart.rect().center())
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), copy, data, LEFT, none)
    QApplication.sendEvent(chart, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(at, copy, data, LEFT, none)
    QApplication.sendEvent(chart, event)
    return event.isAccepted()


def pulled(widget: QWidget, start: QPoint, monkeypatch: pytest.MonkeyPatch, module: str) -> list[str]:
    """What a drag from a place carries."""
    carried: list[str] = []
    monkeypatch.setattr(f"{module}.drag_tags", lambda _source, _theme, tags: carried.extend(tags))
    QTest.mousePress(widget, LEFT, pos=start)
    for step in (4, 20, 40):
        QTest.mouseMove(widget, start + QPoint(step, step))
    QTest.mouseRelease(widget, LEFT, pos=start + QPoint(40, 40))
    return carried


def test_a_value_dropped_on_a_trend_becomes_a_pen(desk: Desk, qtbot: Any) -> None:
    desk.window.open_trend([FLOW])
    panel = desk.window.trends[0]
    assert drop(panel.chart, mime_of([LEVEL, RESIDUAL]))
    assert [pen.tag for pen in panel.pens] == [FLOW, LEVEL, RESIDUAL]
    assert desk.station._wants[id(panel.model)] == (FLOW, LEVEL, RESIDUAL)
    assert panel.chart.held_name == ""
    qtbot.waitUntil(lambda: len(panel.pens[2].curve) > 10)


def test_what_is_no_tag_of_the_plant_is_not_taken(desk: Desk) -> None:
    desk.window.open_trend([FLOW])
    panel = desk.window.trends[0]
    said: list[str] = []
    panel.said.connect(said.append)
    text = QMimeData()
    text.setText(LEVEL)
    assert not drop(panel.chart, text)
    assert drop(panel.chart, mime_of(["no/such.tag"]))
    assert [pen.tag for pen in panel.pens] == [FLOW]
    assert said == ["This plant has no value no/such.tag."]


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a": 1}', b"[1, 2]", b'["' + b"x" * 30_000 + b'"]'])
def test_bytes_from_elsewhere_carry_nothing(raw: bytes) -> None:
    data = QMimeData()
    data.setData(MIME, raw)
    assert tags_in(data) == []


def test_an_object_of_a_display_is_dragged_and_a_click_opens_its_faceplate(
    desk: Desk, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = desk.window.mimic.view
    place = view.mapFromGlobal(view.place_of(0).center())
    assert pulled(view, place, monkeypatch, "hmi.ui.mimic.view") == [FLOW]
    assert desk.window.desk.cards == []
    QTest.mouseClick(view, LEFT, pos=place)
    assert len(desk.window.desk.cards) == 1


def test_a_value_of_a_faceplate_is_dragged_and_a_click_opens_its_trend(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = desk.window.desk.open("intake/fic1", QRect(200, 200, 40, 40))
    assert card is not None
    row = card.findChildren(ValueRow)[0]
    assert pulled(row, QPoint(5, 5), monkeypatch, "hmi.ui.faceplate.value_row") == [FLOW]
    assert desk.window.trends == []
    QTest.mouseClick(row, LEFT, pos=QPoint(5, 5))
    assert [pen.tag for pen in desk.window.trends[0].pens] == [FLOW]


def test_add_to_the_trend_opens_one_where_there_is_none(desk: Desk) -> None:
    desk.window.add_to_trend([FLOW])
    desk.window.add_to_trend([LEVEL, FLOW])
    assert [pen.tag for pen in desk.window.trends[0].pens] == [FLOW, LEVEL]
    assert len(desk.window.trends) == 1
