"""Paints a dosing skid."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from hmi.mimics import Element, Shown
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks, draw_texts_below
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.vessels import draw_limits, draw_unknown_vessel, draw_water
from hmi.ui.theme import Theme

_PUMP: Final = 34.0


def dynamic(painter: QPainter, element: Element, look: tuple[Any, ...], kit: Kit) -> None:
    label, state, level, share, limits, dose, setpoint, discharge = look
    tank = QRectF(element.x, element.y, round(element.w * 0.36), element.h)
    body = QRectF(tank.right() + 32, tank.bottom() - _PUMP - 28, _PUMP, _PUMP)
    _lines(painter, element, tank, body, discharge, kit)
    _tank(painter, tank, share, limits, kit)
    chemical = kit.fitted("text.word", element.get("chemical"), tank.width() - 8)
    kit.text(
        painter, tank.center().x(), tank.y() + 19, chemical, font="text.word", color="text", align=CENTER
    )
    inside = _narrow(level, tank.width() - 4, kit)
    x, y = tank.center().x(), tank.bottom() - 14
    kit.value(painter, x, y, inside, font="value.small", align=CENTER, unit=False, corner=True)

    def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
        symbols.pump(inner, theme, place, state.fill, "dosing")

    kit.symbol(painter, ("pump", "dosing", state.fill), body, draw)
    draw_texts_below(painter, kit, body, label, state)
    draw_state_marks(painter, kit, body, state)
    _dose(painter, tank.right() + 14, element.y, (element.get("dose_label"), dose, setpoint), kit)


def _narrow(level: Shown, room: float, kit: Kit) -> Shown:
    """The unit close behind the figures, where both fit between the walls."""
    text = f"{level.text} {level.unit}"
    frame = 14.0 if level.frame or level.alarm else 0.0
    fits = level.unit and level.frame != "dashed" and kit.width("value.small", text) + frame <= room
    return level._replace(text=text) if fits else level


def _lines(painter: QPainter, element: Element, tank: QRectF, body: QRectF, discharge: str, kit: Kit) -> None:
    """Suction from the tank and discharge to the right edge, with its arrow in the style ``discharge``."""
    y = body.center().y()
    kit.fill(painter, tank.right(), y - 1, body.left() - tank.right() + 1, 2, "pipe.minor")
    end = max(element.x + element.w, body.right() + 14)
    kit.fill(painter, body.right() - 1, y - 1, end - body.right(), 2, "pipe.minor")
    at = QPointF(end - 4, y)
    symbols.flow_arrow(painter, kit.theme, at, 0, role="pipe.minor", reach=6, style=discharge)


def _tank(
    painter: QPainter, tank: QRectF, share: float | None, limits: tuple[float | None, ...], kit: Kit
) -> None:
    if share is None:
        path = QPainterPath()
        path.addRect(tank)
        draw_unknown_vessel(painter, kit, path)
        return
    draw_water(painter, kit, tank, share)
    draw_limits(painter, kit, tank, limits)
    painter.setPen(kit.theme.pen("outline.body", 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(tank)


def _dose(painter: QPainter, x: float, y: float, dose: tuple[str, Shown, Shown | None], kit: Kit) -> None:
    label, value, setpoint = dose
    if label:
        kit.text(painter, x, y + 10, label, font="text.label", color="text.label")
    kit.value(painter, x, y + (33 if label else 16), value)
    if setpoint is not None:
        at = y + (54 if label else 37)
        width = kit.text(painter, x, at, "SP", font="text.label", color="text.label")
        kit.value(painter, x + width + 6, at, setpoint, font="text.word", unit=False)
