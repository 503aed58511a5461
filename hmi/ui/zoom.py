"""Painting in pixels at 100 %, whatever size of text the user chose."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from hmi.ui.theme import Theme


def zoomed(widget: QWidget, theme: Theme) -> tuple[QPainter, Theme, QSizeF]:
    """A painter for pixels at 100 %, the theme to paint with, and the size of the widget in those pixels."""
    painter = QPainter(widget)
    painter.scale(theme.scale, theme.scale)
    return painter, theme.plain, QSizeF(widget.size()) / theme.scale


def unzoomed(point: QPointF, theme: Theme) -> QPointF:
    """A position of the pointer in pixels at 100 %."""
    return point / theme.scale
