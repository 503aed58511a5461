"""How far a command under way is: told from the time that the plant names, and never as a state of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("PySide6")

from control_plant import LEAD, START, Controls, open_controls

from hmi.core.commands import CommandResult, OperatorCommand
from hmi.mimics import choices, is_pulse
from hmi.testing.client import confirmed, make_tag
from hmi.ui.commands.steps import Given

pytestmark = pytest.mark.qt


@contextmanager
def slow_plant(qtbot: Any, monkeypatch: Any, **more: dict[str, Any]) -> Iterator[tuple[Controls, Any]]:
    """The plant answers a command only when the test lets it, and the road has the test's clock."""
    with open_controls(qtbot, **more) as c:
        answers = threading.Event()

        async def submit(command: OperatorCommand) -> CommandResult:
            c.client.submitted.append(command)
            while not answers.is_set():
                await asyncio.sleep(0.005)
            return confirmed(command)

        monkeypatch.setattr(c.client, "submit", submit)
        monkeypatch.setattr(c.station.commands, "_clock", c.desk.time)
        yield c, answers
        answers.set()


def test_progress_follows_the_time_that_the_plant_names_and_ends_with_the_answer(
    qtbot: Any, monkeypatch: Any
) -> None:
    with slow_plant(qtbot, monkeypatch, intake__p1__start={"expected_ms": 12_000}) as (c, answers):
        plate = c.window.desk.open("intake/p1", c.view.rect())
        assert c.station.commands.progress(START) is None
        assert c.station.commands.send(c.station.commands.propose(START, True), Given(confirmed=True)) == ""
        line = plate.commands.dialogue.progress
        assert (line.progress.words, line.progress.share) == ("0 of 12 s", 0.0)
        c.desk.time.pass_s(3.2)
        plate.refresh()
        c.tick()
        assert (line.progress.words, line.progress.share) == ("3 of 12 s", 0.25)
        assert line.accessibleName() == "3 of 12 s"
        assert c.control("start").words == "Start, 3 of 12 s"
        c.desk.time.pass_s(20)
        plate.refresh()
        assert (line.progress.words, line.progress.share) == ("23 of 12 s", 1.0)
        answers.set()
        qtbot.waitUntil(lambda: c.station.commands.pending(START) is None)
        assert line.progress is None
        assert line.isHidden()


def test_a_command_without_a_named_time_shows_no_progress(qtbot: Any, monkeypatch: Any) -> None:
    with slow_plant(qtbot, monkeypatch) as (c, _):
        c.click("lead")
        c.desk.time.pass_s(3)
        c.tick()
        assert c.control("lead").phase == "pending"
        assert c.control("lead").words == "On"
        assert c.station.commands.progress(LEAD) is None


def test_a_faceplate_opened_while_a_command_is_under_way_shows_how_far_it_is(
    qtbot: Any, monkeypatch: Any
) -> None:
    with slow_plant(qtbot, monkeypatch, intake__p1__start={"expected_ms": 12_000}) as (c, _):
        c.station.commands.send(c.station.commands.propose(START, True), Given(confirmed=True))
        c.desk.time.pass_s(6)
        plate = c.window.desk.open("intake/p1", c.view.rect())
        assert plate.commands.dialogue.progress.progress.words == "6 of 12 s"


def test_what_is_a_pulse_is_said_by_the_plant_and_not_by_the_name_of_its_signal() -> None:
    states = {0: "No", 1: "Yes"}
    washes = make_tag("a.backwash", type="bool", signal="backwash", writable=True, pulse=True, states=states)
    held = make_tag("a.start", type="bool", signal="start", writable=True, states=states)
    assert is_pulse(washes)
    assert [(choice.text, choice.value) for choice in choices(washes)] == [("Backwash", True)]
    assert not is_pulse(held)
    assert [choice.text for choice in choices(held)] == ["No", "Yes"]
