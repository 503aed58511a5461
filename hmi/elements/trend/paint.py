"""Paints an embedded trend."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.elements.trend.definition import spans
from hmi.mimics import Curve, Element, Shown, default_format
from hmi.ui.mimic.curves import (
    Stretch,
    draw_band,
    draw_dot,
    draw_level,
    draw_past,
    last_point,
    y_of,
)
from hmi.ui.mimic.kit import CENTER, RIGHT, SIGNS, Kit

_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 34, 104, 26


def plot(element: Element) -> QRectF:
    return QRectF(element.x + _LEFT, element.y + _TOP, element.w - _LEFT - _RIGHT, element.h - _TOP - _BOTTOM)


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    kit.box(painter, element.x, element.y, element.w, element.h, "panel", "panel.edge")
    x = element.x + 14
    x += kit.text(painter, x, element.y + 21, element.get("title"), font="text.strong") + 8
    kit.text(painter, x, element.y + 21, element.get("caption"), font="text", color="text.label")
    box = plot(element)
    painter.fillRect(box, kit.theme.color("plot"))


def _choice(painter: QPainter, element: Element, minutes: int, seen: int, kit: Kit) -> None:
    """The spans that can be chosen; that of the time axis is underlined."""
    for spot in spans(element, minutes):
        x, chosen = spot.x + spot.w / 2, spot.minutes == seen
        text = f"{spot.minutes // 60} h" if spot.minutes % 60 == 0 else f"{spot.minutes} min"
        width = kit.text(
            painter, x, spot.y + 17, text, align=CENTER,
            font="text.small.strong" if chosen else "text.small", color="text" if chosen else "text.label",
        )  # fmt: skip
        if chosen:
            kit.fill(painter, x - width / 2, spot.y + 20, width, 2, "text.secondary")


def _time_axis(painter: QPainter, curve: Curve, box: QRectF, kit: Kit) -> None:
    for share, text in _ticks(round(curve.minutes), "now" if curve.is_live else "0"):
        at = box.left() + share * box.width()
        kit.text(painter, at, box.bottom() + 17, text, font="text.small", color="text.label", align=CENTER)


def _ticks(minutes: int, end: str) -> list[tuple[float, str]]:
    """Four equal parts of the span, in hours where they are whole; ``end`` is the word for its end."""
    ticks = []
    for part in range(4):
        back = minutes * (4 - part) / 4
        text = f"−{back / 60:g} h" if back % 30 == 0 and back >= 60 else _minutes(back)
        ticks.append((part / 4, text))
    return [*ticks, (1.0, end)]


def _minutes(back: float) -> str:
    return f"−{back:g} min" if back == int(back) else f"−{int(back)}:{round(back % 1 * 60):02d} min"


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    shown, curve, minutes = look
    box = plot(element)
    _choice(painter, element, minutes, round(curve.minutes), kit)
    _time_axis(painter, curve, box, kit)
    draw_band(painter, curve, box, kit)
    for part in range(4):
        kit.fill(painter, round(box.left() + part * box.width() / 4), box.top(), 1, box.height(), "grid")
    _scale(painter, curve, box, kit)
    _limits(painter, curve, box, kit)
    lines = draw_past(painter, curve, box, kit, width=1.7, limit_width=2.0)
    _end(painter, box, shown, lines, kit)


def _scale(painter: QPainter, curve: Curve, box: QRectF, kit: Kit) -> None:
    """Ends of the scale and of the band, left out where two would touch."""
    values = [curve.low, curve.high, *(curve.band or ())]
    taken: list[float] = []
    form = default_format(max(abs(curve.low), abs(curve.high)))
    for value in values:
        y = y_of(curve, box, value)
        if any(abs(y - other) < 15 for other in taken):
            continue
        taken.append(y)
        text = format(value, form)
        text = text.rstrip("0").rstrip(".") if "." in text else text
        kit.text(
            painter,
            box.left() - 7,
            y + 4.5,
            text.replace("-", "−"),
            font="text.small",
            color="text.label",
            align=RIGHT,
        )


def _label_place(box: QRectF, y: float, taken: list[float]) -> tuple[float, float]:
    """Above the line, below it near the upper edge, further right when another label stands there."""
    baseline = y + 13 if y - 14 < box.top() else y - 4
    near = sum(abs(y - other) < 16 for other in taken)
    return box.left() + 5 + 40 * near, baseline


def _limits(painter: QPainter, curve: Curve, box: QRectF, kit: Kit) -> None:
    taken: list[float] = []
    for limit in curve.shown_limits:
        y = draw_level(painter, curve, box, limit.value, kit, dotted=False)
        x, baseline = _label_place(box, y, taken)
        taken.append(y)
        kit.text(painter, x, baseline, limit.name, font="text.small", color="text")  # over the band
    if curve.setpoint is not None and curve.low <= curve.setpoint <= curve.high:
        draw_level(painter, curve, box, curve.setpoint, kit, dotted=True)


def _end(painter: QPainter, box: QRectF, shown: Shown, lines: list[Stretch], kit: Kit) -> None:
    end = last_point(lines, box)
    y = min(max(end.y() if end else box.center().y(), box.top() + 14), box.bottom() - 18)
    if end is not None and shown.frame != "dashed":
        color = kit.theme.alarm(shown.alarm) if shown.alarm else kit.theme.color(shown.role)
        draw_dot(painter, end, color, 3.5)
    x = box.right() + 15
    if shown.text[:1] in SIGNS:
        x += kit.width("value", shown.text[0]) - 6
    kit.value(painter, x, y + 7, shown, font="value", unit=False)
    below = 30 if shown.alarm or shown.frame else 25
    kit.text(painter, x, y + below, shown.unit, font="text.small", color="text.label")
