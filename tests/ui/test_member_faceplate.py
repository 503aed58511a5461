"""A pump inside of a pump set has the faceplate of a pump; that of the set lists it, and both lead to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6")

import golden
from faceplate_plant import at, opened
from member_plant import ALONE, MEMBERS, OUTER, STATION, open_members, written
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shell_plant import Desk

from hmi.client._prefix import Prefix
from hmi.core import quality as q
from hmi.core.principal import Mode
from hmi.mimics import Catalogue
from hmi.project import new_plant, open_plant
from hmi.runtime._plant_info import plant_info
from hmi.testing.client import make_alarm
from hmi.ui.faceplate.card import Faceplate
from hmi.ui.faceplate.content import MAX_MEMBERS, content_of
from hmi.ui.faceplate.members import MemberRow
from hmi.ui.theme import THEMES, Theme
from hmi.ui.widgets import FlatButton, Text

SET = """schema = "type/1"
name = "pumpset"

[parameters.base]
type = "integer"

[signals.mode]
type = "uint16"
address = "HR{base}"

[members.first]
type = "pump"
parameters = {base = "{base+10}"}
"""

pytestmark = pytest.mark.qt
NO_LINK = at(None, q.BAD_NO_COMMUNICATION)
LEVEL_LOW = make_alarm(f"{OUTER}/lt1.level", 11, priority=2, name="Low", message="Day tank low")
DEEP = make_alarm(f"{OUTER}/skid/p9.tripped", 12, priority=1, message="Transfer pump tripped")


def row_of(card: Faceplate, member: str) -> MemberRow:
    return card.body.members.rows[f"{OUTER}/{member}"]


def raised(qtbot: Any, desk: Desk, *alarms: Any) -> None:
    desk.client.raise_alarms(*alarms)
    qtbot.waitUntil(lambda: len(desk.station.alarms) == len(alarms))


def headings(card: Faceplate) -> list[str]:
    return [text.full_text for text in card.findChildren(Text) if not text.isHidden()]


def test_a_member_has_the_faceplate_of_its_type(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    (folder / "types" / "pumpset.toml").write_text(SET, "utf-8")
    tags = folder / "tags.csv"
    header, *rows = tags.read_text("utf-8").splitlines()
    names = header.split(",")
    known = {"kind": "pumpset", "name": "area1/set1", "connection": "plc1", "parameters": "base=500"}
    rows.append(",".join(known.get(name, "") for name in names))
    tags.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    plant = open_plant(folder)
    catalogue = Catalogue.of(plant_info(plant, Mode.PLANT))

    found = content_of("area1/set1/first", catalogue)
    other = content_of("area1/p101", catalogue)
    assert found is not None
    assert other is not None
    assert (found.kind, found.symbol) == (other.kind, other.symbol)
    assert found.signals == {signal: f"area1/set1/first.{signal}" for signal in other.signals}
    assert found.commands == tuple(name.replace("p101", "set1/first") for name in other.commands)
    assert content_of("area1/set1/first.speed", catalogue) is not None
    outer = content_of("area1/set1", catalogue)
    assert outer is not None
    assert outer.signals == {"mode": "area1/set1.mode"}


# the rows


def test_every_member_has_a_row_with_its_own_state(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        card = opened(qtbot, desk, OUTER)
        rows = card.body.members.rows
        assert list(rows) == [f"{OUTER}/{member}" for member in MEMBERS]
        assert [row.look.words for row in rows.values()] == ["RUN 86.0 %", "STOP 0.0 %", "OPEN", "71 %", ""]
        assert [row.look.doubt for row in rows.values()] == [""] * len(MEMBERS)
        assert row_of(card, "p1").accessibleName() == f"{OUTER}/p1 Duty pump, RUN 86.0 %"
        assert {"Equipment inside", "No active alarm of its own"} <= set(headings(card))
        assert card.body.tags.count(f"{OUTER}/p1.speed") == 1


def test_equipment_without_members_has_no_row_and_no_way_up(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        card = opened(qtbot, desk, ALONE)
        assert card.body.members.rows == {}
        assert not {"Equipment inside", "No active alarm of its own"} & set(headings(card))
        assert not card.body.members.isVisibleTo(card)
        assert not [button for button in card.head.findChildren(FlatButton) if "↑" in button.text()]
        QTest.keyClick(card, Qt.Key.Key_U)
        assert desk.window.desk.cards == [card]


@pytest.mark.parametrize(
    ("lost", "member", "words", "doubt"),
    [
        ("/p1.speed", "p1", "RUN ---- %", ""),  # its mark stands beside the value
        ("/p1.tripped", "p1", "RUN 86.0 %", "C"),
        ("/v1.closed", "v1", "?", "C"),
        ("/lt1.level", "lt1", "---- %", ""),
    ],
)
def test_the_worst_quality_of_a_member_is_told(
    qtbot: Any, tmp_path: Path, lost: str, member: str, words: str, doubt: str
) -> None:
    with open_members(qtbot, tmp_path, {OUTER + lost: NO_LINK}) as desk:
        look = row_of(opened(qtbot, desk, OUTER), member).look
        assert (look.words, look.doubt) == (words, doubt)
        marks = {look.doubt, look.value.mark if look.value is not None else ""}
        assert "C" in marks


def test_a_silent_runtime_leaves_no_state_without_a_mark(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        card = opened(qtbot, desk, OUTER)
        desk.time.pass_s(30)
        desk.station.judged.emit()
        qtbot.waitUntil(lambda: row_of(card, "v1").look.doubt == "stale")
        value = row_of(card, "p1").look.value
        assert value is not None
        assert value.mark == "stale"


def test_the_worst_alarm_at_any_depth_marks_the_row(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        raised(qtbot, desk, LEVEL_LOW, DEEP)
        card = opened(qtbot, desk, OUTER)
        marked = {m: one.priority for m in MEMBERS if (one := row_of(card, m).look.alarm) is not None}
        assert marked == {"lt1": 2, "skid": 1}
        assert "Alarm of priority 2: Low" in row_of(card, "lt1").accessibleName()
        assert card.body.alarms.lines == []


def test_more_members_than_are_listed_are_counted_with_their_alarms(qtbot: Any, tmp_path: Path) -> None:
    many = "".join(
        f'\n[members.m{n}]\ntype = "pump"\nparameters = {{base = {1000 + 10 * n}}}\n' for n in range(60)
    )
    with open_members(qtbot, tmp_path, station=STATION + many) as desk:
        raised(qtbot, desk, make_alarm(f"{OUTER}/m59.tripped", 13, priority=1))
        card = desk.window.desk.open(OUTER, QRect(100, 300, 60, 60))
        assert card is not None
        members = card.body.members
        assert len(members.rows) == MAX_MEMBERS
        told = members.told.full_text
        assert told == f"25 more: Find (Ctrl+K) lists them by {OUTER}/; 1 of their tags are in alarm"


# where they lead


def test_a_click_or_enter_leads_to_the_member_and_the_head_leads_back(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        desk.window.resize(1920, 1080)
        card = opened(qtbot, desk, OUTER)
        cards = desk.window.desk.cards
        QTest.mouseClick(row_of(card, "p2"), Qt.MouseButton.LeftButton)
        assert [one.content.name for one in cards] == [OUTER, f"{OUTER}/p2"]
        row_of(card, "skid").setFocus()
        QTest.keyClick(row_of(card, "skid"), Qt.Key.Key_Return)
        skid = cards[-1]
        assert skid.content.name == f"{OUTER}/skid"
        assert not skid.geometry().intersects(desk.window.desk.box_of(skid))
        QTest.keyClick(skid, Qt.Key.Key_U)
        assert desk.window.focusWidget() is row_of(card, "skid")
        card.close_card()
        (up,) = [button for button in skid.head.findChildren(FlatButton) if button.text() == "↑ station1"]
        up.click()
        outer = cards[-1]
        assert outer.content.name == OUTER
        assert desk.window.focusWidget() is row_of(outer, "skid")
        assert outer.content.parent == ""


def test_a_press_that_ends_elsewhere_opens_nothing(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        row = row_of(opened(qtbot, desk, OUTER), "p1")
        QTest.mousePress(row, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
        QTest.mouseRelease(row, Qt.MouseButton.LeftButton, pos=QPoint(20, 300))
        assert len(desk.window.desk.cards) == 1


def test_HM_17_rows_and_the_way_up_are_reached_by_tab(qtbot: Any, tmp_path: Path) -> None:
    with open_members(qtbot, tmp_path) as desk:
        desk.window.resize(1920, 1080)
        for name in (OUTER, f"{OUTER}/skid"):
            card = opened(qtbot, desk, name)
            wanted = {
                w for w in card.findChildren(QWidget)
                if w.isVisible() and w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus
            }  # fmt: skip
            assert any(isinstance(w, MemberRow) for w in wanted)
            assert wanted <= walk(card)


def walk(card: Faceplate) -> set[QWidget]:
    """Every widget that Tab comes to."""
    found: set[QWidget] = set()
    widget: QWidget | None = card
    while widget is not None and (widget is card or card.isAncestorOf(widget)) and widget not in found:
        found.add(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
        widget = card.window().focusWidget()
    return found


@pytest.mark.parametrize("percent", [100, 200])
def test_HM_17_the_way_up_is_not_cut_at_any_size_of_text(qtbot: Any, tmp_path: Path, percent: int) -> None:
    with open_members(qtbot, tmp_path) as desk:
        desk.window.desk._theme = Theme.load("light", percent)
        card = opened(qtbot, desk, f"{OUTER}/p1")
        buttons = [b for b in card.head.findChildren(FlatButton) if b.isVisibleTo(card)]
        assert [b.text() for b in buttons if b.width() < b.sizeHint().width()] == []
        assert [b.text() for b in buttons if b.mapTo(card, QPoint(b.width(), 0)).x() > card.width() - 1] == []


def test_a_plant_of_a_further_runtime_keeps_who_is_inside_of_whom(tmp_path: Path) -> None:
    catalogue = Catalogue.of(Prefix("south").plant(written(tmp_path / "works")))
    outer = content_of(f"south::{OUTER}", catalogue)
    assert outer is not None
    assert [one.name for one in outer.members] == [f"south::{OUTER}/{member}" for member in MEMBERS]
    assert outer.inside[f"south::{OUTER}/skid/p9"] == f"south::{OUTER}/skid"
    inner = content_of(f"south::{OUTER}/skid/p9", catalogue)
    assert inner is not None
    assert inner.parent == f"south::{OUTER}/skid"


@pytest.mark.parametrize("theme", THEMES)
def test_the_rows_look_as_agreed(qtbot: Any, tmp_path: Path, theme: str) -> None:
    lost = {f"{OUTER}/p2.tripped": NO_LINK, f"{OUTER}/v1.closed": NO_LINK}
    with open_members(qtbot, tmp_path, lost, theme=theme) as desk:
        raised(qtbot, desk, LEVEL_LOW, DEEP)
        card = opened(qtbot, desk, OUTER)
        rows = card.body.members
        picture = card.grab(QRect(rows.mapTo(card, QPoint(0, 0)), rows.size())).toImage()
        cells = {name: row.geometry() for name, row in rows.rows.items()}
    golden.check(f"faceplate-members-{theme}", picture, cells, tmp_path)
