"""A table of painted rows: columns share the width, those without room are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractScrollArea, QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.ui.paint import metrics_of, painting
from hmi.ui.rows import draw_cut
from hmi.ui.theme import Theme

HEADER: Final = 28
GAP: Final = 12


class Column(NamedTuple):
    """``share`` of the width; ``least``: the width below which it is left out; numbers stand at the right."""

    key: str
    title: str
    share: int
    least: int = 0
    is_number: bool = False


class Columns:
    """``mark``: room before the words of the first column, for signs. Lengths are pixels at 100 %."""

    def __init__(self, columns: Sequence[Column], mark: int = 0) -> None:
        self.columns, self.mark = tuple(columns), mark

    def places(self, width: int) -> dict[str, tuple[int, int]]:
        """Left edge and width of each column that there is room for."""
        shown = [column for column in self.columns if width >= column.least]
        room, total, left = width - self.mark, sum(column.share for column in shown), 0
        found: dict[str, tuple[int, int]] = {}
        for column in shown:
            wide = room * column.share // total + (self.mark if column is self.columns[0] else 0)
            found[column.key] = (left, wide)
            left += wide
        return found

    def begin_of(self, column: Column, left: int) -> int:
        """Where the words of a column begin."""
        return left + (self.mark if self.mark and column is self.columns[0] else GAP // 2)

    def draw_cell(
        self, painter: QPainter, theme: Theme, box: QRect, column: Column, place: tuple[int, int], text: str,
        *, strong: bool = False,
    ) -> None:  # fmt: skip
        """One cell in the middle of its row."""
        left, wide = place
        font, color = ("text.word", "text") if strong else ("text", "text.secondary")
        begin = self.begin_of(column, left)
        room = left + wide - begin - GAP // 2
        if column.is_number:
            width = metrics_of(theme.font(font)).horizontalAdvance(text)
            begin = max(begin, round(left + wide - GAP // 2 - width))
        draw_cut(painter, theme, font, color, QPointF(begin, box.height() / 2 + 5), text, room)


class ColumnHeader(QWidget):
    """The titles over the columns of a table."""

    def __init__(self, theme: Theme, columns: Columns, table: QAbstractScrollArea) -> None:
        super().__init__()
        self._theme, self._columns, self._table = theme, columns, table
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(100, self._theme.px(HEADER))

    def paintEvent(self, event: QPaintEvent) -> None:
        scale, plain = self._theme.scale, self._theme.plain
        with painting(self) as painter:
            painter.scale(scale, scale)
            height = self.height() / scale
            painter.setFont(plain.font("text.small"))
            painter.setPen(plain.color("text.label"))
            found = self._columns.places(round(self._table.viewport().width() / scale))
            for column in self._columns.columns:
                if column.key not in found:
                    continue
                left, wide = found[column.key]
                begin = self._columns.begin_of(column, left)
                place = QRect(begin, 0, left + wide - begin - GAP // 2, round(height))
                side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
                painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, tr(column.title))
            painter.setPen(plain.color("panel.edge"))
            painter.drawLine(QPointF(0, height - 1), QPointF(self.width() / scale, height - 1))
