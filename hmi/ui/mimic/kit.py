"""The painter's tool box for elements: texts, values with their marks, cached symbols (facts 2.4).

Everything is in design pixels; the host scales the painter. A kit belongs to one theme and one scale.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPixmap

from hmi.mimics import Shown
from hmi.ui.mimic.trimmings import Trimmings, TrimmingStamps
from hmi.ui.paint import MARK_SIZE, draw_alarm_mark, draw_badge, draw_clock, draw_quality_mark
from hmi.ui.theme import Theme

LEFT, CENTER, RIGHT = 0.0, 0.5, 1.0
_SYMBOLS: Final = 512
_WIDTHS: Final = 8192
SIGNS: Final = frozenset(("\u2007", "\u2212"))


class _Widths:
    """Text widths by font role; figures are tabular, so the number of distinct texts stays small."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._metrics: dict[str, QFontMetricsF] = {}
        self._known: dict[tuple[str, str], float] = {}

    def metrics(self, role: str) -> QFontMetricsF:
        if role not in self._metrics:
            self._metrics[role] = QFontMetricsF(self._theme.font(role))
        return self._metrics[role]

    def of(self, role: str, text: str) -> float:
        key = (role, text)
        width = self._known.get(key)
        if width is None:
            if len(self._known) > _WIDTHS:
                self._known.clear()
            width = self._known[key] = self.metrics(role).horizontalAdvance(text)
        return width


