"""One faceplate: a card beside its object with everything of standards 2.7 that the plant gives."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.ui.faceplate.body import Body
from hmi.ui.faceplate.commands import CommandArea
from hmi.ui.faceplate.condition_row import ConditionRow
from hmi.ui.faceplate.content import Content
from hmi.ui.faceplate.head import DISPLAY, GUIDANCE, HISTORY, TREND, WHY, Head
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.faceplate.value_row import ValueRow
from hmi.ui.paint import painting
from hmi.ui.station import Station
from hmi.ui.theme import Theme

WIDTH: Final = 392
UNLIMITED: Final = 16_777_215
REFRESH_MS: Final = 200
STEP: Final = 24  # pixels that one key press moves it
_LINK_KEYS: Final = {
    Qt.Key.Key_D: DISPLAY,
    Qt.Key.Key_T: TREND,
    Qt.Key.Key_H: HISTORY,
    Qt.Key.Key_G: GUIDANCE,
    Qt.Key.Key_W: WHY,
}
_MOVES: Final = {
    Qt.Key.Key_Left: QPoint(-STEP, 0),
    Qt.Key.Key_Right: QPoint(STEP, 0),
    Qt.Key.Key_Up: QPoint(0, -STEP),
    Qt.Key.Key_Down: QPoint(0, STEP),
}


class Faceplate(QWidget):
    """Non-modal, movable and pinnable; follows the values while it is open.

    ``was_moved``: the operator chose its place, ``is_dragged`` while that is done. ``is_pinned``: it stays when
    another display is opened.
    """

    closed = Signal(object)
    trendAsked = Signal(list)
    historyAsked = Signal(list)
    whyAsked = Signal(str)
    displayAsked = Signal(str)
    guidanceAsked = Signal(object)
    actAsked = Signal(str, list)
    holdAsked = Signal(object)
    menuAsked = Signal(str, QPoint)
    memberAsked = Signal(str)
    parentAsked = Signal()
    moved = Signal(object)

    def __init__(self, theme: Theme, station: Station, content: Content, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._station, self.content = theme, station, content
        self._source = ObjectSource(station, content)
        self._dirty = True
        self._drag: QPoint | None = None
        self.was_moved = self.is_dragged = False
        self.limit = UNLIMITED
        self.setFixedWidth(theme.px(WIDTH))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Faceplate {name}", name=content.name))
        self.head, self.body = Head(theme, self._source), Body(theme, self._source)
        self.tags = frozenset(self.body.tags)
        self.scroller = QScrollArea()
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidgetResizable(True)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self._connect()
        self.refresh()
        self._alarms_changed()
        self.body.begin()

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 10, 1, 4)
        outer.setSpacing(0)
        self.head.setContentsMargins(15, 0, 15, 6)
        outer.addWidget(self.head)
        outer.addWidget(self.scroller, 1)
        self.scroller.setWidget(self.body)
        self.body.setAutoFillBackground(False)
        self.scroller.viewport().setAutoFillBackground(False)
        self.body.installEventFilter(self)

    def _connect(self) -> None:
        station, body = self._station, self.body
        station.want(self, self.tags)
        station.valuesChanged.connect(self._take)
        station.alarmsChanged.connect(self._alarms_changed)
        station.judged.connect(self._mark_dirty)
        station.commands.turned.connect(self._mark_dirty)
        station.holds.changed.connect(self._mark_dirty)
        self.head.linked.connect(self._follow)
        self.head.closeAsked.connect(self.close_card)
        self.head.parentAsked.connect(self.parentAsked)
        body.trendAsked.connect(self.trendAsked)
        body.whyAsked.connect(self.whyAsked)
        body.guidanceAsked.connect(self.guidanceAsked)
        body.actAsked.connect(self.actAsked)
        body.holdAsked.connect(self.holdAsked)
        body.menuAsked.connect(self.menuAsked)
        body.members.asked.connect(self.memberAsked)
        body.commands.answered.connect(self.setFocus)
        body.commands.grown.connect(lambda: QTimer.singleShot(0, self, self._show_commands_end))
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh_if_dirty)
        self._timer.start()

    def close_card(self) -> None:
        station = self._station
        self._timer.stop()
        self.body.end()
        station.want(self, ())
        station.valuesChanged.disconnect(self._take)
        station.alarmsChanged.disconnect(self._alarms_changed)
        station.judged.disconnect(self._mark_dirty)
        station.commands.turned.disconnect(self._mark_dirty)
        station.holds.changed.disconnect(self._mark_dirty)
        self.hide()
        self.closed.emit(self)
        self.deleteLater()

    # its size

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.body and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def set_limit(self, height: int) -> None:
        """Never higher than the room between header and alarms: what does not fit is scrolled."""
        self.limit = height
        self.fit()

    def fit(self) -> None:
        """Take the height that the content needs, and stay where it may be."""
        layout, outer = self.body.layout(), self.layout()
        if layout is None or outer is None:
            return
        layout.activate()
        inside = max(layout.totalHeightForWidth(self.width() - 2), layout.sizeHint().height())
        margins = outer.contentsMargins()
        height = inside + margins.top() + margins.bottom() + self.head.sizeHint().height()
        height = min(height, self.limit)
        if height != self.height():
            self.setFixedHeight(height)
            self.moved.emit(self)

    def _show_commands_end(self) -> None:
        """The question or the answer of a command is always in view."""
        self.fit()
        shown = self.commands.confirm or self.commands.result
        if shown.isVisible():
            self.scroller.ensureWidgetVisible(shown, 0, 8)

    # where it leads

    @property
    def commands(self) -> CommandArea:
        return self.body.commands

    @property
    def values(self) -> dict[str, ValueRow]:
        """The figures by their tag."""
        return self.body.values

    @property
    def conditions(self) -> list[ConditionRow]:
        return self.body.conditions

    @property
    def is_pinned(self) -> bool:
        return self.head.pin.isChecked()

    def set_pinned(self, pinned: bool) -> None:
        if pinned != self.is_pinned:
            self.head.pin.click()

    def main_tags(self) -> list[str]:
        return list(self.content.values[:3])

    def _follow(self, link: str) -> None:
        if link == DISPLAY:
            self.displayAsked.emit(self.content.display)
        elif link == TREND:
            self.trendAsked.emit(self.main_tags())
        elif link == HISTORY:
            self.historyAsked.emit(self.head.recorded)
        elif link == WHY:
            self.whyAsked.emit(self.content.main)
        elif rows := self._source.alarms:
            self.guidanceAsked.emit(rows[0])

    # what the runtime says

    def _take(self, changed: dict[str, DataValue]) -> None:
        if not self.tags.isdisjoint(changed):
            self.body.take(changed)
            self._dirty = True

    def _mark_dirty(self) -> None:
        self._dirty = True

    def refresh_if_dirty(self) -> None:
        if self._dirty:
            self.refresh()

    def refresh(self) -> None:
        self._dirty = False
        self.body.refresh()

    def _alarms_changed(self) -> None:
        self.body.alarms.set_alarms()
        self.head.refresh()
        self._dirty = True
        self.fit()

    # the card itself

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of its links, P to pin, U to the outer one, Shift and an arrow to move it, Esc to close it."""
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        shift = modifiers == Qt.KeyboardModifier.ShiftModifier
        if key == Qt.Key.Key_Escape:
            self.close_card()
        elif shift and key in _MOVES:
            self._move_to(self.pos() + _MOVES[key])
        elif not modifiers and key in _LINK_KEYS:
            self.head.press(_LINK_KEYS[key])
        elif not modifiers and key == Qt.Key.Key_P:
            self.head.pin.click()
        elif not modifiers and key == Qt.Key.Key_U and self.content.parent:
            self.parentAsked.emit()
        else:
            super().keyPressEvent(event)

    def _move_to(self, place: QPoint) -> None:
        self.was_moved = self.is_dragged = True
        self.move(place)
        self.moved.emit(self)
        self.is_dragged = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.raise_()
        self.setFocus()
        self._drag = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._move_to(self.mapToParent(event.position().toPoint()) - self._drag)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("panel"))
            painter.setPen(QPen(self._theme.color("focus" if self.hasFocus() else "outline.body"), 1.0))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
            painter.fillRect(1, 1, self.width() - 2, 3, self._theme.color("header"))
