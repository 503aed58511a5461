"""The table of the page: its header sorts, its rows carry the mark of their value."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from hmi.client.points import PointRow
from hmi.core.texts import tr
from hmi.mimics import mark_of, show
from hmi.ui.paint import draw_frame, draw_quality_mark, painting
from hmi.ui.points.model import Column, PointsModel
from hmi.ui.theme import Theme
from hmi.ui.trend.drag import DragWatch, drag_tags

ROW: Final = 30
HEADER: Final = 28
_MARKS: Final = {
    "forced": "F",
    "simulated": "sim",
    "manual": "M",
    "out_of_service": "O",
}
# weight of each column in the width
_SHARES: Final = {
    Column.STATE: 20, Column.TAG: 22, Column.DESCRIPTION: 30, Column.VALUE: 13, Column.QUALITY: 24,
    Column.SINCE: 10, Column.AREA: 16,
}  # fmt: skip


class PointDelegate(QStyledItemDelegate):
    """Plain text cells; the mark before the state, the frame of standards 2.8 around the value."""

    def __init__(self, theme: Theme, model: PointsModel) -> None:
        super().__init__()
        self._theme, self._model = theme, model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, box = self._theme, QRectF(option.rect)  # type: ignore[attr-defined]
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = "selection" if chosen else "panel.alternate" if index.row() % 2 else "panel"
        painter.fillRect(box, theme.color(fill))
        row, column = self._model.shown[index.row()], Column(index.column())
        if column is Column.STATE:
            mark = _MARKS.get(row.state) or mark_of(self._model.reading(row))
            draw_quality_mark(painter, theme, mark, QPointF(box.x() + 10, box.center().y()))
        if column is Column.VALUE:
            self._value(painter, row, box)
        else:
            self._words(painter, self._model.text(row, column), column, box)
        painter.restore()

    def _words(self, painter: QPainter, text: str, column: Column, box: QRectF) -> None:
        strong = column in {Column.STATE, Column.TAG}
        painter.setFont(self._theme.font("text.word" if strong else "text.label"))
        painter.setPen(self._theme.color("text" if strong else "text.secondary"))
        inner = box.adjusted(38 if column is Column.STATE else 8, 0, -6, 0)
        cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, round(inner.width()))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, cut)

    def _value(self, painter: QPainter, row: PointRow, box: QRectF) -> None:
        shown = show(self._model.reading(row))
        text = f"{shown.text.strip()} {shown.unit}".strip()
        painter.setFont(self._theme.font("text.strong"))
        width = painter.fontMetrics().horizontalAdvance(text)
        if shown.frame:
            draw_frame(
                painter,
                self._theme,
                shown.frame,
                QRectF(box.x() + 4, box.y() + 4, width + 10, box.height() - 8),
            )
        painter.setPen(self._theme.color(shown.role))
        painter.drawText(
            box.adjusted(9, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )


class PointsHeader(QHeaderView):
    """Flat titles; a click sorts, an arrow says by what."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.setFixedHeight(theme.px(HEADER))
        self.setSectionsClickable(True)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        painter.fillRect(rect, self._theme.color("panel"))
        sorted_by = logicalIndex == self.sortIndicatorSection() and self.isSortIndicatorShown()
        painter.setFont(self._theme.font("text.small.strong" if sorted_by else "text.small"))
        painter.setPen(self._theme.color("text" if sorted_by else "text.label"))
        text = str(
            self.model().headerData(logicalIndex, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
            or ""
        )
        if sorted_by:
            text += " ↑" if self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder else " ↓"
        painter.drawText(
            rect.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        painter.setPen(QPen(self._theme.color("panel.edge"), 1.0))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())


class PointsTable(QTableView):
    """Double click, Return: ``chosen`` (its display and faceplate); right click: ``menuAsked`` (tag, place)."""

    chosen = Signal(object, QRect)
    menuAsked = Signal(str, QPoint)

    def __init__(self, theme: Theme, model: PointsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self.points = theme, model
        self._drag = DragWatch()
        self.empty_text = tr("No point is forced, simulated or entered by hand.")
        self.setModel(model)
        self._delegate = PointDelegate(theme, model)
        self.setItemDelegate(self._delegate)
        self.setHorizontalHeader(PointsHeader(theme, self))
        self.setSortingEnabled(True)
        self.sortByColumn(Column.STATE, Qt.SortOrder.AscendingOrder)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Forced and simulated points"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, total = self.viewport().width(), sum(_SHARES.values())
        for column, share in _SHARES.items():
            self.setColumnWidth(column, room * share // total)

    def visible_range(self) -> tuple[int, int]:
        """First and last row in view; (0, -1) when there is none."""
        count = self.points.rowCount()
        if not count:
            return 0, -1
        last = self.rowAt(self.viewport().height() - 1)
        return max(self.rowAt(0), 0), last if last >= 0 else count - 1

    def current_row(self) -> PointRow | None:
        index = self.currentIndex()
        return self.points.shown[index.row()] if 0 <= index.row() < len(self.points.shown) else None

    def _choose(self, row: int) -> None:
        place = self.visualRect(self.points.index(row, 0))
        place.setWidth(self.viewport().width())
        place.moveTopLeft(self.viewport().mapToGlobal(place.topLeft()))
        self.chosen.emit(self.points.shown[row], place)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.rowAt(round(event.position().y()))
        self._drag.press(event, [self.points.shown[row].name] if row >= 0 else [])
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if tags := self._drag.moved(event):
            drag_tags(self, self._theme, tags)
        else:
            super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self.rowAt(round(event.position().y()))
        if row >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._choose(row)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        row = self.rowAt(event.pos().y())
        if row >= 0:
            self.menuAsked.emit(self.points.shown[row].name, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current_row()
        if row is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._choose(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: object) -> None:
        super().paintEvent(event)  # type: ignore[arg-type]
        if not self.points.shown:
            with painting(self.viewport()) as painter:
                painter.setFont(self._theme.font("text"))
                painter.setPen(self._theme.color("text.label"))
                painter.drawText(
                    QRect(16, 0, self.viewport().width(), self._theme.px(ROW) + 10),
                    Qt.AlignmentFlag.AlignVCenter,
                    self.empty_text,
                )
