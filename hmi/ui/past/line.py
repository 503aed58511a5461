"""The line of time in the bar: how many alarms and commands there were, and where the station stands in it."""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.client.past import Timeline
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.times import local_time

SPANS_S: Final = (900, 3_600, 8 * 3_600, 86_400, 7 * 86_400, 30 * 86_400, 366 * 86_400)
_TICKS_S: Final = (60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)
_LEAST_TICK: Final = 90
_LABELS: Final = 14
_COMMANDS: Final = 7
_STEPS_S: Final = {
    Qt.KeyboardModifier.NoModifier: 10, Qt.KeyboardModifier.ShiftModifier: 60,
    Qt.KeyboardModifier.ControlModifier: 3_600,
}  # fmt: skip


class TimeLine(QWidget):
    """``wanted`` carries the instant (UTC ns) under the pointer, or a step of the keys away; ``spanChanged`` follows a
    turn of the wheel. Space asks to play or pause (``playAsked``), Home for live (``liveAsked``).
    """

    wanted = Signal(object)
    spanChanged = Signal()
    playAsked = Signal()
    liveAsked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.span_s = SPANS_S[1]
        self.end, self.position, self.present = 0, 0, 0
        self.zone: tzinfo = UTC
        self._filled: Timeline | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(theme.px(160))
        self.setFixedHeight(theme.px(52))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Line of time: arrows move, Space plays, Home goes back to live"))

    @property
    def start(self) -> int:
        return self.end - self.span_s * NS_PER_S

    def show_times(self, position: int, present: int) -> bool:
        """Where the station stands and what is now; True when the part of time in view is another one."""
        self.position, self.present = position, present
        before = self.end
        if not self.start <= position <= self.end or (position >= present and self.end != present):
            self.end = min(present, position + self.span_s * NS_PER_S // 2)
        elif not before:
            self.end = present
        self.update()
        return self._is_elsewhere()

    def _is_elsewhere(self) -> bool:
        """The density in view was asked for another part; a small move at the present does not count."""
        filled = self._filled
        near = self.span_s * NS_PER_S // 60
        return filled is None or abs(filled.end - self.end) > near or abs(filled.start - self.start) > near

    def fill(self, filled: Timeline) -> None:
        self._filled = filled
        self.update()

    def set_span(self, span_s: int) -> None:
        """Around the position, or up to the present where that is nearer."""
        self.span_s = span_s
        self.end = min(self.present, self.position + span_s * NS_PER_S // 2)
        self.update()
        self.spanChanged.emit()

    # pointer and keys

    def time_at(self, x: float) -> int:
        share = min(max(x / max(self.width(), 1), 0.0), 1.0)
        return self.start + int(share * self.span_s) * NS_PER_S

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.wanted.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.wanted.emit(self.time_at(event.position().x()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        place = SPANS_S.index(self.span_s) + (-1 if event.angleDelta().y() > 0 else 1)
        self.set_span(SPANS_S[min(max(place, 0), len(SPANS_S) - 1)])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        step_s = _STEPS_S.get(event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier)
        if key in {Qt.Key.Key_Left, Qt.Key.Key_Right} and step_s is not None:
            sign = -1 if key == Qt.Key.Key_Left else 1
            self.wanted.emit((self.position or self.present) + sign * step_s * NS_PER_S)
        elif key == Qt.Key.Key_Space:
            self.playAsked.emit()
        elif key == Qt.Key.Key_Home:
            self.liveAsked.emit()
        else:
            super().keyPressEvent(event)

    # picture

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("plot"))
            if not self.end:
                return
            self._paint_unknown(painter)
            self._paint_density(painter)
            self._paint_ticks(painter)
            self._paint_marks(painter)
            self._paint_position(painter)
            focused = self.hasFocus()
            painter.setPen(QPen(self._theme.color("focus" if focused else "panel.edge"), 2 if focused else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _x(self, at: int) -> float:
        return (at - self.start) / (self.span_s * NS_PER_S) * self.width()

    def _paint_unknown(self, painter: QPainter) -> None:
        """Before the first record, and while no runtime ran."""
        filled = self._filled
        if filled is None:
            return
        gaps: list[tuple[int, int]] = []
        if not filled.first or filled.first > self.start:
            gaps.append((self.start, filled.first or self.end))
        gaps += filled.outages
        brush = QBrush(self._theme.color("text.label"), Qt.BrushStyle.BDiagPattern)
        for since, until in gaps:
            left, right = max(self._x(since), 0.0), min(self._x(until), float(self.width()))
            if right > left:
                painter.fillRect(QRectF(left, 0, max(right - left, 2.0), self.height()), brush)

    def _paint_density(self, painter: QPainter) -> None:
        filled, theme = self._filled, self._theme
        if filled is None:
            return
        room = self.height() - theme.px(_LABELS) - theme.px(_COMMANDS) - 4
        most = max(filled.alarms, default=0) or 1
        slot = (filled.end - filled.start) / max(len(filled.alarms), 1)
        wide = max(slot / (self.span_s * NS_PER_S) * self.width(), 2.0)
        for number, (alarms, worst, commands) in enumerate(
            zip(filled.alarms, filled.worst, filled.commands, strict=True)
        ):
            x = self._x(int(filled.start + number * slot))
            if alarms:
                high = max(3.0, room * (alarms / most) ** 0.5)
                color = f"alarm.p{worst}" if 1 <= worst <= 4 else "text.secondary"
                painter.fillRect(QRectF(x, room + 2 - high, wide, high), theme.color(color))
            if commands:
                box = QRectF(x, room + 4, wide, theme.px(_COMMANDS) - 3)
                painter.fillRect(box, theme.color("value"))

    def _paint_ticks(self, painter: QPainter) -> None:
        theme = self._theme
        painter.setFont(theme.font("text.small"))
        least = self.span_s / max(self.width(), 1) * theme.px(_LEAST_TICK)
        step_s = next((step for step in _TICKS_S if step >= least), _TICKS_S[-1])
        base = self.height() - theme.px(_LABELS)
        for at in self._tick_times(step_s):
            x = self._x(at)
            painter.setPen(theme.color("grid"))
            painter.drawLine(QPointF(x, 0), QPointF(x, base))
            painter.setPen(theme.color("text.label"))
            when = local_time(at, self.zone)
            text = f"{when:%H:%M}" if step_s < 86_400 else f"{when:%d.%m.}"
            if step_s < 86_400 and when.hour == 0 and when.minute == 0:
                text = f"{when:%d.%m.}"
            painter.drawText(QPointF(x + 3, self.height() - 4), text)

    def _tick_times(self, step_s: int) -> list[int]:
        """Whole steps of the local day; across a clock change the hours stay the right ones."""
        first = local_time(self.start, self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        found: list[int] = []
        at = first.astimezone(UTC)
        while (time := round(at.timestamp()) * NS_PER_S) < self.end:
            if time >= self.start:
                found.append(time)
            if step_s >= 86_400:
                first += timedelta(seconds=step_s)
                at = first.astimezone(UTC)
            else:
                at += timedelta(seconds=step_s)
        return found

    def _paint_marks(self, painter: QPainter) -> None:
        """Another plant revision, and a restored simulation."""
        for mark in self._filled.marks if self._filled is not None else ():
            if mark.event in {"plant.applied", "run.started"}:
                pen = QPen(self._theme.color("text.secondary"), 1.4, Qt.PenStyle.DashLine)
                painter.setPen(pen)
                x = self._x(mark.at)
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def _paint_position(self, painter: QPainter) -> None:
        x = min(max(self._x(self.position), 1.0), self.width() - 2.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("text"), 2.2))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setBrush(self._theme.brush("text"))
        painter.drawPolygon(QPolygonF([QPointF(x - 6, 0), QPointF(x + 6, 0), QPointF(x, 8)]))
