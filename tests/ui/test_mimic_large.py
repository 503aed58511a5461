"""A very large display is painted in slices, is seen when it is whole, and looks as if painted at once."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from embedding_plant import load, plant
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.mimics import Scene
from hmi.ui.mimic import canvas as canvas_module
from hmi.ui.mimic.canvas import AT_ONCE
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
NOW = 1_795_000_000_000_000_000
TAGS = ("intake/p1.flow", "intake/p2.flow")


def large_scene() -> Scene:
    names = plant()
    elements = [
        {"type": ("readout", "box", "pump")[n % 3], "x": n % 60 * 32, "y": n // 60 * 14, "w": 30, "h": 12}
        | ({"tag": TAGS[n % 2]} if n % 3 == 0 else {})
        for n in range(AT_ONCE + 500)
    ]
    scene = Scene(load(*elements, names=names), names)
    scene.apply({tag: DataValue(4.5, quality.GOOD, NOW, NOW) for tag in TAGS}, NOW)
    return scene


def shown(qtbot: Any, scene: Scene) -> MimicView:
    made = MimicView(Theme.load("light"))
    qtbot.addWidget(made)
    made.resize(1000, 500)
    made.show()
    made.set_scene(scene, Hits.of(scene.elements))
    return made


def picture(view: MimicView) -> QImage:
    return view.grab().toImage()


def test_a_large_display_is_seen_when_it_is_whole(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = large_scene()
    view = shown(qtbot, scene)
    empty = QImage(picture(view))
    assert not view.is_current
    assert {empty.pixelColor(x, y).name() for x in range(0, 1000, 50) for y in range(0, 500, 50)} == {
        Theme.load("light").color("background").name()
    }
    qtbot.waitUntil(lambda: view.is_current, timeout=20_000)
    QApplication.processEvents()
    whole = picture(view)
    with monkeypatch.context() as patched:
        patched.setattr(canvas_module, "AT_ONCE", 10 * AT_ONCE)
        assert whole == picture(shown(qtbot, scene))


def test_what_changes_while_a_large_display_grows_is_painted_too(qtbot: Any) -> None:
    grown = shown(qtbot, large_scene())
    qtbot.waitUntil(lambda: grown.is_current, timeout=20_000)
    view = shown(qtbot, large_scene())
    picture(view)
    assert not view.is_current
    view.apply({tag: DataValue(9.5, quality.GOOD, NOW + 1, NOW + 1) for tag in TAGS}, NOW + 1)
    qtbot.waitUntil(lambda: view.is_current, timeout=20_000)
    assert picture(view) != picture(grown)
    assert all("9.5" in repr(look) for look in view.scene.looks[::3])


def test_a_large_display_that_fails_to_paint_an_element_still_becomes_whole(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = shown(qtbot, large_scene())
    picture(view)
    assert view._backing is not None

    def fail(*_: object) -> None:
        raise RuntimeError("no paint left")

    monkeypatch.setattr(view._backing, "_painters", [fail, *view._backing._painters[1:]])
    with qtbot.captureExceptions() as caught:
        qtbot.waitUntil(lambda: view.is_current, timeout=20_000)
    assert "no paint left" in str(caught[0][1])
