"""Where the operator is: level, the way down to the display, and the display; a step of the way opens it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.core.texts import tr
from hmi.ui.paint import metrics_of, painting
from hmi.ui.tabs import HEIGHT
from hmi.ui.theme import Theme
from hmi.ui.trail import Crumb
from hmi.ui.widgets import is_press_key, plain

_BETWEEN: Final = "  ›  "
_WIDEST: Final = 420.0


class Crumbs(QWidget):
    """Shows as many steps above the display as there is room for, the nearest first."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._trail: list[Crumb] = []
        self._boxes: list[tuple[QRectF, Crumb]] = []
        self._focused = 0
        self.narrow = 0.0
        self.wide = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(theme.px(HEIGHT))

    @property
    def full_text(self) -> str:
        """Level and title of the display."""
        return self._words(self._trail[-1]) if self._trail else ""

    def set_trails(self, trails: Iterable[Sequence[Crumb]]) -> None:
        """Room for the longest of all displays, so that nothing moves from one display to the next."""
        narrow, wide = 0.0, 0.0
        for steps in trails:
            own = self._width(self._words(steps[-1]))
            narrow = max(narrow, own)
            wide = max(wide, own + sum(self._width(step.title + _BETWEEN) for step in steps[:-1]))
        widest = _WIDEST * self._theme.scale
        self.narrow, self.wide = min(narrow, widest) + 4, min(max(narrow, wide), widest) + 4

    def set_trail(self, steps: Sequence[Crumb]) -> None:
        self._trail, self._focused = list(steps), 0
        self.setAccessibleName(tr("Display: {way}", way=" › ".join(step.title for step in steps)))
        self.setToolTip(plain("\n".join(map(self._words, steps))))
        self._measure()

    def _words(self, step: Crumb) -> str:
        return tr("Level {n} · {title}", n=step.level, title=step.title)

    def _width(self, text: str) -> float:
        return metrics_of(self._theme.font("text.label")).horizontalAdvance(text)

    def sizeHint(self) -> QSize:
        return QSize(round(self.narrow), self._theme.px(HEIGHT))

    def resizeEvent(self, event: object) -> None:
        self._measure()

    def _measure(self) -> None:
        """Boxes of the steps that lead to the display; those that do not fit are left to the tooltip."""
        self._boxes = []
        room = self.width() - self._width(self.full_text)
        shown: list[Crumb] = []
        for step in reversed(self._trail[:-1]):
            room -= self._width(step.title + _BETWEEN)
            if room < 0:
                break
            shown.insert(0, step)
        x = self._width(self._level()) if shown else 0.0
        for step in shown:
            self._boxes.append((QRectF(x, 0, self._width(step.title), self.height()), step))
            x += self._width(step.title + _BETWEEN)
        self.update()

    def _level(self) -> str:
        """What stands before the way."""
        return tr("Level {n} · {title}", n=self._trail[-1].level, title="")

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for box, step in self._boxes:
            if box.contains(event.position()) and event.button() == Qt.MouseButton.LeftButton:
                self.chosen.emit(step.address)
                return
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        turn = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if turn and self._boxes:
            self._focused = (self._focused + turn) % len(self._boxes)
            self.update()
        elif self._boxes and (is_press_key(event) or event.key() == Qt.Key.Key_Space):
            self.chosen.emit(self._boxes[min(self._focused, len(self._boxes) - 1)][1].address)
        else:
            super().keyPressEvent(event)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._trail:
            return
        with painting(self) as painter:
            painter.setFont(self._theme.font("text.label"))
            metrics = metrics_of(self._theme.font("text.label"))
            base = self.height() / 2 + self._theme.px(5)
            secondary, strong = self._theme.color("header.secondary"), self._theme.color("header.text")
            painter.setPen(secondary)
            if not self._boxes:
                cut = metrics.elidedText(self.full_text, Qt.TextElideMode.ElideRight, self.width())
                painter.drawText(QPointF(0, base), cut)
            else:
                painter.drawText(QPointF(0, base), self._level())
                for box, step in self._boxes:
                    painter.drawText(QPointF(box.x(), base), step.title + _BETWEEN)
                painter.setPen(strong)
                x = self._boxes[-1][0].right() + self._width(_BETWEEN)
                title = metrics.elidedText(
                    self._trail[-1].title, Qt.TextElideMode.ElideRight, self.width() - x + 1
                )
                painter.drawText(QPointF(x, base), title)
            if self.hasFocus():
                self._paint_focus(painter)

    def _paint_focus(self, painter: QPainter) -> None:
        box = QRectF(self.rect()).adjusted(0, 8, 0, -8)
        if self._boxes:
            box = self._boxes[min(self._focused, len(self._boxes) - 1)][0].adjusted(-3, 10, 3, -10)
        painter.setPen(QPen(self._theme.color("header.text"), 2.0))
        painter.drawRect(box)
