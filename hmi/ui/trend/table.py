"""The pens of a trend as a table: what they are, what they were at the cursors, and their figures."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from hmi.core.texts import tr
from hmi.ui.labels import short_tag
from hmi.ui.paint import draw_frame, draw_quality_mark, metrics_of
from hmi.ui.theme import Theme
from hmi.ui.trend.drag import DragWatch, drag_tags
from hmi.ui.trend.look import badge_size, draw_pen_badge
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.pens import Pen
from hmi.ui.trend.readings import Told, told_at, told_difference, told_figures, told_scale

AnyIndex = QModelIndex | QPersistentModelIndex
ROW, TALL, HEADER = 28, 46, 26
_DIM: Final = 0.45


class Column(IntEnum):
    PEN = 0
    DESCRIPTION = 1
    VALUE = 2
    QUALITY = 3
    SECOND = 4
    DIFFERENCE = 5
    UNIT = 6
    SCALE = 7
    LEAST = 8
    MOST = 9
    MEAN = 10
    GOOD = 11


_SHARES: Final = {
    Column.PEN: 17, Column.DESCRIPTION: 25, Column.VALUE: 13, Column.QUALITY: 14, Column.SECOND: 12,
    Column.DIFFERENCE: 10, Column.UNIT: 7, Column.SCALE: 14, Column.LEAST: 9, Column.MOST: 9, Column.MEAN: 9,
    Column.GOOD: 8,
}  # fmt: skip
_COMPACT: Final = {Column.PEN: 58, Column.VALUE: 42}
_PLAIN: Final = frozenset((Column.PEN, Column.DESCRIPTION, Column.QUALITY, Column.UNIT, Column.SCALE))


class PensModel(QAbstractTableModel):
    """Texts of all cells; the painter asks for them too, so that both say the same."""

    def __init__(self, trend: TrendModel) -> None:
        super().__init__()
        self.trend = trend
        trend.pensChanged.connect(self._anew)

    def _anew(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return len(self.trend.pens)

    def columnCount(self, parent: AnyIndex | None = None) -> int:
        return len(Column)

    def pen(self, row: int) -> Pen:
        return self.trend.pens[row]

    def told(self, pen: Pen, column: Column) -> Told:
        """What a cell says."""
        trend = self.trend
        if column is Column.VALUE:
            return told_at(trend, pen, trend.cursor_a)
        if column is Column.SECOND:
            return told_at(trend, pen, trend.cursor_b) if trend.cursor_b is not None else Told("")
        if column is Column.DIFFERENCE:
            return told_difference(trend, pen)
        if column is Column.QUALITY:
            return Told(told_at(trend, pen, trend.cursor_a).quality)
        if column in {Column.LEAST, Column.MOST, Column.MEAN, Column.GOOD}:
            return told_figures(trend, pen, column.name)
        return Told(self._plain(pen, column))

    def _plain(self, pen: Pen, column: Column) -> str:
        if column is Column.PEN:
            return f"{pen.number}  {name_of(pen)}"
        if column is Column.DESCRIPTION:
            return pen.info.description
        if column is Column.UNIT:
            return pen.info.unit
        return told_scale(self.trend, pen)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.trend.pens):
            return None
        pen, column = self.pen(index.row()), Column(index.column())
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.told(pen, column).text
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{pen.tag}\n{pen.info.description}".replace("<", "<\u200b")
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        has_a, has_b = self.trend.cursor_a is not None, self.trend.cursor_b is not None
        titles = {
            Column.PEN: tr("Pen"), Column.DESCRIPTION: tr("Description"),
            Column.VALUE: tr("At A") if has_a else self._at_the_right(),
            Column.QUALITY: tr("Quality"), Column.SECOND: tr("At B") if has_b else "",
            Column.DIFFERENCE: tr("B − A") if has_a and has_b else "", Column.UNIT: tr("Unit"),
            Column.SCALE: tr("Scale"), Column.LEAST: tr("Minimum"), Column.MOST: tr("Maximum"),
            Column.MEAN: tr("Average"), Column.GOOD: tr("Good"),
        }  # fmt: skip
        return titles[Column(section)]

    def _at_the_right(self) -> str:
        if not self.trend.is_live:
            return tr("At the right")
        return tr("Then") if self.trend.is_past else tr("Now")

    def touch(self) -> None:
        """All values may be others now."""
        if self.trend.pens:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.trend.pens) - 1, len(Column) - 1))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)


def name_of(pen: Pen) -> str:
    """Equipment, with the signal where it is not the measured value."""
    short, signal = short_tag(pen.tag), pen.info.signal
    return f"{short} {signal}" if signal and signal not in {"pv", short} and signal not in short else short


class PenDelegate(QStyledItemDelegate):
    """One line for each pen, or two where there are only two columns."""

    def __init__(self, theme: Theme, model: PensModel) -> None:
        super().__init__()
        self._theme, self._model = theme, model
        self.is_compact = False

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        if index.row() >= self._model.rowCount():
            return
        theme, box = self._theme, QRectF(option.rect)  # type: ignore[attr-defined]
        chosen = index.row() == self._model.trend.chosen
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = "selection" if chosen else "panel.alternate" if index.row() % 2 else "panel"
        painter.fillRect(box, theme.color(fill))
        pen, column = self._model.pen(index.row()), Column(index.column())
        if pen.hidden:
            painter.setOpacity(_DIM)
        if column is Column.PEN:
            self._pen(painter, pen, box)
        elif column is Column.VALUE:
            self._value(painter, pen, box)
        else:
            self._text(painter, self._model.told(pen, column), column, box)
        painter.setOpacity(1.0)
        if option.state & QStyle.StateFlag.State_HasFocus and column is Column.PEN:  # type: ignore[attr-defined]
            painter.setPen(QPen(theme.color("focus"), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(1, 1, -1, -1))
        painter.restore()

    def _pen(self, painter: QPainter, pen: Pen, box: QRectF) -> None:
        theme = self._theme
        width, _ = badge_size(theme, 16)
        center = QPointF(box.x() + 8 + width / 2, box.center().y())
        draw_pen_badge(painter, theme, pen.number, pen.color, center, filled=not pen.hidden)
        left = box.x() + 16 + width
        inner = QRectF(left, box.y(), box.right() - left - 4, box.height())
        if not self.is_compact:
            self._line(painter, name_of(pen), inner, "text.word", "text")
            return
        upper, lower = halves(inner)
        self._line(painter, name_of(pen), upper, "text.word", "text")
        self._line(painter, pen.info.description, lower, "text.small", "text.label")

    def _value(self, painter: QPainter, pen: Pen, box: QRectF) -> None:
        theme, told = self._theme, self._model.told(pen, Column.VALUE)
        inner = box.adjusted(8, 0, -4, 0)
        text = f"{told.text} {pen.info.unit}".strip() if self.is_compact and told.text else told.text
        upper, lower = halves(inner) if self.is_compact else (inner, inner)
        font = theme.font("value.small" if self.is_compact else "text.strong")
        width = metrics_of(font).horizontalAdvance(text)
        if told.frame:
            draw_frame(
                painter, theme, told.frame, QRectF(upper.x() - 4, upper.center().y() - 11, width + 8, 22)
            )
        role = "value" if told.is_good else "text.secondary"
        self._line(painter, text, upper, "value.small" if self.is_compact else "text.strong", role)
        if told.mark:
            draw_quality_mark(painter, theme, told.mark, QPointF(upper.x() + width + 4, upper.center().y()))
        if self.is_compact:
            self._line(painter, told.quality, lower, "text.small", "text.label")

    def _text(self, painter: QPainter, told: Told, column: Column, box: QRectF) -> None:
        role = "text.secondary" if column in _PLAIN else "text"
        self._line(painter, told.text, box.adjusted(8, 0, -4, 0), "text.label", role)

    def _line(self, painter: QPainter, text: str, box: QRectF, font: str, role: str) -> None:
        painter.setFont(self._theme.font(font))
        painter.setPen(self._theme.color(role))
        cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, round(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, cut)


def halves(box: QRectF) -> tuple[QRectF, QRectF]:
    middle = box.center().y() + 1
    return QRectF(box.x(), box.y() + 2, box.width(), middle - box.y() - 2), QRectF(
        box.x(), middle, box.width(), box.bottom() - middle - 3
    )


class PensHeader(QHeaderView):
    """Flat titles."""

    def __init__(self, theme: Theme, parent: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.setFixedHeight(theme.px(HEADER))
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def paintSection(self, painter: QPainter, rect: Any, logicalIndex: int) -> None:
        painter.fillRect(rect, self._theme.color("panel"))
        painter.setFont(self._theme.font("text.small"))
        painter.setPen(self._theme.color("text.label"))
        text = str(self.model().headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        left = 8 if logicalIndex else 12
        painter.drawText(
            rect.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        painter.setPen(QPen(self._theme.color("panel.edge"), 1.0))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())


class PenTable(QTableView):
    """A row chooses its pen; the badge hides and shows it. ``menuAsked``: the menu of a pen at a global place."""

    menuAsked = Signal(object, QPoint)
    whyAsked = Signal(str)
    removeAsked = Signal(object)

    def __init__(self, theme: Theme, trend: TrendModel) -> None:
        super().__init__()
        self._theme, self._trend = theme, trend
        self._drag = DragWatch()
        self.pens = PensModel(trend)
        self.setModel(self.pens)
        self._delegate = PenDelegate(theme, self.pens)
        self.setItemDelegate(self._delegate)
        self.setHorizontalHeader(PensHeader(theme, self))
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Pens"))
        self.set_compact(compact=True)
        trend.told.connect(self.pens.touch)

    def set_compact(self, *, compact: bool) -> None:
        """Two columns of two lines beside the chart, or all columns below it."""
        self._delegate.is_compact = compact
        self.verticalHeader().setDefaultSectionSize(self._theme.px(TALL if compact else ROW))
        self.horizontalHeader().setVisible(not compact)
        self._share()

    @property
    def wanted_height(self) -> int:
        """Of all rows and the header."""
        return self._theme.px(HEADER) + self.pens.rowCount() * self._theme.px(ROW) + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def _share(self) -> None:
        shares = dict(_COMPACT if self._delegate.is_compact else _SHARES)
        if self._trend.cursor_b is None:
            shares.pop(Column.SECOND, None)
            shares.pop(Column.DIFFERENCE, None)
        room, total = self.viewport().width(), sum(shares.values())
        for column in Column:
            self.setColumnHidden(column, column not in shares)
            if column in shares:
                self.setColumnWidth(column, room * shares[column] // total)

    def show_columns(self) -> None:
        """The second cursor came or went."""
        self._share()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.rowAt(round(event.position().y()))
        if row < 0 or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        pen = self.pens.pen(row)
        self._drag.press(event, [pen.tag])
        self.setCurrentIndex(self.pens.index(row, 0))
        self.setFocus()
        if event.position().x() <= badge_size(self._theme, 16)[0] + 14:
            self.toggle(row)
        else:
            self._trend.choose(row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if tags := self._drag.moved(event):
            drag_tags(self, self._theme, tags)

    def toggle(self, row: int) -> None:
        """Hide or show a pen."""
        pen = self.pens.pen(row)
        pen.hidden = not pen.hidden
        self._trend.arrange()

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and current.row() != self._trend.chosen:
            self._trend.choose(current.row())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        row = self.rowAt(event.pos().y()) if event.reason() == QContextMenuEvent.Reason.Mouse else -1
        if 0 <= row < self.pens.rowCount():
            self.menuAsked.emit(self.pens.pen(row), event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose; everything else belongs to the trend."""
        if event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            if self.pens.rowCount():
                step = -1 if event.key() == Qt.Key.Key_Up else 1
                row = min(max(self._trend.chosen + step, 0), self.pens.rowCount() - 1)
                self.setCurrentIndex(self.pens.index(row, 0))
            return
        is_menu = event.key() == Qt.Key.Key_Menu or (
            event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        )
        if is_menu and self._trend.pen is not None:
            place = self.visualRect(self.pens.index(self._trend.chosen, 0)).bottomLeft()
            self.menuAsked.emit(self._trend.pen, self.viewport().mapToGlobal(place))
            return
        event.ignore()
