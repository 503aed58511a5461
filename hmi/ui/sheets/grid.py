"""A table of rows by columns whose cells are plain texts, with its header."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.sheets.columns import Column, ColumnHeader, Columns
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text

Row = TypeVar("Row")
ROW = 26


class TextGrid(QWidget, Generic[Row]):
    """``text`` gives a cell by the key of its column, ``strong`` says which cells are not as they should be."""

    def __init__(
        self, theme: Theme, columns: Sequence[Column], *, text: Callable[[Row, str], str],
        key: Callable[[Row], Hashable], name: str, strong: Callable[[Row, str], bool] = lambda _row, _key: False,
    ) -> None:  # fmt: skip
        super().__init__()
        self._plain, self._columns = theme.plain, Columns(columns)
        self.text, self._strong = text, strong
        self.list = ChoiceList[Row](theme, ROW, self._paint, spoken=self._spoken, key=key, name=name)
        self.nothing = Text(theme, font="text", color="text.label")
        self.nothing.setContentsMargins(6, 6, 6, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(ColumnHeader(theme, self._columns, self.list))
        layout.addWidget(self.nothing)
        layout.addWidget(self.list, 1)

    def set_rows(self, rows: Sequence[Row], nothing: str = "") -> None:
        """Other rows; ``nothing`` is said where there are none."""
        self.list.set_rows(rows)
        self.nothing.set_text("" if rows else nothing)
        self.nothing.setVisible(bool(self.nothing.full_text))

    def _spoken(self, row: Row) -> str:
        cells = ((tr(column.title), self.text(row, column.key)) for column in self._columns.columns)
        return ", ".join(f"{title}: {text}" for title, text in cells if text)

    def _paint(self, painter: QPainter, box: QRect, number: int) -> None:
        row, found = self.list.rows[number], self._columns.places(box.width())
        for column in self._columns.columns:
            if column.key in found:
                text, strong = self.text(row, column.key), self._strong(row, column.key)
                place = found[column.key]
                self._columns.draw_cell(painter, self._plain, box, column, place, text, strong=strong)
        painter.setPen(self._plain.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)
