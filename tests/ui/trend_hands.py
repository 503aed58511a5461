"""What a person does at a trend: open it, type, drag, turn the wheel."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shell_plant import Desk
from trend_plant import (
    FLOW,
    LEVEL,
    RESIDUAL,
    RUNNING,
    STEP,
    TURBIDITY,
)

from hmi.core.clock import NS_PER_S
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.ui.trend.chart import Chart
from hmi.ui.trend.panel import TrendPanel
from hmi.ui.widgets import Field

ALL = [FLOW, LEVEL, TURBIDITY, RESIDUAL, RUNNING, STEP]
HOUR = 3600 * NS_PER_S


def opened(desk: Desk, qtbot: Any, tags: list[str] = ALL, span_s: int = 4 * 3600) -> TrendPanel:
    """A trend whose first answer is here."""
    desk.window.open_trend(tags, span_s)
    panel = desk.window.trends[0]
    qtbot.waitUntil(lambda: all(len(pen.curve) for pen in panel.pens))
    settle(panel, qtbot)
    return panel


def settle(panel: TrendPanel, qtbot: Any) -> None:
    """Everything that was asked for has come."""
    qtbot.waitUntil(lambda: not panel.model._reader.is_asking)
    panel.grab()
    qtbot.waitUntil(lambda: panel.model.pixels > 2 and not panel.model._reader.is_asking)


def say(desk: Desk, tag: str, value: float, status: int = GOOD) -> None:
    at = desk.client.session_time + NS_PER_S // 20
    desk.client.tick({tag: DataValue(value, status, at, at)})
    desk.station.drain()


def type_in(qtbot: Any, field: Field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def drag(
    chart: Chart, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.mousePress(chart, Qt.MouseButton.LeftButton, keys, start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(chart, start + (end - start) * share)
    QTest.mouseRelease(chart, Qt.MouseButton.LeftButton, keys, end)


def turn_wheel(
    chart: Chart, at: QPoint, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(chart.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        keys, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(chart, event)


def middle(chart: Chart, share: float = 0.5) -> QPoint:
    plot = chart.layout_now.plot
    return QPoint(round(plot.left + plot.width * share), round(plot.top + plot.height / 2))
