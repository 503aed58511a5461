"""A flat list of painted rows: keyboard, mouse and screen readers as Qt has them, the look as the station's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from hmi.ui.paint import metrics_of
from hmi.ui.theme import Theme
from hmi.ui.widgets import is_press_key

AnyIndex = QModelIndex | QPersistentModelIndex
PaintRow = Callable[[QPainter, QRect, int], None]
Row = TypeVar("Row")


class RowModel(QAbstractListModel, Generic[Row]):
    """``rows`` as they stand; ``spoken`` is what a screen reader says of one."""

    def __init__(self, spoken: Callable[[Row], str]) -> None:
        super().__init__()
        self._spoken = spoken
        self.rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = 0) -> Any:
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self._spoken(self.rows[index.row()])
        return None


class RowDelegate(QStyledItemDelegate):
    """Paints the ground of a row (chosen, pointed at) and leaves the rest to ``paint_row``.

    ``height`` and the box that ``paint_row`` gets are in pixels at 100 %, to be painted with ``theme.plain``.
    """

    def __init__(self, theme: Theme, height: int, paint_row: PaintRow) -> None:
        super().__init__()
        self._theme, self._height, self._paint_row = theme, height, paint_row

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(40, self._theme.px(self._height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        box: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, self._theme.color("selection"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, self._theme.color("panel.alternate"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self._theme.pen("focus", 2.0))
            painter.drawRect(box.adjusted(1, 1, -1, -1))
        painter.save()
        painter.translate(box.topLeft())
        scale = self._theme.scale
        painter.scale(scale, scale)
        inner = QRect(0, 0, round(box.width() / scale), round(box.height() / scale))
        self._paint_row(painter, inner, index.row())
        painter.restore()


class RowList(QListView):
    """One row is chosen by the arrows; a click, Enter or Space asks for it (``asked`` carries its number)."""

    asked = Signal(int)

    def __init__(self, theme: Theme, height: int, paint_row: PaintRow) -> None:
        super().__init__()
        self._delegate = RowDelegate(theme, height, paint_row)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setTabKeyNavigation(False)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, theme.color("panel"))
        self.setPalette(palette)
        self.clicked.connect(lambda index: self.asked.emit(index.row()))

    def choose(self, row: int) -> None:
        """Make a row the chosen one and bring it into view."""
        count = self.model().rowCount()
        if count:
            index = self.model().index(min(max(row, 0), count - 1), 0)
            # by itself Qt goes by Shift and Ctrl as at a click
            how = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(index, how)
            self.scrollTo(index)

    @property
    def chosen(self) -> int:
        """The chosen row; -1 for none."""
        return self.currentIndex().row()

    def rows_in_view(self) -> range:
        count = self.model().rowCount()
        if not count:
            return range(0)
        first = max(self.indexAt(self.viewport().rect().topLeft()).row(), 0)
        last = self.indexAt(self.viewport().rect().bottomLeft()).row()
        return range(first, (last if last >= 0 else count - 1) + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.chosen >= 0 and (is_press_key(event) or event.key() == Qt.Key.Key_Space):
            self.asked.emit(self.chosen)
        else:
            super().keyPressEvent(event)


def draw_cut(
    painter: QPainter, theme: Theme, font: str, color: str, at: QPointF, text: str, room: float
) -> float:
    """One line of text on its base line, shortened to the room; its width."""
    painter.setFont(theme.font(font))
    painter.setPen(theme.color(color))
    metrics = metrics_of(theme.font(font))
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
    painter.drawText(at, cut)
    return metrics.horizontalAdvance(cut)
