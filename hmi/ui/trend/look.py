"""How lines of a trend are put on the screen: polylines without a loop over points, dashes, badges of pens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import shiboken6
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF

from hmi.ui.paint import metrics_of, stamp
from hmi.ui.theme import Theme, make_font
from hmi.ui.trend.curve import Floats
from hmi.ui.trend.strokes import Stroke

DASH_PX, GAP_PX = 7.0, 5.0
"""A doubtful line is dashed along the time axis, so that a noisy one is seen to be dashed too."""
PALE: Final = 0.45
GHOST: Final = (1.5, 2.5)
MANY: Final = 6_000
"""Points of all lines together up to which each is drawn twice, which looks stronger and costs the same again."""


def cosmetic(color: QColor, dash: tuple[float, ...] | list[float] | None) -> QPen:
    """One device pixel wide: the only width that is fast for long lines."""
    pen = QPen(color, 1.0)
    pen.setCosmetic(True)
    if dash:
        pen.setDashPattern(list(dash))
    return pen


def blended(color: QColor, other: QColor, share: float) -> QColor:
    """``share`` of the other colour in it, without transparency: thin lines stay on the fast road."""
    mixed = (a + (b - a) * share for a, b in zip(color.getRgb()[:3], other.getRgb()[:3], strict=True))  # type: ignore[index]
    return QColor(*(round(part) for part in mixed))


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """Two arrays as a polygon without a loop in Python."""
    shape = QPolygonF()
    shape.resize(len(x))
    pointer: Any = shiboken6.VoidPtr(shape.data(), len(x) * 16, True)  # type: ignore[call-arg]
    memory = np.frombuffer(pointer, dtype=np.float64)
    memory[0::2], memory[1::2] = x, y
    return shape


def draw_strokes(
    painter: QPainter, lines: list[Stroke], color: QColor, ground: QColor, *, strong: bool
) -> None:
    """``strong``: twice, one pixel apart. A line of a single point is a dot. What lies between the dashes of a
    doubtful line is pale and not left out: no spike is lost in it.
    """
    for line in lines:
        if len(line.x) == 1:
            painter.fillRect(QRectF(line.x[0] - 1.5, line.y[0] - 1.5, 3, 3), color)
        elif line.doubtful:
            _draw_line(painter, line, blended(color, ground, PALE), strong=False)
            for dash in dashes(line):
                _draw_line(painter, dash, color, strong=strong)
        else:
            _draw_line(painter, line, color, strong=strong)


def _draw_line(painter: QPainter, line: Stroke, color: QColor, *, strong: bool) -> None:
    painter.setPen(cosmetic(color, None))
    shape = polygon(line.x, line.y)
    painter.drawPolyline(shape)
    if strong:
        painter.drawPolyline(shape.translated(0.0, 1.0))


def dashes(line: Stroke) -> Iterator[Stroke]:
    """Parts of a line, cut at fixed distances along the time axis."""
    period = DASH_PX + GAP_PX
    first, last = line.x[0] // period, line.x[-1] // period
    for number in np.arange(first, last + 1):
        begin, end = number * period, number * period + DASH_PX
        a, b = np.searchsorted(line.x, (begin, end))
        inside_x, inside_y = line.x[a:b], line.y[a:b]
        ends = [x for x in (max(begin, line.x[0]), min(end, line.x[-1])) if line.x[0] <= x <= line.x[-1]]
        if not ends or ends[0] >= end:
            continue
        edge = np.interp(ends, line.x, line.y)
        x = np.concatenate((ends[:1], inside_x, ends[1:]))
        yield Stroke(x, np.concatenate((edge[:1], inside_y, edge[1:])))


def draw_ghost(painter: QPainter, lines: list[Stroke], color: QColor) -> None:
    """Another period behind this one."""
    painter.setPen(cosmetic(color, GHOST))
    for line in lines:
        painter.drawPolyline(polygon(line.x, line.y))


def badge_font(theme: Theme) -> QFont:
    return make_font(11 * theme.scale, 700)


def badge_size(theme: Theme, number: int) -> tuple[float, float]:
    """Width and height of the badge of a pen."""
    height = 16.0 * theme.scale
    return max(height, metrics_of(badge_font(theme)).horizontalAdvance(str(number)) + 8 * theme.scale), height


def draw_pen_badge(
    painter: QPainter, theme: Theme, number: int, color: QColor, center: QPointF, *, filled: bool = True
) -> None:
    """The number of a pen on its colour; the outline alone for a pen that is hidden."""

    def draw(inner: QPainter, at: QPointF) -> None:
        _pen_badge(inner, theme, number, color, at, filled)

    width, height = badge_size(theme, number)
    key = ("pen", number, color.rgb(), filled, theme.percent)
    stamp(painter, theme, key, center, (width + 2, height + 2), draw)


def _pen_badge(
    painter: QPainter, theme: Theme, number: int, color: QColor, center: QPointF, filled: bool
) -> None:
    width, height = badge_size(theme, number)
    box = QRectF(center.x() - width / 2, center.y() - height / 2, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("plot") if filled else color, 1.0))
    painter.setBrush(color if filled else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, height * 0.28, height * 0.28)
    painter.setFont(badge_font(theme))
    painter.setPen(on_color(color, theme) if filled else color)
    metrics = metrics_of(badge_font(theme))
    text = str(number)
    x = center.x() - metrics.horizontalAdvance(text) / 2
    painter.drawText(QPointF(x, center.y() + metrics.capHeight() / 2), text)


def on_color(color: QColor, theme: Theme) -> QColor:
    """White or black, whichever can be read on it."""
    return QColor("#FFFFFF") if luminance(color) < 0.19 else QColor("#101214")


def luminance(color: QColor) -> float:
    red, green, blue = (part**2.2 for part in color.getRgbF()[:3])  # type: ignore[index]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
