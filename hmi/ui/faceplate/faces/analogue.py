"""A measurement on its scale: pointer, normal band, alarm limits with their names and figures."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Gauge, Shown, beyond_mark, gauge, limits_of, scale_ends, show
from hmi.ui.faceplate.faces.base import (
    HEIGHT,
    Face,
    draw_doubt,
    draw_ends,
    draw_limit_names,
    limit_names,
    scale_text,
)
from hmi.ui.mimic.gauges import draw_beyond, draw_pointer, draw_scale
from hmi.ui.mimic.kit import Kit

_BODY = QRectF(54, 10, 18, HEIGHT - 26)
_NAMES = 100.0


class AnalogueLook(NamedTuple):
    gauge: Gauge
    shown: Shown
    ends: tuple[str, str]
    limits: tuple[tuple[float, str], ...]


class AnalogueFace(Face):
    """The main value of the object."""

    def look(self) -> AnalogueLook:
        reading = self.source.tag(self.source.content.main)
        low, high = scale_ends(reading)
        own = gauge(reading)
        names = limit_names(limits_of(reading.info), low, high)
        ends = scale_text(low, reading), scale_text(high, reading)
        return AnalogueLook(own, beyond_mark(show(reading), own.beyond), ends, names)

    def words(self) -> str:
        shown = self.look().shown
        return f"{shown.text} {shown.unit}".strip()

    def draw(self, painter: QPainter, kit: Kit, look: AnalogueLook) -> None:
        known = look.gauge.position is not None
        if known:
            draw_scale(painter, _BODY, look.gauge, kit)
        draw_doubt(painter, kit, _BODY, look.shown, mark=not known)
        if look.gauge.position is not None:
            draw_pointer(painter, _BODY, look.gauge.position, look.shown, kit)
            draw_beyond(painter, _BODY, look.gauge.beyond, kit)
        draw_ends(painter, kit, _BODY, *look.ends)
        draw_limit_names(painter, kit, _NAMES, _BODY.top(), _BODY.bottom(), look.limits)
