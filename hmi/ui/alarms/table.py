"""The table of alarms: keys, the button of a row, and an order that waits while one reads."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.texts import tr
from hmi.ui.alarms.columns import Choice, Column
from hmi.ui.alarms.delegate import ROW, AlarmDelegate, button_act
from hmi.ui.alarms.heading import HEADER, AlarmHeader
from hmi.ui.alarms.model import AlarmModel
from hmi.ui.alarms.rules import Line
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import SIDE_BUTTONS

__all__ = ["HEADER", "ROW", "AlarmTable"]

READ_MS: Final = 30_000
GUARD_NS: Final = 300 * NS_PER_MS
ACT_KEYS: Final = {
    Qt.Key.Key_A: "ACK", Qt.Key.Key_V: "SHELVE", Qt.Key.Key_U: "UNSHELVE", Qt.Key.Key_R: "RESET",
    Qt.Key.Key_C: "COMMENT", Qt.Key.Key_O: "OOS", Qt.Key.Key_N: "NOTE",
}  # fmt: skip
_TIMES: Final = (Column.AGE, Column.LEFT)


class AlarmTable(QTableView):
    """Click or Return: ``chosen``; the button or a key of ``ACT_KEYS``: ``actAsked`` with the act and its rows.

    D: ``displayAsked``; G or a click on the response: ``guidanceAsked``; a right click: ``menuAsked``.
    ``rowChosen`` follows the row in use. With ``holds`` the order waits while mouse or keys are at work in the
    list; without it nothing waits, and a click that meets another alarm than the one aimed at does nothing.
    """

    actAsked = Signal(str, list)
    chosen = Signal(object, QRect)
    displayAsked = Signal(object)
    guidanceAsked = Signal(object)
    menuAsked = Signal(object, QPoint)
    rowChosen = Signal(object)
    foldAsked = Signal(str)
    jumped = Signal()

    def __init__(self, theme: Theme, model: AlarmModel, *, holds: bool = True) -> None:
        super().__init__()
        self._theme, self.alarm_model, self._holds = theme, model, holds
        self.delegate = AlarmDelegate(theme, model)
        self.empty_text = tr("No alarms")
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.header = AlarmHeader(theme, self, movable=holds)
        self.setHorizontalHeader(self.header)
        self._set_up()
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.setInterval(READ_MS)
        self._reading.timeout.connect(self.end_reading)
        self._aimed_at: Line | None = None
        self._jumped_ns = 0
        if not holds:
            model.layoutAboutToBeChanged.connect(self._aim)
            model.layoutChanged.connect(self._judge_aim)
        self.selectionModel().currentRowChanged.connect(lambda index, _: self._row_turned(index.row()))

    def _set_up(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)  # else the header's own font decides
        rows.setDefaultSectionSize(self._theme.px(ROW))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Alarms"))

    # columns

    def take_choice(self, choice: Choice) -> None:
        """Other columns, widths or another order of them."""
        self.header.take(choice)
        self.header.lay_out(self.viewport().width())
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.header.lay_out(self.viewport().width())

    # what is in view

    def flash(self, lit: bool) -> None:
        """Repaint the marks of visible unacknowledged rows only."""
        self.delegate.lit = lit
        first, last = self.visible_range()
        for place in range(first, last + 1):
            row = self.alarm_model.alarm_at(place)
            if row is not None and is_unacked(row):
                self.viewport().update(self.visualRect(self.alarm_model.index(place, Column.MARK)))

    def refresh_times(self) -> None:
        """What the clock changes: how long, and how long still."""
        for column in _TIMES:
            if not self.isColumnHidden(column):
                x = self.columnViewportPosition(column)
                self.viewport().update(x, 0, self.columnWidth(column), self.viewport().height())

    def visible_range(self) -> tuple[int, int]:
        """First and last line in view; (0, -1) when there is none."""
        count = self.alarm_model.rowCount()
        if not count:
            return 0, -1
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height() - 1)
        return first, last if last >= 0 else count - 1

    def visible_unacked(self) -> list[AlarmInfo]:
        first, last = self.visible_range()
        rows = map(self.alarm_model.alarm_at, range(first, last + 1))
        return [row for row in rows if row is not None and is_unacked(row) and self._lives(row)]

    def selected_rows(self) -> list[AlarmInfo]:
        """The chosen alarms that are not over; the row of a group stands for none."""
        places = sorted({index.row() for index in self.selectionModel().selectedRows()})
        rows = map(self.alarm_model.alarm_at, places)
        return [row for row in rows if row is not None and self._lives(row)]

    def _lives(self, row: AlarmInfo) -> bool:
        return not self.alarm_model.has_ended(row)

    def current_row(self) -> AlarmInfo | None:
        """The alarm in use."""
        return self.alarm_model.alarm_at(self.currentIndex().row())

    def _row_turned(self, place: int) -> None:
        self.rowChosen.emit(self.alarm_model.alarm_at(place))

    def _place_at(self, at: QPoint) -> int:
        return self.rowAt(at.y())

    # reading

    def read(self) -> None:
        """Mouse or keys are at work in the list: hold its order for a while."""
        if self._holds:
            self._reading.start()
            self.alarm_model.set_hold(True)

    def end_reading(self) -> None:
        """Nobody reads any more: what waits comes in, in order."""
        self._reading.stop()
        self.alarm_model.set_hold(False)

    def _aim(self) -> None:
        at = self.viewport().mapFromGlobal(self.cursor().pos())
        inside = self.viewport().underMouse() and self.viewport().rect().contains(at)
        place = self._place_at(at) if inside else -1
        self._aimed_at = self.alarm_model.lines[place] if place >= 0 else None

    def _judge_aim(self) -> None:
        """Another alarm came under the pointer by itself."""
        if self._aimed_at is None:
            return
        place = self._place_at(self.viewport().mapFromGlobal(self.cursor().pos()))
        now = self.alarm_model.lines[place] if 0 <= place < len(self.alarm_model.lines) else None
        same = now == self._aimed_at or (
            isinstance(now, AlarmInfo)
            and isinstance(self._aimed_at, AlarmInfo)
            and now.alarm_id == self._aimed_at.alarm_id
        )
        if not same:
            self._jumped_ns = monotonic_ns()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.read()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.read()

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event)
        self.read()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.end_reading()

    # mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in SIDE_BUTTONS:
            event.ignore()  # back and forward belong to the window
            return
        if monotonic_ns() - self._jumped_ns < GUARD_NS:
            self.jumped.emit()
            return
        at = event.position().toPoint()
        place = self._place_at(at)
        if event.button() == Qt.MouseButton.LeftButton and self._press_button(place, self.columnAt(at.x())):
            return
        super().mousePressEvent(event)

    def _press_button(self, place: int, column: int) -> bool:
        """True when the place has a button for that."""
        if (fold := self.alarm_model.fold_at(place)) is not None:
            self._ask_fold(fold.key)
            return True
        row = self.alarm_model.alarm_at(place)
        if row is None or column != Column.ACK or not self._lives(row):
            return False
        act = button_act(row)
        if act:
            self.actAsked.emit(act, [row])
        return bool(act)

    def _ask_fold(self, key: str, *, is_open: bool | None = None) -> None:
        """Where nothing is held there is no room to unfold: the whole list has it."""
        if self._holds:
            self.alarm_model.turn_fold(key, is_open=is_open)
        else:
            self.foldAsked.emit(key)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        at = event.position().toPoint()
        row = self.alarm_model.alarm_at(self._place_at(at))
        plain_click = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        column = self.columnAt(at.x())
        if row is None or not plain_click or column == Column.ACK:
            return
        if self._holds:
            return  # a click chooses; its panel leads on
        if column == Column.RESPONSE:
            self.guidanceAsked.emit(row)
        else:
            self._choose(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self.alarm_model.alarm_at(self._place_at(event.position().toPoint()))
        left = event.button() == Qt.MouseButton.LeftButton
        if (
            self._holds
            and row is not None
            and left
            and self.columnAt(event.position().toPoint().x()) != Column.ACK
        ):
            self._choose(row)
        elif not self._holds:
            super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By the mouse at the row pointed at, by the key at the one in use."""
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        place = self.currentIndex().row() if by_key else self._place_at(event.pos())
        row = self.alarm_model.alarm_at(place)
        if row is None:
            return
        if not self.selectionModel().isRowSelected(place):
            self.selectRow(place)
        box = self.visualRect(self.alarm_model.index(place, Column.DESCRIPTION))
        at = self.viewport().mapToGlobal(box.bottomLeft()) if by_key else event.globalPos()
        self.menuAsked.emit(row, at)

    def _choose(self, row: AlarmInfo) -> None:
        place = self.visualRect(self.alarm_model.index(self.alarm_model.place_of(row), 0))
        place.setWidth(self.viewport().width())
        place.moveTopLeft(self.viewport().mapToGlobal(place.topLeft()))
        self.chosen.emit(row, place)

    # keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.read()
        if not self._act_by_key(event) and not self._go_by_key(event):
            super().keyPressEvent(event)

    def _act_by_key(self, event: QKeyEvent) -> bool:
        """Keys that ask the runtime for something. A held key asks once."""
        act = ACT_KEYS.get(Qt.Key(event.key()))
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if act is None or (event.modifiers() and not (shift and act == "ACK")):
            return False
        rows = self.visible_unacked() if shift else self.selected_rows()
        if not event.isAutoRepeat():
            self.actAsked.emit(act, rows)
        return True

    def _go_by_key(self, event: QKeyEvent) -> bool:
        """Keys that lead somewhere, and those of the row of a group."""
        key, row = event.key(), next(iter(self.selected_rows()), None)
        fold = self.alarm_model.fold_at(self.currentIndex().row())
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        if fold is not None and key in {
            Qt.Key.Key_Left,
            Qt.Key.Key_Right,
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
        }:
            wanted = {Qt.Key.Key_Left: False, Qt.Key.Key_Right: True}.get(Qt.Key(key))
            self._ask_fold(fold.key, is_open=wanted)
        elif key == Qt.Key.Key_Home:
            self.show_top()
        elif row is not None and key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._choose(row)
        elif row is not None and key == Qt.Key.Key_D:
            self.displayAsked.emit(row)
        elif row is not None and key == Qt.Key.Key_G:
            self.guidanceAsked.emit(row)
        else:
            return False
        return True

    def show_top(self) -> None:
        """Let in what waits, and go to the most urgent line."""
        self.alarm_model.catch_up()
        self.scrollToTop()
        self.selectRow(0)

    def selectRow(self, row: int) -> None:
        """This line alone, if there is one. The one of Qt goes by Shift and Ctrl as a click does."""
        index = self.alarm_model.index(row, 0)
        if index.isValid():
            how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(index, how)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.alarm_model.lines:
            with painting(self.viewport()) as painter:
                painter.setFont(self._theme.font("text"))
                painter.setPen(self._theme.color("text.label"))
                first = QRect(self._theme.px(52), 0, self.viewport().width(), self._theme.px(ROW))
                painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, self.empty_text)
