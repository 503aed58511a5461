"""What the linter says of the room of texts is what the painters do with it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QImage, QPainter

from hmi.check._display_lints._widths import text_width
from hmi.mimics import Catalogue, Scene, load_display, shipped_definitions
from hmi.ui.mimic.painters import dynamic_painter, static_painter
from hmi.ui.mimic.probe import Probe
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
LETTERS = "clarified water of the north hall and the south hall "
# left out: button and slider, whose mark or value beside the text takes its room with it
CUT = {
    "alarm_summary": "title", "deviation": "title", "entry": "label", "frame": "title",
    "lamp": "label", "link": "text", "panel": "title", "selector": "label", "status": "label",
    "text": "text",
}  # fmt: skip


def letters_cut(kind: str, name: str, text: str) -> int:
    """How many letters the painter of an element leaves out."""
    raw: dict[str, Any] = {"id": "e_1", "type": kind, "x": 10, "y": 10, name: text}
    scene = Scene(load_display({"elements": [raw]}, shipped_definitions(), arguments={}), Catalogue())
    element, probe = scene.elements[0], Probe(Theme.load("light"))
    paper = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(paper)
    try:
        if (still := static_painter(element)) is not None:
            still(painter, element, probe)
        if (moving := dynamic_painter(element)) is not None:
            moving(painter, element, scene.looks[0], probe)
    finally:
        painter.end()
    return probe.cut


@pytest.mark.parametrize(("kind", "name"), CUT.items())
def test_a_text_is_cut_by_its_painter_where_the_linter_says_so(qapp: Any, kind: str, name: str) -> None:
    raw = {"id": "e_1", "type": kind, name: "x"}
    element = load_display({"elements": [raw]}, shipped_definitions()).elements[0]
    assert element.definition is not None
    assert element.definition.texts is not None
    [text] = [one for one in element.definition.texts(element) if one.name == name]
    longest = max(n for n in range(1, 400) if text_width(said(n), text.font) <= text.room * 0.99)
    others = letters_cut(kind, name, "x")  # what the element says of itself beside this text
    assert letters_cut(kind, name, said(longest)) == others
    assert letters_cut(kind, name, said(longest + 4)) > others


def said(letters: int) -> str:
    return (LETTERS * 9)[:letters].strip()
