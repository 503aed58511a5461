"""The list on the left: connections, and below each the devices behind it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter

from hmi.core.texts import tr
from hmi.ui.comms.marks import draw_state
from hmi.ui.comms.words import Row, figures_words, side_words, state_words, title_of
from hmi.ui.paint import metrics_of
from hmi.ui.rows import draw_cut
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.theme import Theme

ROW, LEFT, INDENT = 62, 48, 26
NARROW: Final = 340


class LineList(ChoiceList[Row]):
    """``at``: wall time of what is shown."""

    def __init__(self, theme: Theme) -> None:
        self._plain, self.at = theme.plain, 0
        super().__init__(
            theme, ROW, self._paint_row, spoken=self._spoken, key=lambda row: row.key, name=tr("Connections")
        )

    def _spoken(self, row: Row) -> str:
        name = title_of(row) if row.unit is None else f"{row.line.name}, {title_of(row)}"
        return ", ".join(
            filter(None, (f"{name}: {state_words(row, self.at)}", figures_words(row), side_words(row)))
        )

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme = self.rows[number], self._plain
        shift = INDENT if row.unit is not None else 0
        draw_state(painter, theme, row.state, QPointF(24 + shift, box.height() / 2))
        left = LEFT + shift
        font = "text.strong" if row.unit is None else "text.word"
        words, side = state_words(row, self.at), side_words(row)
        if box.width() < NARROW:
            draw_cut(painter, theme, font, "text", QPointF(left, 25), title_of(row), box.width() - left - 12)
            draw_cut(painter, theme, "text.label", "text", QPointF(left, 46), words, box.width() - left - 12)
        else:
            self._line(painter, box, left, 25, (title_of(row), font, "text"), (words, "text.word"))
            figures = (figures_words(row), "text.label", "text.secondary")
            self._line(painter, box, left, 46, figures, (side, "text.word"))
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)

    def _line(
        self,
        painter: QPainter,
        box: QRect,
        left: int,
        y: float,
        words: tuple[str, str, str],
        right: tuple[str, str],
    ) -> None:
        """Words and font on both sides; the name keeps a third of the row, the right side the rest."""
        (text, font, color), (end, end_font) = words, right
        least = (box.width() - left) // 3
        wide = min(
            metrics_of(self._plain.font(end_font)).horizontalAdvance(end), box.width() - left - 24 - least
        )
        room = box.width() - left - 12 - (wide + 16 if end else 0)
        draw_cut(painter, self._plain, font, color, QPointF(left, y), text, room)
        draw_cut(painter, self._plain, end_font, "text", QPointF(box.width() - 12 - wide, y), end, wide + 2)
