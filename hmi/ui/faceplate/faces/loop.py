"""A controller station: process value and set point side by side on one scale, the output on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.core.texts import tr
from hmi.mimics import NO_VALUE, Gauge, Reading, Shown, format_value, gauge, scale_ends, show
from hmi.ui.faceplate.faces.base import Face, draw_doubt, draw_ends, scale_text
from hmi.ui.mimic.gauges import draw_beyond, draw_scale
from hmi.ui.mimic.kit import CENTER, Kit

_TOP, _FOOT, _NAMES, _DEVIATION = 8.0, 142.0, 158.0, 178.0
# left and width of each bar
_PLACES: Final[Mapping[str, tuple[float, float]]] = {
    "PV": (40.0, 22.0),
    "SP": (70.0, 16.0),
    "OP": (104.0, 18.0),
}
_PERCENT: Final = (0.0, 100.0)
_INSET: Final = 5.0


class Bar(NamedTuple):
    """One of the three bars."""

    name: str
    gauge: Gauge
    shown: Shown


class LoopLook(NamedTuple):
    bars: tuple[Bar, ...]
    ends: tuple[str, str]
    output_ends: tuple[str, str]
    deviation: str


class LoopFace(Face):
    """PV with normal band and alarm limits, SP, OP; below them how far PV is from SP."""

    def look(self) -> LoopLook:
        pv, sp, op = (self.source.signal(*names) for names in (("pv",), ("sp",), ("op", "out")))
        low, high = scale_ends(pv) if pv is not None else _PERCENT
        least, most = scale_ends(op) if op is not None and op.info and op.info.low is not None else _PERCENT
        bars = [
            Bar(name, gauge(reading, low=ends[0], high=ends[1], limits=limits), show(reading, role=role))
            for name, reading, ends, limits, role in (
                ("PV", pv, (low, high), None, "value"),
                ("SP", sp, (low, high), (), "setpoint"),
                ("OP", op, (least, most), (), "value"),
            )
            if reading is not None
        ]
        ends = (scale_text(low, pv), scale_text(high, pv)) if pv is not None else ("", "")
        output = (f"{least:g}", f"{most:g}") if op is not None else ("", "")
        return LoopLook(tuple(bars), ends, output, _deviation(pv, sp))

    def words(self) -> str:
        look = self.look()
        return ", ".join([*(f"{bar.name} {bar.shown.text}" for bar in look.bars), look.deviation])

    def draw(self, painter: QPainter, kit: Kit, look: LoopLook) -> None:
        for bar in look.bars:
            left, width = _PLACES[bar.name]
            body = QRectF(left, _TOP, width, _FOOT - _TOP)
            _draw_bar(painter, kit, body, bar)
            kit.text(painter, body.center().x(), _NAMES, bar.name, font="text.word", align=CENTER)
            if bar.name == "PV":
                draw_ends(painter, kit, body, *look.ends)
            elif bar.name == "OP":
                draw_ends(painter, kit, body, *look.output_ends, left=False)
        kit.text(painter, 76, _DEVIATION, look.deviation, font="text.small", color="text.label", align=CENTER)


def _draw_bar(painter: QPainter, kit: Kit, body: QRectF, bar: Bar) -> None:
    if bar.gauge.position is not None:
        draw_scale(painter, body, bar.gauge, kit)
        inset = _INSET if bar.name == "PV" else 1.0
        height = bar.gauge.position * (body.height() - 2)
        if height >= 1:
            left, width = body.left() + inset, body.width() - 2 * inset
            kit.fill(painter, left, body.bottom() - 1 - height, width, height, bar.shown.role)
        if bar.name == "PV":
            draw_beyond(painter, body, bar.gauge.beyond, kit)
    draw_doubt(painter, kit, body, bar.shown, mark=bar.gauge.position is None)


def _deviation(pv: Reading | None, sp: Reading | None) -> str:
    """PV less SP, only while both are what holds now."""
    if pv is None or sp is None:
        return ""
    if pv.current is None or sp.current is None:
        return tr("Deviation {value}", value=NO_VALUE)
    apart = pv.current - sp.current
    sign = "+" if apart > 0 else ""
    unit = pv.info.unit if pv.info else ""
    return tr("Deviation {value}", value=f"{sign}{format_value(apart, pv.info).strip()} {unit}".strip())
