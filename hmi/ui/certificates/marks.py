"""The sign of each state: told apart by its shape, for colour belongs to alarms."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hmi.ui.sheets.signs import DIAMOND, RING, draw_sign
from hmi.ui.theme import Theme

# strokes on a 16 by 16 grid inside the ring or the diamond; each is a list of points
_STROKES: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "trusted": [[(4.6, 8.3), (7.1, 10.8), (11.5, 5.6)]],
    "waiting": [[(8, 4.6), (8, 9)], [(8, 11), (8, 11.3)]],
    "rejected": [[(3.4, 12.6), (12.6, 3.4)]],
    "expiring": [[(8, 8), (8, 3.8)], [(8, 8), (11, 9.4)]],
    "expired": [[(8, 8), (8, 3.8)], [(8, 8), (11, 9.4)], [(1, 15), (15, 1)]],
    "revoked": [[(5, 5), (11, 11)], [(5, 11), (11, 5)]],
}
_STRONG: Final = frozenset(("waiting", "expired", "revoked"))


def draw_state(painter: QPainter, theme: Theme, state: str, center: QPointF, size: float = 18.0) -> None:
    """``size`` in the pixels of the painter."""
    outline = DIAMOND if state == "waiting" else RING
    draw_sign(painter, theme, _STROKES[state], center, size, outline=outline, strong=state in _STRONG)
