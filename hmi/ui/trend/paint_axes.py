"""Paints the ground of a chart: plot, normal band, grid, value axes, limits, and the time axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from hmi.ui.paint import draw_alarm_mark, metrics_of
from hmi.ui.theme import Theme
from hmi.ui.trend.layout import Box, Layout
from hmi.ui.trend.look import blended, cosmetic
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.pens import Axis, Pen
from hmi.ui.trend.strokes import Frame, bad_bands
from hmi.ui.trend.ticks import Tick, time_ticks

_LABEL_PX: Final = 104.0
_LIMIT_DASH: Final = (7.0, 4.0)
_AXIS_PAD: Final = 20.0
_GRID, _DAY = 50, 120
"""Strength of lines of the grid, of 255."""


@dataclass(frozen=True)
class Sheet:
    """What the parts of one picture paint on and from."""

    painter: QPainter
    theme: Theme
    model: TrendModel
    layout: Layout

    @property
    def frame(self) -> Frame:
        return self.layout.time_frame(self.model.view)


def rect(box: Box) -> QRectF:
    return QRectF(box.left, box.top, box.width, box.height)


def axis_width(axis: Axis, theme: Theme) -> float:
    """Room for the widest label, and for the unit above it."""
    metrics = metrics_of(theme.font("text.small"))
    labels = [text for _, text in axis.scale.ticks()]
    widest = max((metrics.horizontalAdvance(text) for text in [*labels, axis.unit]), default=20.0)
    return widest + _AXIS_PAD * theme.scale


def paint_ground(sheet: Sheet) -> None:
    """Everything behind the curves."""
    painter, theme, layout = sheet.painter, sheet.theme, sheet.layout
    for strip in dict.fromkeys(layout.strips or (layout.plot,)):
        painter.fillRect(rect(strip), theme.color("plot"))
    ticks = ticks_of(sheet)
    _paint_band(sheet)
    _paint_bad(sheet)
    _paint_time_grid(sheet, ticks)
    for index, box in layout.axes:
        _paint_axis(sheet, sheet.model.axes[index], index, box)
    _paint_ahead(sheet)
    paint_time_axis(sheet, ticks)


def ticks_of(sheet: Sheet) -> list[Tick]:
    view, width = sheet.model.view, sheet.layout.plot.width
    most = max(int(width / (_LABEL_PX * sheet.theme.scale)), 2)
    return time_ticks(view.start, view.end, sheet.model.zone, most)


def _axis_index(sheet: Sheet) -> int:
    axis = sheet.model.axis
    return sheet.model.axes.index(axis) if axis is not None else 0


def _paint_band(sheet: Sheet) -> None:
    """The normal band of the chosen pen."""
    pen, axis = sheet.model.pen, sheet.model.axis
    if pen is None or axis is None or not pen.is_number or pen.hidden:
        return
    low, high = pen.info.normal_low, pen.info.normal_high
    if low is None or high is None:
        return
    frame = sheet.layout.frame(sheet.model.view, _axis_index(sheet))
    top, foot = (frame.foot - axis.scale.place_one(value) * frame.height for value in (high, low))
    box = QRectF(frame.left, top, frame.width, foot - top)
    box = box.intersected(QRectF(frame.left, frame.top, frame.width, frame.height))
    sheet.painter.fillRect(box, sheet.theme.color("band.plot"))


def _paint_bad(sheet: Sheet) -> None:
    """Where the chosen pen was Bad the whole height is hatched; the others have a line at the foot."""
    model, painter, theme = sheet.model, sheet.painter, sheet.theme
    row = 0
    for index, axis in enumerate(model.axes):
        frame = sheet.layout.frame(model.view, index)
        for pen in axis.shown:
            bands = bad_bands(pen.whole, frame, model.known_until(pen))
            if pen is model.pen:
                for band in bands:
                    paint_bad_band(
                        painter, theme, QRectF(band.left, frame.top, band.right - band.left, frame.height)
                    )
            elif bands:
                for band in bands:
                    painter.fillRect(
                        QRectF(band.left, frame.foot - 4 - 4 * row, band.right - band.left, 3), pen.color
                    )
                row += 1


def paint_bad_band(painter: QPainter, theme: Theme, box: QRectF) -> None:
    """Shaded and hatched: seen on paper and by everybody."""
    shade = blended(theme.color("plot"), theme.color("text.secondary"), 0.14)
    painter.fillRect(box, shade)
    hatch = blended(theme.color("plot"), theme.color("text.secondary"), 0.42)
    painter.fillRect(box, QBrush(hatch, Qt.BrushStyle.BDiagPattern))
    painter.setPen(cosmetic(hatch, None))
    for x in (box.left(), box.right()):
        painter.drawLine(QLineF(x, box.top(), x, box.bottom()))


def grid_color(theme: Theme, strength: int) -> QColor:
    """Seen on the plot and on the normal band alike."""
    color = QColor(theme.color("text.label"))
    color.setAlpha(strength)
    return color


def _paint_time_grid(sheet: Sheet, ticks: list[Tick]) -> None:
    painter, theme, frame = sheet.painter, sheet.theme, sheet.frame
    line, day = grid_color(theme, _GRID), grid_color(theme, _DAY)
    boxes = [*dict.fromkeys(sheet.layout.strips), *sheet.layout.lanes]
    for tick in ticks:
        x = round(frame.x_at(tick.at)) + 0.5
        painter.setPen(cosmetic(day if tick.day and tick is not ticks[0] else line, None))
        for box in boxes:
            painter.drawLine(QLineF(x, box.top, x, box.foot))


def _paint_axis(sheet: Sheet, axis: Axis, index: int, box: Box) -> None:
    painter, theme = sheet.painter, sheet.theme
    frame = sheet.layout.frame(sheet.model.view, index)
    is_first = sheet.layout.axes[0][0] == index or sheet.model.stacked
    color = _axis_color(axis, theme)
    font = theme.font("text.small")
    metrics = metrics_of(font)
    painter.setFont(font)
    right = box.right - 9 * theme.scale
    spare = 0.0
    for value, text in axis.scale.ticks():
        y = frame.foot - axis.scale.place_one(value) * frame.height
        if not frame.top - 1 <= y <= frame.foot + 1:
            continue
        if is_first:
            painter.setPen(cosmetic(grid_color(theme, _GRID), None))
            painter.drawLine(QLineF(frame.left, round(y) + 0.5, frame.right, round(y) + 0.5))
        if y + metrics.height() < spare or spare == 0.0:
            painter.setPen(color)
            at = min(max(y + metrics.capHeight() / 2, frame.top + metrics.capHeight()), frame.foot)
            painter.drawText(QPointF(right - metrics.horizontalAdvance(text), at), text)
            spare = y
    painter.setPen(cosmetic(color if len(axis.pens) == 1 else theme.color("pipe.minor"), None))
    painter.drawLine(QLineF(box.right - 2.5, frame.top, box.right - 2.5, frame.foot))
    _paint_unit(sheet, axis, box, right)


def _paint_unit(sheet: Sheet, axis: Axis, box: Box, right: float) -> None:
    painter, theme = sheet.painter, sheet.theme
    font = theme.font("text.small.strong")
    painter.setFont(font)
    painter.setPen(_axis_color(axis, theme))
    text = axis.unit or ("log" if axis.scale.log else "")
    metrics = metrics_of(font)
    if sheet.model.stacked and len(sheet.layout.axes) > 1:
        at = QPointF(box.right + 8 * theme.scale, box.top + metrics.capHeight() + 7 * theme.scale)
        painter.drawText(at, text)
        return
    painter.drawText(QPointF(right - metrics.horizontalAdvance(text), box.top - 8 * theme.scale), text)


def _axis_color(axis: Axis, theme: Theme) -> QColor:
    shown = axis.shown
    return shown[0].color if len(shown) == 1 else theme.color("text.label")


def _paint_ahead(sheet: Sheet) -> None:
    """What lies after now is not plot."""
    frame, now = sheet.frame, sheet.model.now
    if now >= sheet.model.view.end:
        return
    left = max(frame.x_at(now), frame.left)
    ahead = blended(sheet.theme.color("plot"), sheet.theme.color("panel"), 0.7)
    for box in (*dict.fromkeys(sheet.layout.strips), *sheet.layout.lanes):
        sheet.painter.fillRect(QRectF(left, box.top, box.right - left, box.height), ahead)
    sheet.painter.setPen(cosmetic(sheet.theme.color("text.label"), (2.0, 3.0)))
    sheet.painter.drawLine(QLineF(left, frame.top, left, sheet.layout.all_foot))


def paint_time_axis(sheet: Sheet, ticks: list[Tick]) -> None:
    painter, theme, frame, foot = sheet.painter, sheet.theme, sheet.frame, sheet.layout.foot
    font, strong = theme.font("text.small"), theme.font("text.small.strong")
    metrics = metrics_of(font)
    first = foot.top + metrics.ascent() + 5 * theme.scale
    second = first + metrics.height() + 1
    painter.setPen(cosmetic(theme.color("pipe.minor"), None))
    painter.drawLine(QLineF(frame.left, foot.top + 0.5, frame.right, foot.top + 0.5))
    edge = -1e9
    for tick in ticks:
        x = frame.x_at(tick.at)
        painter.setPen(cosmetic(theme.color("pipe.minor"), None))
        painter.drawLine(QLineF(round(x) + 0.5, foot.top, round(x) + 0.5, foot.top + 4))
        width = metrics.horizontalAdvance(tick.text)
        left = min(max(x - width / 2, 2.0), frame.right + 60 * theme.scale - width)
        if left > edge + 10 * theme.scale:
            painter.setFont(font)
            painter.setPen(theme.color("text.label"))
            painter.drawText(QPointF(left, first), tick.text)
            edge = left + width
    _paint_days(painter, theme, frame, ticks, strong, second)


def _paint_days(
    painter: QPainter, theme: Theme, frame: Frame, ticks: list[Tick], font: object, y: float
) -> None:
    """The date under the first label of each day."""
    painter.setFont(font)  # type: ignore[arg-type]
    painter.setPen(theme.color("text.secondary"))
    metrics = metrics_of(font)  # type: ignore[arg-type]
    edge = -1e9
    for tick in (tick for tick in ticks if tick.day):
        width = metrics.horizontalAdvance(tick.day)
        x = min(max(frame.x_at(tick.at) - width / 2, 2.0), frame.right - width + 40 * theme.scale)
        if x > edge + 12 * theme.scale:
            painter.drawText(QPointF(x, y), tick.day)
            edge = x + width


def paint_limits(sheet: Sheet, pen: Pen, axis: Axis, frame: Frame) -> None:
    """Alarm limits of a pen: dashed, each with its mark, name and value."""
    painter, theme = sheet.painter, sheet.theme
    font = theme.font("text.small")
    metrics = metrics_of(font)
    for limit in pen.limits:
        y = frame.foot - axis.scale.place_one(limit.value) * frame.height
        if not frame.top - 1 <= y <= frame.foot + 1:
            continue
        y = round(y) + 0.5
        painter.setPen(cosmetic(theme.color("outline"), _LIMIT_DASH))
        painter.drawLine(QLineF(frame.left, y, frame.right, y))
        text = f"{limit.name}  {limit.value:g}"
        size = 14.0 * theme.scale
        above = y - metrics.height() > frame.top
        base = y - 4 if above else y + metrics.ascent() + 3
        painter.setFont(font)
        painter.setPen(theme.color("text.secondary"))
        painter.drawText(QPointF(frame.left + size + 12, base), text)
        draw_alarm_mark(
            painter,
            theme,
            limit.priority,
            QPointF(frame.left + size / 2 + 6, base - metrics.capHeight() / 2),
            size=size,
        )
