"""One figure as a card: its number, the band it should be in, and a word where it is not."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.ui.figures.answer import VERDICTS, Figure, band_text, value_text
from hmi.ui.paint import metrics_of, painting
from hmi.ui.rows import draw_cut
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain

LEAST, HEIGHT = 192, 116
_EDGE: Final = 12.0


class FigureCard(QWidget):
    """Grey while it is within its target; colour and a word only where it is over."""

    def __init__(self, theme: Theme, figure: Figure, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.set_figure(figure)

    def set_figure(self, figure: Figure) -> None:
        self.figure = figure
        self.setAccessibleName(figure.text)
        self.setToolTip(plain(figure.text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, scale = self._theme.plain, self._theme.scale
        with painting(self) as painter:
            painter.scale(scale, scale)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(0, 0, self.width() / scale, self.height() / scale)
            painter.fillRect(box, theme.color("panel"))
            over = self.figure.verdict == "over"
            painter.setPen(QPen(theme.color("accent" if over else "panel.edge"), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
            if over:
                painter.fillRect(QRectF(0, 0, 4, box.height()), theme.color("accent"))
            self._paint_texts(painter, theme, box)
            self._paint_band(painter, theme, box)

    def _paint_texts(self, painter: QPainter, theme: Theme, box: QRectF) -> None:
        room = box.width() - 2 * _EDGE
        draw_cut(painter, theme, "text.label", "text.label", QPointF(_EDGE, 22), tr(self.figure.title), room)
        number = value_text(self.figure)
        width = draw_cut(painter, theme, "kpi", "text", QPointF(_EDGE, 60), number, room)
        if self.figure.unit == "%" and self.figure.value is not None:
            draw_cut(painter, theme, "unit", "text.secondary", QPointF(_EDGE + width + 6, 60), "%", 30)
            width += 22
        draw_verdict(
            painter, theme, self.figure.verdict, QRectF(_EDGE + width + 10, 38, room - width - 10, 22)
        )
        draw_cut(
            painter, theme, "text.small", "text.label", QPointF(_EDGE, 105), band_text(self.figure), room
        )

    def _paint_band(self, painter: QPainter, theme: Theme, box: QRectF) -> None:
        """From 0: the target shaded, what is manageable lighter, a tick at each end, a pointer at the value."""
        figure = self.figure
        left, width, top, high = _EDGE, box.width() - 2 * _EDGE, 74.0, 8.0
        edge = figure.limit if figure.limit is not None else figure.target
        most = max(1.6 * edge, 1.15 * (figure.value or 0.0), 1e-9)
        if edge == 0:
            most = max(1.15 * (figure.value or 0.0), 1.0)
        painter.fillRect(QRectF(left, top, width, high), theme.color("plot"))
        if figure.limit is not None:
            painter.fillRect(QRectF(left, top, width * figure.limit / most, high), theme.color("band.plot"))
        painter.fillRect(QRectF(left, top, width * figure.target / most, high), theme.color("band.bar"))
        painter.setPen(theme.pen("text.label"))
        for at in {figure.target, edge}:
            x = left + width * at / most
            painter.drawLine(QPointF(x, top - 2), QPointF(x, top + high + 2))
        if figure.value is not None:
            x = left + width * min(figure.value / most, 1.0)
            over = figure.verdict == "over"
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.brush("accent" if over else "text.secondary"))
            tip = top + 1
            painter.drawPolygon(
                QPolygonF([QPointF(x, tip + 6), QPointF(x - 6, tip - 6), QPointF(x + 6, tip - 6)])
            )


def draw_verdict(painter: QPainter, theme: Theme, verdict: str, box: QRectF) -> None:
    """A word in a filled box where a figure is over, in an outlined one where it is manageable, else nothing."""
    if verdict == "ok":
        return
    words, over = tr(VERDICTS[verdict]), verdict == "over"
    font = theme.font("text.small.strong")
    width = metrics_of(font).horizontalAdvance(words) + 14
    if width > box.width():
        return
    chip = QRectF(box.x(), box.y() + 0.5, width, box.height() - 1)
    painter.setPen(QPen(theme.color("accent" if over else "button.edge"), 1.0))
    painter.setBrush(theme.brush("accent") if over else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(chip, 3, 3)
    painter.setFont(font)
    painter.setPen(theme.color("accent.text" if over else "text.secondary"))
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, words)
