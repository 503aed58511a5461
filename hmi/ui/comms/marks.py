"""The sign of each state of a connection and of a device: told apart by its shape, for colour belongs to alarms."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hmi.ui.sheets.signs import DIAMOND, RING, draw_sign
from hmi.ui.theme import Theme

# strokes on a 16 by 16 grid; each is a list of points
_STROKES: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "up": [[(4.2, 8), (11.8, 8)], [(6, 5.6), (4.2, 8), (6, 10.4)], [(10, 5.6), (11.8, 8), (10, 10.4)]],
    "down": [[(4.2, 8), (6.4, 8)], [(9.6, 8), (11.8, 8)], [(7, 10.6), (9, 5.4)]],
    "connecting": [[(4.8, 8), (5, 8)], [(7.9, 8), (8.1, 8)], [(11, 8), (11.2, 8)]],
    "refused": [[(5.4, 5.4), (10.6, 10.6)], [(5.4, 10.6), (10.6, 5.4)]],
    "closed": [[(5.4, 5.4), (10.6, 5.4), (10.6, 10.6), (5.4, 10.6), (5.4, 5.4)]],
    "unit.up": [[(4.6, 8.3), (7.1, 10.8), (11.5, 5.6)]],
    "unit.missed": [[(8, 4.6), (8, 9)], [(8, 11), (8, 11.3)]],
    "unit.silent": [[(5, 8), (11, 8)]],
    "unknown": [[(5.9, 6.1), (7, 4.7), (9, 4.7), (10.1, 6.1), (8, 8.2), (8, 9)], [(8, 11.2), (8, 11.5)]],
}
STATES: Final = tuple(_STROKES)
_DIAMOND: Final = frozenset(("down", "refused", "unit.silent", "unknown"))
"""What needs a person stands out by its outline and its strong pen."""


def draw_state(painter: QPainter, theme: Theme, state: str, center: QPointF, size: float = 18.0) -> None:
    """``size`` in the pixels of the painter."""
    is_strong = state in _DIAMOND
    outline = DIAMOND if is_strong else RING
    draw_sign(painter, theme, _STROKES[state], center, size, outline=outline, strong=is_strong)
