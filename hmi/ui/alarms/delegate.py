"""Paints the lines of an alarm list: marks, texts, groups, and the one obvious button of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo
from hmi.core.texts import tr
from hmi.ui.alarms.columns import Column
from hmi.ui.alarms.marks import ROOM, badge_of, draw_row_badge, draw_row_mark
from hmi.ui.alarms.model import AlarmModel
from hmi.ui.alarms.rules import Fold, Line
from hmi.ui.paint import badge_width, draw_alarm_mark, draw_badge
from hmi.ui.theme import Theme

ROW = 27
_CUTS = 4096
_SECONDARY: Final = frozenset((Column.RESPONSE, Column.COMMENT, Column.CLASS, Column.SOURCE))
_STRONG: Final = frozenset(
    (Column.TIME, Column.TAG, Column.DESCRIPTION, Column.VALUE, Column.LIMIT, Column.STATE, Column.AREA)
)
BUTTONS: Final = {
    "ACK": "Acknowledge", "RESET": "Reset", "UNSHELVE": "Unshelve", "RTS": "Return",
}  # fmt: skip


def button_act(row: AlarmInfo) -> str:
    """The obvious next act of a row; empty for none."""
    if is_unacked(row):
        return "ACK"
    return {"LATCH-ACKED": "RESET", "SHLVD": "UNSHELVE", "OOSRV": "RTS"}.get(row.state, "")


class AlarmDelegate(QStyledItemDelegate):
    """``lit`` is the phase of the one flash timer; only the border of a mark follows it.

    ``may`` says whether the person at the station may do an act with a row: a button that is no use looks so.
    """

    def __init__(self, theme: Theme, model: AlarmModel) -> None:
        super().__init__()
        self._theme, self._model = theme, model
        self.lit = True
        self.may: Callable[[str, AlarmInfo], bool] = lambda _act, _row: True
        self._metrics = {role: QFontMetricsF(theme.font(role)) for role in ("text.label", "text.word")}
        self._cuts: dict[tuple[str, str, int], str] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(40, self._theme.px(ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if index.row() >= len(self._model.lines):
            return
        line = self._model.lines[index.row()]
        box: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        self._ground(painter, box, line, selected=bool(state & QStyle.StateFlag.State_Selected))
        column = index.column()
        if column == Column.MARK:
            self._mark(painter, box, line)
        elif column == Column.ACK:
            if text := self._button_text(line):
                hovered = bool(state & QStyle.StateFlag.State_MouseOver)
                usable = isinstance(line, Fold) or self.may(button_act(line), line)
                self._button(painter, box, text, hovered=hovered, usable=usable)
        else:
            self._cell(painter, box, column, line)
        painter.setPen(self._theme.color("grid"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())

    def _ground(self, painter: QPainter, box: QRect, line: Line, *, selected: bool) -> None:
        if selected:
            painter.fillRect(box, self._theme.color("selection"))
        elif isinstance(line, Fold):
            painter.fillRect(box, self._theme.color("panel.alternate"))
        elif is_unacked(line) and not self._model.has_ended(line):
            painter.fillRect(box, self._theme.color("row.alarm"))

    # cells

    def _mark(self, painter: QPainter, box: QRect, line: Line) -> None:
        px = self._theme.px
        center = QPointF(box.x() + px(26), box.center().y() + 0.5)
        if isinstance(line, Fold):
            self._twist(painter, QPointF(box.x() + px(9), center.y()), is_open=line.is_open)
            draw_alarm_mark(painter, self._theme, line.priority, center, size=px(16), lit=True)
            return
        unacked = is_unacked(line) and not self._model.has_ended(line)
        if unacked:
            painter.fillRect(box.x(), box.y(), 5, box.height(), self._theme.alarm(line.priority))
        if not self._model.has_ended(line):
            lit = self.lit or not unacked
            draw_row_mark(painter, self._theme, line, center, size=px(20), lit=lit)

    def _cell(self, painter: QPainter, box: QRect, column: int, line: Line) -> None:
        text = self._model.text(line, column)
        if isinstance(line, Fold):
            self._text(painter, box, text, "text.word", "text")
            return
        ended = self._model.has_ended(line)
        strong = is_unacked(line) and not ended and column in _STRONG
        color = "text.label" if ended or column in _SECONDARY else "text"
        if column == Column.DESCRIPTION:
            box = box.adjusted(round(self._badges(painter, box, line) * self._theme.scale), 0, 0, 0)
        self._text(painter, box, text, "text.word" if strong else "text.label", color)

    def _badges(self, painter: QPainter, box: QRect, row: AlarmInfo) -> float:
        """What stands before the description: its place in its group, latched or hidden; how much room it takes."""
        if not row.first_out and not badge_of(row):
            return 0.0
        painter.save()
        painter.translate(box.x(), box.center().y() + 0.5)
        painter.scale(self._theme.scale, self._theme.scale)
        plain, used = self._theme.plain, 0.0
        if row.first_out:
            words = f"≈{row.first_out}" if row.first_out_within_ms else f"#{row.first_out}"
            width = badge_width(plain, words)
            draw_badge(painter, plain, words, QPointF(width / 2, 0), solid=row.first_out == 1)
            used += width + 8
        if letter := badge_of(row):
            width = badge_width(plain, letter)
            draw_row_badge(painter, plain, row, QPointF(used + width / 2, 0))
            used += max(width + 8, ROOM if letter == "OOS" else 0)
        painter.restore()
        return used

    def _text(self, painter: QPainter, box: QRect, text: str, role: str, color: str) -> None:
        painter.setFont(self._theme.font(role))
        painter.setPen(self._theme.color(color))
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

    def _twist(self, painter: QPainter, at: QPointF, *, is_open: bool) -> None:
        """The small arrow of a group."""
        painter.save()
        painter.translate(at)
        painter.scale(self._theme.scale, self._theme.scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.pen("text.secondary", 1.6))
        points = [(-4, -2), (0, 2.5), (4, -2)] if is_open else [(-2, -4), (2.5, 0), (-2, 4)]
        painter.drawPolyline([QPointF(x, y) for x, y in points])
        painter.restore()

    # the button

    def _button_text(self, line: Line) -> str:
        if isinstance(line, Fold):
            return tr("Fold") if line.is_open else tr("Unfold")
        act = "" if self._model.has_ended(line) else button_act(line)
        return tr(BUTTONS[act]) if act else ""

    def button_box(self, cell: QRect) -> QRectF:
        """Where the button of a row lies."""
        return QRectF(cell).adjusted(2, 2.5, -10, -2.5)

    def _button(self, painter: QPainter, cell: QRect, text: str, *, hovered: bool, usable: bool) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.button_box(cell)
        fill = "selection" if hovered else "button"
        painter.setPen(QPen(self._theme.color("button.edge" if usable else "panel.edge"), 1.0))
        painter.setBrush(self._theme.brush(fill if usable else "panel.alternate"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(self._theme.font("text.word"))
        painter.setPen(self._theme.color("text" if usable else "text.label"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()
