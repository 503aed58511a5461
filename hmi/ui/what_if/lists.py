"""The alarms behind the numbers: removed, kept and new ones, a list each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hmi.client.what_if import Stretch, WhatIfResult
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text
from hmi.ui.what_if.words import length_text
from hmi.ui.widgets import FlatButton, Panel, Text

ROW: Final = 25
AnyIndex = QModelIndex | QPersistentModelIndex
Words = Callable[[Stretch], str]


class StretchRows(QAbstractListModel):
    """``words`` says of an alarm what the list is about."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.rows: list[Stretch] = []
        self.zone: tzinfo = UTC
        self._words = words

    def show(self, rows: Sequence[Stretch], zone: tzinfo) -> None:
        self.beginResetModel()
        self.rows, self.zone = list(rows), zone
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def texts(self, row: int) -> tuple[str, str]:
        """When it came, and what the list says of it."""
        one = self.rows[row]
        return clock_text(one.start, self.zone), self._words(one)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in {
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        }:
            return None
        return ": ".join(self.texts(index.row()))


class StretchList(RowList):
    """When each came and how long it stood."""

    def __init__(self, theme: Theme, words: Words, title: str) -> None:
        super().__init__(theme, ROW, self._paint_row)
        self._plain = theme.plain
        self.rows = StretchRows(words)
        self.setModel(self.rows)
        self.setAccessibleName(title)

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        when, words = self.rows.texts(number)
        base = box.height() / 2 + 5
        used = draw_cut(painter, self._plain, "text.word", "text", QPointF(12, base), when, box.width() * 0.5)
        room = box.width() - used - 48
        draw_cut(painter, self._plain, "text.label", "text.secondary", QPointF(used + 36, base), words, room)


class StretchPanel(Panel):
    """One of the three lists is in view; the buttons say how many there are."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._titles = {"removed": tr("Removed"), "kept": tr("Kept"), "new": tr("New")}
        self._about = {
            "removed": tr("Nothing of them would have been shown; the longest first"),
            "kept": tr("Those that come the latest first"),
            "new": tr("They would have come besides; the newest first"),
        }
        self.lists = {
            "removed": StretchList(theme, _lasted, tr("Removed alarms")),
            "kept": StretchList(theme, _kept, tr("Kept alarms")),
            "new": StretchList(theme, _lasted, tr("New alarms")),
        }
        self.buttons = {key: FlatButton(theme, title) for key, title in self._titles.items()}
        self.note = Text(theme, font="text.label", color="text.label")
        self.stack = QStackedWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        outer, head, group = QVBoxLayout(self), QHBoxLayout(), QButtonGroup(self)
        outer.setContentsMargins(1, 10, 1, 6)
        outer.setSpacing(4)
        head.setContentsMargins(8, 0, 12, 0)
        head.setSpacing(4)
        for key, button in self.buttons.items():
            button.setCheckable(True)
            group.addButton(button)
            button.clicked.connect(lambda _=False, chosen=key: self.choose(chosen))
            head.addWidget(button)
            self.stack.addWidget(self.lists[key])
        head.addSpacing(8)
        head.addWidget(self.note, 1)
        outer.addLayout(head)
        outer.addWidget(self.stack, 1)
        self.choose("removed")

    def choose(self, key: str) -> None:
        """Show one of the three lists."""
        self.buttons[key].setChecked(True)
        self.stack.setCurrentWidget(self.lists[key])
        self.note.set_text(self._about[key] if self.lists[key].rows.rows else tr("None in this time."))

    def show_result(self, result: WhatIfResult, zone: tzinfo) -> None:
        shown = {
            "removed": (result.removed_list, result.removed), "kept": (result.kept_list, result.kept),
            "new": (result.new_list, result.new),
        }  # fmt: skip
        for key, (rows, count) in shown.items():
            self.lists[key].rows.show(rows, zone)
            more = tr("{n}, {shown} shown", n=count, shown=len(rows)) if count > len(rows) else str(count)
            self.buttons[key].setText(f"{self._titles[key]} {more}")
            self.buttons[key].updateGeometry()
        self.choose(next((key for key, (rows, _) in shown.items() if rows), "removed"))


def _lasted(row: Stretch) -> str:
    length = length_text((row.end - row.start) / NS_PER_S)
    return tr("{time}, not over yet", time=length) if row.open else tr("lasted {time}", time=length)


def _kept(row: Stretch) -> str:
    if row.later_s == 0:
        return _lasted(row)
    length = length_text(abs(row.later_s))
    words = (
        tr("comes {time} later", time=length) if row.later_s > 0 else tr("comes {time} earlier", time=length)
    )
    return f"{_lasted(row)}, {words}"
