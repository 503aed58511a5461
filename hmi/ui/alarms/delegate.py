"""Paints alarm rows: mark, texts, row of an unacknowledged alarm, and the one obvious button."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from hmi.core.texts import tr
from hmi.ui.alarms.model import AlarmModel, Column
from hmi.ui.paint import draw_alarm_mark
from hmi.ui.station import is_unacked
from hmi.ui.theme import Theme

ROW = 27
_CUTS = 4096
_SECONDARY = frozenset((Column.RESPONSE,))
_STRONG = frozenset(
    (Column.TIME, Column.TAG, Column.DESCRIPTION, Column.VALUE, Column.LIMIT, Column.STATE, Column.AREA)
)


class AlarmDelegate(QStyledItemDelegate):
    """``lit`` is the phase of the one flash timer; only the border of a mark follows it."""

    def __init__(self, theme: Theme, model: AlarmModel) -> None:
        super().__init__()
        self._theme, self._model = theme, model
        self.lit = True
        self._metrics = {role: QFontMetricsF(theme.font(role)) for role in ("text.label", "text.word")}
        self._cuts: dict[tuple[str, str, int], str] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(40, self._theme.px(ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if index.row() >= len(self._model.shown):
            return
        row = self._model.shown[index.row()]
        box: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        unacked = is_unacked(row)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, self._theme.color("selection"))
        elif unacked:
            painter.fillRect(box, self._theme.color("row.alarm"))
        column = index.column()
        if column == Column.MARK:
            if unacked:
                painter.fillRect(box.x(), box.y(), 5, box.height(), self._theme.alarm(row.priority))
            center = QPointF(box.x() + self._theme.px(26), box.center().y() + 0.5)
            lit, size = self.lit or not unacked, self._theme.px(20)
            draw_alarm_mark(painter, self._theme, row.priority, center, size=size, lit=lit)
        elif column == Column.ACK:
            if unacked:
                self._button(painter, box, hovered=bool(state & QStyle.StateFlag.State_MouseOver))
        else:
            self._text(painter, box, column, self._model.texts(row)[column], strong=unacked)
        painter.setPen(self._theme.color("grid"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())

    def _text(self, painter: QPainter, box: QRect, column: int, text: str, *, strong: bool) -> None:
        role = "text.word" if strong and column in _STRONG else "text.label"
        painter.setFont(self._theme.font(role))
        painter.setPen(self._theme.color("text.label" if column in _SECONDARY else "text"))
        cut = self._cut(role, text, box.width() - 12)
        painter.drawText(QPointF(box.x(), box.center().y() + 1 + self._metrics[role].capHeight() / 2), cut)

    def _cut(self, role: str, text: str, room: int) -> str:
        """The text, shortened to the room; the same few cells are painted again and again."""
        key = (role, text, room)
        cut = self._cuts.get(key)
        if cut is None:
            if len(self._cuts) >= _CUTS:
                self._cuts.clear()
            cut = self._cuts[key] = self._metrics[role].elidedText(text, Qt.TextElideMode.ElideRight, room)
        return cut

    def button_box(self, cell: QRect) -> QRectF:
        """Where the button of a row lies."""
        return QRectF(cell).adjusted(2, 2.5, -10, -2.5)

    def _button(self, painter: QPainter, cell: QRect, *, hovered: bool) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.button_box(cell)
        painter.setPen(QPen(self._theme.color("button.edge"), 1.0))
        painter.setBrush(self._theme.brush("selection" if hovered else "button"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(self._theme.font("text.word"))
        painter.setPen(self._theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tr("Acknowledge"))
        painter.restore()
