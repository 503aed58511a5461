"""Lists of alarms on the page: the most frequent ones, and those that chatter, are fleeting or stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QPainter
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.figures.answer import Answer, Named, count_words, span_text
from hmi.ui.paint import metrics_of
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.target_menu import target_menu
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Panel, Text

ROW: Final = 27
AnyIndex = QModelIndex | QPersistentModelIndex
Words = Callable[[Named], str]


class AlarmRows(QAbstractListModel):
    """``words`` says of an alarm what the list is about."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.rows: list[Named] = []
        self._words = words

    def show(self, rows: Sequence[Named]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()] if index.isValid() else None
        if row is None or role not in {
            Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole,
        }:  # fmt: skip
            return None
        return f"{row.tag}, {row.message or row.name}: {self._words(row)}".replace("<", "<\u200b")


class AlarmRowList(RowList):
    """One row for each alarm: priority, tag, text, a bar or none, and words at the right."""

    chosen_alarm = Signal(object, QRect)
    whatIfAsked = Signal(str)

    def __init__(self, theme: Theme, words: Words, title: str, *, bars: bool = False) -> None:
        super().__init__(theme, ROW, self._paint_row)
        self._plain, self._words, self._bars = theme.plain, words, bars
        self.rows = AlarmRows(words)
        self.setModel(self.rows)
        self.setAccessibleName(title)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.asked.connect(self._choose)

    def _choose(self, row: int) -> None:
        place = self.visualRect(self.rows.index(row, 0))
        place.moveTopLeft(self.viewport().mapToGlobal(place.topLeft()))
        self.chosen_alarm.emit(self.rows.rows[row], place)

    @property
    def current(self) -> Named | None:
        """The chosen row, else the first."""
        rows = self.rows.rows
        return rows[self.chosen] if 0 <= self.chosen < len(rows) else rows[0] if rows else None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Also by the menu key: the ways that a row leads to."""
        index = self.indexAt(event.pos()) if event.reason() is event.Reason.Mouse else self.currentIndex()
        if index.isValid():
            row = self.rows.rows[index.row()]
            menu = target_menu(self, [
                (tr("Display and faceplate"), lambda: self._choose(index.row())),
                (tr("What if …"), (lambda: self.whatIfAsked.emit(row.alarm_id)) if row.tag else None),
            ])  # fmt: skip
            menu.popup(event.globalPos())

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme = self.rows.rows[number], self._plain
        words = self._words(row)
        base = box.height() / 2 + 5
        tail = metrics_of(theme.font("text.word")).horizontalAdvance(words) + 20
        bar = min(120.0, box.width() * 0.2) if self._bars else 0.0
        draw_priority(painter, theme, row.priority, QPointF(12, box.height() / 2))
        room = box.width() - 42 - tail - bar - 8
        used = draw_cut(painter, theme, "text.word", "text", QPointF(42, base), row.tag, room * 0.62)
        draw_cut(
            painter, theme, "text.label", "text.secondary", QPointF(42 + used + 10, base), row.message or row.name,
            max(room - used - 10, 10),
        )  # fmt: skip
        if bar:
            place = QRectF(box.width() - tail - bar, box.height() / 2 - 5, bar, 10)
            painter.fillRect(place, theme.color("plot"))
            most = max(one.share for one in self.rows.rows) or 1
            painter.fillRect(
                QRectF(place.x(), place.y(), bar * row.share / most, 10), theme.color("text.label")
            )
        draw_cut(painter, theme, "text.word", "text", QPointF(box.width() - tail + 8, base), words, tail)


def draw_priority(painter: QPainter, theme: Theme, priority: int, at: QPointF) -> None:
    """A number in an outline: these alarms are history, so nothing has the colour of an alarm here."""
    box = QRectF(at.x(), at.y() - 8.5, 19, 17)
    painter.setPen(theme.pen("text.label"))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    painter.setFont(theme.font("text.small.strong"))
    painter.setPen(theme.color("text.secondary"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(priority))


class TopPanel(Panel):
    """The ten most frequent alarms with their share of all; other settings can be tried of each."""

    chosen = Signal(object, QRect)
    whatIfAsked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        title = tr("The ten most frequent alarms")
        self.list = AlarmRowList(theme, _share_words, title, bars=True)
        self.list.chosen_alarm.connect(self.chosen)
        self.list.whatIfAsked.connect(self.whatIfAsked)
        self.try_it = FlatButton(theme, tr("What if …"), self._try)
        self.try_it.setToolTip(tr("Try other settings of the chosen alarm, else of the first, on its past"))
        self.total = Text(theme, font="text.label", color="text.label")
        self._empty = _inset(Text(theme, tr("No alarm in this time."), color="text.label"))
        outer = panel_layout(self)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(Text(theme, title, font="title", fit=True))
        head.addSpacing(12)
        head.addWidget(self.total, 1)
        head.addWidget(self.try_it)
        outer.addLayout(head)
        outer.addWidget(self._empty)
        outer.addWidget(self.list, 1)

    def _try(self) -> None:
        if (row := self.list.current) is not None:
            self.whatIfAsked.emit(row.alarm_id)

    def show_answer(self, answer: Answer) -> None:
        self.list.rows.show(answer.bad_actors)
        self._empty.setVisible(not answer.bad_actors)
        self.try_it.setVisible(bool(answer.bad_actors))
        share = sum(row.share for row in answer.bad_actors)
        words = tr("{share} % of {alarms}", share=f"{share:.0f}", alarms=count_words(answer.alarms))
        self.total.set_text(words if answer.bad_actors else "")


class TroublePanel(Panel):
    """Chattering, fleeting and stale alarms: a list each, and how many there are on the buttons."""

    chosen = Signal(object, QRect)
    whatIfAsked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._theme = theme
        self._until, self._picked = 0, ""
        self.lists = {
            "chattering": AlarmRowList(theme, _times_words, tr("Chattering alarms")),
            "fleeting": AlarmRowList(theme, _times_words, tr("Fleeting alarms")),
            "stale": AlarmRowList(theme, self._stale_words, tr("Stale alarms")),
        }
        self._titles = {
            "chattering": tr("Chattering"), "fleeting": tr("Fleeting"), "stale": tr("Stale"),
        }  # fmt: skip
        self._about = {
            "chattering": tr("3 times or more within 60 s"),
            "fleeting": tr("Gone within 10 s, nobody acted"),
            "stale": tr("Standing for more than 24 h"),
        }
        self.buttons = {key: FlatButton(theme, title) for key, title in self._titles.items()}
        self.note = Text(theme, font="text.label", color="text.label")
        self.stack = QStackedWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        outer, head, group = panel_layout(self), QHBoxLayout(), QButtonGroup(self)
        head.setContentsMargins(8, 0, 12, 0)
        head.setSpacing(4)
        for key, button in self.buttons.items():
            button.setCheckable(True)
            group.addButton(button)
            button.clicked.connect(lambda _=False, chosen=key: self._pick(chosen))
            head.addWidget(button)
            self.lists[key].chosen_alarm.connect(self.chosen)
            self.lists[key].whatIfAsked.connect(self.whatIfAsked)
            self.stack.addWidget(self.lists[key])
        head.addStretch(1)
        outer.addLayout(head)
        outer.addWidget(_inset(self.note))
        outer.addWidget(self.stack, 1)
        self.choose("chattering")

    def _pick(self, key: str) -> None:
        self._picked = key
        self.choose(key)

    def choose(self, key: str) -> None:
        """Show one of the three lists."""
        self.buttons[key].setChecked(True)
        self.stack.setCurrentWidget(self.lists[key])
        none = tr("None in this time.") if not self.lists[key].rows.rows else ""
        self.note.set_text(f"{self._about[key]}. {none}".strip())

    def show_answer(self, answer: Answer) -> None:
        self._until = answer.end
        for key, rows in self.lists.items():
            found: list[Named] = getattr(answer, key)
            rows.rows.show(found)
            self.buttons[key].setText(f"{self._titles[key]} {len(found)}")
            self.buttons[key].updateGeometry()
        self.choose(self._picked or next((key for key in self.lists if getattr(answer, key)), "chattering"))

    def _stale_words(self, row: Named) -> str:
        length = span_text(((row.until or self._until) - row.since) / NS_PER_S)
        return length if row.until else tr("{time}, still", time=length)


def panel_layout(panel: QWidget) -> QVBoxLayout:
    """Inside the hairline of a panel."""
    outer = QVBoxLayout(panel)
    outer.setContentsMargins(1, 10, 1, 6)
    outer.setSpacing(4)
    return outer


def _inset(widget: QWidget) -> QWidget:
    """In line with the titles of the panel."""
    around = QWidget()
    row = QHBoxLayout(around)
    row.setContentsMargins(12, 0, 12, 2)
    row.addWidget(widget)
    return around


def _share_words(row: Named) -> str:
    return f"{row.count} · {row.share:.1f} %"


def _times_words(row: Named) -> str:
    return tr("{n} times", n=row.times) if row.times != 1 else tr("once")
