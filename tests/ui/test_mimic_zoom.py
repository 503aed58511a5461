"""A display that is enlarged: what is pointed at, how far it goes, and that it stays live and whole."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

import mimic_plant as plant
import numpy as np
from control_plant import open_controls
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QMouseEvent, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from hmi.core import quality as q
from hmi.mimics import TagAlarm
from hmi.ui.mimic import sharpen as sharpen_module
from hmi.ui.mimic.camera import BELOW, MOST, Camera
from hmi.ui.mimic.direct import Direct
from hmi.ui.mimic.sight import Sight
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
SIZE = QSize(960, 440)  # half of the display
DASHES = 60  # pixels; under a clip Qt begins the dashes of a frame elsewhere


@pytest.fixture
def view(qapp: QApplication, qtbot: Any) -> MimicView:
    widget = MimicView(Theme.load("light"))
    qtbot.addWidget(widget)
    widget.resize(SIZE)
    widget.set_scene(plant.overview())
    widget.show()
    qtbot.waitUntil(lambda: widget.is_current)
    widget.setFocus()
    return widget


def wheel(view: MimicView, notches: float, at: QPointF, *, ctrl: bool = True) -> QWheelEvent:
    keys = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        at, QPointF(view.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)
    return event


def drag(view: MimicView, start: QPoint, way: QPoint, button: Qt.MouseButton) -> None:
    QTest.mousePress(view, button, pos=start)
    end = QPointF(start + way)
    move = QMouseEvent(
        QEvent.Type.MouseMove, end, QPointF(view.mapToGlobal(end.toPoint())),
        Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(view, move)
    QTest.mouseRelease(view, button, pos=start + way)


def zoomed(view: MimicView, qtbot: Any, zoom: float, middle: QPointF | None = None) -> None:
    """Enlarge, with a point of the display in the middle."""
    view._zooming.reset()
    view._zooming.zoom_by(zoom, QPointF(view.rect().center()))
    if middle is not None:
        way = QPointF(view.width() / 2, view.height() / 2) - (middle * view.camera.scale + view.camera.offset)
        view._zooming.move_by(way.x(), way.y())
    settled(view, qtbot)


def settled(view: MimicView, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: view.is_current)
    QApplication.processEvents()


def on_screen(view: MimicView) -> QImage:
    """What stands in the window; where the pointer happens to be does not count."""
    view._hover(-1)
    QApplication.processEvents()
    picture = QApplication.primaryScreen().grabWindow(view.winId(), 0, 0, view.width(), view.height())
    return picture.toImage().convertToFormat(QImage.Format.Format_RGB32)


def painted_anew(view: MimicView, qtbot: Any) -> QImage:
    """The same part of the same scene, painted at once and nothing before."""
    other = MimicView(Theme.load("light"))
    qtbot.addWidget(other)
    other.resize(view.size())
    other.set_scene(view.scene)
    other.camera.zoom, other.camera._offset = view.camera.zoom, view.camera.offset
    other._look_through()
    other._kit = other._kit_for(view.camera.scale)
    other._forget_picture()
    other.show()
    qtbot.waitUntil(lambda: other.is_current)
    return on_screen(other)


def different_pixels(one: QImage, other: QImage) -> int:
    pixels = [np.frombuffer(image.constBits(), np.uint32) for image in (one, other)]
    return int((pixels[0] != pixels[1]).sum())


def clickable_at(view: MimicView, side: str) -> int:
    """The clickable element that is farthest to one side."""
    order = view._clickable()
    return (max if side == "right" else min)(order, key=lambda i: view.scene.elements[i].x)


# the camera


def test_the_point_under_the_pointer_stays_there_and_zoom_ends_at_its_limits() -> None:
    camera = Camera()
    camera.look_at((1920, 880), SIZE)
    anchor = QPointF(500, 200)
    held = camera.to_design(anchor)
    for _ in range(3):
        camera.zoom_by(1.25, anchor)
        assert (camera.to_design(anchor) - held).manhattanLength() < 2
    camera.zoom_by(100, anchor)
    assert camera.zoom == MOST
    camera.zoom_by(0.001, anchor)
    assert camera.zoom == 1.0
    assert camera.offset == QPointF(0, 0)


def test_a_display_is_never_moved_past_its_edges() -> None:
    camera = Camera()
    camera.look_at((1920, 880), SIZE)
    camera.move_by(300, 300)
    assert camera.offset == QPointF(0, 0)  # all of it is in view
    camera.zoom_by(2.0, QPointF(480, 220))
    camera.move_by(9_999, 9_999)
    assert camera.offset == QPointF(0, 0)
    camera.move_by(-9_999, -9_999)
    assert camera.offset == QPointF(-960, -440 - BELOW)  # the strip of the hint covers nothing for good


def test_zoom_and_middle_are_kept_when_the_window_changes_its_size() -> None:
    camera = Camera()
    camera.look_at((1920, 880), SIZE)
    camera.zoom_by(2.0, QPointF(480, 220))
    middle = camera.view.center()
    camera.look_at((1920, 880), QSize(1440, 660))
    assert camera.zoom == 2.0
    assert (camera.view.center() - middle).manhattanLength() < 3


# mouse, wheel and keys


def test_ctrl_and_the_wheel_zoom_and_the_wheel_alone_does_not(view: MimicView, qtbot: Any) -> None:
    assert not wheel(view, 1, QPointF(300, 200), ctrl=False).isAccepted()
    assert view.camera.zoom == 1.0
    assert wheel(view, 2, QPointF(300, 200)).isAccepted()
    assert view.camera.zoom == pytest.approx(1.25**2)


def test_two_fingers_zoom_around_their_place(view: MimicView) -> None:
    at = QPointF(300, 200)
    held = view.camera.to_design(at)
    pinch = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture, QPointingDevice.primaryPointingDevice(), 2, at, at,
        QPointF(view.mapToGlobal(at.toPoint())), 0.5, QPointF(),
    )  # fmt: skip
    QApplication.sendEvent(view, pinch)
    assert view.camera.zoom == pytest.approx(1.5)
    assert (view.camera.to_design(at) - held).manhattanLength() < 2


def test_the_question_of_a_control_is_over_when_its_control_leaves_the_view(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.view._zooming.zoom_by(MOST, QPointF(c.at("entry")))
        qtbot.waitUntil(lambda: c.view.is_current)
        c.click("entry")
        assert c.card is not None
        c.view._zooming.move_by(9_999, 9_999)
        c.view._zooming.move_by(-9_999, 0)
        assert not c.view.is_in_view(c.index("entry"))
        assert c.card is None


def test_what_is_clicked_is_what_is_seen_there(view: MimicView, qtbot: Any) -> None:
    index = clickable_at(view, "right")
    box = view._element_box(index)
    zoomed(view, qtbot, 3.0, box.center())
    at = view._on_widget(box).center()
    assert view.rect().contains(at)
    assert view.element_at(QPointF(at)) == index
    clicked: list[tuple[Any, ...]] = []
    view.elementClicked.connect(lambda *what: clicked.append(what))
    view.displayAsked.connect(lambda *what: clicked.append(what))
    view.alarmsAsked.connect(lambda *what: clicked.append(what))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    assert len(clicked) == 1


def test_what_is_pointed_at_agrees_with_the_picture_while_the_first_one_is_made(view: MimicView) -> None:
    """Until there is a picture to stretch the whole display is seen, and a click means what is seen."""
    index = clickable_at(view, "left")
    at = QPointF(view._on_widget(view._element_box(index)).center())
    wheel(view, 6, QPointF(900, 400))
    assert view.camera.zoom > 3
    assert view._is_sharp
    assert view.element_at(at) == index


def test_the_middle_button_moves_an_enlarged_display(view: MimicView, qtbot: Any) -> None:
    zoomed(view, qtbot, 2.0, QPointF(960, 440))
    before = view.camera.offset
    drag(view, QPoint(480, 220), QPoint(-60, 30), Qt.MouseButton.MiddleButton)
    assert view.camera.offset - before == QPointF(-60, 30)
    settled(view, qtbot)
    assert view._is_sharp


def test_space_and_the_left_button_move_an_enlarged_display_and_click_nothing(
    view: MimicView, qtbot: Any
) -> None:
    index = clickable_at(view, "left")
    zoomed(view, qtbot, 2.0, view._element_box(index).center())
    at = view._on_widget(view._element_box(index)).intersected(view.rect()).center()
    clicked: list[Any] = []
    view.elementClicked.connect(lambda *what: clicked.append(what))
    before = view.camera.offset
    QTest.keyPress(view, Qt.Key.Key_Space)
    drag(view, at, QPoint(-40, -10), Qt.MouseButton.LeftButton)
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert view.camera.offset - before == QPointF(-40, -10)
    assert not clicked
    assert view._focused < 0


def test_a_display_that_is_whole_is_not_dragged(view: MimicView) -> None:
    drag(view, QPoint(480, 220), QPoint(-60, 30), Qt.MouseButton.MiddleButton)
    assert view.camera.zoom == 1.0
    assert view.camera.offset == QPointF(0, 0)
    assert isinstance(view._backing, Direct)
    assert not isinstance(view._backing, Sight)


def test_keys_zoom_move_and_go_back(view: MimicView, qtbot: Any) -> None:
    for _ in range(4):
        QTest.keyClick(view, Qt.Key.Key_Plus, Qt.KeyboardModifier.AltModifier)
    settled(view, qtbot)
    zoom = view.camera.zoom
    assert zoom == pytest.approx(1.25**4)
    before = view.camera.offset
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert view.camera.offset.x() < before.x()
    QTest.keyClick(view, Qt.Key.Key_Minus, Qt.KeyboardModifier.AltModifier)
    assert view.camera.zoom < zoom
    for key in (Qt.Key.Key_Home, Qt.Key.Key_0):
        zoomed(view, qtbot, 2.0)
        QTest.keyClick(view, key)
        assert view.camera.zoom == 1.0
        assert view.camera.offset == QPointF(0, 0)
        settled(view, qtbot)


def test_a_control_that_is_held_keeps_the_display_where_it_is(view: MimicView, qtbot: Any) -> None:
    zoomed(view, qtbot, 2.0)
    place = view.camera.scale, view.camera.offset
    view._hand.index = 0
    wheel(view, 2, QPointF(300, 200))
    QTest.keyClick(view, Qt.Key.Key_Home)
    view._hand.index = -1
    assert (view.camera.scale, view.camera.offset) == place


# what says so, and the way back


def test_the_hint_is_there_exactly_while_a_part_is_shown(view: MimicView, qtbot: Any) -> None:
    assert view._hint.isHidden()
    zoomed(view, qtbot, 1.5)
    assert view._hint.isVisible()
    assert view.rect().contains(view._hint.geometry())
    assert view._hint.accessibleName() == "150 % – Home shows all"
    QTest.mouseClick(view._hint, Qt.MouseButton.LeftButton)
    settled(view, qtbot)
    assert view._hint.isHidden()
    assert view.camera.zoom == 1.0


def test_another_display_is_shown_whole(view: MimicView, qtbot: Any) -> None:
    zoomed(view, qtbot, 4.0, QPointF(100, 100))
    view.set_scene(plant.overview())
    assert view.camera.zoom == 1.0
    assert view._hint.isHidden()
    settled(view, qtbot)
    assert type(view._backing) is Direct


def test_back_to_the_whole_display_looks_as_if_never_enlarged(view: MimicView, qtbot: Any) -> None:
    view.clearFocus()
    whole = on_screen(view)
    zoomed(view, qtbot, 4.0, QPointF(100, 100))
    assert different_pixels(on_screen(view), whole) > 10_000
    view._zooming.reset()
    settled(view, qtbot)
    assert different_pixels(on_screen(view), whole) < DASHES


# focus and faceplates


def test_tab_brings_the_element_with_the_focus_into_view(view: MimicView, qtbot: Any) -> None:
    zoomed(view, qtbot, 4.0, QPointF(1800, 800))
    seen = QRectF(view.rect())
    for _ in range(len(view._clickable())):
        QTest.keyClick(view, Qt.Key.Key_Tab)
        if view._focused < 0:
            break
        place = view.camera.on_widget(view._element_box(view._focused))
        if place.width() < seen.width() and place.height() < seen.height() - BELOW:
            assert seen.contains(place), view.scene.elements[view._focused].id
        else:
            assert seen.intersects(place)


def test_enter_on_what_is_out_of_view_shows_it_first(view: MimicView, qtbot: Any) -> None:
    index = clickable_at(view, "left")
    clicked: list[Any] = []
    view.elementClicked.connect(lambda *what: clicked.append(what))
    view.displayAsked.connect(lambda *what: clicked.append(what))
    view.alarmsAsked.connect(lambda *what: clicked.append(what))
    zoomed(view, qtbot, 4.0, QPointF(1800, 800))
    view._focus_on(index)
    assert not view.is_in_view(index)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert not clicked
    assert view.is_in_view(index)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert len(clicked) == 1


def test_a_faceplate_is_placed_beside_what_is_seen_of_the_element(view: MimicView, qtbot: Any) -> None:
    index = clickable_at(view, "left")
    zoomed(view, qtbot, 4.0, view._element_box(index).topLeft())
    place = view.place_of(index)
    assert view.rect().contains(view.mapFromGlobal(place.topLeft()))
    assert view.rect().contains(view.mapFromGlobal(place.bottomRight()))


# live and whole


def test_parts_painted_alone_end_as_if_everything_was_painted_when_enlarged(
    view: MimicView, qtbot: Any
) -> None:
    view.clearFocus()
    for zoom, middle in ((2.0, QPointF(600, 300)), (4.0, QPointF(1400, 600))):
        zoomed(view, qtbot, zoom, middle)
        assert isinstance(view._backing, Sight)
        tags = sorted(view.scene.tags)
        for number in range(3):
            view.apply({tag: plant.good(10.0 + number) for tag in tags[number::5]}, plant.NOW + 1 + number)
            settled(view, qtbot)
        view.set_alarms({tag: TagAlarm(1 + n % 4, False) for n, tag in enumerate(tags) if n % 3})
        settled(view, qtbot)
        view.set_alarms({})
        settled(view, qtbot)
        assert different_pixels(on_screen(view), painted_anew(view, qtbot)) < DASHES


def test_nothing_is_painted_for_what_is_out_of_view_or_looks_the_same(view: MimicView, qtbot: Any) -> None:
    zoomed(view, qtbot, 4.0, QPointF(1800, 800))
    seen = view._backing._seen
    hidden_tags = {tag for i, one in enumerate(view.scene.inputs) if i not in seen for tag in one.tags}
    hidden_tags -= {tag for i, one in enumerate(view.scene.inputs) if i in seen for tag in one.tags}
    assert len(hidden_tags) > 10
    QApplication.processEvents()
    paints = view.paints
    view.apply({tag: plant.good(1.0) for tag in hidden_tags}, plant.NOW + 1)
    settled(view, qtbot)
    view.apply({tag: view.scene.values[tag] for tag in view.scene.tags}, plant.NOW + 2)
    settled(view, qtbot)
    assert view.paints == paints


def test_elements_out_of_view_are_not_painted(
    view: MimicView, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: set[int] = set()
    real = Direct._paint

    def paint(self: Direct, painter: Any, indices: Any) -> None:
        indices = list(indices)
        painted.update(indices)
        real(self, painter, indices)

    monkeypatch.setattr(Direct, "_paint", paint)
    zoomed(view, qtbot, 4.0, QPointF(1800, 800))
    elements = view.scene.elements
    assert painted
    assert len(painted) < len(elements) / 2
    assert all(QRectF(*elements[i].bounds).intersects(view.camera.view) for i in painted)


def test_what_comes_into_view_is_judged_and_not_what_it_was(view: MimicView, qtbot: Any) -> None:
    """Changes and age of what was out of view are seen as soon as it is in view."""
    view.clearFocus()
    zoomed(view, qtbot, 4.0, QPointF(1800, 800))
    view.apply({tag: plant.good(3.0) for tag in view.scene.tags}, plant.NOW + 1)
    view.judge(lambda _: False, plant.NOW + plant.MINUTE)
    settled(view, qtbot)
    assert view.scene.stale
    view._zooming.move_by(700, 300)
    settled(view, qtbot)
    assert different_pixels(on_screen(view), painted_anew(view, qtbot)) < DASHES


def test_a_stretched_picture_stays_live(view: MimicView, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the sharp picture takes, what is seen meanwhile shows every change."""
    view.clearFocus()
    zoomed(view, qtbot, 2.0, QPointF(960, 440))
    monkeypatch.setattr(sharpen_module.Sharpening, "_slice", lambda self: None)
    view._zooming.move_by(-50, -20)
    qtbot.waitUntil(lambda: view._sharpening.picture is not None)
    assert not view._is_sharp
    view.apply(
        {tag: plant.good(1.0).with_status(q.BAD_NO_COMMUNICATION) for tag in view.scene.tags}, plant.NOW + 1
    )
    qtbot.waitUntil(lambda: not view._waiting)
    inner = (60, 30, view.width() - 120, view.height() - 60 - BELOW)
    shown = on_screen(view).copy(*inner)
    assert different_pixels(shown, painted_anew(view, qtbot).copy(*inner)) < DASHES


