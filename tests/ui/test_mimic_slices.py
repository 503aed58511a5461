"""A display of which everything changes at once is painted in slices, and ends as if painted in one."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import mimic_plant as plant
import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from hmi.core import quality as q
from hmi.mimics import TagAlarm
from hmi.ui.mimic import canvas as canvas_module
from hmi.ui.mimic.direct import Direct
from hmi.ui.mimic.offscreen import render
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
SIZE = QSize(1920, 880)
DASHES = 60  # pixels; under a clip Qt begins the dashes of a frame elsewhere. A figure that was left has more


@pytest.fixture
def view(qapp: QApplication, qtbot):  # type: ignore[no-untyped-def]
    widget = MimicView(Theme.load("light"))
    qtbot.addWidget(widget)
    widget.resize(SIZE)
    widget.set_scene(plant.overview())
    widget.show()
    qtbot.waitUntil(lambda: widget.is_current)
    return widget


def everything_bad(widget: MimicView) -> dict[str, object]:
    return {tag: plant.good(1.0).with_status(q.BAD_NO_COMMUNICATION) for tag in widget.scene.tags}


def on_screen(widget: MimicView) -> QImage:
    """What stands in the window, without another paint event."""
    QApplication.processEvents()
    picture = widget.screen().grabWindow(widget.winId(), 0, 0, widget.width(), widget.height())
    return picture.toImage().convertToFormat(QImage.Format.Format_RGB32)


def fresh(widget: MimicView, theme: str = "light") -> QImage:
    return render(widget.scene, widget.size(), Theme.load(theme))


def largest_difference(one: QImage, other: QImage) -> int:
    bytes_of = [np.frombuffer(image.constBits(), np.uint8).astype(np.int16) for image in (one, other)]
    return int(np.abs(bytes_of[0] - bytes_of[1]).max())


def different_pixels(one: QImage, other: QImage) -> int:
    pixels = [np.frombuffer(image.constBits(), np.uint32) for image in (one, other)]
    return int((pixels[0] != pixels[1]).sum())


def one_element_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas_module, "SLICE_NS", 0)
    monkeypatch.setattr(canvas_module, "_CHUNK", 1)


def test_slices_end_as_if_painted_at_once(view: MimicView, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    one_element_at_a_time(monkeypatch)
    view.apply(everything_bad(view), plant.NOW + 1)
    assert len(view._waiting) > 50
    qtbot.waitUntil(lambda: view.is_current)
    assert different_pixels(on_screen(view), fresh(view)) < DASHES
    view.set_alarms({tag: TagAlarm(1 + n % 4, False) for n, tag in enumerate(view.scene.tags)})
    qtbot.waitUntil(lambda: view.is_current)
    assert different_pixels(on_screen(view), fresh(view)) < DASHES
    view.apply({tag: plant.good(42.5) for tag in view.scene.tags}, plant.NOW + 2)
    view.set_alarms({tag: TagAlarm(1 + n % 4, False) for n, tag in enumerate(view.scene.tags) if n % 3})
    qtbot.waitUntil(lambda: view.is_current)
    assert different_pixels(on_screen(view), fresh(view)) < DASHES
    view.set_alarms({})
    view.apply({tag: plant.good(2.0) for tag in view.scene.tags}, plant.NOW + 2)
    qtbot.waitUntil(lambda: view.is_current)
    assert different_pixels(on_screen(view), fresh(view)) < DASHES


def test_the_oldest_change_is_painted_first(view: MimicView, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    one_element_at_a_time(monkeypatch)
    drawn: list[int] = []
    real = Direct.draw
    monkeypatch.setattr(Direct, "draw", lambda self, some: (drawn.extend(some), real(self, some))[1])
    last, first = len(view.scene.elements) - 1, 0
    view._ask([last])
    view._ask([first])
    view._ask([last])
    qtbot.waitUntil(lambda: view.is_current)
    assert drawn == [last, first]


def test_other_events_come_between_slices(view: MimicView, qtbot, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    one_element_at_a_time(monkeypatch)
    view.apply(everything_bad(view), plant.NOW + 1)
    QApplication.processEvents()
    assert view._waiting


def test_a_hidden_display_shows_the_present_when_it_comes_back(view: MimicView, qtbot) -> None:  # type: ignore[no-untyped-def]
    view.hide()
    view.apply(everything_bad(view), plant.NOW + 1)
    view.show()
    assert view.is_current
    assert on_screen(view) == fresh(view)


def test_what_lies_below_an_opaque_widget_is_kept_up_to_date(view: MimicView, qtbot) -> None:  # type: ignore[no-untyped-def]
    """Qt sends no paint event for what is covered; the values below must not be the old ones afterwards."""
    cover = QWidget(view)
    cover.setAutoFillBackground(True)
    cover.setGeometry(view.rect())
    cover.show()
    QApplication.processEvents()
    view.apply(everything_bad(view), plant.NOW + 1)
    qtbot.waitUntil(lambda: view.is_current)
    cover.hide()
    assert on_screen(view) == fresh(view)


def test_HM_08_a_painter_that_fails_leaves_no_old_value_and_stops_nothing(
    view: MimicView, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    one_element_at_a_time(monkeypatch)
    before = on_screen(view)
    index = next(i for i, e in enumerate(view.scene.elements) if e.get("tag") == "utilities/jt601.pv")
    place = view._on_widget(view._element_box(index)).adjusted(2, 2, -2, -2)

    def fail(*_: object) -> None:
        raise RuntimeError("no paint left")

    painters = view._backing._painters
    monkeypatch.setattr(view._backing, "_painters", [*painters[:index], fail, *painters[index + 1 :]])
    with qtbot.captureExceptions() as caught:
        view.apply(everything_bad(view), plant.NOW + 1)
        qtbot.waitUntil(lambda: view.is_current)
    assert "no paint left" in str(caught[0][1])
    after = on_screen(view)
    assert after.copy(place) != before.copy(place)
    other = next(i for i, e in enumerate(view.scene.elements) if e.get("tag") == "intake/ft101.pv")
    there = view._on_widget(view._hits.bounds[other])
    assert after.copy(there) == fresh(view).copy(there)


@pytest.mark.parametrize("size", [QSize(1300, 700), QSize(960, 440), QSize(2880, 1320)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_slices_leave_no_traces_at_any_size(
    view: MimicView, qtbot, size: QSize, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    one_element_at_a_time(monkeypatch)
    view.set_theme(Theme.load(theme))
    view.resize(size)
    on_screen(view)
    view.apply(everything_bad(view), plant.NOW + 1)
    qtbot.waitUntil(lambda: view.is_current)
    view.apply({tag: plant.good(42.5) for tag in view.scene.tags}, plant.NOW + 2)
    view.set_alarms({tag: TagAlarm(1 + n % 4, False) for n, tag in enumerate(view.scene.tags) if n % 3})
    qtbot.waitUntil(lambda: view.is_current)
    # Qt smooths by other roundings near a clip when lengths are no whole pixels; a trace would be far stronger
    assert largest_difference(on_screen(view), fresh(view, theme)) < 80
