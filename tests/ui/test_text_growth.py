"""Large texts of a display: found in slices beside the work of the window, and once for the life of the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("PySide6")

import mimic_plant as plant
from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QApplication
from test_mimic_slices import DASHES, different_pixels, everything_bad, on_screen

from hmi.core.clock import NS_PER_MS
from hmi.mimics import Scene, load_display, shipped_definitions
from hmi.ui.mimic import growing as growing_module
from hmi.ui.mimic import growth as growth_module
from hmi.ui.mimic.growth import FEW, MOST, SLICE_NS, Growth
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
SIZE = QSize(1920, 880)
OF_ONE = 4  # dry runs of one element: as designed, and three of the six sizes at most


class DryRuns:
    """Counts dry runs by turns of the event loop, and has each of them take a millisecond."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns, self.all, self.slices = 0, 0, [0]
        probed, go_on = growth_module.probed, Growth.go_on

        def counted(*args):  # type: ignore[no-untyped-def]
            self.all += 1
            self.slices[-1] += 1
            self.now_ns += NS_PER_MS
            return probed(*args)

        def slice_of(growth: Growth, until_ns: int) -> list[int]:
            self.slices.append(0)
            return go_on(growth, until_ns)

        monkeypatch.setattr(growth_module, "probed", counted)
        monkeypatch.setattr(Growth, "go_on", slice_of)
        for module in (growth_module, growing_module):
            monkeypatch.setattr(module, "monotonic_ns", lambda: self.now_ns)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[DryRuns]:
    growth_module._remembered.clear()
    yield DryRuns(monkeypatch)
    growth_module._remembered.clear()


def opened(qtbot, scene: Scene, theme: str = "light", percent: int = 200) -> MimicView:  # type: ignore[no-untyped-def]
    view = MimicView(Theme.load(theme, percent))
    qtbot.addWidget(view)
    view.resize(SIZE)
    view.set_scene(scene)
    view.show()
    return view


def settled(qtbot, view: MimicView) -> MimicView:  # type: ignore[no-untyped-def]
    qtbot.waitUntil(lambda: view.is_grown and view.is_current)
    return view


def sizes(view: MimicView) -> list[int]:
    growth, scene = view._backing.growth, view.scene
    return [growth.percent(index, look) for index, look in enumerate(scene.looks)]


def test_HM_17_a_display_is_seen_at_once_as_designed(qtbot, runs: DryRuns) -> None:
    view = opened(qtbot, plant.overview())
    as_designed = opened(qtbot, plant.overview(), percent=100).grab().toImage()
    assert view.grab().toImage() == as_designed
    assert view.is_current
    assert not view.is_grown
    assert runs.all == 0
    assert set(sizes(view)) == {100}


def test_HM_17_no_turn_of_the_event_loop_tries_more_than_its_slice(qtbot, runs: DryRuns) -> None:
    view = settled(qtbot, opened(qtbot, plant.overview()))
    assert len(runs.slices) > 10
    assert max(runs.slices) <= SLICE_NS // NS_PER_MS + OF_ONE
    assert sum(size > 100 for size in sizes(view)) > 40


def test_other_events_come_between_the_slices(qtbot, monkeypatch: pytest.MonkeyPatch, runs: DryRuns) -> None:
    view = opened(qtbot, plant.overview())
    beats, beat = [], QTimer()
    beat.timeout.connect(lambda: beats.append(len(runs.slices)))
    beat.start(0)
    settled(qtbot, view)
    beat.stop()
    assert set(beats) >= set(range(2, len(runs.slices)))


def test_HM_17_texts_that_grew_later_look_as_if_painted_so_from_the_start(qtbot, runs: DryRuns) -> None:
    scene = plant.overview()
    view = settled(qtbot, opened(qtbot, scene))
    counted = runs.all
    fresh = opened(qtbot, scene)
    fresh.grab()
    assert fresh.is_grown
    assert sizes(fresh) == sizes(view)
    assert different_pixels(on_screen(view), on_screen(fresh)) < DASHES
    assert runs.all == counted


def test_a_second_call_up_and_another_theme_try_nothing(qtbot, runs: DryRuns) -> None:
    scene = plant.overview()
    first = settled(qtbot, opened(qtbot, scene))
    counted = runs.all
    again = Scene(scene.display, scene.catalogue)
    again.apply(scene.values, plant.NOW)
    again.set_alarms({})
    for theme in ("light", "dark"):
        view = opened(qtbot, again, theme)
        view.grab()
        assert sum(size > 100 for size in sizes(view)) > 40
        settled(qtbot, view)
        assert [size for size in sizes(view) if size > 100]
    assert runs.all - counted < counted / 10
    assert first.is_grown


def test_many_new_looks_at_once_are_painted_at_once_and_tried_in_slices(qtbot, runs: DryRuns) -> None:
    """A value is never kept back, nor a frame held up, for the size of its text."""
    view = settled(qtbot, opened(qtbot, plant.overview()))
    runs.slices.append(0)
    view.apply(everything_bad(view), plant.NOW + 1)
    view._draw_until(None)
    assert view._backing._shown == view.scene.looks
    draws = -(-len(view.scene.elements) // 60)
    assert runs.slices[-1] <= FEW * draws * (OF_ONE + growth_module._CROWD)
    runs.slices.append(0)
    settled(qtbot, view)
    assert max(runs.slices[-1:]) <= SLICE_NS // NS_PER_MS + OF_ONE
    fresh = opened(qtbot, view.scene)
    settled(qtbot, fresh)
    assert all(own <= other for own, other in zip(sizes(view), sizes(fresh), strict=True) if own > 100)


def test_a_painter_that_fails_in_a_dry_run_stops_no_other(
    qtbot, runs: DryRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = growth_module.probed

    def fails(element, look, theme):  # type: ignore[no-untyped-def]
        if element.type == "kpi":
            raise RuntimeError("no paint left")
        return counted(element, look, theme)

    monkeypatch.setattr(growth_module, "probed", fails)
    view = settled(qtbot, opened(qtbot, plant.overview()))
    kinds = [element.type for element in view.scene.elements]
    assert {size for kind, size in zip(kinds, sizes(view), strict=True) if kind == "kpi"} <= {100}
    assert max(sizes(view)) > 100


def many(count: int) -> Scene:
    elements = [
        {
            "id": f"t{n}", "type": "text", "text": "PUMP", "x": 10 + 60 * (n % 30), "y": 10 + 30 * (n // 30),
            "w": 50, "h": 26,
        }
        for n in range(count)
    ]  # fmt: skip
    document = {"schema": "hmi.display/1", "title": "Many", "size": [1920, 4000], "elements": elements}
    return Scene(load_display(document, shipped_definitions()), plant.overview().catalogue)


def test_a_large_display_grows_too_and_a_very_large_one_stays_as_designed(qtbot, runs: DryRuns) -> None:
    view = settled(qtbot, opened(qtbot, many(900)))
    assert min(sizes(view)) > 100
    assert max(runs.slices) <= SLICE_NS // NS_PER_MS + OF_ONE
    scene = many(MOST + 1)
    growth = Growth(scene, Hits.of(scene.elements), Theme.load("light"), 200)
    assert growth.is_settled
    assert growth.percent(0, scene.looks[0]) == 100


def test_a_display_that_nobody_sees_is_not_tried(qtbot, runs: DryRuns) -> None:
    view = opened(qtbot, plant.overview())
    view.grab()
    view.hide()
    QApplication.processEvents()
    before = runs.all
    qtbot.wait(30)
    assert runs.all == before
    view.show()
    settled(qtbot, view)
