"""A repeated card on the screen: live values, the right faceplate, links with arguments, large displays."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from shell_plant import Desk, good, open_station

from hmi.client.port import DisplayInfo, InstanceInfo, PlantInfo, TypeInfo
from hmi.mimics import display_address
from hmi.testing.client import make_tag
from hmi.ui.mimic.offscreen import fit
from hmi.ui.mimic_page import SMALL
from hmi.ui.navigation import key_displays

pytestmark = pytest.mark.qt

PUMPS = [f"intake/p{n:02}" for n in range(1, 25)]
CARD: dict[str, Any] = {
    "name": "card", "title": "$pump.title", "level": 3, "size": [240, 132],
    "parameters": {"pump": {"type": "instance", "of": "pump"}, "title": {"type": "string", "default": "Pump"}},
    "elements": [
        {"id": "box", "type": "panel", "w": 240, "h": 132, "title": "$title"},
        {"id": "body", "type": "pump", "x": 24, "y": 48, "w": 36, "h": 36, "instance": "$pump", "label": "$pump.name"},
        {"id": "speed", "type": "readout", "x": 128, "y": 44, "w": 96, "h": 40, "tag": "$pump.speed", "label": "Speed"},
        {"id": "high", "type": "text", "x": 128, "y": 98, "w": 104, "h": 18,
         "text": {"expr": "\"fast\" if '$pump.speed' > 90 else \"\""}},
        {"id": "more", "type": "link", "x": 200, "y": 6, "w": 34, "h": 24, "style": "arrow", "display": "detail",
         "parameters": {"pump": "$pump"}},
    ],
}  # fmt: skip
REPEAT = {
    "id": "all", "type": "repeat", "x": 24, "y": 24, "display": "card", "parameter": "pump",
    "over": {"type": "pump", "area": "intake"}, "columns": 7, "gap": [16, 16],
    "overrides": {"intake/p07": {"title": "Stand-by"}},
}  # fmt: skip
DETAIL = {
    "name": "detail", "level": 3, "title": "$pump.title", "parameters": {"pump": {"type": "instance", "of": "pump"}},
    "elements": [{"id": "speed", "type": "readout", "x": 400, "y": 300, "tag": "$pump.speed"}],
}  # fmt: skip
MANY = {"name": "many", "elements": [{**REPEAT, "id": f"r{n}"} for n in range(20)]}


def info() -> PlantInfo:
    tags, instances = [], []
    for name in PUMPS:
        signals = {"running": f"{name}.running", "speed": f"{name}.speed"}
        tags.append(make_tag(signals["running"], type="bool", signal="running", instance=name))
        tags.append(make_tag(signals["speed"], unit="%", low=0.0, high=100.0, signal="speed", instance=name))
        title = f"Raw water pump {name[-2:]}"
        instances.append(InstanceInfo(name, name, "pump", title, "intake", "", "pump", signals, {}, "detail"))
    types = [TypeInfo("pump", "Pump", "", ["running", "speed"], {})]
    documents = {
        "overview": {"title": "Overview", "elements": [REPEAT]},
        "card": CARD,
        "detail": DETAIL,
        "many": MANY,
    }
    displays = [
        DisplayInfo(
            f"d_{name}", name, str(document.get("title", name)), int(document.get("level", 1)), "", document
        )
        for name, document in documents.items()
    ]
    areas = [{"path": "intake", "title": "Intake"}]
    return PlantInfo(
        "p_1",
        "small",
        "Small plant",
        "r1",
        "UTC",
        "plant",
        "overview",
        areas,
        tags,
        instances,
        displays,
        types,
    )


def live() -> dict[str, Any]:
    speeds = {f"{name}.speed": good(40.0 + n) for n, name in enumerate(PUMPS)}
    return speeds | {f"{name}.running": good(True) for name in PUMPS}


def box_of(desk: Desk, identity: str) -> QRect:
    view = desk.window.mimic.view
    assert view.scene is not None
    element = next(e for e in view.scene.elements if e.id == identity)
    scale, offset = fit(view.scene.display.size, view.size())
    return QRect(
        round(element.x * scale + offset.x()), round(element.y * scale + offset.y()),
        math.ceil(element.w * scale), math.ceil(element.h * scale),
    )  # fmt: skip


def click(desk: Desk, identity: str) -> None:
    QTest.mouseClick(desk.window.mimic.view, Qt.MouseButton.LeftButton, pos=box_of(desk, identity).center())


def picture(desk: Desk) -> QImage:
    return desk.window.mimic.view.grab().toImage()


def test_a_repeated_card_is_painted_with_live_values(qtbot: Any) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        scene = desk.window.mimic.view.scene
        assert scene is not None
        assert len(scene.elements) == len(PUMPS) * len(CARD["elements"])
        shown = {e.id: look for e, look in zip(scene.elements, scene.looks, strict=True)}
        assert shown["all/intake/p07/speed"][1].text.strip() == "46.0"
        assert shown["all/intake/p07/high"][0].text == ""
        desk.client.tick()
        window = desk.window
        room = window.height() - window.header.height() - window.strip.height()
        qtbot.waitUntil(lambda: window.banner.isHidden() and picture(desk).height() == room)
        before = picture(desk)
        desk.client.tick({"intake/p07.speed": good(95.5)})
        qtbot.waitUntil(lambda: desk.station.values["intake/p07.speed"].value == 95.5)
        qtbot.waitUntil(lambda: picture(desk) != before)
        after = picture(desk)
        for name, changed in (("p07", True), ("p06", False), ("p14", False)):
            box = box_of(desk, f"all/intake/{name}/box")
            assert (before.copy(box) != after.copy(box)) is changed, name


@pytest.mark.parametrize("name", ["intake/p01", "intake/p07", "intake/p24"])
def test_a_click_opens_the_faceplate_of_the_right_pump(qtbot: Any, name: str) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        click(desk, f"all/{name}/body")
        assert [card.content.name for card in desk.window.desk.cards] == [name]


def test_a_link_opens_a_display_with_its_arguments_and_back_returns(qtbot: Any) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        for name in ("intake/p03", "intake/p04"):
            click(desk, f"all/{name}/more")
            assert desk.window.mimic.name == display_address("detail", {"pump": name})
            assert f"pump {name[-2:]}" in desk.window.header.place.full_text
            scene = desk.window.mimic.view.scene
            assert scene is not None
            assert scene.tags == (f"{name}.speed",)
            desk.window.open_display("overview")
        for place in ("intake/p04", "", "intake/p03", ""):
            desk.window.back() if desk.window.history.can_back else None
            expected = display_address("detail", {"pump": place}) if place else "overview"
            assert desk.window.mimic.name == expected


def test_an_instance_leads_to_its_display_with_itself(qtbot: Any) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        assert desk.window.desk.display_of("intake/p05") == display_address("detail", {"pump": "intake/p05"})
        desk.window.open_display(desk.window.desk.display_of("intake/p05"))
        assert "pump 05" in desk.window.header.place.full_text


def test_what_needs_arguments_is_behind_no_key_and_marks_what_is_missing(qtbot: Any) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        plant = desk.station.plant
        assert plant is not None
        assert key_displays(plant) == ["overview", "many"]
        desk.window.open_display("detail")
        scene = desk.window.mimic.view.scene
        assert scene is not None
        assert [e.definition for e in scene.elements] == [None]
        assert not picture(desk).isNull()


def test_a_large_display_is_read_beside_the_qt_thread(qtbot: Any) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        assert 20 * len(PUMPS) * len(CARD["elements"]) > SMALL
        desk.window.open_display("many")
        assert desk.window.mimic.view.scene is None, "nothing of the display before may be taken for this one"
        assert not desk.window.mimic.is_complete
        qtbot.waitUntil(lambda: desk.window.mimic.is_complete, timeout=20_000)
        scene = desk.window.mimic.view.scene
        assert scene is not None
        assert len(scene.elements) == 20 * len(PUMPS) * len(CARD["elements"])


def test_a_large_display_that_is_left_does_not_come_back(qtbot: Any) -> None:
    with open_station(qtbot, info=info(), live=live()) as desk:
        desk.window.open_display("many")
        desk.window.open_display("overview")
        desk.window.mimic._one_at_a_time.acquire()  # the reading has ended, or will see that it is not wanted
        desk.window.mimic._one_at_a_time.release()
        QTest.qWait(50)
        scene = desk.window.mimic.view.scene
        assert scene is not None
        assert len(scene.elements) == len(PUMPS) * len(CARD["elements"])
        assert desk.window.mimic.view.element_at(QPointF(2, 2)) == -1