class Kit:
    """Theme, scale and caches; ``lit`` is the phase of blinking marks."""

    def __init__(self, theme: Theme, *, scale: float = 1.0, ratio: float = 1.0) -> None:
        self.theme, self.scale, self.ratio = theme, scale, ratio
        self.lit = True
        self._widths = _Widths(theme)
        self._trimmings = TrimmingStamps(theme, scale * ratio)
        self._symbols: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()

    def width(self, role: str, text: str) -> float:
        return self._widths.of(role, text)

    def cap(self, role: str) -> float:
        """Height of capitals and figures of a font role."""
        return self._widths.metrics(role).capHeight()

    def fitted(self, role: str, text: str, room: float) -> str:
        """The text, shortened with an ellipsis when it is wider than ``room``."""
        if not text or self.width(role, text) <= room:
            return text
        return self._widths.metrics(role).elidedText(text, Qt.TextElideMode.ElideRight, room)

    def text(
        self,
        painter: QPainter,
        x: float,
        baseline: float,
        text: str,
        *,
        font: str = "text",
        color: str = "text",
        align: float = LEFT,
    ) -> float:
        """One line of text; ``align`` 0 left, 0.5 centre, 1 right of ``x``. Returns its width."""
        width = self._widths.of(font, text)
        painter.setFont(self.theme.font(font))
        painter.setPen(self.theme.color(color))
        painter.drawText(QPointF(x - width * align, baseline), text)
        return width

    def value(
        self,
        painter: QPainter,
        x: float,
        baseline: float,
        shown: Shown,
        *,
        font: str = "value",
        align: float = LEFT,
        unit: bool = True,
        unit_color: str = "text.label",
        mark_left: bool = False,
        alarm_mark: bool = True,
        corner: bool = False,
    ) -> None:
        """A value with unit, quality mark, frame and alarm; ``align`` places the number alone at ``x``.

        ``corner`` puts the quality mark on the frame's corner, where there is no room beside it.
        """
        if not align and shown.text[:1] in SIGNS:
            x -= self.width(
                font, shown.text[0]
            )  # the sign hangs, so that figures neither jump nor leave their label
        width = self.text(painter, x, baseline, shown.text, font=font, color=shown.role, align=align)
        named = shown.unit if unit else ""
        if not named and shown.is_plain:
            return
        trimmings = Trimmings(
            width,
            self.cap(font),
            named,
            self.width("unit", named) if named else 0.0,
            unit_color,
            shown.mark,
            shown.frame,
            shown.alarm,
            self.lit or not shown.unacked or not shown.alarm,
            mark_left,
            alarm_mark,
            corner,
        )
        self._trimmings.paint(painter, trimmings, x - width * align, baseline)

    def alarm(
        self, painter: QPainter, priority: int, center: QPointF, *, unacked: bool, size: float = MARK_SIZE
    ) -> None:
        draw_alarm_mark(painter, self.theme, priority, center, size=size, lit=self.lit or not unacked)

    def badges(self, painter: QPainter, x: float, y: float, badges: tuple[tuple[str, bool], ...]) -> None:
        """A row of letter boxes from ``x`` (middle of the first) to the right."""
        for letter, solid in badges:
            x += draw_badge(painter, self.theme, letter, QPointF(x, y), solid=solid) + 2

    def quality(self, painter: QPainter, mark: str, x: float, y: float, *, stale: bool = False) -> None:
        """The mark of a symbol without a number."""
        if stale:
            draw_clock(painter, self.theme, QPointF(x, y))
        elif mark:
            draw_quality_mark(painter, self.theme, mark, QPointF(x - 9, y))

    def fill(self, painter: QPainter, x: float, y: float, w: float, h: float, role: str) -> None:
        """A filled rectangle on whole device pixels, never thinner than one: hairlines survive any scale."""
        painter.fillRect(self.snapped(x, y, w, h), self.theme.color(role))

    def snapped(self, x: float, y: float, w: float, h: float) -> QRectF:
        """The rectangle moved to whole device pixels."""
        s = self.scale * self.ratio
        left, top = round(x * s), round(y * s)
        width, height = max(1, round((x + w) * s) - left), max(1, round((y + h) * s) - top)
        return QRectF(left / s, top / s, width / s, height / s)

    def thickness(self, width: float) -> float:
        """A line width of whole device pixels, in design pixels."""
        s = self.scale * self.ratio
        return max(1, round(width * s)) / s

    def box(
        self,
        painter: QPainter,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: str,
        edge: str,
        width: float = 1,
    ) -> None:
        """A filled rectangle with an edge inside its bounds."""
        outer, line = self.snapped(x, y, w, h), self.thickness(width)
        painter.fillRect(outer, self.theme.color(edge))
        painter.fillRect(outer.adjusted(line, line, -line, -line), self.theme.color(fill))

    def line(
        self, painter: QPainter, x1: float, y1: float, x2: float, y2: float, role: str, width: float = 1
    ) -> None:
        painter.setPen(self.theme.pen(role, width))
        painter.drawLine(QLineF(x1, y1, x2, y2))

    def dashed_box(self, painter: QPainter, x: float, y: float, w: float, h: float) -> None:
        """The empty body of something whose state is not known."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self.theme.pen("text.secondary", 1.6, dashed=True))
        painter.drawRect(QRectF(x, y, w, h))

    def symbol(
        self,
        painter: QPainter,
        key: tuple[object, ...],
        at: QRectF,
        draw: Callable[[QPainter, Theme, QRectF], None],
    ) -> None:
        """Paint an antialiased symbol from the cache; ``draw`` fills it when it is new."""
        pixmap = self._cached((*key, at.width(), at.height()), at, draw)
        painter.drawPixmap(QPointF(at.x() - 2, at.y() - 2), pixmap)

    def _cached(
        self, key: tuple[object, ...], at: QRectF, draw: Callable[[QPainter, Theme, QRectF], None]
    ) -> QPixmap:
        if (found := self._symbols.get(key)) is not None:
            self._symbols.move_to_end(key)
            return found
        density = self.scale * self.ratio
        pixmap = QPixmap(ceil((at.width() + 4) * density), ceil((at.height() + 4) * density))
        pixmap.fill(QColor(0, 0, 0, 0))
        pixmap.setDevicePixelRatio(density)
        inner = QPainter(pixmap)
        inner.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw(inner, self.theme, QRectF(2, 2, at.width(), at.height()))
        inner.end()
        self._symbols[key] = pixmap
        if len(self._symbols) > _SYMBOLS:
            self._symbols.popitem(last=False)
        return pixmap
