"""The tree of areas, alarms that add up in it, the displays on the function keys, and what is kept of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

import msgspec
from nested_plant import nested_plant
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shell_plant import Desk, good, open_station, plant

from hmi.mimics import Catalogue
from hmi.testing.client import make_alarm, make_tag
from hmi.ui.areas.outline import Mark, Tree, outline, rolled_up
from hmi.ui.areas.panel import AreaPanel
from hmi.ui.favourites import Favourites
from hmi.ui.settings import Settings
from hmi.ui.theme import Theme
from hmi.ui.trail import Ways
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
CTRL = Qt.KeyboardModifier.ControlModifier


def opened(qtbot):  # type: ignore[no-untyped-def]
    info = nested_plant()
    return open_station(qtbot, info=info, live={tag.name: good(1.0) for tag in info.tags})


def show_tree(qtbot, desk: Desk) -> AreaPanel:  # type: ignore[no-untyped-def]
    qtbot.waitUntil(desk.window.travel.atlas.is_ready)
    QTest.keyClick(desk.window, Qt.Key.Key_T, CTRL)
    return desk.window.overlays.areas


def titles(panel: AreaPanel) -> list[str]:
    return [row.node.title for row in panel.model.rows]


def test_the_tree_has_every_area_with_its_displays_by_level() -> None:
    info = nested_plant()
    top = outline(info, Catalogue.of(info))
    assert [node.title for node in top] == ["Overview", "Site"]
    unit = top[1].within[1].within[2]
    assert unit.title == "Unit 11"
    assert [(node.title, node.level) for node in unit.within] == [
        ("Unit11", 2),
        ("Detail11", 3),
        ("Help11", 4),
        ("Equipment", 0),
    ]
    assert [node.title for node in unit.within[-1].within] == ["Pump 11"]


def test_alarms_count_in_every_area_around_theirs() -> None:
    rows = [
        make_alarm("a", 1, area="area1/unit2", priority=3, state="ACKED"),
        make_alarm("b", 2, area="area1/unit3", priority=1),
        make_alarm("c", 3, area="area2", priority=4, state="ACKED"),
        make_alarm("d", 4, area="south::Intake", priority=2),
    ]
    marks = rolled_up(rows, nested_plant())
    assert marks["area1/unit2"] == Mark(3, 1, False)
    assert marks["area1"] == Mark(1, 2, True)
    assert marks["site"] == Mark(1, 3, True)
    assert marks["area2"] == Mark(4, 1, False)
    assert marks["south::"] == Mark(2, 1, True)


def test_a_further_runtime_has_its_own_place_in_the_tree() -> None:
    info = plant()
    tags = [*info.tags, make_tag("south::intake/x.pv", area="south::Intake")]
    found = outline(msgspec.structs.replace(info, tags=tags), Catalogue(tags))
    assert [(node.kind, node.key) for node in found][-1] == ("runtime", "south::")


def test_opening_an_area_opens_what_is_inside_and_left_goes_outward() -> None:
    info = nested_plant()
    tree = Tree(outline(info, Catalogue.of(info)))
    area = tree.top[1].within[0]
    assert not any(row.node.title == "Unit00" for row in tree.rows())
    tree.set_open(area, True)
    assert any(row.node.title == "Pump 00" for row in tree.rows())
    tree.set_open(area, False)
    assert not any(row.node.title == "Unit00" for row in tree.rows())


def test_arrows_and_enter_lead_through_the_tree(qtbot) -> None:
    with opened(qtbot) as desk:
        desk.window.open_display("detail23")
        panel = show_tree(qtbot, desk)
        assert panel.model.rows[panel.list.chosen].node.title == "Detail23"
        assert "Unit 31" not in titles(panel)
        QTest.keyClick(panel.list, Qt.Key.Key_Left)
        assert panel.model.rows[panel.list.chosen].node.title == "Unit 23"
        QTest.keyClick(panel.list, Qt.Key.Key_Left)
        assert "Detail23" not in titles(panel)
        QTest.keyClick(panel.list, Qt.Key.Key_Right)
        QTest.keyClick(panel.list, Qt.Key.Key_Down)
        QTest.keyClick(panel.list, Qt.Key.Key_Return)
        assert desk.window.mimic.name == "unit23"
        assert panel.isVisible()
        QTest.keyClick(panel.list, Qt.Key.Key_Escape)
        assert panel.isHidden()


def test_a_page_of_equipment_opens_from_the_tree(qtbot) -> None:
    with opened(qtbot) as desk:
        panel = show_tree(qtbot, desk)
        for title in ("Area 1", "Area 1"):
            panel.list.asked.emit(titles(panel).index(title))
        panel.list.asked.emit(titles(panel).index("Pump 14"))
        assert desk.window.mimic.name == 'pump_page?{"pump": "area1/unit4/pump"}'


def test_the_panel_follows_the_display_in_view(qtbot) -> None:
    with opened(qtbot) as desk:
        panel = show_tree(qtbot, desk)
        desk.window.open_display("help32")
        assert panel.model.rows[panel.list.chosen].node.key == "help32"


def test_the_panel_slides_to_the_left_edge_of_the_working_area(qtbot) -> None:
    with opened(qtbot) as desk:
        panel = show_tree(qtbot, desk)
        area = desk.window.working_area()
        qtbot.waitUntil(lambda: panel.pos() == area.topLeft())
        assert panel.height() == area.height()


# function keys


def test_function_keys_begin_with_the_plants_order_and_f11_is_left_alone(qtbot) -> None:
    favourites = Favourites(Settings())
    info = nested_plant()
    favourites.set_plant(info)
    assert favourites.address(1) == "overview"
    assert favourites.address(2) == "area0"
    assert favourites.address(11) == ""
    assert favourites.address(12)


def test_ctrl_and_a_function_key_pin_the_display_in_view(qtbot) -> None:
    with opened(qtbot) as desk:
        window = desk.window
        window.open_display("help32")
        QTest.keyClick(window, Qt.Key.Key_F5, CTRL)
        assert "F5 opens Help32" in window.notice.text.full_text
        window.open_display("overview")
        QTest.keyClick(window, Qt.Key.Key_F5)
        assert window.mimic.name == "help32"
        QTest.keyClick(window, Qt.Key.Key_F5, CTRL)
        assert not window.travel.favourites.is_pinned(5)
        QTest.keyClick(window, Qt.Key.Key_F5)
        assert window.mimic.name != "help32"


def test_a_page_with_arguments_can_be_pinned(qtbot) -> None:
    with opened(qtbot) as desk:
        page = desk.window.desk.display_of("area1/unit2/pump")
        desk.window.open_display(page)
        panel = show_tree(qtbot, desk)
        QTest.mouseClick(panel.pin, Qt.MouseButton.LeftButton)
        number = desk.window.travel.favourites.key_of(page)
        assert number
        assert desk.window.travel.favourites.is_pinned(number)
        desk.window.open_display("overview")
        desk.window.travel.open_favourite(number)
        assert desk.window.mimic.name == page


def test_a_pin_to_a_display_that_is_gone_counts_no_more() -> None:
    settings = Settings()
    favourites = Favourites(settings)
    favourites.set_plant(plant())
    favourites.pin(3, "outlet")
    settings.put("favourites", {"F3": "gone", "F4": 7, "F5": None})
    assert favourites.address(3) == "outlet"
    assert not favourites.is_pinned(3)
    assert favourites.address(4) == ""


# kept from one day to the next


def test_pins_are_kept_for_each_user_and_plant(qtbot, tmp_path: Path) -> None:
    first = Settings(tmp_path)
    first.open("p_1", "anna")
    first.put("favourites", {"F2": "outlet"})
    qtbot.waitUntil(lambda: (tmp_path / "p_1" / "anna.json").exists())
    again = Settings(tmp_path)
    for user, wanted in (("anna", {"F2": "outlet"}), ("ben", {}), ("anna", {"F2": "outlet"})):
        again.open("p_1", user)
        qtbot.waitUntil(lambda wanted=wanted: dict(again.get("favourites")) == wanted)
    again.open("p_2", "anna")
    qtbot.wait(50)
    assert dict(again.get("favourites")) == {}


def test_what_was_pinned_while_the_file_was_read_stays(qtbot, tmp_path: Path) -> None:
    (tmp_path / "p_1").mkdir()
    (tmp_path / "p_1" / "anna.json").write_text(
        '{"schema": "station/1", "favourites": {"F1": "a"}, "other": {"x": 1}}'
    )
    settings = Settings(tmp_path)
    settings.open("p_1", "anna")
    settings.put("favourites", {"F2": "b"})
    qtbot.waitUntil(lambda: dict(settings.get("other")) == {"x": 1})
    assert dict(settings.get("favourites")) == {"F2": "b"}
    settings.close()
    kept = json.loads((tmp_path / "p_1" / "anna.json").read_text())
    assert kept == {"schema": "station/1", "favourites": {"F2": "b"}, "other": {"x": 1}}


def test_the_last_pin_of_one_user_is_kept_when_another_comes(qtbot, tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    for user in ("anna", "ben"):
        settings.open("p_1", user)
        qtbot.waitUntil(lambda: settings.is_read)
        settings.put("favourites", {"F1": user})
    settings.close()
    for user in ("anna", "ben"):
        assert json.loads((tmp_path / "p_1" / f"{user}.json").read_text())["favourites"] == {"F1": user}


def test_all_windows_of_a_station_share_pins_and_the_map_of_the_plant(qtbot) -> None:
    with opened(qtbot) as desk:
        settings = desk.window.travel.settings
        other = StationWindow(Theme.load("dark"), desk.station, settings=settings)
        assert other.travel.atlas is desk.window.travel.atlas
        told = []
        other.travel.favourites.changed.connect(lambda: told.append(1))
        desk.window.travel.pin_favourite(3)
        assert told
        assert settings.get("favourites") == {"F3": "overview"}
        other.retire()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": "station/9"}', '{"favourites": 3}', "[" * 100_000, "\x00\xff"]
)
def test_a_damaged_file_counts_as_none(qtbot, tmp_path: Path, text: str) -> None:
    (tmp_path / "p_1").mkdir()
    (tmp_path / "p_1" / "anna.json").write_text(text, encoding="latin-1")
    settings = Settings(tmp_path)
    favourites = Favourites(settings)
    favourites.set_plant(plant())
    with qtbot.waitSignals([settings.changed, settings.changed]):
        settings.open("p_1", "anna")
    assert favourites.address(1) == "overview"
    favourites.pin(1, "outlet")
    kept = tmp_path / "p_1" / "anna.json"
    qtbot.waitUntil(lambda: b"outlet" in kept.read_bytes())
    assert json.loads(kept.read_text())["favourites"] == {"F1": "outlet"}


def test_a_user_name_never_leaves_the_folder(qtbot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "stations")
    settings.open("../p", "../../evil/name")
    settings.put("favourites", {"F1": "a"})
    qtbot.waitUntil(lambda: bool(list(tmp_path.rglob("*.json"))))
    assert all((tmp_path / "stations") in file.parents for file in tmp_path.rglob("*.json"))


# the way up


def test_the_way_up_ends_at_the_overview_and_never_turns_in_circles() -> None:
    info = nested_plant()
    ways = Ways(info)
    for one in info.displays:
        steps = ways.trail(one.name)
        assert steps[-1].address == one.name
        assert len({step.address for step in steps}) == len(steps)
        if one.name != "overview":
            assert steps[0].address == "overview"
    assert ways.up("help12") == "detail12"
    assert ways.up("no-such") == ""
