"""Two ways to say a sentence: a bar for a lasting state, a short note for something that just happened."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.widgets import Text
from hmi.ui.zoom import zoomed

BAR = 32
NOTE_MS = 8_000


class Banner(QWidget):
    """A bar below the header; there only while it has something to say."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(theme.px(BAR))
        self.text = Text(theme, font="text.strong", color="accent.text")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(48), 0, 16, 0)
        row.addWidget(self.text)
        self.hide()

    def set_text(self, text: str) -> None:
        self.text.set_text(text)
        if self.isHidden() == bool(text):
            self.setVisible(bool(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        with zoomed(self, self._theme) as (painter, theme, size):
            painter.fillRect(QRectF(QPointF(), size), theme.color("accent"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent.text"), 2.0))
            painter.drawEllipse(QRectF(20, BAR / 2 - 9, 18, 18))
            painter.setFont(theme.font("text.strong"))
            painter.drawText(QRectF(20, BAR / 2 - 9, 18, 18), Qt.AlignmentFlag.AlignCenter, "!")


class Notice(QWidget):
    """A sentence that goes away by itself, above the alarm strip and never over it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.text = Text(theme, wrap=True)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 8, 16, 8)
        self._row.addWidget(self.text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(NOTE_MS)
        self._timer.timeout.connect(self.hide)
        self._area = QRect(0, 0, 800, 600)
        self._warning = ""
        self.hide()

    def place(self, area: QRect) -> None:
        self._area = area
        width = min(self._theme.px(640), area.width() - 40)
        height = max(40, self._row.heightForWidth(width))
        self.setGeometry(area.center().x() - width // 2, area.bottom() - height - 8, width, height)

    def warn(self, sentence: str) -> None:
        """A sentence that stays for its whole time: what is said meanwhile stands below it."""
        self._warning = ""
        self.say(sentence)
        self._warning = sentence

    def say(self, sentence: str) -> None:
        if self._warning and self.isVisible():
            self._show(f"{self._warning}\n{sentence}")
            return
        self._warning = ""
        self._show(sentence)
        self._timer.start()

    def _show(self, sentence: str) -> None:
        self.text.set_text(sentence)
        self.setAccessibleName(sentence)
        self.place(self._area)
        self.show()
        self.raise_()

    def mousePressEvent(self, event: object) -> None:
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("outline"), 1.2))
            painter.setBrush(self._theme.brush("tooltip"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
