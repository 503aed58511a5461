"""Whether the signs of states can be told apart without any colour."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from hmi.ui.sheets.signs import DrawState
from hmi.ui.theme import Theme


def shapes_of(theme: Theme, draw: DrawState, states: Iterable[str]) -> set[bytes]:
    """The gray picture of each state; equal ones are one."""
    return {_picture(theme, draw, state) for state in states}


def _picture(theme: Theme, draw: DrawState, state: str) -> bytes:
    image = QImage(24, 24, QImage.Format.Format_Grayscale8)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    draw(painter, theme, state, QPointF(12, 12), 18.0)
    painter.end()
    return bytes(image.constBits())
