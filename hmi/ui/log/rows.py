"""The list of the log: one painted line a record; it tells what is pointed at and when its end comes near."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPainter, QPaintEvent

from hmi.core.texts import tr
from hmi.ui.log.model import LogModel
from hmi.ui.log.words import Record, event_text, object_text, priority_of, said_text, who_text
from hmi.ui.paint import draw_alarm_mark, painting
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.theme import Theme

ROW: Final = 28
_TIME, _MARK, _EVENT = 122, 26, 152
_NEAR_END: Final = 40  # lines
_WIDE: Final = 760
_KEYS: Final = {
    Qt.Key.Key_Return: "object", Qt.Key.Key_Enter: "object", Qt.Key.Key_D: "display", Qt.Key.Key_L: "alarm",
    Qt.Key.Key_O: "only", Qt.Key.Key_N: "note",
}  # fmt: skip


class LogRows(RowList):
    """``pointed``: another record is the current one (None: none); ``wayAsked``: what to do with a record, as
    object, display, alarm, only or note; ``homeAsked``: to the newest; ``fullAsked``: the
    whole record where the page is low.
    """

    pointed = Signal(object)
    wayAsked = Signal(str, object)
    menuAsked = Signal(object, QPoint)
    endNear = Signal()
    homeAsked = Signal()
    fullAsked = Signal()

    def __init__(self, theme: Theme, model: LogModel) -> None:
        super().__init__(theme, ROW, self._paint_row)
        self._theme, self._plain, self.log = theme, theme.plain, model
        self.empty_text = ""
        self.setModel(model)
        self.setAccessibleName(tr("Operator's log"))
        self.doubleClicked.connect(lambda index: self._ask("object", self.log.record_at(index.row())))
        self.verticalScrollBar().valueChanged.connect(lambda _: self.look_at_end())

    @property
    def current_record(self) -> Record | None:
        return self.log.record_at(self.chosen)

    @property
    def is_at_top(self) -> bool:
        return self.verticalScrollBar().value() == 0

    def look_at_end(self) -> None:
        """More lines are wanted before the last one is in view."""
        seen = self.rows_in_view()
        if self.log.next_before and (not seen or seen.stop + _NEAR_END >= self.log.rowCount()):
            self.endNear.emit()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        self.pointed.emit(self.log.record_at(current.row()))

    def _ask(self, way: str, record: Record | None) -> None:
        if record is not None:
            self.wayAsked.emit(way, record)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = _KEYS.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if way is not None and plain:
            if not event.isAutoRepeat():
                self._ask(way, self.current_record)
        elif event.key() == Qt.Key.Key_Space:
            self.fullAsked.emit()
        elif event.key() == Qt.Key.Key_Home:
            self.homeAsked.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.currentIndex()
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            index = self.indexAt(event.pos())
        record = self.log.record_at(index.row())
        if record is not None:
            at = (
                self.visualRect(index).bottomLeft()
                if event.reason() != QContextMenuEvent.Reason.Mouse
                else None
            )
            self.menuAsked.emit(record, self.viewport().mapToGlobal(at) if at else event.globalPos())

    def _paint_row(self, painter: QPainter, box: QRect, row: int) -> None:
        line, base = self.log.lines[row], 18.5
        if isinstance(line, str):
            painter.fillRect(box, self._theme.color("panel.alternate"))
            draw_cut(
                painter,
                self._plain,
                "text.small.strong",
                "text.label",
                QPointF(10, base),
                line,
                box.width() - 20,
            )
            return
        width = box.width()
        moment = self.log.moment(line)
        draw_cut(painter, self._plain, "text.label", "text.secondary", QPointF(10, base), moment, _TIME - 14)
        if (priority := priority_of(line)) and priority <= 4:
            draw_alarm_mark(painter, self._plain, priority, QPointF(_TIME + 10, 14), size=14)
        x = float(_TIME + _MARK)
        target, who = min(max(0.2 * width, 96.0), 250.0), (0.17 * width if width >= _WIDE else 0.0)
        cells = (
            (event_text(line), "text.word", "text", float(_EVENT)), (object_text(line), "text.word", "text", target),
            (said_text(line), "text.label", "text", width - x - _EVENT - target - who),
            (who_text(line), "text.label", "text.secondary", who),
        )  # fmt: skip
        for text, font, color, room in cells:
            if room > 12:
                draw_cut(painter, self._plain, font, color, QPointF(x, base), text, room - 10)
            x += room

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.log.lines:
            with painting(self.viewport()) as painter:
                painter.setFont(self._theme.font("text"))
                painter.setPen(self._theme.color("text.label"))
                room = self.viewport().rect().adjusted(16, 12, -16, -8)
                painter.drawText(room, Qt.TextFlag.TextWordWrap, self.empty_text)
