"""Alarms of every ten minutes as a strip of bars, with the floods marked."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.figures.answer import Answer, flood_words
from hmi.ui.paint import painting
from hmi.ui.rows import draw_cut
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text, local_time
from hmi.ui.widgets import plain

HEIGHT: Final = 188
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 14.0, 46.0, 26.0
_MANY: Final = 10  # a bin with more is the start of a flood
_STEPS: Final = (1, 2, 4, 8, 24, 48, 120, 240, 480)  # hours between two marks of the time
_MARK_PX: Final = 84
_TOPS: Final = (15, 20, 30, 50, 80, 100, 150, 200, 300, 500, 800)


class RateStrip(QWidget):
    """One bar for each bin, or for as many bins as share a pixel: then the highest of them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._answer: Answer | None = None
        self._zone: tzinfo = UTC
        self._hours: list[tuple[int, datetime]] = []
        self.setFixedHeight(theme.px(HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_answer(self, answer: Answer, zone: tzinfo) -> None:
        self._answer, self._zone = answer, zone
        moments = ((at, local_time(at, zone)) for at in answer.rate.starts if at >= answer.start)
        self._hours = [(at, moment) for at, moment in moments if not moment.minute]
        most = max(answer.rate.counts, default=0)
        self.setAccessibleName(
            tr("Alarms in 10 min: at most {n}, {floods}", n=most, floods=flood_words(answer.floods))
        )
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Time and number of the bar under the mouse."""
        answer = self._answer
        plot = self._plot()
        x = event.position().x() / self._theme.scale
        if answer is None or not plot.left() <= x < plot.right():
            QToolTip.hideText()
            return
        at = answer.start + round((x - plot.left()) / plot.width() * (answer.end - answer.start))
        index = max(bisect_right(answer.rate.starts, at) - 1, 0)
        words = tr(
            "{time}: {n} alarms in 10 min",
            time=minute_text(answer.rate.starts[index], self._zone),
            n=answer.rate.counts[index],
        )
        QToolTip.showText(event.globalPosition().toPoint(), plain(words), self)

    def _plot(self) -> QRectF:
        scale = self._theme.scale
        return QRectF(0, 0, self.width() / scale, self.height() / scale).adjusted(
            _LEFT, _TOP, -_RIGHT, -_BOTTOM
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, scale, answer = self._theme.plain, self._theme.scale, self._answer
        with painting(self) as painter:
            painter.fillRect(self.rect(), theme.color("panel"))
            painter.setPen(theme.color("panel.edge"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.scale(scale, scale)
            if answer is None:
                return
            room = self.width() / scale - 24
            used = draw_cut(
                painter, theme, "title", "text", QPointF(12, 26), tr("Alarms in 10 minutes"), room
            )
            draw_cut(
                painter, theme, "text.label", "text.label", QPointF(24 + used, 26), flood_words(answer.floods),
                room - used - 12,
            )  # fmt: skip
            self._paint_plot(painter, theme, answer)

    def _paint_plot(self, painter: QPainter, theme: Theme, answer: Answer) -> None:
        plot = self._plot()
        painter.fillRect(plot, theme.color("plot"))
        most = max(answer.rate.counts, default=0)
        top = next((one for one in _TOPS if one >= most), most)
        self._paint_floods(painter, theme, answer, plot)
        self._paint_scale(painter, theme, plot, top)
        self._paint_time(painter, theme, answer, plot)
        high = self._columns(answer, plot)
        for x, count in high.items():
            tall = plot.height() * count / top
            role = "accent" if count > _MANY else "text.label"
            painter.fillRect(
                QRectF(x, plot.bottom() - tall, self._bar(answer, plot), tall), theme.color(role)
            )
        painter.setPen(theme.pen("text.label"))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())

    def _bar(self, answer: Answer, plot: QRectF) -> float:
        wide = plot.width() / max(len(answer.rate.counts), 1)
        return max(wide - 1.0, 1.0) if wide >= 3 else max(wide, 1.0)

    def _columns(self, answer: Answer, plot: QRectF) -> dict[float, int]:
        """Left edge of each bar and its height in alarms; bins without an alarm have none."""
        wide = plot.width() / max(len(answer.rate.counts), 1)
        found: dict[float, int] = {}
        for index, count in enumerate(answer.rate.counts):
            if count:
                x = plot.left() + index * wide
                x = float(int(x)) if wide < 3 else x
                found[x] = max(count, found.get(x, 0))
        return found

    def _paint_floods(self, painter: QPainter, theme: Theme, answer: Answer, plot: QRectF) -> None:
        span = max(answer.end - answer.start, 1)
        ended = plot.left()
        for flood in answer.floods:
            left = plot.left() + plot.width() * max(flood.start - answer.start, 0) / span
            right = plot.left() + plot.width() * min(flood.end - answer.start, span) / span
            painter.fillRect(
                QRectF(left, plot.top(), max(right - left, 2), plot.height()), theme.color("selection")
            )
            words = tr("flood, {n} alarms", n=flood.count)
            at = min(left, plot.right() - 110)
            if at >= ended:
                draw_cut(
                    painter, theme, "text.small.strong", "text", QPointF(at + 2, plot.top() - 4), words, 120
                )
                ended = at + 124

    def _paint_scale(self, painter: QPainter, theme: Theme, plot: QRectF, top: int) -> None:
        painter.setFont(theme.font("text.small"))
        for value in sorted({0, _MANY, top}):
            y = plot.bottom() - plot.height() * value / top
            painter.setPen(theme.pen("text.label", dashed=True) if value == _MANY else theme.pen("grid"))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            if value == _MANY and plot.height() * abs(top - value) / top < 12:
                continue
            painter.setPen(theme.color("text.label"))
            box = QRectF(0, y - 9, plot.left() - 6, 18)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(value))

    def _paint_time(self, painter: QPainter, theme: Theme, answer: Answer, plot: QRectF) -> None:
        """Marks at full hours of the plant's clock, as many as fit."""
        hours = (answer.end - answer.start) / NS_PER_S / 3_600
        fits = max(plot.width() / _MARK_PX, 1.0)
        step = next((one for one in _STEPS if hours / one <= fits), _STEPS[-1])
        painter.setFont(theme.font("text.small"))
        marked = -1e9
        for at, moment in self._hours:
            since = moment.hour + 24 * (moment.toordinal() if step > 24 else 0)
            if since % step:
                continue
            x = plot.left() + plot.width() * (at - answer.start) / (answer.end - answer.start)
            if x - marked < _MARK_PX * 0.7:
                continue  # an hour that the clock shows twice
            marked = x
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            words = (
                f"{moment:%H:%M}" if moment.hour or (step < 24 and hours <= 24) else day_text(at, self._zone)
            )
            painter.setPen(theme.color("text.label"))
            painter.drawText(QRectF(x - 40, plot.bottom() + 4, 80, 18), Qt.AlignmentFlag.AlignHCenter, words)


def minute_text(at_ns: int, zone: tzinfo) -> str:
    """Date and time to the minute."""
    return clock_text(at_ns, zone).rpartition(":")[0]


def day_text(at_ns: int, zone: tzinfo) -> str:
    """Day and month."""
    return " ".join(clock_text(at_ns, zone).split()[:2])
