"""The table of alarms: fixed columns, keys, the button, and an order that waits while one reads."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.delegate import ROW, AlarmDelegate
from hmi.ui.alarms.model import AlarmModel, Column
from hmi.ui.station import is_unacked
from hmi.ui.theme import Theme
from hmi.ui.widgets import SIDE_BUTTONS

HEADER = 26
READ_MS = 5_000
_WIDTHS = {
    Column.MARK: 52, Column.TIME: 124, Column.TAG: 120, Column.DESCRIPTION: 360, Column.VALUE: 112,
    Column.LIMIT: 112, Column.STATE: 190, Column.AREA: 150, Column.ACK: 126,
}  # fmt: skip
_NARROW = 1500
_LEAST, _LEAST_WORDS = 90, 170  # of the column that takes what is left: the response, else the description
_FIXED = frozenset((Column.MARK, Column.ACK, Column.TIME, Column.STATE))
_OPTIONAL = (Column.AREA, Column.LIMIT, Column.TAG, Column.RESPONSE, Column.STATE, Column.VALUE)
"""Left out of a narrow table, in this order; the tooltip has all of them. The button is never left out."""


class AlarmHeader(QHeaderView):
    """Flat column titles with one hairline below."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.setFixedHeight(theme.px(HEADER))
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(False)
        self.setHighlightSections(False)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        painter.fillRect(rect, self._theme.color("panel"))
        painter.setFont(self._theme.font("text.small"))
        painter.setPen(self._theme.color("text.label"))
        text = str(self.model().headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.setPen(self._theme.color("panel.edge"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())


class AlarmTable(QTableView):
    """Click or Return: ``chosen``; the button or A: ``ackAsked``; D: ``displayAsked``.

    The response column or G: ``guidanceAsked``.
    """

    ackAsked = Signal(list)
    chosen = Signal(object, QRect)
    displayAsked = Signal(object)
    whyAsked = Signal(str)
    guidanceAsked = Signal(object)

    def __init__(self, theme: Theme, model: AlarmModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self.alarm_model = theme, model
        self.delegate = AlarmDelegate(theme, model)
        self.empty_text = tr("No alarms")
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.setHorizontalHeader(AlarmHeader(theme, self))
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(1)  # else the header's own font decides
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
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
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.setInterval(READ_MS)
        self._reading.timeout.connect(lambda: model.set_hold(False))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, px = self.viewport().width(), self._theme.px
        left_out = _left_out(room / self._theme.scale)
        share = 1.0 if room >= px(_NARROW) else 0.7
        taker = Column.DESCRIPTION if Column.RESPONSE in left_out else Column.RESPONSE
        used = 0
        for column in Column:
            self.setColumnHidden(column, column in left_out)
            if column in left_out or column == taker:
                continue
            own = px(_WIDTHS[column] * (1 if column in _FIXED else share))
            used += own
            self.setColumnWidth(column, own)
        self.setColumnWidth(taker, max(room - used, px(_LEAST)))

    def flash(self, lit: bool) -> None:
        """Repaint the marks of visible unacknowledged rows only."""
        self.delegate.lit = lit
        first, last = self.visible_range()
        for row in range(first, last + 1):
            if is_unacked(self.alarm_model.shown[row]):
                self.viewport().update(self.visualRect(self.alarm_model.index(row, Column.MARK)))

    def visible_range(self) -> tuple[int, int]:
        """First and last row in view; (0, -1) when there is none."""
        count = self.alarm_model.rowCount()
        if not count:
            return 0, -1
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height() - 1)
        return first, last if last >= 0 else count - 1

    def visible_unacked(self) -> list[str]:
        first, last = self.visible_range()
        rows = self.alarm_model.shown[first : last + 1]
        return [row.occurrence_id for row in rows if is_unacked(row)]

    def selected_rows(self) -> list[AlarmInfo]:
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.alarm_model.shown[row] for row in rows if row < len(self.alarm_model.shown)]

    def _row_at(self, at: QPoint) -> AlarmInfo | None:
        row = self.rowAt(at.y())
        return self.alarm_model.shown[row] if 0 <= row < len(self.alarm_model.shown) else None

    def _read(self) -> None:
        """The pointer moves over the list: hold its order for a while."""
        self.alarm_model.set_hold(True)
        self._reading.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._read()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._read()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._reading.stop()
        self.alarm_model.set_hold(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in SIDE_BUTTONS:
            event.ignore()  # back and forward belong to the window
            return
        index = self.indexAt(event.position().toPoint())
        row = self._row_at(event.position().toPoint())
        if row is not None and index.column() == Column.ACK and is_unacked(row):
            self.ackAsked.emit([row.occurrence_id])
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        row = self._row_at(event.position().toPoint())
        plain_click = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        column = self.columnAt(round(event.position().x()))
        if row is None or not plain_click or column == Column.ACK:
            return
        if column == Column.RESPONSE:
            self.guidanceAsked.emit(row)
        else:
            self._choose(row)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Why the number in this row is what it is."""
        if (row := self._row_at(event.pos())) is not None:
            self.whyAsked.emit(row.tag_name)

    def _choose(self, row: AlarmInfo) -> None:
        place = self.visualRect(self.alarm_model.index(self.alarm_model.shown.index(row), 0))
        place.setWidth(self.viewport().width())
        place.moveTopLeft(self.viewport().mapToGlobal(place.topLeft()))
        self.chosen.emit(row, place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows = self.selected_rows()
        if event.key() == Qt.Key.Key_A and not event.modifiers():
            self.ackAsked.emit([row.occurrence_id for row in rows if is_unacked(row)])
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and rows:
            self._choose(rows[0])
        elif event.key() == Qt.Key.Key_D and rows and not event.modifiers():
            self.displayAsked.emit(rows[0])
        elif event.key() == Qt.Key.Key_G and rows and not event.modifiers():
            self.guidanceAsked.emit(rows[0])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.alarm_model.shown:
            painter = QPainter(self.viewport())
            painter.setFont(self._theme.font("text"))
            painter.setPen(self._theme.color("text.label"))
            first = QRect(self._theme.px(52), 0, self.viewport().width(), self._theme.px(ROW))
            painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, self.empty_text)


def _left_out(room: float) -> frozenset[Column]:
    """Columns that a table of this width (pixels at 100 %) has no room for."""
    need = {column: width * (1 if column in _FIXED else 0.7) for column, width in _WIDTHS.items()}
    need[Column.RESPONSE] = _LEAST
    found: set[Column] = set()
    for column in _OPTIONAL:
        if sum(need.values()) <= room:
            break
        del need[column]
        if column == Column.RESPONSE:
            need[Column.DESCRIPTION] = _LEAST_WORDS
        found.add(column)
    return frozenset(found)
