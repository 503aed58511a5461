"""HM-01: how many actions lead from any display to any other, crawled through the real window.

One action is one click, one key or combination, or one word typed. What counts here: area tabs, links on the
display, favourites (F-keys), up a level, and the tree of areas (opening the panel, opening an area and
choosing a row are one action each). The search is not needed: it makes any display three actions (Ctrl+K,
its name, Enter), and is tried apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

pytest.importorskip("PySide6")

from nested_plant import nested_plant
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shell_plant import Desk, good, open_station

from hmi.client.port import PlantInfo
from hmi.core.principal import Mode
from hmi.project import open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import plant_info
from hmi.ui.favourites import KEYS

pytestmark = pytest.mark.qt
CTRL = Qt.KeyboardModifier.ControlModifier
Costs = dict[str, int]


def waterworks() -> PlantInfo:
    return plant_info(open_plant(shipped_path("screens") / "waterworks"), Mode.PLANT)


def opened(qtbot, plant: PlantInfo) -> AbstractContextManager[Desk]:  # type: ignore[no-untyped-def]
    return open_station(qtbot, info=plant, live={tag.name: good(1.0) for tag in plant.tags})


def in_reach(desk: Desk) -> Costs:
    """From the display in view: address -> actions, of everything that the window offers there."""
    window = desk.window
    found: Costs = {}

    def take(address: str, cost: int) -> None:
        if address:
            found[address] = min(found.get(address, cost), cost)

    for place in window.header.tabs._places:
        take(place.display, 1)
    for number in KEYS:
        take(window.travel.favourites.address(number), 1)
    view = window.mimic.view
    for index in view._clickable():
        take(view._link(index), 1)
    for address, cost in in_the_tree(desk).items():
        take(address, cost)
    return found


def in_the_tree(desk: Desk) -> Costs:
    """Ctrl+T, then a row in view, or an area and a row in it."""
    panel = desk.window.overlays.areas
    QTest.keyClick(desk.window, Qt.Key.Key_T, CTRL)
    assert panel.isVisible()
    found = {row.node.key: 2 for row in panel.model.rows if row.node.kind == "display"}
    closed = [row.node for row in panel.model.rows if row.node.within and not row.is_open]
    for node in closed:
        number = next(n for n, row in enumerate(panel.model.rows) if row.node is node)
        panel.list.asked.emit(number)
        for row in panel.model.rows:
            if row.node.kind == "display":
                found.setdefault(row.node.key, 3)
        number = next(n for n, row in enumerate(panel.model.rows) if row.node is node)
        panel.list.asked.emit(number)
    QTest.keyClick(desk.window, Qt.Key.Key_T, CTRL)
    assert panel.isHidden()
    return found


def crawl(desk: Desk, everything: list[str]) -> dict[str, Costs]:
    """For every display the fewest actions to every other one."""
    steps: dict[str, Costs] = {}
    for address in everything:
        desk.window.open_display(address)
        assert desk.window.mimic.name == address
        steps[address] = in_reach(desk)
    return {start: _nearest(start, steps) for start in everything}


def _nearest(start: str, steps: dict[str, Costs]) -> Costs:
    best, waiting = {start: 0}, deque([start])
    while waiting:
        here = waiting.popleft()
        for address, cost in steps.get(here, {}).items():
            if best[here] + cost < best.get(address, 99):
                best[address] = best[here] + cost
                waiting.append(address)
    return best


def addresses(desk: Desk) -> list[str]:
    """Every display that opens alone, and every page of a piece of equipment."""
    index = desk.window.travel.atlas.atlas.index
    alone = [index[n].target for n in range(len(index)) if index[n].kind == "display"]
    own = [desk.window.desk.display_of(name) for name in desk.station.catalogue.instances]
    return list(dict.fromkeys([*alone, *filter(None, own)]))


@pytest.mark.parametrize("make", [waterworks, nested_plant], ids=["waterworks", "nested"])
def test_HM_01_level_2_is_two_actions_from_level_1_and_anything_three_from_anything(
    qtbot, make: Callable[[], PlantInfo]
) -> None:
    plant = make()
    levels = {display.name: display.level for display in plant.displays}
    with opened(qtbot, plant) as desk:
        qtbot.waitUntil(desk.window.travel.atlas.is_ready)
        everything = addresses(desk)
        best = crawl(desk, everything)
        far = [(a, b) for a in everything for b in everything if best[a].get(b, 99) > 3]
        assert far == []
        tops = [name for name in everything if levels.get(name) == 1]
        working = [name for name in everything if levels.get(name) == 2]
        assert tops
        assert len(working) >= 6
        assert [(a, b) for a in tops for b in working if best[a].get(b, 99) > 2] == []


def test_HM_01_every_tab_link_and_key_leads_where_the_crawl_says(qtbot) -> None:
    with opened(qtbot, waterworks()) as desk:
        window, view = desk.window, desk.window.mimic.view
        for place, box in zip(window.header.tabs._places, window.header.tabs._boxes, strict=True):
            QTest.mouseClick(window.header.tabs, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
            assert window.mimic.name == place.display
        window.open_display("overview")
        links = [index for index in view._clickable() if view._link(index)]
        assert links
        for index in links:
            window.open_display("overview")
            wanted = view._link(index)
            at = view.mapFromGlobal(view.place_of(index).center())
            QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
            assert window.mimic.name == wanted
        for number in KEYS:
            if address := window.travel.favourites.address(number):
                QTest.keyClick(window, getattr(Qt.Key, f"Key_F{number}"))
                assert window.mimic.name == address


def test_HM_01_search_leads_to_any_display_in_three_actions(qtbot) -> None:
    with opened(qtbot, nested_plant()) as desk:
        qtbot.waitUntil(desk.window.travel.atlas.is_ready)
        QTest.keyClick(desk.window, Qt.Key.Key_K, CTRL)
        field = desk.window.overlays.find.field
        QTest.keyClicks(field, "detail 23")
        qtbot.waitUntil(lambda: desk.window.overlays.find._search.done)
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert desk.window.mimic.name == "detail23"


def test_up_back_and_forward_say_where_they_lead(qtbot) -> None:
    with opened(qtbot, nested_plant()) as desk:
        window, header = desk.window, desk.window.header
        assert not header.up.isEnabled()
        window.open_display("detail23")
        assert "Unit23" in header.up.toolTip()
        QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        assert window.mimic.name == "unit23"
        QTest.mouseClick(header.up, Qt.MouseButton.LeftButton)
        assert window.mimic.name == "overview"
        QTest.mouseClick(window.mimic.view, Qt.MouseButton.BackButton)
        assert window.mimic.name == "unit23"
        QTest.mouseClick(window.strip.table.viewport(), Qt.MouseButton.ForwardButton)
        assert window.mimic.name == "overview"
        assert "Unit23" in header.back.toolTip()
        assert not header.forward.isEnabled()


def test_a_page_of_equipment_belongs_to_the_area_of_that_equipment(qtbot) -> None:
    with opened(qtbot, nested_plant()) as desk:
        page = desk.window.desk.display_of("area1/unit2/pump")
        desk.window.open_display(page)
        assert desk.window.mimic.name == page
        desk.window.travel.up()
        assert desk.window.mimic.name == "unit12"
