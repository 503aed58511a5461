"""Painting in pixels at 100 %, whatever size of text the user chose."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from hmi.ui.paint import painting
from hmi.ui.theme import Theme


@contextmanager
def zoomed(widget: QWidget, theme: Theme) -> Generator[tuple[QPainter, Theme, QSizeF], None, None]:
    """A painter for pixels at 100 %, the theme to paint with, and the size of the widget in those pixels."""
    with painting(widget) as painter:
        painter.scale(theme.scale, theme.scale)
        yield painter, theme.plain, QSizeF(widget.size()) / theme.scale


def unzoomed(point: QPointF, theme: Theme) -> QPointF:
    """A position of the pointer in pixels at 100 %."""
    return point / theme.scale
