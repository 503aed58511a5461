"""HM-15: a control or faceplate command that may not act stays in view, disabled, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("PySide6")

from control_plant import LEAD, MODE, RESET, SP, START, Controls, open_controls
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from shell_plant import good

from hmi.core import quality as q
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue

pytestmark = pytest.mark.qt
IDS = ("start", "lead", "sure", "entry", "slider", "list", "segments")
TAGS = (SP, START, LEAD, MODE, RESET)


def permissive(c: Controls) -> None:
    c.tick({"intake/p1.remote": good(False)})


def interlock(c: Controls) -> None:
    c.tick({"outlet/lt2.pv": good(0.4)})


def unknown_condition(c: Controls) -> None:
    c.tick({"outlet/lt2.pv": good(2.0).with_status(q.BAD_SENSOR_FAILURE)})


def running(c: Controls) -> None:
    c.tick({"intake/p1.running": good(True)})


def role(c: Controls) -> None:
    c.client.roles = ["view"]
    c.station.ask_status()


def told_by_runtime(c: Controls) -> None:
    c.client.blocked = "Commands are blocked: the audit trail is full."
    c.station.ask_status()


def stale(c: Controls) -> None:
    for _ in range(5):
        c.desk.time.pass_s(1.0)
        c.client.tick({}, age_ms=9_000)
        c.station.drain()
    c.station.judged.emit()


def link_down(c: Controls) -> None:
    c.client.lose_link()
    c.desk.time.pass_s(3.0)
    c.station.drain()
    c.station.judged.emit()


def bad(c: Controls) -> None:
    c.tick({tag: DataValue(None, q.BAD_NO_COMMUNICATION, 1, 1) for tag in TAGS})


def last_usable(c: Controls) -> None:
    c.tick({tag: c.client.values[tag].with_status(q.UNCERTAIN_LAST_USABLE) for tag in TAGS})


def history(c: Controls) -> None:
    at = c.client.session_time - 60 * NS_PER_S
    for name in c.client.tags:
        c.client.history[name] = [c.client.values[name]._replace(source_time=at - 1, receive_time=at - 1)]
    asyncio.run(c.client.subscribe(c.client.tags, at=at))
    c.station.drain()
    c.station.judged.emit()


SITUATIONS: dict[str, tuple[Callable[[Controls], None], str, tuple[str, ...]]] = {
    "permissive": (permissive, "Not met: Switch is in remote", ("start",)),
    "interlock": (interlock, "Active: Outlet level is low", ("start",)),
    "condition not known": (unknown_condition, "Not known: Outlet level is low", ("start",)),
    "reached": (running, "It is running already.", ("start",)),
    "role": (role, "You have no right to operate.", IDS),
    "runtime": (told_by_runtime, "Commands are blocked: the audit trail is full.", IDS),
    "stale": (
        stale,
        "Stale: nothing is sent on an old value.",
        ("lead", "sure", "entry", "slider", "list", "segments"),
    ),
    "link down": (link_down, "The runtime does not answer.", IDS),
    "bad": (bad, "Bad: no communication with the device", IDS),
    "last usable": (last_usable, "Stale: nothing is sent on an old value.", IDS),
    "history": (history, "The past is shown: nothing can be commanded in it.", IDS),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_HM_15_a_blocked_control_says_why_on_itself_on_hover_and_when_it_is_pressed(
    qtbot: Any, situation: str
) -> None:
    act, words, blocked = SITUATIONS[situation]
    with open_controls(qtbot) as c:
        assert [c.control(identity).blocked for identity in IDS] == [""] * len(IDS)
        act(c)
        qtbot.waitUntil(lambda: all(c.control(identity).blocked == words for identity in blocked))
        told: list[str] = []
        c.station.notice.connect(told.append)
        for identity in blocked:
            assert words in c.view.tooltip(c.index(identity))
            assert any(getattr(part, "text", "") == words for part in c.look(identity)), c.look(identity)
            c.click(identity)
            c.focus(identity)
            c.key(Qt.Key.Key_Return)
            assert c.card is None
        assert len(told) == 2 * len(blocked)
        assert all(words in text for text in told)
        qtbot.wait(20)
        assert c.client.submitted == []
        free = [identity for identity in IDS if identity not in blocked]
        if situation not in ("stale",):
            assert [c.control(identity).blocked for identity in free] == [""] * len(free)


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name != "role"])
def test_what_is_blocked_while_it_is_asked_cannot_be_confirmed(qtbot: Any, situation: str) -> None:
    act, words, blocked = SITUATIONS[situation]
    with open_controls(qtbot) as c:
        if blocked[0] == "start":
            c.click("start")
        else:
            c.click("list")
            next(b for b, choice in c.card.buttons if choice.value == 0).click()
        act(c)
        qtbot.waitUntil(lambda: not c.box.yes.isEnabled())
        assert c.box.yes.toolTip() == words
        assert c.box.objection.full_text == words
        QTest.mouseClick(c.box.yes, Qt.MouseButton.LeftButton)
        c.box.confirmed.emit()
        qtbot.wait(20)
        assert c.client.submitted == []


def test_a_question_goes_away_with_the_right_to_answer_it(qtbot: Any) -> None:
    with open_controls(qtbot) as c:
        c.click("start")
        assert c.box.yes.isEnabled()
        role(c)
        qtbot.waitUntil(lambda: c.card is None)
        c.click("start")
        assert c.card is None
        assert c.client.submitted == []


@pytest.mark.parametrize(
    ("identity", "words"),
    [("fixed", "This tag takes no commands."), ("nowhere", "This tag does not exist in the plant.")],
)
def test_HM_15_a_control_of_a_tag_that_cannot_be_written_says_so(
    qtbot: Any, identity: str, words: str
) -> None:
    with open_controls(qtbot) as c, qtbot.waitSignal(c.station.notice) as told:
        assert c.control(identity).blocked == words
        c.click(identity)
        assert c.card is None
    assert words in told.args[0]


def test_HM_15_a_forbidden_class_says_so(qtbot: Any) -> None:
    with open_controls(qtbot, intake__fic1__sp={"command_class": "X"}) as c:
        assert c.control("entry").blocked == "This command is forbidden from here."


@pytest.mark.parametrize("situation", SITUATIONS)
def test_HM_15_faceplates_give_the_same_reason_as_controls(qtbot: Any, situation: str) -> None:
    act, words, blocked = SITUATIONS[situation]
    with open_controls(qtbot) as c:
        cards = [c.window.desk.open(name, QRect(900, 300, 20, 20)) for name in ("intake/p1", "intake/fic1")]
        act(c)
        qtbot.waitUntil(lambda: c.control(blocked[0]).blocked == words)
        reasons = {}
        for card in cards:
            card.refresh()
            for row in card.commands.rows:
                controls = [b for b, _ in row.buttons]
                controls += [row.entry.field, row.entry.set_button] if row.entry else []
                silent = [one for one in controls if not one.isEnabled() and not one.toolTip()]
                assert silent == []
                disabled = [one for one in controls if not one.isEnabled()]
                reasons[row.info.name] = disabled[0].toolTip() if len(disabled) == len(controls) else ""
        for identity, tag in (("start", START), ("entry", SP)):
            assert reasons[tag] == c.control(identity).blocked, identity
