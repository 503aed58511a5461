"""The word in the title bar that alarms cannot be heard at this station; gone while they can."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from hmi.ui.header_parts import HeaderButton
from hmi.ui.paint import metrics_of
from hmi.ui.tabs import HEIGHT
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain
from hmi.ui.zoom import zoomed

GAP: Final = 10
_ICON: Final = 27
_SPEAKER: Final = ((0, -3), (4, -3), (9, -7), (9, 7), (4, 3), (0, 3))


class SoundChip(HeaderButton):
    """A loudspeaker with a cross, and a word; the tooltip says what it means."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.word = ""
        self.setFixedSize(1, theme.px(HEIGHT))
        self.hide()

    @property
    def needed(self) -> int:
        """Width in pixels; 0 while there is nothing to tell."""
        return self.width() if self.word else 0

    def show_state(self, word: str, text: str) -> None:
        self.word = word
        wide = metrics_of(self._theme.font("text.word")).horizontalAdvance(word)
        self.setFixedWidth(round(wide) + self._theme.px(_ICON + GAP) if word else 1)
        self.setAccessibleName(text)
        self.setToolTip(plain(text))
        self.setVisible(bool(word))
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, _):
            painter.setRenderHint(painter.RenderHint.Antialiasing)
            color = theme.color("header.text")
            painter.translate(2, HEIGHT / 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawPolygon(QPolygonF([QPointF(*point) for point in _SPEAKER]))
            painter.setPen(QPen(color, 1.8))
            painter.drawLine(QPointF(12, -4), QPointF(19, 4))
            painter.drawLine(QPointF(12, 4), QPointF(19, -4))
            painter.setFont(theme.font("text.word"))
            painter.drawText(QPointF(_ICON, 5), self.word)
            painter.resetTransform()
            self.paint_focus(painter)
