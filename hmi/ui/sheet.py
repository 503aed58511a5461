"""The sheet of keys: what every key does, and which display each function key opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.favourites import KEYS, Favourites
from hmi.ui.overlay import Overlay
from hmi.ui.paint import metrics_of, painting
from hmi.ui.shortcuts import GROUPS, SHORTCUTS
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

WIDTH, HEIGHT = 1480, 592
_COLUMN: Final = 310
# blocks (the groups in their order, then the function keys) by the number of columns
_COLUMNS: Final = {
    1: ((0, 1, 2, 3, 4, 5),),
    2: ((0, 1, 3), (2, 4, 5)),
    3: ((0, 1), (2, 3, 4), (5,)),
    4: ((0, 1), (2, 3), (4,), (5,)),
}


class Line(NamedTuple):
    """One line of the sheet; ``strong`` for what the user chose."""

    keys: tuple[str, ...]
    words: str
    strong: bool = False


Block = tuple[str, list[Line]]


class KeyCaps(QWidget):
    """Keys as they are printed on a keyboard."""

    def __init__(self, theme: Theme, keys: tuple[str, ...], room: float = 0.0) -> None:
        """``room`` is the width that a column of them shares."""
        super().__init__()
        self._theme, self._keys, self._room = theme, keys, room
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(" ".join(keys))

    def sizeHint(self) -> QSize:
        return QSize(round(max(self.need(), self._room)), self._theme.px(22))

    def need(self) -> float:
        return sum(map(self._width, self._keys)) + 4.0 * len(self._keys)

    def _width(self, key: str) -> float:
        return metrics_of(self._theme.font("text.small.strong")).horizontalAdvance(tr(key)) + 12

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._theme.font("text.small.strong"))
            x = 0.5
            for key in self._keys:
                box = QRectF(x, 1.5, self._width(key), self.height() - 3)
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
        self._columns = 0
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
        width, height = (
            min(self.theme.px(WIDTH), area.width() - 24),
            min(self.theme.px(HEIGHT), area.height() - 24),
        )
        return QRect(area.center().x() - width // 2, area.center().y() - height // 2, width, height)

    def fit(self, area: QRect) -> None:
        super().fit(area)
        columns = min(max(self.width() // self.theme.px(_COLUMN), 1), len(_COLUMNS))
        if columns != self._columns:
            self._fill(columns)

    def open_panel(self, area: QRect) -> None:
        self._columns = 0
        super().open_panel(area)
        self.scroller.setFocus()

    def _fill(self, columns: int) -> None:
        """As many columns as have room; what is too high scrolls."""
        self._columns = columns
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 4, 8, 0)
        row.setSpacing(24)
        blocks = self._blocks()
        for numbers in _COLUMNS[columns]:
            row.addLayout(self._column([blocks[number] for number in numbers]), 1)
        self.scroller.setWidget(content)

    def _blocks(self) -> list[Block]:
        found: list[Block] = [
            (tr(group), [Line(s.keys, tr(s.words)) for s in SHORTCUTS if s.group == group])
            for group in GROUPS
        ]
        return [*found, (tr("Displays on function keys"), list(self._favourite_keys()))]

    def _column(self, blocks: list[Block]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(3)
        lines = [line for _, block in blocks for line in block]
        room = max((KeyCaps(self.theme, line.keys).need() for line in lines), default=0.0)
        for title, block in blocks:
            column.addWidget(Text(self.theme, title, font="text.strong"))
            for line in block:
                column.addLayout(self._row(line, room))
            column.addSpacing(14)
        column.addStretch(1)
        return column

    def _row(self, line: Line, room: float) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(KeyCaps(self.theme, line.keys, room))
        row.addWidget(Text(self.theme, line.words, font="text.word" if line.strong else "text.label"), 1)
        return row

    def _favourite_keys(self) -> Iterator[Line]:
        """What the user pinned is told from the plant's own order."""
        for number in KEYS:
            if address := self._favourites.address(number):
                title, pinned = self._title_of(address), self._favourites.is_pinned(number)
                words = tr("{title} (pinned)", title=title) if pinned else title
                yield Line((f"F{number}",), words, pinned)
        yield Line(("Ctrl+F1 … F12",), tr("Pin the display in view"))
