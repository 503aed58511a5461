"""The live alarms while the past is shown: how many wait, flashing, and one press back to them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from hmi.client.alarms import is_unacked
from hmi.core.texts import tr
from hmi.ui.alarm_store import AlarmStore
from hmi.ui.flash import flash
from hmi.ui.header_parts import HeaderButton
from hmi.ui.paint import draw_alarm_mark, metrics_of
from hmi.ui.theme import Theme
from hmi.ui.widgets import plain
from hmi.ui.zoom import zoomed

HEIGHT: Final = 40
_MARK: Final = 26
_LEFT: Final = 12


class LiveChip(HeaderButton):
    """``show_store`` takes the live alarms of the station; it is never about the past."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.words = ""
        self.worst = 0
        self.waiting = 0
        self._short = False
        self._standing = 0
        flash().turned.connect(self._blink)
        self.show_store(AlarmStore(), known=False)

    def show_store(self, store: AlarmStore, *, known: bool) -> None:
        """``known`` False: the runtime does not tell them now."""
        rows = list(store.rows.values())
        waiting = [row for row in rows if is_unacked(row)]
        self.waiting, self._standing = len(waiting), len(rows)
        self.worst = min((row.priority for row in waiting or rows), default=0)
        if not known:
            self.words = tr("Live alarms: not known")
        elif waiting:
            self.words = tr("Live now: {n} unacknowledged of {all}", n=len(waiting), all=len(rows))
        else:
            self.words = tr("Live now: {all} alarms", all=len(rows)) if rows else tr("Live now: no alarms")
        self.setAccessibleName(tr("{words}. Press to go back to live.", words=self.words))
        self._fit()

    def set_short(self, short: bool) -> None:
        """The number that waits alone, where there is no room for words; the tooltip has them."""
        if short != self._short:
            self._short = short
            self._fit()

    def _text(self) -> str:
        return str(self.waiting or self._standing) if self._short else self.words

    @property
    def needed(self) -> int:
        """Width with all words, in pixels."""
        return self._wide(self.words)

    def _wide(self, text: str) -> int:
        wide = metrics_of(self._theme.plain.font("text.word")).horizontalAdvance(text)
        return self._theme.px(round(wide) + _LEFT * 2 + _MARK)

    def _fit(self) -> None:
        self.setToolTip(plain(f"{self.words}\n{tr('Back to live (Esc)')}"))
        self.setFixedSize(self._wide(self._text()), self._theme.px(HEIGHT))
        self.updateGeometry()
        self.update()

    def _blink(self, lit: bool) -> None:
        if self.waiting and self.isVisible():
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        lit = not self.waiting or flash().lit
        with zoomed(self, self._theme) as (painter, theme, size):
            painter.setRenderHint(painter.RenderHint.Antialiasing)
            box = QRectF(QPointF(), size).adjusted(1.5, 3.5, -1.5, -3.5)
            strong = bool(self.waiting) and lit
            painter.setPen(QPen(theme.color("header.text"), 2.0 if strong else 1.2))
            painter.setBrush(theme.brush("header.edge"))
            painter.drawRoundedRect(box, 4, 4)
            middle = size.height() / 2
            if self.worst:
                draw_alarm_mark(painter, theme, self.worst, QPointF(_LEFT + 8, middle), size=18, lit=lit)
            else:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(QPointF(_LEFT + 8, middle), 6, 6)
            painter.setFont(theme.font("text.word"))
            painter.setPen(theme.color("header.text"))
            painter.drawText(QPointF(_LEFT + _MARK, middle + 5), self._text())
            painter.resetTransform()
            self.paint_focus(painter)
