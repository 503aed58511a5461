"""The list on the left: one row for each certificate, what needs a person first."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter

from hmi.client.certificates import CertificateInfo
from hmi.core.texts import tr
from hmi.ui.certificates.marks import draw_state
from hmi.ui.certificates.words import left_words, state_words, title_of, under_title
from hmi.ui.paint import metrics_of
from hmi.ui.rows import draw_cut
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.theme import Theme

ROW, LEFT = 62, 48
NARROW: Final = 360


def _spoken(row: CertificateInfo) -> str:
    return f"{state_words(row)}: {title_of(row)}, {under_title(row)}"


class CertificateList(ChoiceList[CertificateInfo]):
    """What needs a person stands first."""

    def __init__(self, theme: Theme) -> None:
        self._plain = theme.plain
        super().__init__(
            theme,
            ROW,
            self._paint_row,
            spoken=_spoken,
            key=lambda row: row.fingerprint,
            name=tr("Certificates"),
        )

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme = self.rows[number], self._plain
        draw_state(painter, theme, row.state, QPointF(24, box.height() / 2))
        if box.width() < NARROW:
            self._line(painter, box, 25, (title_of(row), "text.strong", "text"), ("", "text.word"))
            self._line(painter, box, 46, (state_words(row), "text.word", "text"), ("", "text.label"))
        else:
            self._line(
                painter, box, 25, (title_of(row), "text.strong", "text"), (state_words(row), "text.word")
            )
            under = (under_title(row), "text.label", "text.secondary")
            self._line(painter, box, 46, under, (left_words(row), "text.label"))
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)

    def _line(
        self, painter: QPainter, box: QRect, y: float, left: tuple[str, str, str], right: tuple[str, str]
    ) -> None:
        """Words and font on both sides; what stands on the right is never cut."""
        (words, font, color), (end, end_font) = left, right
        wide = metrics_of(self._plain.font(end_font)).horizontalAdvance(end)
        room = box.width() - LEFT - 12 - (wide + 16 if end else 0)
        draw_cut(painter, self._plain, font, color, QPointF(LEFT, y), words, room)
        draw_cut(painter, self._plain, end_font, color, QPointF(box.width() - 12 - wide, y), end, wide + 4)
