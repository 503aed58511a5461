"""What every window of the past carries: a hatched border of its own and a watermark over the display."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QWidget

from hmi.core.texts import tr
from hmi.ui.paint import metrics_of, painting
from hmi.ui.theme import Theme

EDGE: Final = 8
INNER_EDGE: Final = 4
"""Width of the border inside of the simulator's one."""
_PLACES: Final = ((0.2, 0.3), (0.5, 0.55), (0.8, 0.8))
_STRENGTH: Final = 0.16


def edge_of(inset: int) -> int:
    """Width of the border in a window that has another frame of width ``inset``, or none (0)."""
    return INNER_EDGE if inset else EDGE


class PastFrame(QWidget):
    """Lies on top of its parent, which places it; every click goes through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("The past is shown"))
        self.hide()

    def cover(self, box: QRect, inset: int) -> None:
        """Around ``box``, inside of another frame that is so wide; narrower then, so that both hide nothing."""
        edge = edge_of(inset)
        outer = box.adjusted(inset, inset, -inset, -inset)
        self.setGeometry(outer)
        own = QRect(0, 0, outer.width(), outer.height())
        self.setMask(QRegion(own).subtracted(QRegion(own.adjusted(edge, edge, -edge, -edge))))
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self._theme.color("header.text"))
            painter.fillRect(
                self.rect(), QBrush(self._theme.color("header.edge"), Qt.BrushStyle.FDiagPattern)
            )
            painter.setPen(QPen(self._theme.color("header.edge"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))


class Watermark(QWidget):
    """PAST and the time, pale, over display and pages; it hides nothing and every click goes through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def say(self, when: str) -> None:
        """Repaints only when the words are others."""
        text = f"{tr('PAST')}  {when}"
        if text != self._text:
            self._text = text
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            font = QFont(self._theme.font("title"))
            font.setPixelSize(self._theme.px(40))
            painter.setFont(font)
            painter.setOpacity(_STRENGTH)
            painter.setPen(self._theme.color("text"))
            wide, high = metrics_of(font).horizontalAdvance(self._text) + 20, self._theme.px(60)
            for x, y in _PLACES:
                painter.save()
                painter.translate(QPointF(self.width() * x, self.height() * y))
                painter.rotate(-14)
                painter.drawText(
                    QRectF(-wide / 2, -high / 2, wide, high), Qt.AlignmentFlag.AlignCenter, self._text
                )
                painter.restore()