def test_what_changes_while_a_sharp_picture_is_made_is_in_it(
    view: MimicView, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.clearFocus()
    monkeypatch.setattr(sharpen_module, "SLICE_NS", 0)
    view._zooming.zoom_by(2.0, QPointF(400, 200))
    view._sharpening._begin()
    view._sharpening._slice()
    assert view._sharpening.picture is not None
    view.apply({tag: plant.good(7.0) for tag in view.scene.tags}, plant.NOW + 1)
    settled(view, qtbot)
    assert view.camera.zoom == 2.0
    assert view._is_sharp
    assert different_pixels(on_screen(view), painted_anew(view, qtbot)) < DASHES


def test_a_painter_that_fails_does_not_keep_the_sharp_picture_away(
    view: MimicView, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Sight.grow
    failed: list[bool] = []

    def grow(self: Sight, deadline_ns: int | None = None) -> bool:
        done = real(self, deadline_ns)
        if not failed:
            failed.append(True)
            raise RuntimeError("no paint left")
        return done

    monkeypatch.setattr(Sight, "grow", grow)
    with qtbot.captureExceptions() as caught:
        view._zooming.zoom_by(2.0, QPointF(400, 200))
        settled(view, qtbot)
    assert "no paint left" in str(caught[0][1])
    assert view._is_sharp
