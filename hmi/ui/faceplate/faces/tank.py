"""A vessel with its level, normal band and limits at their height, and its level switches."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from hmi.mimics import Gauge, Reading, Shown, gauge, limits_of, scale_ends, show
from hmi.ui.faceplate.faces.base import (
    Face,
    band_shares,
    draw_doubt,
    draw_ends,
    draw_limit_names,
    limit_names,
    scale_text,
)
from hmi.ui.mimic.kit import CENTER, Kit
from hmi.ui.mimic.symbols import polygon
from hmi.ui.mimic.vessels import draw_limits, draw_unknown_vessel, draw_water
from hmi.ui.paint import draw_frame

_VESSEL: Final = QRectF(34, 8, 58, 160)
_BAND: Final = 4.0
_SWITCHES: Final = {"high": 0.93, "low": 0.07}


class TankLook(NamedTuple):
    gauge: Gauge
    shown: Shown
    band: tuple[float, float] | None
    ends: tuple[str, str]
    limits: tuple[tuple[float, str], ...]
    switches: tuple[tuple[str, bool | None], ...]


class TankFace(Face):
    """The level is the main value; a level that is not known leaves the vessel empty and dashed."""

    def look(self) -> TankLook:
        reading = self.source.signal("pv", "level") or self.source.tag(self.source.content.main)
        low, high = scale_ends(reading)
        switches = [
            (name, _made(switch)) for name in _SWITCHES if (switch := self.source.signal(name)) is not None
        ]
        ends = scale_text(low, reading), scale_text(high, reading)
        names = limit_names(limits_of(reading.info), low, high)
        return TankLook(
            gauge(reading), show(reading), band_shares(reading, low, high), ends, names, tuple(switches)
        )

    def words(self) -> str:
        shown = self.look().shown
        return f"{shown.text} {shown.unit}".strip()

    def draw(self, painter: QPainter, kit: Kit, look: TankLook) -> None:
        box, position = _VESSEL, look.gauge.position
        if position is None:
            corners = (box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft())
            draw_unknown_vessel(painter, kit, polygon(*((p.x(), p.y()) for p in corners)))
        else:
            draw_water(painter, kit, box, position)
            _draw_band(painter, kit, box, look.band)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(kit.theme.pen("outline.body", 2.0))
            painter.drawRect(box)
        draw_limits(painter, kit, box, tuple(share for share, _ in look.limits))
        draw_ends(painter, kit, box, *look.ends)
        draw_limit_names(painter, kit, box.right() + 8, box.top(), box.bottom(), look.limits)
        for name, made in look.switches:
            _draw_switch(painter, kit, box, _SWITCHES[name], made)
        _draw_level(painter, kit, box, look.shown)


def _made(switch: Reading) -> bool | None:
    """Whether a switch has tripped; None while that is not known."""
    return None if switch.current is None else switch.truth


def _draw_band(painter: QPainter, kit: Kit, box: QRectF, band: tuple[float, float] | None) -> None:
    """The normal band along the left wall."""
    if band is not None:
        top, foot = (box.bottom() - share * box.height() for share in (band[1], band[0]))
        kit.fill(painter, box.left() + 1, top, _BAND, foot - top, "band.bar")


def _draw_switch(painter: QPainter, kit: Kit, box: QRectF, share: float, made: bool | None) -> None:
    """A switch in the left wall: filled when it has tripped, hollow when not, dashed when it is not known."""
    at = QPointF(box.left(), box.bottom() - share * box.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(kit.theme.pen("text.secondary" if made is None else "outline", 1.4, dashed=made is None))
    painter.setBrush(kit.theme.brush("outline" if made else "panel"))
    painter.drawEllipse(at, 4.5, 4.5)
    painter.restore()


def _draw_level(painter: QPainter, kit: Kit, box: QRectF, shown: Shown) -> None:
    if shown.frame == "dashed":
        draw_doubt(painter, kit, QRectF(box.center().x(), box.center().y(), 0, 0), shown._replace(frame=""))
        kit.text(painter, box.center().x(), box.center().y() + 28, shown.text, font="value", align=CENTER,
                 color="text.secondary")  # fmt: skip
        return
    if shown.frame == "dotted":
        draw_frame(painter, kit.theme, "dotted", box.adjusted(-3, -3, 3, 3))
    unit = f" {shown.unit}" if shown.unit and len(shown.unit) < 3 else ""
    kit.text(painter, box.center().x(), box.bottom() - 14, f"{shown.text.strip()}{unit}", font="value",
             color=shown.role, align=CENTER)  # fmt: skip
