"""Paints states as bands with words below the curves, and what happened above them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF

from hmi.core.texts import tr
from hmi.mimics import NO_VALUE, format_value, show
from hmi.ui.labels import short_tag
from hmi.ui.paint import draw_alarm_mark, draw_quality_mark, metrics_of
from hmi.ui.theme import Theme
from hmi.ui.trend.curve import is_doubtful, is_gap
from hmi.ui.trend.layout import Box
from hmi.ui.trend.look import badge_size, blended, cosmetic, draw_pen_badge
from hmi.ui.trend.markers import Marker, grouped
from hmi.ui.trend.paint_axes import Sheet, paint_bad_band
from hmi.ui.trend.pens import Pen
from hmi.ui.trend.strokes import Frame, by_pixel

STRENGTH: Final = (0.10, 0.46, 0.24, 0.62, 0.34, 0.76)
"""How much of its colour the band of a pen has, by the number of the state."""
APART: Final = 15.0
_WORDS_FROM: Final = 20.0


class Segment(NamedTuple):
    """A stretch of pixels with one state; ``state`` None where several follow each other in one pixel."""

    left: float
    right: float
    state: int | None
    kind: str
    """known, doubtful, bad or gap."""


def segments(pen: Pen, frame: Frame, until: int) -> Iterator[Segment]:
    """Neighbours with the same state are one."""
    rows = by_pixel(pen.whole, frame)
    if not len(rows):
        return
    ends = np.concatenate((rows.times[1:], [max(until, int(rows.times[-1]))]))
    left = np.clip(frame.x_of(rows.times), frame.left, frame.right).tolist()
    right = np.clip(frame.x_of(ends), frame.left, frame.right).tolist()
    gap, doubt = is_gap(rows.statuses), is_doubtful(rows.statuses)
    held: Segment | None = None
    for n in range(len(rows)):
        low, high, last = rows.low[n], rows.high[n], rows.last[n]
        has_state = bool(np.isfinite(last))
        kind = "doubtful" if doubt[n] else "known" if has_state else "gap" if gap[n] else "bad"
        state = int(last) if has_state else None
        if low < high and not rows.is_exact:
            first = min(left[n] + 1.0, right[n])
            yield from (one for one in (held, Segment(left[n], first, None, kind)) if one)
            held = Segment(first, right[n], state, kind)
        elif held is not None and held.state == state and held.kind == kind:
            held = held._replace(right=right[n])
        else:
            yield from (one for one in (held,) if one)
            held = Segment(left[n], right[n], state, kind)
    if held is not None:
        yield held


def paint_lanes(sheet: Sheet) -> None:
    for pen, box in zip(sheet.model.lanes, sheet.layout.lanes, strict=False):
        sheet.painter.fillRect(QRectF(box.left, box.top, box.width, box.height), sheet.theme.color("plot"))
        right = min(box.right, sheet.frame.x_at(sheet.model.now))
        sheet.painter.setClipRect(QRectF(box.left, box.top, max(right - box.left, 0.0), box.height))
        _paint_lane(sheet, pen, box)
        sheet.painter.setClipping(False)
        _paint_name(sheet, pen, box)
        _paint_state(sheet, pen, box)


def _paint_lane(sheet: Sheet, pen: Pen, box: Box) -> None:
    painter, theme, model = sheet.painter, sheet.theme, sheet.model
    view = model.view
    frame = Frame(view.start, view.end, box.left, box.top, box.width, box.height)
    font = theme.font("text.small")
    metrics = metrics_of(font)
    painter.setFont(font)
    order = {number: n for n, number in enumerate(sorted(pen.info.states))} or {0: 0, 1: 1}
    for one in segments(pen, frame, min(model.known_until(pen), view.end)):
        width = one.right - one.left
        if width <= 0 or one.kind == "gap":
            continue
        place = QRectF(one.left, box.top, max(width, 1.0), box.height)
        if one.kind == "bad":
            paint_bad_band(painter, theme, place)
            continue
        share = STRENGTH[order.get(one.state, 1) % len(STRENGTH)] if one.state is not None else 0.9
        fill = blended(theme.color("plot"), pen.color, share)
        painter.fillRect(place, fill)
        if one.kind == "doubtful":
            painter.fillRect(place, QBrush(theme.color("plot"), Qt.BrushStyle.Dense6Pattern))
        edge = place.top() if one.state else place.bottom() - 2
        painter.fillRect(QRectF(one.left, edge, max(width, 1.0), 2), pen.color)
        words = state_text(pen, one.state)
        room = width - 10
        if words and room > _WORDS_FROM and metrics.horizontalAdvance(words[:3]) < room:
            cut = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(one.left + 6, place.center().y() + metrics.capHeight() / 2), cut)


def state_text(pen: Pen, state: int | None) -> str:
    """The word of a state."""
    if state is None:
        return ""
    return format_value(bool(state) if pen.info.type == "bool" and not pen.info.states else state, pen.info)


def _paint_name(sheet: Sheet, pen: Pen, box: Box) -> None:
    painter, theme = sheet.painter, sheet.theme
    width, _ = badge_size(theme, pen.number)
    middle = box.top + box.height / 2
    font = theme.font("text.small.strong" if pen is sheet.model.pen else "text.small")
    metrics = metrics_of(font)
    right = box.left - 8 * theme.scale
    text = metrics.elidedText(lane_name(pen), Qt.TextElideMode.ElideMiddle, right - width - 8 * theme.scale)
    painter.setFont(font)
    painter.setPen(theme.color("text.secondary"))
    left = right - metrics.horizontalAdvance(text)
    painter.drawText(QPointF(left, middle + metrics.capHeight() / 2), text)
    draw_pen_badge(painter, theme, pen.number, pen.color, QPointF(left - width / 2 - 5 * theme.scale, middle))


def lane_name(pen: Pen) -> str:
    """Equipment and signal."""
    short = short_tag(pen.tag)
    signal = pen.info.signal.replace("_", " ")
    return f"{short} {signal}" if signal and signal not in short else short


def _paint_state(sheet: Sheet, pen: Pen, box: Box) -> None:
    """The state at the right edge in words."""
    painter, theme, model = sheet.painter, sheet.theme, sheet.model
    mark = ""
    if model.is_live:
        shown = show(model.station.reading(pen.tag))
        text, mark, known = shown.text.strip(), shown.mark, not shown.frame
    else:
        edge = min(model.view.end, model.now)
        held = pen.whole.at(edge)
        known = held is not None and held[0] == held[0] and model.is_known(pen, edge)
        text = state_text(pen, int(held[0])) if held is not None and known else NO_VALUE
    font = theme.font("text.small.strong")
    metrics = metrics_of(font)
    painter.setFont(font)
    painter.setPen(theme.color("text" if known else "text.secondary"))
    x, y = box.right + 8 * theme.scale, box.top + box.height / 2
    painter.drawText(QPointF(x, y + metrics.capHeight() / 2), text)
    if mark:
        draw_quality_mark(painter, theme, mark, QPointF(x + metrics.horizontalAdvance(text), y))


# what happened


class Placed(NamedTuple):
    """Markers that stand together at one place of the head."""

    x: float
    markers: tuple[Marker, ...]


def placed_markers(sheet: Sheet) -> list[Placed]:
    model, frame = sheet.model, sheet.frame
    if not model.shows_markers:
        return []
    start, end = model.view.start, min(model.view.end, model.now)
    seen = [one for one in model.markers if start <= one.at <= end and one.kind != "return"]
    seen.sort(key=lambda one: one.at)
    xs = [frame.x_at(one.at) for one in seen]
    groups = grouped(seen, xs, APART * sheet.theme.scale)
    return [Placed(xs[group[0]], tuple(seen[n] for n in group)) for group in groups]


def paint_markers(sheet: Sheet, placed: list[Placed]) -> None:
    """Above the plot: the worst of each group, with a hair line down through the curves."""
    painter, theme, layout = sheet.painter, sheet.theme, sheet.layout
    y = layout.head.top + layout.head.height / 2 - 1
    hair = blended(theme.color("plot"), theme.color("text.label"), 0.55)
    for one in placed:
        x = round(one.x) + 0.5
        painter.setPen(cosmetic(hair, (1.0, 3.0)))
        painter.drawLine(QLineF(x, layout.head.foot, x, layout.all_foot))
        paint_marker(painter, theme, QPointF(x, y), worst_of(one.markers))
        if len(one.markers) > 1:
            font = theme.font("text.small")
            painter.setFont(font)
            painter.setPen(theme.color("text.label"))
            painter.drawText(
                QPointF(x + 9 * theme.scale, y + metrics_of(font).capHeight() / 2),
                tr("×{n}", n=len(one.markers)),
            )


_ORDER: Final = ("alarm", "annotation", "command", "note", "return")


def worst_of(markers: tuple[Marker, ...]) -> Marker:
    return min(markers, key=lambda one: (_ORDER.index(one.kind), one.priority or 9))


def paint_marker(painter: QPainter, theme: Theme, at: QPointF, marker: Marker) -> None:
    """An alarm has its own mark; commands are a pointer, notes and annotations a sheet of paper."""
    size = 14.0 * theme.scale
    if marker.kind == "alarm" and marker.priority:
        draw_alarm_mark(painter, theme, marker.priority, at, size=size)
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("outline.body"), 1.2))
    painter.setBrush(theme.color("field") if marker.kind != "command" else theme.color("setpoint"))
    half = size / 2 - 1
    if marker.kind == "command":
        corners = [QPointF(-half, -half * 0.7), QPointF(half, 0), QPointF(-half, half * 0.7)]
        painter.drawPolygon(QPolygonF([at + corner for corner in corners]))
    else:
        _paint_paper(painter, at, half, folded=marker.kind == "annotation")
    painter.restore()


def _paint_paper(painter: QPainter, at: QPointF, half: float, *, folded: bool) -> None:
    painter.drawRect(QRectF(at.x() - half * 0.8, at.y() - half, half * 1.6, half * 2))
    lines = (-0.4, 0.05, 0.5) if folded else (-0.2, 0.3)
    for share in lines:
        y = at.y() + share * half
        painter.drawLine(QLineF(at.x() - half * 0.45, y, at.x() + half * 0.45, y))
