"""HM-16 at the station: the badge in the title bar and the page that lists every forced or simulated point."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from shell_plant import Desk, good, open_station

from hmi.client.points import PointRow
from hmi.core.quality import GOOD_LOCAL_OVERRIDE, UNCERTAIN_SIMULATED
from hmi.testing.client import START_NS
from hmi.ui.points.model import Column


def row(name: str, state: str = "forced", **more: Any) -> PointRow:
    status = {"forced": GOOD_LOCAL_OVERRIDE, "simulated": UNCERTAIN_SIMULATED}.get(state, 0)
    return PointRow(
        f"t_{name}", name, name.upper(), name.partition("/")[0], "m", state, 1.0, status, START_NS, **more
    )


@pytest.fixture
def desk(qtbot: Any) -> Any:
    with open_station(qtbot) as desk:
        yield desk


def page(desk: Desk) -> Any:
    return desk.window.points_page


def test_HM_16_the_badge_is_there_while_a_point_is_forced(desk: Desk, qtbot: Any) -> None:
    badge = desk.window.header.points
    assert badge.isHidden()
    desk.client.set_points([row("intake/fic1.pv"), row("outlet/lt2.pv", "simulated")])
    qtbot.waitUntil(lambda: not badge.isHidden())
    assert badge.words == "F 1 +1"
    desk.client.set_points([])
    qtbot.waitUntil(badge.isHidden)


def test_HM_16_the_page_lists_every_point_and_follows(desk: Desk, qtbot: Any) -> None:
    rows = [row(f"intake/t{n}") for n in range(12_000)]
    desk.client.set_points(rows)
    qtbot.waitUntil(lambda: not desk.window.header.points.isHidden())
    qtbot.mouseClick(desk.window.header.points, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page(desk).model.shown) == 12_000)
    assert page(desk).isVisible()
    desk.client.set_points(rows[:3])
    qtbot.waitUntil(lambda: len(page(desk).model.shown) == 3)
    assert page(desk).count.full_text == "3 points"


def test_HM_16_key_opens_filters_and_sorts(desk: Desk, qtbot: Any) -> None:
    desk.client.set_points([row("outlet/lt2.pv"), row("intake/fic1.pv"), row("intake/fic1.sp", "simulated")])
    qtbot.keyClick(desk.window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    one = page(desk)
    qtbot.waitUntil(lambda: len(one.model.shown) == 3)
    assert [r.state for r in one.model.shown] == ["forced", "forced", "simulated"]
    one.table.sortByColumn(Column.TAG, Qt.SortOrder.DescendingOrder)
    assert [r.name for r in one.model.shown] == ["outlet/lt2.pv", "intake/fic1.sp", "intake/fic1.pv"]
    one.search.setText("LT2")
    assert [r.name for r in one.model.shown] == ["outlet/lt2.pv"]
    one.search.setText("")
    button = one.areas.buttons["intake"]
    button.click()
    assert {r.area for r in one.model.shown} == {"intake"}
    button.click()
    one.choose_state("simulated")
    qtbot.waitUntil(lambda: [r.name for r in one.model.shown] == ["intake/fic1.sp"])
    qtbot.keyClick(desk.window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert desk.window.stack.currentWidget() is desk.window.mimic


def test_HM_16_a_row_leads_to_display_and_faceplate_and_its_value_is_live(desk: Desk, qtbot: Any) -> None:
    desk.client.tick({"outlet/lt2.pv": good(2.5).with_status(GOOD_LOCAL_OVERRIDE)})
    desk.client.set_points([row("outlet/lt2.pv")])
    desk.window.toggle_points()
    one = page(desk)
    qtbot.waitUntil(lambda: len(one.model.shown) == 1 and "outlet/lt2.pv" in desk.client.tags)
    qtbot.waitUntil(lambda: one.model.text(one.model.shown[0], Column.VALUE).startswith("2.5"))
    qtbot.waitUntil(lambda: "forced" in one.model.text(one.model.shown[0], Column.QUALITY))
    one.table.setCurrentIndex(one.model.index(0, 0))
    qtbot.keyClick(one.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(desk.window.desk.cards))
    assert desk.window.stack.currentWidget() is desk.window.mimic
    assert "outlet/lt2.pv" in desk.window.mimic.view.scene.tags


def test_a_list_that_cannot_be_asked_for_says_so(desk: Desk, qtbot: Any) -> None:
    desk.client.set_points([row("outlet/lt2.pv")])
    desk.window.toggle_points()
    one = page(desk)
    qtbot.waitUntil(lambda: len(one.model.shown) == 1)
    desk.client.lose_link()
    qtbot.waitUntil(lambda: "not up to date" in one.problem.full_text)


def test_states_that_are_not_known_now_say_so(desk: Desk, qtbot: Any) -> None:
    desk.client.set_points([row("a/x", known=False), row("a/y", by_input=True)])
    desk.window.toggle_points()
    one = page(desk)
    qtbot.waitUntil(lambda: len(one.model.shown) == 2)
    words = {r.name: one.model.text(r, Column.STATE) for r in one.model.shown}
    assert words == {"a/x": "Forced, when last heard", "a/y": "Forced, by an input"}
