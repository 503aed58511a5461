"""Paints the curves of a chart, the setpoint and the other period behind them, and their values at the right edge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from hmi.core.quality import BAD
from hmi.mimics import NO_VALUE, format_value, show
from hmi.ui.paint import draw_quality_mark, metrics_of
from hmi.ui.trend.layout import Box, spread
from hmi.ui.trend.look import (
    MANY,
    badge_size,
    blended,
    cosmetic,
    draw_ghost,
    draw_pen_badge,
    draw_strokes,
    polygon,
)
from hmi.ui.trend.paint_axes import Sheet, paint_limits
from hmi.ui.trend.pens import Axis, Pen
from hmi.ui.trend.strokes import Frame, Stroke, strokes

GHOST_SHARE: Final = 0.3
FIRST_BADGE, NEXT_BADGE = 0.045, 0.043
_SETPOINT_DASH: Final = (9.0, 3.0, 2.0, 3.0)


class Drawn(NamedTuple):
    """A pen with its lines and the frame that they are in."""

    pen: Pen
    axis: Axis
    frame: Frame
    lines: list[Stroke]


def drawn_pens(sheet: Sheet) -> list[Drawn]:
    """In order, the chosen one last and so on top."""
    model = sheet.model
    found = [
        Drawn(
            pen,
            axis,
            frame,
            strokes(pen.whole, frame, axis.scale, until=min(model.known_until(pen), frame.end)),
        )
        for index, axis in enumerate(model.axes)
        for frame in (sheet.layout.frame(model.view, index),)
        for pen in axis.shown
    ]
    return sorted(found, key=lambda one: one.pen is model.pen)


def paint_curves(sheet: Sheet) -> None:
    painter, model = sheet.painter, sheet.model
    drawn, ground = drawn_pens(sheet), sheet.theme.color("plot")
    points = sum(len(line.x) for one in drawn for line in one.lines)
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for one in drawn:
        if one.pen is model.pen:
            paint_limits(sheet, one.pen, one.axis, one.frame)
    for one in drawn:
        painter.setClipRect(_known(one.frame, model.now))
        _paint_behind(sheet, one)
        is_strong = one.pen is model.pen or points < MANY
        draw_strokes(painter, one.lines, one.pen.color, ground, strong=is_strong)
    painter.setClipping(False)
    if len(drawn) > 1:
        for one in drawn:
            _paint_number(sheet, one)
    painter.restore()
    paint_flags(sheet, drawn)


def _known(frame: Frame, now: int) -> QRectF:
    """The plot up to the present: at an instant of the past nothing of later times is shown."""
    right = min(frame.right, frame.x_at(now) + 1)
    return QRectF(frame.left, frame.top - 1, max(right - frame.left, 0.0), frame.height + 2)


def _paint_behind(sheet: Sheet, one: Drawn) -> None:
    """The other period, and the setpoint of the chosen pen."""
    painter, theme, model = sheet.painter, sheet.theme, sheet.model
    if one.pen.ghost is not None:
        lines = strokes(one.pen.ghost, one.frame, one.axis.scale)
        draw_ghost(painter, lines, blended(one.pen.color, theme.color("plot"), GHOST_SHARE))
    if one.pen is model.pen and len(model.setpoint) and not model.shows(one.pen.setpoint):
        painter.setPen(cosmetic(theme.color("setpoint"), _SETPOINT_DASH))
        for line in strokes(
            model.setpoint, one.frame, one.axis.scale, until=min(model.setpoint_until, one.frame.end)
        ):
            painter.drawPolyline(polygon(line.x, line.y))


def _paint_number(sheet: Sheet, one: Drawn) -> None:
    """The number of a pen on its curve, at a place of its own so that they do not cover each other."""
    index = sheet.model.pens.index(one.pen)
    x = one.frame.left + one.frame.width * (FIRST_BADGE + NEXT_BADGE * index)
    value = one.pen.whole.drawn_at(one.frame.instant_at(x))
    y = one.frame.foot - one.axis.scale.place_one(value) * one.frame.height
    if one.frame.top <= y <= one.frame.foot:
        draw_pen_badge(sheet.painter, sheet.theme, one.pen.number, one.pen.color, QPointF(x, y))


class Flag(NamedTuple):
    """The value of a pen beside the right edge. ``at``: where its curve is, in pixels; ``mark``: standards 2.8."""

    pen: Pen
    at: float
    text: str
    mark: str
    is_known: bool


def flags_of(sheet: Sheet, drawn: list[Drawn]) -> Iterator[Flag]:
    """Live values while the present is in view; else what held at the right edge."""
    model = sheet.model
    edge = min(model.view.end, model.now)
    for one in drawn:
        pen, text, mark = one.pen, "", ""
        value = pen.whole.drawn_at(edge)
        if model.is_live:
            shown = show(model.station.reading(pen.tag))
            text, mark = shown.text.strip(), shown.mark
            known = not shown.frame
        else:
            held = pen.whole.at(edge)
            known = held is not None and held[1] < BAD and value == value and model.is_known(pen, edge)
            value = value if known else float("nan")
            text = format_value(value, pen.info).strip() if known else NO_VALUE
        y = (
            one.frame.foot - one.axis.scale.place_one(value) * one.frame.height
            if value == value
            else float("nan")
        )
        yield Flag(pen, y, text, mark, known)


def paint_flags(sheet: Sheet, drawn: list[Drawn]) -> None:
    painter, theme, plot = sheet.painter, sheet.theme, sheet.layout.plot
    flags = list(flags_of(sheet, drawn))
    font = theme.font("text.small.strong" if len(flags) > 3 else "value.small")
    metrics = metrics_of(font)
    height = max(badge_size(theme, 1)[1] + 3 * theme.scale, metrics.height() + 1)
    wanted = [_inside(flag.at, plot) for flag in flags]
    for flag, y in zip(flags, spread(wanted, height, plot.top, plot.foot), strict=True):
        left = plot.right + 8 * theme.scale
        if flag.is_known and plot.top <= flag.at <= plot.foot:
            _paint_end(painter, flag.pen.color, plot.right, flag.at, left, y)
        width, _ = badge_size(theme, flag.pen.number)
        draw_pen_badge(painter, theme, flag.pen.number, flag.pen.color, QPointF(left + width / 2, y))
        painter.setFont(font)
        painter.setPen(_readable(flag, sheet))
        x = left + width + 6 * theme.scale
        painter.drawText(QPointF(x, y + metrics.capHeight() / 2), flag.text)
        if flag.mark:
            draw_quality_mark(painter, theme, flag.mark, QPointF(x + metrics.horizontalAdvance(flag.text), y))


def _readable(flag: Flag, sheet: Sheet) -> QColor:
    return flag.pen.color if flag.is_known else sheet.theme.color("text.secondary")


def _inside(y: float, plot: Box) -> float:
    return plot.foot if y != y else min(max(y, plot.top), plot.foot)


def _paint_end(painter: QPainter, color: QColor, x: float, y: float, left: float, at: float) -> None:
    """A dot at the end of the curve and a thread to its value."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.0))
    painter.drawLine(QPointF(x, y), QPointF(left, at))
    painter.setBrush(color)
    painter.drawEllipse(QPointF(x, y), 3.0, 3.0)
    painter.restore()
