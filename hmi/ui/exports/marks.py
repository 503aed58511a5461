"""The sign of each state of a job: told apart by its shape, for colour belongs to alarms."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from hmi.ui.sheets.signs import DIAMOND, RING, draw_sign
from hmi.ui.theme import Theme

# strokes on a 16 by 16 grid; each is a list of points
_STROKES: Final[dict[str, list[list[tuple[float, float]]]]] = {
    "running": [[(4.6, 8), (11, 8)], [(8.4, 5.2), (11.2, 8), (8.4, 10.8)]],
    "catching up": [[(4.6, 5.2), (7.4, 8), (4.6, 10.8)], [(8.6, 5.2), (11.4, 8), (8.6, 10.8)]],
    "unavailable": [[(4.4, 8), (6.6, 8)], [(9.4, 8), (11.6, 8)], [(7, 11), (9, 5)]],
    "refused": [[(5.4, 5.4), (10.6, 10.6)], [(5.4, 10.6), (10.6, 5.4)]],
    "paused": [[(6.2, 5), (6.2, 11)], [(9.8, 5), (9.8, 11)]],
    "stopped": [[(5.4, 5.4), (10.6, 5.4), (10.6, 10.6), (5.4, 10.6), (5.4, 5.4)]],
    "not allowed": [[(3.4, 12.6), (12.6, 3.4)]],
    "never": [[(5, 8), (11, 8)]],
    "silent": [[(5.9, 6.1), (7, 4.7), (9, 4.7), (10.1, 6.1), (8, 8.2), (8, 9)], [(8, 11.2), (8, 11.5)]],
}
_DIAMOND: Final = frozenset(("unavailable", "refused", "silent"))
"""What needs a person stands out by its outline and its strong pen."""


def draw_state(painter: QPainter, theme: Theme, state: str, center: QPointF, size: float = 18.0) -> None:
    """``size`` in the pixels of the painter."""
    is_strong = state in _DIAMOND
    outline = DIAMOND if is_strong else RING
    draw_sign(painter, theme, _STROKES[state], center, size, outline=outline, strong=is_strong)
