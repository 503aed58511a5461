"""A station that shows the past says so: no value of it is live, and nothing can be commanded in it."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect
from shell_plant import Desk, Time, good, open_station

from hmi.client.port import HISTORY_GROUP, LiveUpdate
from hmi.core.clock import NS_PER_S
from hmi.testing.client import START_NS
from hmi.ui.mailbox import Mailbox

pytestmark = pytest.mark.qt
TAGS = ["intake/fic1.pv", "outlet/lt2.pv", "intake/p1.running", "intake/p1.start"]
PAST = START_NS - 3_600 * NS_PER_S


def past(clock: Time, beat: int, **more: object) -> LiveUpdate:
    fields: dict[str, object] = {
        "values": {}, "ages_ms": {HISTORY_GROUP: 1}, "heartbeat": beat, "arrived_ns": clock(),
        "at": PAST, "session_time": PAST, "rate": 2.0,
    }  # fmt: skip
    return LiveUpdate(**{**fields, **more})  # type: ignore[arg-type]


def test_the_past_is_never_live_and_its_time_is_its_own() -> None:
    clock = Time()
    box = Mailbox(clock)
    groups = {"a": HISTORY_GROUP}
    box.on_live(past(clock, 1, snapshot=True, tag_group=groups, group_limits_ms={HISTORY_GROUP: 0}))
    box.drain()
    assert box.is_history
    assert box.alive
    assert not box.fresh("a")
    assert not box.fresh("in no group")
    told = box.now()
    clock.pass_s(1)
    assert box.now() == told == PAST, "what the runtime has not told of the past is not guessed"


def test_the_past_stays_the_past_when_batches_are_taken_together() -> None:
    clock = Time()
    box = Mailbox(clock)
    box.on_live(past(clock, 1, snapshot=True))
    for beat in (2, 3):
        box.on_live(past(clock, beat, values={"a": good(1.0)}))
    box.drain()
    for beat in (4, 5):
        box.on_live(past(clock, beat, values={"a": good(2.0)}))
    box.drain()
    assert box.is_history
    assert not box.fresh("a")


def test_a_runtime_that_repeats_one_heartbeat_is_silent_in_the_past_too() -> None:
    clock = Time()
    box = Mailbox(clock)
    for _ in range(5):
        box.on_live(past(clock, 7))
        box.drain()
        clock.pass_s(0.6)
    assert not box.alive


def test_a_command_decided_on_the_past_carries_no_heartbeat_until_it_is_live_again() -> None:
    clock = Time()
    box = Mailbox(clock)
    box.on_live(LiveUpdate({}, {}, 5, clock(), snapshot=True))
    box.drain()
    assert box.ages.heartbeat == 5
    box.on_live(past(clock, 6, snapshot=True))
    box.drain()
    assert box.ages.heartbeat == 0
    box.on_live(LiveUpdate({}, {}, 7, clock(), snapshot=True))
    box.drain()
    assert (box.ages.heartbeat, box.is_history) == (7, False)


def look_back(desk: Desk) -> None:
    at = desk.client.session_time - 60 * NS_PER_S
    for name in TAGS:
        value = desk.client.values[name]
        desk.client.history[name] = [value._replace(source_time=at - 1, receive_time=at - 1)]
    asyncio.run(desk.client.subscribe(TAGS, at=at))
    desk.station.drain()
    desk.window._tick()


def test_the_window_says_that_it_shows_the_past_and_when(qtbot) -> None:
    with open_station(qtbot) as desk:
        look_back(desk)
        text = desk.window.banner.text.full_text
        assert desk.window.banner.isVisible()
        assert "History" in text
        assert "No value shown is live" in text
        reading = desk.station.reading("intake/fic1.pv")
        assert (reading.stale, reading.number) == (True, 42.0)
        assert desk.window.header.clock.full_text in text
        asyncio.run(desk.client.subscribe(TAGS))
        desk.station.drain()
        desk.window._tick()
        assert "History" not in desk.window.banner.text.full_text
        assert not desk.station.reading("intake/fic1.pv").stale


def test_nothing_can_be_commanded_in_the_past_not_even_a_pulse(qtbot) -> None:
    with open_station(qtbot) as desk:
        card = desk.window.desk.open("intake/p1", QRect(100, 100, 50, 50))
        assert card is not None
        card.refresh()
        road = desk.station.commands
        assert not any("past" in road.why(row.info.name) for row in card.commands.rows)
        look_back(desk)
        card.refresh()
        assert card.commands.rows
        reasons = {road.why(row.info.name) for row in card.commands.rows}
        assert reasons == {"The past is shown: nothing can be commanded in it."}
