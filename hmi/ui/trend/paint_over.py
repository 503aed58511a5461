"""Paints what moves over the finished picture of a chart: cursors, the rubber band, a sentence."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from hmi.core.texts import tr
from hmi.ui.paint import metrics_of
from hmi.ui.theme import Theme
from hmi.ui.times import local_time
from hmi.ui.trend.layout import Layout
from hmi.ui.trend.look import cosmetic, on_color
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.paint_axes import Sheet
from hmi.ui.trend.ticks import offset_text, span_text

_BAND_ALPHA: Final = 26


def cursor_text(model: TrendModel, at: int) -> str:
    """As precise as the stretch of time in view; with the offset where the clock shows an hour twice."""
    local = local_time(at, model.zone)
    text = f"{local:%H:%M:%S}"
    if model.view.span < 600 * 1_000_000_000:
        text += f".{local.microsecond // 1000:03d}"
    if model.view.span > 86_400 * 1_000_000_000:
        text = f"{local.day} {local:%b} {text}"
    fold = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{text} {offset_text(local)}" if fold else text


def paint_cursors(sheet: Sheet) -> None:
    """Line, dots where the curves pass it, its time above; with two of them also what lies between."""
    model, frame = sheet.model, sheet.frame
    marks = [(name, at) for name, at in (("A", model.cursor_a), ("B", model.cursor_b)) if at is not None]
    if len(marks) == 2:
        _paint_between(sheet, *sorted(frame.x_at(at) for _, at in marks))
    for name, at in marks:
        x = frame.x_at(at)
        if frame.left - 1 <= x <= frame.right + 1:
            _paint_cursor(sheet, name, at, x)
    if len(marks) == 2:
        _paint_difference(sheet, marks[0][1], marks[1][1])


def _paint_between(sheet: Sheet, left: float, right: float) -> None:
    frame = sheet.frame
    color = QColor(sheet.theme.color("focus"))
    color.setAlpha(_BAND_ALPHA)
    a, b = max(left, frame.left), min(right, frame.right)
    if b > a:
        sheet.painter.fillRect(QRectF(a, frame.top, b - a, sheet.layout.all_foot - frame.top), color)


def _paint_cursor(sheet: Sheet, name: str, at: int, x: float) -> None:
    painter, theme, layout = sheet.painter, sheet.theme, sheet.layout
    line = theme.color("text")
    painter.setPen(cosmetic(line, None))
    x = round(x) + 0.5
    painter.drawLine(QLineF(x, layout.head.foot, x, layout.all_foot))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for index, axis in enumerate(sheet.model.axes):
        frame = layout.frame(sheet.model.view, index)
        for pen in axis.shown:
            value = pen.whole.drawn_at(at) if sheet.model.is_known(pen, at) else float("nan")
            y = frame.foot - axis.scale.place_one(value) * frame.height
            if frame.top <= y <= frame.foot:
                painter.setPen(QPen(theme.color("plot"), 1.5))
                painter.setBrush(pen.color)
                painter.drawEllipse(QPointF(x, y), 4.0, 4.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _paint_chip(
        painter, theme, f"{name}  {cursor_text(sheet.model, at)}", x, layout, layout.foot.top + 3, line
    )


def _paint_chip(
    painter: QPainter, theme: Theme, text: str, x: float, layout: Layout, top: float, fill: QColor
) -> None:
    font = theme.font("text.small.strong")
    metrics = metrics_of(font)
    width, height = metrics.horizontalAdvance(text) + 14 * theme.scale, metrics.height() + 4
    left = min(max(x - width / 2, layout.plot.left), layout.plot.right - width)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(QRectF(left, top, width, height), 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(font)
    painter.setPen(on_color(fill, theme))
    painter.drawText(QPointF(left + 7 * theme.scale, top + 2 + metrics.ascent()), text)


def _paint_difference(sheet: Sheet, a: int, b: int) -> None:
    frame = sheet.frame
    left, right = sorted(max(min(frame.x_at(one), frame.right), frame.left) for one in (a, b))
    text = f"Δ {span_text(abs(b - a))}"
    room = metrics_of(sheet.theme.font("text.small.strong")).horizontalAdvance(text)
    if right - left > room + 20:
        _paint_chip(
            sheet.painter, sheet.theme, text, (left + right) / 2, sheet.layout, sheet.layout.plot.top + 4,
            sheet.theme.color("focus"),
        )  # fmt: skip


def paint_band(sheet: Sheet, x1: float, x2: float) -> None:
    """The stretch that is being chosen."""
    left, right = sorted((x1, x2))
    frame = sheet.frame
    color = QColor(sheet.theme.color("focus"))
    box = QRectF(left, frame.top, right - left, sheet.layout.all_foot - frame.top)
    sheet.painter.setPen(cosmetic(color, None))
    color.setAlpha(46)
    sheet.painter.fillRect(box, color)
    sheet.painter.drawRect(box)
    text = span_text(round((right - left) * frame.ns_per_px))
    _paint_chip(
        sheet.painter, sheet.theme, text, (left + right) / 2, sheet.layout, frame.top + 6,
        sheet.theme.color("focus"),
    )  # fmt: skip


def paint_message(sheet: Sheet) -> None:
    """Why there is nothing (new) to see."""
    model, theme, painter = sheet.model, sheet.theme, sheet.painter
    plot = (
        sheet.layout.plot
        if sheet.layout.plot.height > 40
        else sheet.layout.lanes[0]
        if sheet.layout.lanes
        else sheet.layout.plot
    )
    place = QRectF(plot.left, plot.top, plot.width, plot.height)
    if not model.pens:
        painter.setFont(theme.font("text"))
        painter.setPen(theme.color("text.label"))
        painter.drawText(
            place, Qt.AlignmentFlag.AlignCenter, tr("Drag a value here, or choose a group of trends.")
        )
    elif model.problem:
        _paint_line(sheet, tr("The history cannot be read: {why}", why=model.problem), place)
    elif model.is_waiting:
        _paint_line(sheet, tr("Reading the history …"), place)
    elif hidden := [pen for pen in model.pens if pen.curve.problem]:
        _paint_line(sheet, f"{hidden[0].tag}: {hidden[0].curve.problem}", place)
    elif model.shows_markers and model.markers_since > model.view.start:
        when = cursor_text(model, model.markers_since)
        words = tr(
            "Alarms, commands and remarks may be missing before {time}: there are too many.", time=when
        )
        _paint_line(sheet, words, place)


def _paint_line(sheet: Sheet, text: str, place: QRectF) -> None:
    theme, painter = sheet.theme, sheet.painter
    font = theme.font("text.label")
    metrics = metrics_of(font)
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width() - 40)
    width, height = metrics.horizontalAdvance(cut) + 24, metrics.height() + 10
    box = QRectF(place.center().x() - width / 2, place.top() + 10, width, height)
    painter.setPen(cosmetic(theme.color("panel.edge"), None))
    painter.setBrush(theme.brush("tooltip"))
    painter.drawRoundedRect(box, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(font)
    painter.setPen(theme.color("text"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cut)


def paint_comparison(sheet: Sheet) -> None:
    """What the pale curves are."""
    model, theme = sheet.model, sheet.theme
    if not model.shift_ns:
        return
    font = theme.font("text.small")
    text = tr("Pale: {span} earlier", span=span_text(model.shift_ns))
    sheet.painter.setFont(font)
    sheet.painter.setPen(theme.color("text.secondary"))
    width = metrics_of(font).horizontalAdvance(text)
    at = QPointF(sheet.layout.plot.right - width - 8, sheet.layout.plot.top + metrics_of(font).ascent() + 6)
    sheet.painter.drawText(at, text)


def paint_drop(sheet: Sheet, name: str) -> None:
    """A value is held over the chart."""
    theme, painter, layout = sheet.theme, sheet.painter, sheet.layout
    box = QRectF(layout.plot.left, layout.plot.top, layout.plot.width, layout.all_foot - layout.plot.top)
    pen = QPen(theme.color("focus"), 2.0)
    painter.setPen(pen)
    painter.drawRect(box.adjusted(1, 1, -1, -1))
    _paint_line(sheet, tr("Add {name}", name=name), box)
