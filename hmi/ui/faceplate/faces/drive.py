"""A drive as it looks on displays, larger, with its speed on a scale."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from hmi.mimics import Equipment, Gauge, Shown, gauge, show
from hmi.ui.faceplate.faces.base import WIDTH, Face, draw_doubt, draw_word
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks
from hmi.ui.mimic.gauges import draw_pointer, draw_scale
from hmi.ui.mimic.kit import LEFT, RIGHT, Kit
from hmi.ui.theme import Theme

_SYMBOL: Final = QRectF(40, 16, 72, 72)
_BAR: Final = QRectF(16, 138, WIDTH - 32, 14)
_WORD: Final = 112.0


class DriveLook(NamedTuple):
    state: Equipment
    speed: Gauge | None
    shown: Shown | None
    ends: tuple[str, str]


class DriveFace(Face):
    """State, badges and alarm mark are those of the symbol on a display."""

    def look(self) -> DriveLook:
        speed = self.source.signal("speed", "stroke")
        ends = _ends(speed.info.low, speed.info.high, speed.info.unit) if speed and speed.info else ("", "")
        return DriveLook(
            self.source.state("RUN", "STOP"),
            gauge(speed) if speed is not None else None,
            show(speed) if speed is not None else None,
            ends,
        )

    def words(self) -> str:
        look = self.look()
        return f"{look.state.word} {look.shown.text if look.shown else ''}".strip()

    def draw(self, painter: QPainter, kit: Kit, look: DriveLook) -> None:
        def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
            _symbol(inner, theme, place, look.state.fill, self.source.content.symbol)

        kit.symbol(painter, ("face", self.source.content.symbol, look.state.fill), _SYMBOL, draw)
        draw_state_marks(painter, kit, _SYMBOL, look.state)
        draw_word(painter, kit, WIDTH / 2, _WORD, f"{look.state.word} {look.state.figure}".strip())
        if look.speed is not None and look.shown is not None:
            draw_lying(painter, kit, _BAR, look.speed, look.shown, look.ends)


def _symbol(painter: QPainter, theme: Theme, box: QRectF, fill: str, symbol: str) -> None:
    """The symbol of the type; a motor for a drive that has none of its own."""
    if symbol in {"pump", "doser", "dosing"}:
        symbols.pump(painter, theme, box, fill, "centrifugal" if symbol == "pump" else "dosing")
    elif symbol in {"blower", "fan", "compressor"}:
        symbols.blower(painter, theme, box, fill, symbol)
    else:
        symbols.motor(painter, theme, box, fill)


def _ends(low: float | None, high: float | None, unit: str) -> tuple[str, str]:
    if low is None or high is None:
        return "0", "100"
    return f"{low:g}", f"{high:g} {unit}".strip()


def draw_lying(
    painter: QPainter, kit: Kit, body: QRectF, own: Gauge, shown: Shown, ends: tuple[str, str]
) -> None:
    """A scale with its pointer and the figures of its ends; empty while the value is not known."""
    if own.position is not None:
        draw_scale(painter, body, own, kit, lying=True)
    draw_doubt(painter, kit, body, shown, mark=own.position is None)
    if own.position is not None:
        draw_pointer(painter, body, own.position, shown, kit, lying=True)
    y = body.bottom() + 24
    kit.text(painter, body.left(), y, ends[0], font="text.small", color="text.label", align=LEFT)
    kit.text(painter, body.right(), y, ends[1], font="text.small", color="text.label", align=RIGHT)
