"""Paints a controller, compact or as a strip."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Element, Gauge, Shown
from hmi.ui.mimic.gauges import draw_beyond, draw_empty, draw_pointer, draw_scale, draw_setpoint
from hmi.ui.mimic.kit import RIGHT, Kit
from hmi.ui.paint import badge_width

_ROW, _FIRST = 32.0, 44.0  # pitch of the rows, baseline of the first
_NAME, _FIGURES, _MARKS = 26.0, 86.0, 66.0  # name, figures, unit and quality mark
_THIN = 10.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, value, setpoint, output, letter, mark, bars = look
    _head(painter, element, label, letter, mark, kit)
    if bars:
        _strip(painter, element, (value, setpoint._replace(unit=value.unit), output), bars, kit)
    else:
        _compact(painter, element, value, setpoint, output, kit)


def _head(painter: QPainter, element: Element, label: str, letter: str, mark: str, kit: Kit) -> None:
    """Name, mode letter, and the quality of the mode."""
    x, y = element.x, element.y
    badge = x + kit.text(painter, x, y + 12, label, font="text.label", color="text.label") + 14
    if letter:
        kit.badges(painter, badge, y + 7.5, ((letter, letter == "M"),))
        badge += 5 + badge_width(kit.theme, letter)
    if mark:
        kit.quality(painter, mark, badge, y + 7.5, stale=mark == "stale")


def _compact(
    painter: QPainter, element: Element, value: Shown, setpoint: Shown, output: Shown, kit: Kit
) -> None:
    x, y = element.x, element.y
    framed = bool(value.frame or value.alarm)
    kit.value(painter, x, y + (35 if framed else 34), value)
    y += 4 if framed else 0  # below the frame
    kit.text(painter, x, y + 52, "SP", font="text.label", color="text.label")
    kit.value(painter, x + 21, y + 52, setpoint, font="text.word", unit=False)
    at = x + max(82, 21 + kit.width("text.word", setpoint.text) + (34 if setpoint.mark else 14))
    kit.text(painter, at, y + 52, "OP", font="text.label", color="text.label")
    kit.value(painter, at + 23, y + 52, output, font="text.word")


def _strip(
    painter: QPainter,
    element: Element,
    figures: tuple[Shown, Shown, Shown],
    bars: tuple[Gauge, Gauge, Gauge],
    kit: Kit,
) -> None:
    """Three rows: name, figures, unit, bar."""
    left = element.x + _NAME + _FIGURES + _MARKS
    right = element.x + element.w
    for n, (name, shown, own) in enumerate(zip(("PV", "SP", "OP"), figures, bars, strict=True)):
        baseline = element.y + _FIRST + n * _ROW
        kit.text(painter, element.x, baseline, name, font="text.label", color="text.label")
        kit.value(
            painter, element.x + _NAME + _FIGURES, baseline, shown, font="value.small", align=RIGHT,
            mark_left=True,
        )  # fmt: skip
        height = 16.0 if n == 0 else _THIN
        body = QRectF(round(left), round(baseline - 5 - height / 2), round(right - left), height)
        if body.width() >= 20:
            _bar(painter, body, name, shown, own, kit)


def _bar(painter: QPainter, body: QRectF, name: str, shown: Shown, own: Gauge, kit: Kit) -> None:
    if own.position is None:
        draw_empty(painter, body, kit)
        return
    if name == "PV":
        draw_scale(painter, body, own, kit, lying=True)
        draw_setpoint(painter, body, own, kit, lying=True)
        draw_pointer(painter, body, own.position, shown, kit, lying=True)
    else:
        kit.box(painter, body.x(), body.y(), body.width(), body.height(), "fill.mark", "pipe.minor")
        width = own.position * (body.width() - 2)
        if width >= 1:
            kit.fill(painter, body.x() + 1, body.y() + 1, width, body.height() - 2, shown.role)
    draw_beyond(painter, body, own.beyond, kit, lying=True)
