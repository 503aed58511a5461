"""HM-02 and HM-03: what a call-up is, and what it shows when nothing answers; and what opening and closing keeps."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

import mimic_plant
import shell_plant
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from hmi.bench.peers.screen_cost import settled_mib
from hmi.client.port import PlantInfo
from hmi.core import quality
from hmi.core.quality import Mark
from hmi.core.values import DataValue
from hmi.mimics import OpenedDisplays, Scene, TagAlarm
from hmi.testing.client import START_NS, make_tag
from hmi.ui.mimic.view import MimicView
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
COUNT = 500
CYCLES, SETTLING = 50, 50
LEAK_MIB = 2.0
TAGS = tuple(f"load/t{number}.pv" for number in range(COUNT))


def crowded() -> PlantInfo:
    """The small plant with a display of 500 readouts, of which the last has no value yet."""
    info = shell_plant.plant()
    for name in TAGS:
        info.tags.append(make_tag(name, unit="bar"))
    info.displays.append(shell_plant.grid("load", TAGS))
    return info


def live() -> dict[str, DataValue]:
    return shell_plant.values() | {name: shell_plant.good(2.5) for name in TAGS}


def says_that_it_is_bad(part: Any) -> bool:
    """True when a look, or any part of it, carries a quality mark: that of a dead link, or any."""
    if isinstance(part, tuple):
        return bool(getattr(part, "mark", "")) or any(map(says_that_it_is_bad, part))
    return part == Mark.COMMS.value


def dynamic(scene: Scene) -> list[int]:
    return [index for index, inputs in enumerate(scene.inputs) if inputs.tags]


def test_HM_02_a_call_up_ends_with_the_first_frame_in_which_every_element_is_live_or_marked(
    qtbot: Any,
) -> None:
    with shell_plant.open_station(qtbot, info=crowded(), live=live()) as desk:
        view = desk.window.mimic.view
        seen: list[tuple[bool, bool]] = []

        def frame() -> None:
            scene = view.scene
            if scene is not None and len(scene.elements) == COUNT:
                shown = [scene.looks[index] for index in dynamic(scene)]
                whole = all("2.5" in repr(look) or says_that_it_is_bad(look) for look in shown)
                seen.append((whole, desk.window.mimic.is_complete))

        original = view.paintEvent

        class Frames(MimicView):
            def paintEvent(self, event: Any) -> None:
                original(event)
                frame()

        view.__class__ = Frames
        try:
            desk.window.open_display("load")
            qtbot.waitUntil(lambda: desk.window.mimic.is_complete and view.is_current)
            qtbot.waitUntil(lambda: bool(seen) and seen[-1] == (True, True))
        finally:
            view.__class__ = MimicView
        assert all(whole for whole, _ in seen)  # before it was complete, what was not live said so


def test_HM_03_with_every_link_dead_a_display_opens_and_each_element_carries_its_mark(qtbot: Any) -> None:
    with shell_plant.open_station(qtbot, info=crowded(), live=live()) as desk:
        desk.client.lose_link()
        desk.time.pass_s(30.0)
        desk.window.open_display("load")
        page = desk.window.mimic
        qtbot.waitUntil(lambda: page.name == "load" and page.view.is_current)
        assert page.view.scene is not None
        indices = dynamic(page.view.scene)
        assert len(indices) == COUNT
        assert [i for i in indices if not says_that_it_is_bad(page.view.scene.looks[i])] == []


def test_HM_03_every_element_of_the_overview_says_that_its_device_does_not_answer() -> None:
    scene = mimic_plant.overview()
    dead = DataValue(None, quality.BAD_NO_COMMUNICATION, START_NS, START_NS)
    scene.apply(dict.fromkeys(scene.tags, dead), START_NS)
    silent = [
        scene.elements[i].id
        for i in dynamic(scene)
        if not says_that_it_is_bad(scene.looks[i]) and "?" not in repr(scene.looks[i])
    ]
    assert silent == []


def one_screen(view: MimicView, scene: Scene) -> None:
    view.resize(1920, 880)
    view.set_scene(scene)
    view.show()
    while not view.is_current:
        QCoreApplication.processEvents()


def test_a_batch_without_a_visible_change_causes_no_paint_event(qtbot: Any) -> None:
    view = MimicView(Theme.load("light"))
    qtbot.addWidget(view)
    one_screen(view, mimic_plant.overview())
    for _ in range(5):
        QCoreApplication.processEvents()
    scene, paints = view.scene, view.paints
    assert scene is not None
    for turn in range(1, 11):
        newer = {
            tag: data._replace(source_time=data.source_time + turn, receive_time=data.receive_time + turn)
            for tag, data in scene.values.items()
            if not scene._by_history.get(tag)  # a curve moves on with time, and is a visible change
        }
        view.apply(newer, scene.now_ns)
        view.set_alarms({tag: TagAlarm(*alarm) for tag, alarm in scene.alarms.items()})
        for _ in range(3):
            QCoreApplication.processEvents()
    assert view.paints == paints


def test_opening_and_closing_a_display_fifty_times_keeps_less_than_two_mebibytes(qapp: QApplication) -> None:
    def cycles(count: int) -> float | None:
        for _ in range(count):
            view = MimicView(Theme.load("light"))
            one_screen(view, mimic_plant.overview())
            view.close()
            view.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            QCoreApplication.processEvents()
        return settled_mib()

    before, after = cycles(SETTLING), cycles(CYCLES)
    if before is None or after is None:
        pytest.skip("this system does not tell a process its resident memory")
    assert after - before < LEAK_MIB


def test_a_display_that_was_called_up_is_not_read_again_until_the_plant_is_another() -> None:
    opened, reads = OpenedDisplays(), []
    catalogue, scene = mimic_plant.overview().catalogue, mimic_plant.overview()
    document: dict[str, Any] = {}

    def read() -> Any:
        reads.append(1)
        return scene.display

    for _ in range(3):
        assert opened.display("a", document, catalogue, read) is scene.display
    assert len(reads) == 1
    opened.display("a", dict(document), catalogue, read)
    opened.display("a", document, mimic_plant.overview().catalogue, read)
    assert len(reads) == 3
