"""The five faceplates against their golden sheet, whole and with their values lost, in both themes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

import golden
from faceplate_plant import KINDS, OBJECTS, faceplate_values, open_faceplates, opened, settle
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from hmi.core import quality as q
from hmi.ui.theme import THEMES, Theme

pytestmark = pytest.mark.qt
GAP = 16


def sheet(qtbot: Any, theme: str, changed: dict[str, Any]) -> tuple[QImage, dict[str, QRect]]:
    """Every kind side by side."""
    pictures = {}
    with open_faceplates(qtbot, changed, theme=theme) as desk:
        desk.window.resize(1920, 1400)
        for kind, name in zip(KINDS, OBJECTS, strict=True):
            card = opened(qtbot, desk, name)
            desk.window.desk.cards.remove(card)
            card.clearFocus()
            settle(card)
            pictures[kind] = card.grab().toImage()
            desk.window.desk.cards.append(card)
            card.close_card()
    width = sum(p.width() + GAP for p in pictures.values()) + GAP
    height = max(p.height() for p in pictures.values()) + 2 * GAP
    whole = QImage(width, height, QImage.Format.Format_RGB32)
    whole.fill(Theme.load(theme).color("background"))
    cells, x = {}, GAP
    painter = QPainter(whole)
    for kind, picture in pictures.items():
        painter.drawImage(x, GAP, picture)
        cells[kind] = QRect(x, GAP, picture.width(), picture.height())
        x += picture.width() + GAP
    painter.end()
    return whole, cells


@pytest.mark.parametrize("theme", THEMES)
def test_faceplates_look_as_agreed(qtbot: Any, tmp_path: Path, theme: str) -> None:
    picture, cells = sheet(qtbot, theme, {})
    golden.check(f"faceplates-{theme}", picture, cells, tmp_path)


@pytest.mark.parametrize("theme", THEMES)
def test_faceplates_without_values_look_as_agreed(qtbot: Any, tmp_path: Path, theme: str) -> None:
    lost = {
        tag: data._replace(value=None, status=q.BAD_NO_COMMUNICATION)
        for tag, data in faceplate_values().items()
    }
    picture, cells = sheet(qtbot, theme, lost)
    golden.check(f"faceplates-lost-{theme}", picture, cells, tmp_path)
