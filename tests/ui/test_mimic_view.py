"""The mimic view: few paints, right rectangles, clicks, keys, tooltips, any size."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import mimic_plant as plant
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hmi.core import quality as q
from hmi.core.clock import NS_PER_S
from hmi.mimics import TagAlarm
from hmi.ui.mimic import canvas as canvas_module
from hmi.ui.mimic.offscreen import render
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
LIGHT = "light"


@pytest.fixture
def view(qapp: QApplication, qtbot, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(canvas_module, "SLICE_NS", 60 * NS_PER_S)  # paints are counted, however slow they are
    widget = MimicView(Theme.load(LIGHT))
    qtbot.addWidget(widget)
    widget.resize(1920, 880)
    widget.set_scene(plant.overview())
    widget.show()
    qapp.processEvents()
    return widget


def settle(widget: MimicView) -> int:
    """Let what changed be painted, then copied to the screen."""
    for _ in range(3):
        QApplication.processEvents()
    return widget.paints


def center(widget: MimicView, identity: str) -> QPoint:
    element = next(e for e in widget.scene.elements if e.id == identity)
    return QPoint(round(element.x + element.w / 2), round(element.y + element.h / 2))


def first(widget: MimicView, kind: str, **wanted: object) -> str:
    return next(
        e.id
        for e in widget.scene.elements
        if e.type == kind and all(e.get(k) == v for k, v in wanted.items())
    )


def test_nothing_changed_paints_nothing(view: MimicView) -> None:
    before = settle(view)
    view.apply({}, plant.NOW + 1)
    view.apply({"intake/ft101.pv": plant.good(1248.2, plant.NOW + 1)}, plant.NOW + 1)
    view.judge(lambda _: True, plant.NOW + 2)
    assert settle(view) == before


def test_many_changes_in_a_frame_are_one_paint(view: MimicView) -> None:
    before = settle(view)
    for n in range(20):
        view.apply(
            {"intake/ft101.pv": plant.good(1300.0 + n), "intake/at101.pv": plant.good(7.0 + n / 10)},
            plant.NOW + n,
        )
    assert settle(view) == before + 1


def test_a_changed_value_repaints_only_its_place(view: MimicView) -> None:
    settle(view)
    before = view.grab().toImage()
    view.apply({"utilities/jt601.pv": plant.good(401.0)}, plant.NOW + 1)
    QApplication.processEvents()
    after = view.grab().toImage()
    rows = [
        y for y in range(0, 880, 2) if any(before.pixel(x, y) != after.pixel(x, y) for x in range(0, 1920, 2))
    ]
    assert rows
    assert min(rows) > 130
    assert max(rows) < 200


def test_partial_paint_equals_full_paint(view: MimicView) -> None:
    """Dirty rectangles leave no traces: what is on the widget equals a fresh picture."""
    view.apply({"intake/ft101.pv": plant.good(900.0), "clearwell/lt401.pv": plant.good(55.0)}, plant.NOW + 1)
    view.set_alarms({"clearwell/lt401.pv": TagAlarm(3, False)})
    view.apply(
        {"intake/p101a.state": plant.good(4), "intake/p101a.running": plant.good(False)}, plant.NOW + 1
    )
    QApplication.processEvents()
    view.set_alarms({})
    view.apply({"clearwell/lt401.pv": plant.good(71.0)}, plant.NOW + 2)
    QApplication.processEvents()
    partial = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    fresh = render(view.scene, QSize(1920, 880), Theme.load(LIGHT))
    assert partial == fresh


def test_click_names_element_and_target(view: MimicView, qtbot) -> None:  # type: ignore[no-untyped-def]
    identity = first(view, "pump", instance="intake/p101b")
    with qtbot.waitSignal(view.elementClicked) as caught:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=center(view, identity))
    assert caught.args[:2] == [identity, "intake/p101b"]
    assert isinstance(caught.args[2], QRect)


def test_click_beside_everything_does_nothing(view: MimicView, qtbot) -> None:  # type: ignore[no-untyped-def]
    with qtbot.assertNotEmitted(view.elementClicked):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))


def test_HM_17_keyboard_reaches_every_clickable_element(view: MimicView, qtbot) -> None:  # type: ignore[no-untyped-def]
    view.setFocus()
    reached: list[str] = []
    view.elementClicked.connect(lambda identity, target, place: reached.append(identity))
    view.displayAsked.connect(lambda name: reached.append(view.scene.elements[view._focused].id))
    for _ in view._clickable():
        QTest.keyClick(view, Qt.Key.Key_Tab)
        QTest.keyClick(view, Qt.Key.Key_Return)
    expected = [
        e.id
        for n, e in enumerate(view.scene.elements)
        if e.definition.clickable and (view.scene.target(n) or e.type == "link")
    ]
    assert sorted(reached) == sorted(expected)
    assert len(expected) > 50


def test_arrow_keys_walk_to_the_neighbour(view: MimicView) -> None:
    identity = first(view, "pump", instance="intake/p101a")
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=center(view, identity))
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.scene.elements[view._focused].get("instance") == "intake/p101b"


def test_tooltip_says_name_value_quality_and_age(view: MimicView) -> None:
    view.apply({"utilities/jt601.pv": plant.good(386.0, plant.NOW - 90_000_000_000)}, plant.NOW)
    index = next(i for i, e in enumerate(view.scene.elements) if e.get("tag") == "utilities/jt601.pv")
    text = view.tooltip(index)
    assert "utilities/jt601.pv" in text
    assert "386 kW" in text
    assert "Good" in text
    assert "90 s ago" in text
    view.apply({"utilities/jt601.pv": plant.good(386.0).with_status(q.BAD_NO_COMMUNICATION)}, plant.NOW)
    assert "no communication" in view.tooltip(index)
    assert "386" not in view.tooltip(index)


def test_unacknowledged_alarms_blink_and_nothing_else(view: MimicView) -> None:
    assert view._blinking == []
    view.set_alarms({"clearwell/at402.pv": TagAlarm(2, True)})
    blinking = {view.scene.elements[i].type for i in view._blinking}
    assert blinking == {"kpi", "bar", "trend", "link"}
    view.set_alarms({"clearwell/at402.pv": TagAlarm(2, False)})
    assert view._blinking == []


@pytest.mark.parametrize("size", [QSize(960, 440), QSize(1280, 1024), QSize(3840, 1760)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_scales_to_any_size(qapp: QApplication, size: QSize, theme: str) -> None:
    image = render(plant.overview(), size, Theme.load(theme))
    assert image.size() == size
    assert image.pixelColor(0, 0) == Theme.load(theme).color("background")


def test_hidpi_has_more_pixels(qapp: QApplication) -> None:
    image = render(plant.overview(), QSize(960, 440), Theme.load(LIGHT), ratio=2.0)
    assert image.size() == QSize(1920, 880)
    assert image.devicePixelRatio() == 2.0


def test_the_shipped_overview_is_clean() -> None:
    scene = plant.overview()
    assert scene.display.findings == ()
    assert scene.unknown_tags == ()
