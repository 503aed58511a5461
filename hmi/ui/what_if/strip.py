"""When the alarm stood, as it is and as proposed, one lane above the other over the same time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from hmi.client.what_if import Strip, WhatIfResult
from hmi.core.texts import tr
from hmi.ui.figures.rate import day_text, minute_text
from hmi.ui.paint import painting
from hmi.ui.rows import draw_cut
from hmi.ui.theme import Theme
from hmi.ui.times import local_time
from hmi.ui.widgets import plain

HEIGHT: Final = 168
_LEFT, _RIGHT, _TOP, _BOTTOM = 104.0, 14.0, 36.0, 26.0
_GAP: Final = 10.0
_MARKS: Final = 8


class BeforeAfter(QWidget):
    """A bar in each bin, as high as the share of it in which the alarm stood; what is not known is shaded."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._strip, self._end = Strip(), 0
        self._zone: tzinfo = UTC
        self.setFixedHeight(theme.px(HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_result(self, result: WhatIfResult, zone: tzinfo) -> None:
        self._strip, self._end, self._zone = result.strip, result.end, zone
        self.setAccessibleName(
            tr("In alarm {was:.1f} % of the time as it is, {proposed:.1f} % as proposed",
               was=self._percent(result.was_s), proposed=self._percent(result.proposed_s))
        )  # fmt: skip
        self.update()

    def _percent(self, seconds: float) -> float:
        span_ns = self._end - self._strip.start
        return 100 * seconds * 1e9 / span_ns if span_ns else 0.0

    def _plot(self) -> QRectF:
        scale = self._theme.scale
        whole = QRectF(0, 0, self.width() / scale, self.height() / scale)
        return whole.adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Time and both shares under the mouse."""
        strip, plot = self._strip, self._plot()
        x = event.position().x() / self._theme.scale
        if not strip.was or not plot.left() <= x < plot.right():
            QToolTip.hideText()
            return
        index = min(int((x - plot.left()) / plot.width() * len(strip.was)), len(strip.was) - 1)
        words = tr(
            "{time}: in alarm {was:.0f} % as it is, {proposed:.0f} % as proposed",
            time=minute_text(strip.start + index * strip.width_ns, self._zone),
            was=100 * strip.was[index], proposed=100 * strip.proposed[index],
        )  # fmt: skip
        QToolTip.showText(event.globalPosition().toPoint(), plain(words), self)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, scale = self._theme.plain, self._theme.scale
        with painting(self) as painter:
            painter.fillRect(self.rect(), theme.color("panel"))
            painter.setPen(theme.color("panel.edge"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.scale(scale, scale)
            room = self.width() / scale - 24
            used = draw_cut(
                painter, theme, "title", "text", QPointF(12, 24), tr("When the alarm stood"), room
            )
            if any(self._strip.unknown):
                words = tr("shaded: nothing is known")
                draw_cut(
                    painter, theme, "text.label", "text.label", QPointF(used + 32, 24), words, room - used
                )
            plot = self._plot()
            high = (plot.height() - _GAP) / 2
            lanes = (
                (tr("As it is"), self._strip.was, plot.top()),
                (tr("As proposed"), self._strip.proposed, plot.top() + high + _GAP),
            )
            for words, shares, top in lanes:
                box = QRectF(plot.left(), top, plot.width(), high)
                self._paint_lane(painter, theme, box, words, shares)
            self._paint_time(painter, theme, plot)

    def _paint_lane(
        self, painter: QPainter, theme: Theme, box: QRectF, words: str, shares: Sequence[float]
    ) -> None:
        draw_cut(
            painter, theme, "text.label", "text", QPointF(12, box.center().y() + 5), words, _LEFT - 20
        )  # fmt: skip
        painter.fillRect(box, theme.color("plot"))
        wide = box.width() / max(len(shares), 1)
        for index, share in enumerate(self._strip.unknown):
            if share > 0:
                place = QRectF(box.left() + index * wide, box.top(), max(wide, 1.0), box.height())
                painter.fillRect(place, theme.color("band.plot"))
        for index, share in enumerate(shares):
            if share > 0:
                tall = max(box.height() * share, 2.0)
                place = QRectF(box.left() + index * wide, box.bottom() - tall, max(wide, 1.0), tall)
                painter.fillRect(place, theme.color("text.label"))
        painter.setPen(theme.pen("text.label"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())

    def _paint_time(self, painter: QPainter, theme: Theme, plot: QRectF) -> None:
        """Some marks at equal distances, of the plant's clock."""
        strip = self._strip
        span_ns = self._end - strip.start
        if span_ns <= 0:
            return
        painter.setFont(theme.font("text.small"))
        painter.setPen(theme.color("text.label"))
        is_short = span_ns <= 2 * 86_400 * 10**9
        for number in range(_MARKS + 1):
            at = strip.start + span_ns * number // _MARKS
            moment = local_time(at, self._zone)
            words = f"{moment:%H:%M}" if is_short else day_text(at, self._zone)
            x = plot.left() + plot.width() * number / _MARKS
            box = QRectF(min(x - 40, plot.right() - 70), plot.bottom() + 4, 80, 18)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, words)
