"""The equipment inside of one object: a row for each with its state, which leads to its faceplate."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.mimics import Shown, TagAlarm, worst_of
from hmi.ui.faceplate.content import Content
from hmi.ui.faceplate.member_look import MemberLook, member_look
from hmi.ui.faceplate.source import ObjectSource
from hmi.ui.labels import short_tag
from hmi.ui.paint import draw_alarm_frame, draw_alarm_mark, draw_frame, draw_quality_mark
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text, is_press_key, plain
from hmi.ui.zoom import zoomed

_HEIGHT: Final = 38.0
_NAME, _TITLE, _BASE = 16.0, 31.0, 24.0
_LEFT: Final = 28.0  # of the names, behind the mark of the worst alarm
_FIGURES, _WORD, _MARK, _ARROW = 84.0, 196.0, 30.0, 10.0  # from the right edge
_GAP: Final = 6.0


class MemberRow(QWidget):
    """A click or Enter opens its faceplate."""

    asked = Signal(str)

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        self._theme, self._source = theme, source
        self.content = source.content
        self._name = short_tag(self.content.name)
        self.look = MemberLook("", None)
        self.setFixedHeight(theme.px(round(_HEIGHT)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._is_pressed = False
        self._tell()

    def refresh(self, alarm: TagAlarm | None) -> None:
        """``alarm``: the worst one of it and of all that is inside of it."""
        look = member_look(self._source, alarm)
        if look != self.look:
            self.look = look
            self._tell()
            self.update()

    def _tell(self) -> None:
        look, content = self.look, self.content
        lines = [f"{content.name} {content.title}".strip(), look.words, look.doubtful]
        if look.alarm is not None:
            lines.append(tr("Alarm of priority {n}: {name}", n=look.alarm.priority, name=look.alarm.name))
        told = [line for line in lines if line]
        self.setAccessibleName(", ".join(told))
        self.setToolTip(plain("\n".join(told)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._is_pressed = event.button() == Qt.MouseButton.LeftButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A drag that began here does not move the card."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if self._is_pressed and inside and event.button() == Qt.MouseButton.LeftButton:
            self.asked.emit(self.content.name)
        self._is_pressed = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_press_key(event):
            self.asked.emit(self.content.name)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            look, width = self.look, size.width()
            if self.underMouse():
                painter.fillRect(QRectF(0, 0, width, size.height()), theme.color("selection"))
            if look.alarm is not None:
                draw_alarm_mark(painter, theme, look.alarm.priority, QPointF(12, _HEIGHT / 2), size=20)
            self._paint_names(painter, theme, width)
            painter.setFont(theme.font("text.word"))
            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(width - _WORD, _BASE), look.word)
            if look.value is not None:
                self._paint_value(painter, theme, width, look.value)
            painter.setFont(theme.font("text.word"))
            painter.setPen(theme.color("text.label"))
            painter.drawText(QPointF(width - _ARROW, _BASE), "›")
            if self.hasFocus():
                painter.setPen(theme.pen("focus", 2.0))
                painter.drawRect(QRectF(1, 1, width - 2, size.height() - 2))

    def _paint_names(self, painter: QPainter, theme: Theme, width: float) -> None:
        room = width - _WORD - _GAP - _LEFT
        painter.setFont(theme.font("text.word"))
        painter.setPen(theme.color("text"))
        metrics = QFontMetricsF(painter.font())
        own = room - (24 if self.look.doubt else 0)
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideRight, own)
        title = self.content.title
        base = _NAME if title else _BASE
        painter.drawText(QPointF(_LEFT, base), name)
        if self.look.doubt:
            x = _LEFT + 4 + metrics.horizontalAdvance(name)
            draw_quality_mark(painter, theme, self.look.doubt, QPointF(x, base - 5))
        painter.setFont(theme.font("text.small"))
        painter.setPen(theme.color("text.label"))
        metrics = QFontMetricsF(painter.font())
        painter.drawText(QPointF(_LEFT, _TITLE), metrics.elidedText(title, Qt.TextElideMode.ElideRight, room))

    def _paint_value(self, painter: QPainter, theme: Theme, width: float, shown: Shown) -> None:
        """A figure ends before its unit; a word begins where the state of a drive does."""
        figure = bool(self.content.values)
        font = theme.font("value.small" if figure else "text.word")
        metrics = QFontMetricsF(font)
        most = (_WORD - _FIGURES - 44) if figure else _WORD - _MARK - _GAP
        text = metrics.elidedText(shown.text, Qt.TextElideMode.ElideRight, most)
        taken = metrics.horizontalAdvance(text)
        left = width - _FIGURES - taken if figure else width - _WORD
        if shown.frame or shown.alarm:
            box = QRectF(left - 5, _BASE - 15, taken + 10, 21)
            if shown.frame:
                draw_frame(painter, theme, shown.frame, box)
            if shown.alarm:
                draw_alarm_frame(painter, theme, shown.alarm, box)
        painter.setFont(font)
        painter.setPen(theme.color(shown.role))
        painter.drawText(QPointF(left, _BASE), text)
        x = left + taken + _GAP + (4 if shown.frame or shown.alarm else 0)
        if shown.unit:
            painter.setFont(theme.font("unit"))
            painter.setPen(theme.color("text.label"))
            painter.drawText(QPointF(x, _BASE), shown.unit)
            x += QFontMetricsF(painter.font()).horizontalAdvance(shown.unit) + 2
        if shown.mark:
            draw_quality_mark(painter, theme, shown.mark, QPointF(min(x, width - _MARK), _BASE - 5))


class MemberList(QWidget):
    """The rows in the order of the type; what is beyond them is counted, with its worst alarm."""

    asked = Signal(str)

    def __init__(self, theme: Theme, source: ObjectSource) -> None:
        super().__init__()
        self._source, content = source, source.content
        self.rows = {one.name: self._row(theme, one) for one in content.members}
        self._beyond = len(source.station.catalogue.members.get(content.name, ())) - len(self.rows)
        self.told = Text(theme, font="text.small", color="text.label", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for row in self.rows.values():
            column.addWidget(row)
        column.addWidget(self.told)
        self.told.setVisible(self._beyond > 0)

    def _row(self, theme: Theme, content: Content) -> MemberRow:
        row = MemberRow(theme, ObjectSource(self._source.station, content))
        row.asked.connect(self.asked)
        return row

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that a row is judged by."""
        return tuple(tag for row in self.rows.values() for tag in row.content.tags)

    def refresh(self) -> None:
        """Show what is true at this moment."""
        if not self.rows:
            return
        found: dict[str, list[TagAlarm]] = {}
        inside = self._source.content.inside
        for tag, alarm in self._source.station.tag_alarms.items():
            if (name := inside.get(tag.rpartition(".")[0])) is not None:
                found.setdefault(name, []).append(alarm)
        for name, row in self.rows.items():
            row.refresh(worst_of(found[name]) if name in found else None)
        if self._beyond > 0:
            self.told.set_text(self._more(len(found.get("", ()))))

    def _more(self, alarms: int) -> str:
        name = self._source.content.name
        more = tr("{n} more: Find (Ctrl+K) lists them by {name}/", n=self._beyond, name=name)
        return more + (tr("; {n} of their tags are in alarm", n=alarms) if alarms else "")
