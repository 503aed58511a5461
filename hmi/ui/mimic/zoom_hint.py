"""Says that only a part of the display is in view, for as long as that is so."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from hmi.core.texts import tr
from hmi.ui.mimic.camera import BELOW
from hmi.ui.paint import metrics_of, painting
from hmi.ui.theme import Theme

_HIGH, _LOW = 32, 4


class ZoomHint(QWidget):
    """In the strip below a zoomed display; a click is the way back for who has no keyboard."""

    clicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = ""
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()

    def tell(self, theme: Theme, zoom: float, room: QSize) -> None:
        """``zoom`` 1 is the whole display: nothing to say. ``room`` is the size of the view."""
        words = tr("{percent} % – Home shows all", percent=round(zoom * 100))
        width = round(metrics_of(theme.font("text.strong")).horizontalAdvance(words)) + 32
        height = min(theme.px(_HIGH), BELOW - _LOW)
        self.setGeometry((room.width() - width) // 2, room.height() - (BELOW + height) // 2, width, height)
        if words != self._words or theme is not self._theme:
            self._theme, self._words = theme, words
            self.setAccessibleName(words)
            self.update()
        self.setVisible(zoom > 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("outline"), 1.2))
            painter.setBrush(self._theme.brush("tooltip"))
            box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(self._theme.color("text"))
            painter.setFont(self._theme.font("text.strong"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._words)
