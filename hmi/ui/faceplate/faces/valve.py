"""A valve as it looks on displays, larger, with its position on a scale and its limit switches."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from hmi.core.texts import tr
from hmi.mimics import DRIVE_SIGNALS, Equipment, Gauge, Reading, Shown, gauge, show
from hmi.ui.faceplate.faces.base import WIDTH, Face, draw_word
from hmi.ui.faceplate.faces.drive import draw_lying
from hmi.ui.mimic import symbols
from hmi.ui.mimic.drives import draw_state_marks
from hmi.ui.mimic.kit import Kit
from hmi.ui.theme import Theme

_BODY: Final = QRectF(44, 26, 64, 40)
_ROOM: Final = 26.0
_BAR: Final = QRectF(16, 96, WIDTH - 32, 12)
_WORD: Final = 86.0
_SWITCHES: Final = 150.0  # first row
_ROW, _BOX = 22.0, 13.0
_OPENED: Final = DRIVE_SIGNALS["opened"]
_CLOSED: Final = DRIVE_SIGNALS["closed"]


class Switch(NamedTuple):
    """A limit switch: ``made`` None while it is not known, ``mark`` then says why."""

    name: str
    made: bool | None
    mark: str


class ValveLook(NamedTuple):
    state: Equipment
    position: Gauge | None
    shown: Shown | None
    switches: tuple[Switch, ...]


class ValveFace(Face):
    """State, badges and alarm mark are those of the symbol on a display."""

    TOLD = frozenset((*_OPENED, *_CLOSED))

    def look(self) -> ValveLook:
        position = self.source.signal("position", "speed")
        opened, closed = self.source.signal(*_OPENED), self.source.signal(*_CLOSED)
        switches = [
            _switch(name, reading)
            for name, reading in ((tr("Open"), opened), (tr("Closed"), closed))
            if reading is not None
        ]
        return ValveLook(
            self.source.state("OPEN", "CLSD"),
            gauge(position) if position is not None else None,
            show(position) if position is not None else None,
            tuple(switches),
        )

    def words(self) -> str:
        look = self.look()
        made = [f"{s.name}: {_words(s)}" for s in look.switches]
        return ", ".join([look.state.word, *made])

    def draw(self, painter: QPainter, kit: Kit, look: ValveLook) -> None:
        driven = self.source.content.symbol == "control_valve"

        def draw(inner: QPainter, theme: Theme, place: QRectF) -> None:
            box = place.adjusted(_ROOM, _ROOM, -_ROOM, -_ROOM)
            if driven:
                symbols.diaphragm(inner, theme, box.center(), "horizontal")
            symbols.fill_shape(inner, theme, symbols.bow(box, "horizontal"), look.state.fill, width=1.8)

        place = _BODY.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)
        kit.symbol(painter, ("face valve", driven, look.state.fill), place, draw)
        draw_state_marks(painter, kit, _BODY.adjusted(-3, -8, 3, 4), look.state)
        draw_word(painter, kit, WIDTH / 2, _WORD, f"{look.state.word} {look.state.figure}".strip())
        if look.position is not None and look.shown is not None:
            draw_lying(painter, kit, _BAR, look.position, look.shown, ("0", "100 %"))
        for n, switch in enumerate(look.switches):
            _draw_switch(painter, kit, _SWITCHES + n * _ROW, switch)


def _switch(name: str, reading: Reading) -> Switch:
    shown = show(reading)
    made = None if reading.current is None else reading.truth
    return Switch(name, made, shown.mark if made is None else "")


def _words(switch: Switch) -> str:
    if switch.made is None:
        return tr("not known")
    return tr("made") if switch.made else tr("not made")


def _draw_switch(painter: QPainter, kit: Kit, y: float, switch: Switch) -> None:
    """A contact: filled when it is made, hollow when not, dashed with its cause when it is not known."""
    box = QRectF(4, y - 11, _BOX, _BOX)
    if switch.made is None:
        kit.dashed_box(painter, box.x(), box.y(), box.width(), box.height())
    else:
        painter.setPen(kit.theme.pen("outline", 1.4))
        painter.setBrush(kit.theme.brush("outline") if switch.made else Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
    x = box.right() + 8
    x += kit.text(painter, x, y, switch.name, font="text.label", color="text") + 6
    x += kit.text(painter, x, y, _words(switch), font="text.small", color="text.label") + 4
    if switch.mark:
        kit.quality(painter, switch.mark, x + 8, y - 5, stale=switch.mark == "stale")
