"""The painter's tool box for elements: texts, values with their marks, cached symbols (facts 2.4).

Everything is in design pixels; the host scales the painter. A kit belongs to one theme and one scale.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import Any, Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPixmap

from hmi.mimics import Shown
from hmi.ui.mimic.pasts import Pasts
from hmi.ui.mimic.trimmings import Stamp, Trimmings, TrimmingStamps
from hmi.ui.paint import (
    BADGE_SIZE,
    MARK_SIZE,
    badge_width,
    draw_alarm_mark,
    draw_badge,
    draw_clock,
    draw_quality_mark,
    painting,
)
from hmi.ui.theme import Theme

LEFT, CENTER, RIGHT = 0.0, 0.5, 1.0
_SYMBOLS: Final = 512
_WIDTHS: Final = 8192
SIGNS: Final = frozenset(("\u2007", "\u2212"))
_ALIKE: Final = str.maketrans("123456789", "0" * 9)


class Widths:
    """Text widths by font role. Figures are tabular: one width holds for every number of one form."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._metrics: dict[str, QFontMetricsF] = {}
        self._known: dict[tuple[str, str], float] = {}
        self._caps: dict[str, float] = {}

    def cap(self, role: str) -> float:
        found = self._caps.get(role)
        if found is None:
            found = self._caps[role] = self.metrics(role).capHeight()
        return found

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
            width = self._known[key] = self._of_form(role, text.translate(_ALIKE))
        return width

    def _of_form(self, role: str, form: str) -> float:
        width = self._known.get((role, form))
        if width is None:
            width = self._known[role, form] = self.metrics(role).horizontalAdvance(form)
        return width


@lru_cache(maxsize=8)
def widths_of(theme: Theme) -> Widths:
    """Text widths are measured once for all kits of a theme: measuring is most of what a new kit costs."""
    return Widths(theme)


class Kit:
    """Theme, scale and caches; ``lit`` is the phase of blinking marks.

    ``grow``: how large the user wants texts, 1 for the display's own size (see ``growth``).
    """

    def __init__(self, theme: Theme, *, scale: float = 1.0, ratio: float = 1.0, grow: float = 1.0) -> None:
        self.theme, self.scale, self.ratio, self.grow = theme, scale, ratio, grow
        self._grown: dict[int, Kit] = {}
        self.lit = True
        self._widths = widths_of(theme)
        self._trimmings = TrimmingStamps(theme, scale * ratio)
        self._stamps: dict[tuple[Any, ...], Stamp] = {}
        self._symbols: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()
        self.pasts = Pasts()

    def grown(self, percent: int) -> Kit:
        """The same kit with texts of another size, in per cent."""
        if percent == self.theme.percent:
            return self
        kit = self._grown.get(percent)
        if kit is None:
            kit = self._grown[percent] = Kit(self.theme.grown(percent), scale=self.scale, ratio=self.ratio)
            kit.pasts = self.pasts  # curves have no texts
        kit.lit = self.lit
        return kit

    def width(self, role: str, text: str) -> float:
        return self._widths.of(role, text)

    def cap(self, role: str) -> float:
        """Height of capitals and figures of a font role."""
        return self._widths.cap(role)

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
        text, named, role, mark, frame, alarm, unacked = shown
        if not align and text[:1] in SIGNS:
            x -= self.width(
                font, text[0]
            )  # the sign hangs, so that figures neither jump nor leave their label
        theme, width = self.theme, self._widths.of(font, text)
        left = x - width * align
        painter.setFont(theme.font(font))
        painter.setPen(theme.color(role))
        painter.drawText(QPointF(left, baseline), text)
        if not unit:
            named = ""
        if not (named or mark or frame or alarm):
            return
        lit = self.lit or not unacked or not alarm
        key = (width, font, named, unit_color, mark, frame, alarm, lit, mark_left, alarm_mark, corner)
        self.around(painter, key, left, baseline)

    def around(self, painter: QPainter, key: tuple[Any, ...], left: float, baseline: float) -> None:
        """What surrounds figures that begin at ``left`` on ``baseline``."""
        stamp = self._stamps.get(key)
        if stamp is None:
            if len(self._stamps) >= _SYMBOLS:
                self._stamps.clear()
            stamp = self._stamps[key] = self._trimmings.stamp(self.trimmings(key))
        picture, to_left, up = stamp
        painter.drawPixmap(QPointF(left - to_left, baseline - up), picture)

    def trimmings(self, key: tuple[Any, ...]) -> Trimmings:
        """From what is known of a value at once, all that its surroundings need."""
        width, font, unit, *rest = key
        return Trimmings(width, self.cap(font), unit, self.width("unit", unit) if unit else 0.0, *rest)

    def alarm(
        self, painter: QPainter, priority: int, center: QPointF, *, unacked: bool, size: float = MARK_SIZE
    ) -> None:
        draw_alarm_mark(painter, self.theme, priority, center, size=size, lit=self.lit or not unacked)

    def badges(self, painter: QPainter, x: float, y: float, badges: tuple[tuple[str, bool], ...]) -> None:
        """A row of boxes to the right; ``x`` is where the middle of a first box with one letter is."""
        left = x - BADGE_SIZE / 2
        for letter, solid in badges:
            width = badge_width(self.theme, letter)
            draw_badge(painter, self.theme, letter, QPointF(left + width / 2, y), solid=solid)
            left += width + 2

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
        with painting(pixmap) as inner:
            inner.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw(inner, self.theme.plain, QRectF(2, 2, at.width(), at.height()))
        self._symbols[key] = pixmap
        if len(self._symbols) > _SYMBOLS:
            self._symbols.popitem(last=False)
        return pixmap
