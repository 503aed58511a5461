"""The sheet of keys: what every key does, and which display each function key opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.favourites import KEYS, Favourites
from hmi.ui.overlay import Overlay
from hmi.ui.paint import metrics_of
from hmi.ui.shortcuts import GROUPS, SHORTCUTS
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

WIDTH, HEIGHT = 1120, 520
_KEYS_ROOM: Final = 124
_COLUMNS: Final = ((GROUPS[0], GROUPS[1]), (GROUPS[2], GROUPS[3], GROUPS[4]))


class KeyCaps(QWidget):
    """Keys as they are printed on a keyboard."""

    def __init__(self, theme: Theme, keys: tuple[str, ...]) -> None:
        super().__init__()
        self._theme, self._keys = theme, keys
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(" ".join(keys))

    def sizeHint(self) -> QSize:
        return QSize(max(round(sum(map(self._width, self._keys))) + 4 * len(self._keys), _KEYS_ROOM), 22)

    def _width(self, key: str) -> float:
        return metrics_of(self._theme.font("text.small.strong")).horizontalAdvance(tr(key)) + 12

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("text.small.strong"))
        x = 0.5
        for key in self._keys:
            box = QRectF(x, 1.5, self._width(key), 19)
            painter.setPen(self._theme.pen("button.edge"))
            painter.setBrush(self._theme.brush("field"))
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(self._theme.color("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tr(key))
            x += box.width() + 4


class KeySheet(Overlay):
    """Built anew each time it is opened: the function keys are the user's own."""

    def __init__(
        self, theme: Theme, favourites: Favourites, title_of: Callable[[str], str], parent: QWidget
    ) -> None:
        super().__init__(theme, parent)
        self._favourites, self._title_of = favourites, title_of
        self.setAccessibleName(tr("Keys"))
        self.close_button = FlatButton(theme, tr("Close"), self.close_panel, quiet=True)
        self.scroller = QScrollArea()
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidgetResizable(True)
        palette = self.scroller.palette()
        palette.setColor(QPalette.ColorRole.Window, theme.color("panel"))
        self.scroller.setPalette(palette)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 16, 16)
        head = QHBoxLayout()
        head.addWidget(Text(theme, tr("Keys"), font="heading"), 1)
        head.addWidget(self.close_button)
        column.addLayout(head)
        column.addWidget(self.scroller, 1)

    def place_in(self, area: QRect) -> QRect:
        width, height = min(WIDTH, area.width() - 24), min(HEIGHT, area.height() - 24)
        return QRect(area.center().x() - width // 2, area.center().y() - height // 2, width, height)

    def open_panel(self, area: QRect) -> None:
        self.scroller.setWidget(self._content())
        super().open_panel(area)
        self.scroller.setFocus()

    def _content(self) -> QWidget:
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 4, 8, 0)
        row.setSpacing(28)
        for groups in _COLUMNS:
            column = self._column(row)
            for group in groups:
                self._title(column, tr(group))
                for shortcut in SHORTCUTS:
                    if shortcut.group == group:
                        self._line(column, shortcut.keys, tr(shortcut.words))
                column.addSpacing(14)
            column.addStretch(1)
        self._favourite_keys(self._column(row))
        return content

    def _column(self, row: QHBoxLayout) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(3)
        row.addLayout(column, 1)
        return column

    def _title(self, column: QLayout, words: str) -> None:
        column.addWidget(Text(self.theme, words, font="text.strong"))

    def _line(self, column: QVBoxLayout, keys: tuple[str, ...], words: str, *, strong: bool = False) -> None:
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(KeyCaps(self.theme, keys))
        text = Text(self.theme, words, font="text.word" if strong else "text.label", color="text")
        line.addWidget(text, 1)
        column.addLayout(line)

    def _favourite_keys(self, column: QVBoxLayout) -> None:
        """What the user pinned is told from the plant's own order."""
        self._title(column, tr("Displays on function keys"))
        for number in KEYS:
            if address := self._favourites.address(number):
                pinned = self._favourites.is_pinned(number)
                title = self._title_of(address)
                words = tr("{title} (pinned)", title=title) if pinned else title
                self._line(column, (f"F{number}",), words, strong=pinned)
        self._line(column, ("Ctrl+F1 … F12",), tr("Pin the display in view, or take the pin back"))
        column.addStretch(1)
