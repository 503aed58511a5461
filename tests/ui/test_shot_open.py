"""A picture shows what it was told to open, at its object."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect
from shell_plant import open_station

from hmi.core.openings import opening
from hmi.ui.shot_open import open_all

pytestmark = pytest.mark.qt


def test_panels_and_pages_are_open(qtbot: Any) -> None:
    with open_station(qtbot) as desk:
        window = desk.window
        open_all(window, [opening("areas"), opening("find:flow"), opening("why:intake/fic1.pv")])
        assert window.overlays.opened == (window.overlays.areas, window.overlays.find, window.overlays.why)
        assert window.overlays.find.field.text() == "flow"
        open_all(window, [opening("people")])
        assert window.overlays.people.isVisible()
        open_all(window, [opening("points:bad")])
        assert window.stack.currentWidget() is window.points_page
        assert window.points_page.state == "bad"


def test_a_faceplate_stands_beside_its_object_and_never_over_it(qtbot: Any) -> None:
    with open_station(qtbot) as desk:
        window, view = desk.window, desk.window.mimic.view
        open_all(window, [opening("faceplate:intake/fic1.pv"), opening("faceplate:intake/p1")])
        shown, elsewhere = window.desk.cards
        assert (shown.content.name, elsewhere.content.name) == ("intake/fic1", "intake/p1")
        assert view.scene is not None
        index = next(n for n in range(len(view.scene.elements)) if view.scene.target(n) == "intake/fic1.pv")
        place = view.place_of(index)
        box = QRect(window.mapFromGlobal(place.topLeft()), place.size())
        assert not shown.geometry().intersects(box)
