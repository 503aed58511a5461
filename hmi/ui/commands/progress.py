"""How far a command is on its way: a line that fills over the time that the plant expects, and the seconds."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPaintEvent
from PySide6.QtWidgets import QWidget

from hmi.ui.commands.road import Progress
from hmi.ui.paint import painting
from hmi.ui.theme import Theme

_HEIGHT: Final = 16
_BAR: Final = 6
_GAP: Final = 8


class ProgressLine(QWidget):
    """Hidden while nothing is under way. It says how long it takes, never how far the process is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.progress: Progress | None = None
        self.setFixedHeight(theme.px(_HEIGHT))
        self.hide()

    def show_progress(self, progress: Progress | None) -> None:
        """None when nothing is under way, or for how long is not known."""
        if progress == self.progress:
            return
        self.progress = progress
        self.setVisible(progress is not None)
        self.setAccessibleName(progress.words if progress else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.progress is None:
            return
        theme = self._theme
        with painting(self) as painter:
            painter.setFont(theme.font("text.small"))
            painter.setPen(theme.color("text.label"))
            metrics = QFontMetricsF(painter.font())
            words = self.progress.words
            left = self.width() - metrics.horizontalAdvance(words)
            painter.drawText(QPointF(left, (self.height() + metrics.capHeight()) / 2), words)
            bar = QRectF(0.5, (self.height() - theme.px(_BAR)) / 2, left - theme.px(_GAP), theme.px(_BAR))
            painter.fillRect(bar, theme.color("panel.alternate"))
            share = QRectF(bar.left(), bar.top(), bar.width() * self.progress.share, bar.height())
            painter.fillRect(share, theme.color("outline.body"))
            painter.setPen(theme.color("outline.body"))
            painter.drawRect(bar)
