"""The past never mixes two instants: its values, alarms, time, holds and the word of the present beside it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("PySide6")

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject, QRect
from shell_plant import alarms, open_station
from test_second_runtime import FLOW as HOME_FLOW
from test_second_runtime import SOUTH_FLOW, open_two
from test_second_runtime import Desk as TwoDesk
from test_time_travel import FLOW, HOUR, LEVEL, THEN, go, make_history, strip, until

from hmi.client.past import HoldChange, PastMoment
from hmi.client.people import HoldRequest
from hmi.core.clock import NS_PER_S
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.mimics import PENDING
from hmi.testing.client import START_NS, make_alarm
from hmi.ui.past.clock import SILENT_MS

pytestmark = pytest.mark.qt
PUMP = "intake/p1.running"


def hold_back(desk: Any) -> asyncio.Event:
    """The runtime answers what stood then only once the event is set."""
    gate, answer = asyncio.Event(), desk.client.alarms_at

    async def later(at: int, until: int = 0) -> PastMoment:
        await gate.wait()
        return await answer(at, until)

    desk.client.alarms_at = later
    return gate


def let_go(desk: Any, gate: asyncio.Event) -> None:
    """On the client's loop, which is where it is waited for."""

    async def opened() -> None:
        gate.set()

    desk.station.link.ask(lambda _: opened(), owner=desk.station, done=lambda _: None, failed=pytest.fail)


def two_histories(desk: TwoDesk) -> None:
    for client in (desk.home, desk.south):
        for tag, data in client.values.items():
            client.history[tag] = [DataValue(data.value, GOOD, START_NS - 5 * HOUR, START_NS - 5 * HOUR)]


def test_back_to_live_the_header_never_tells_a_past_time(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)

        async def lost(*_: Any, **__: Any) -> None: ...

        desk.client.subscribe = lost  # type: ignore[method-assign]
        desk.station.clock.go_live()
        desk.station.drain()
        desk.window._tick()
        assert desk.station.now() == START_NS
        desk.station.clock.go_to(THEN + HOUR // 2)
        assert desk.station.clock.target == THEN + HOUR // 2


def test_alarms_of_the_instant_before_are_not_called_known_and_do_not_stay(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        assert desk.station.hears("")
        gate, before = hold_back(desk), THEN - 2 * NS_PER_S
        desk.station.clock.go_to(before)
        until(qtbot, desk, lambda: desk.station.now() == before)
        assert not desk.station.hears("")
        assert desk.station.reading(FLOW).stale
        desk.time.pass_s(1.1)
        desk.client.tick({})
        desk.station.drain()
        assert strip(desk.window) == []
        assert desk.window.strip.table.empty_text == "Not known"
        let_go(desk, gate)
        until(qtbot, desk, lambda: desk.station.hears(""))
        assert desk.window.strip.table.empty_text == "No alarms"


def test_a_further_runtime_that_is_silent_shows_no_value_of_another_instant(qtbot) -> None:
    with open_two(qtbot) as desk:
        two_histories(desk)
        station = desk.station
        station.clock.go_to(START_NS - HOUR)
        qtbot.waitUntil(lambda: (station.drain(), SOUTH_FLOW in station.values)[1])
        qtbot.waitUntil(lambda: (station.drain(), station.looks_fresh(SOUTH_FLOW))[1])

        async def lost(*_: Any, **__: Any) -> None: ...

        desk.south.subscribe = lost  # type: ignore[method-assign]
        station.clock.go_to(START_NS - 3 * HOUR)
        qtbot.waitUntil(lambda: (station.drain(), not station.clock.is_seeking)[1])
        assert station.now() == START_NS - 3 * HOUR
        assert SOUTH_FLOW not in station.values
        assert not station.looks_fresh(SOUTH_FLOW)
        assert station.looks_fresh(HOME_FLOW)


def test_alarms_of_a_further_runtime_that_did_not_answer_are_unknown_until_it_does(qtbot) -> None:
    with open_two(qtbot) as desk:
        two_histories(desk)
        station = desk.station
        south = make_alarm(HOME_FLOW, 9, priority=1, message="South", alarm_time=START_NS - 2 * HOUR)
        desk.south.travel.turn(START_NS - 2 * HOUR, south)
        desk.south.travel.problem = "the disk is gone"
        station.clock.go_to(START_NS - HOUR)
        qtbot.waitUntil(lambda: (station.drain(), not station.clock.is_seeking)[1])
        assert station.hears("intake")
        assert not station.hears("south::intake")
        assert not station.hears("")
        assert desk.window.strip.table.empty_text == "Not known"
        assert "not all" in desk.window.strip.told.full_text
        desk.south.travel.problem = ""
        qtbot.waitUntil(lambda: (station.drain(), station.hears(""))[1], timeout=3 * SILENT_MS)
        assert strip(desk.window) == ["South"]


def test_a_further_runtime_before_its_first_record_is_not_called_free_of_alarms(qtbot) -> None:
    with open_two(qtbot) as desk:
        two_histories(desk)
        desk.south.travel.begins = START_NS - HOUR // 2
        desk.station.clock.go_to(START_NS - HOUR)
        qtbot.waitUntil(lambda: (desk.station.drain(), not desk.station.clock.is_seeking)[1])
        assert desk.station.hears("intake")
        assert not desk.station.hears("south::intake")


def test_after_a_blip_of_the_link_what_plays_goes_on_where_it_is(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        station = desk.station
        go(qtbot, desk, THEN)
        station.clock.play(100)
        until(qtbot, desk, lambda: station.now() > THEN + 90 * NS_PER_S and strip(desk.window) == [])
        before = station.now()
        station.mailbox.on_link(False, "lost")
        station.drain()
        station.mailbox.on_link(True, "")
        station.drain()
        desk.window.desk.open("intake/p1", QRect(100, 100, 50, 50))
        until(qtbot, desk, lambda: PUMP in desk.client.tags and not station.clock.is_seeking)
        assert station.now() >= before
        assert station.reading(FLOW).number == 12.0


def test_a_step_back_of_the_values_asks_for_the_alarms_of_there(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        station = desk.station
        go(qtbot, desk, THEN)
        station.clock.play(100)
        until(qtbot, desk, lambda: station.now() > THEN + 70 * NS_PER_S and strip(desk.window) == [])
        station.expect_past(THEN, START_NS, THEN)
        station.link.ask(
            lambda client: client.subscribe([FLOW, LEVEL], at=THEN, until=START_NS - NS_PER_S),
            owner=QObject(station), done=lambda _: None, failed=pytest.fail,
        )  # fmt: skip
        until(qtbot, desk, lambda: strip(desk.window) == ["Raw flow low low"])
        assert station.now() < THEN + 60 * NS_PER_S


def test_while_the_runtime_is_silent_what_plays_stands_still_and_looks_old(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        station = desk.station
        go(qtbot, desk, THEN)
        station.clock.play(1_000)
        until(qtbot, desk, lambda: station.now() > THEN and not station.clock.is_seeking)
        at = station.now()
        assert not station.reading(FLOW).stale
        desk.time.pass_s(5)
        station.drain()
        assert station.now() == at
        assert station.reading(FLOW).stale


def test_holds_turn_at_their_own_time_while_it_plays(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        tag = desk.station.catalogue.tags[LEVEL]
        request = HoldRequest("h_1", "place_tag", object_id=tag.id, kind="caution", reason="leaks")
        asked: list[bool] = []
        desk.station.link.ask(
            lambda client: client.hold(request), owner=desk.station, done=lambda _: asked.append(True),
            failed=pytest.fail,
        )  # fmt: skip
        until(qtbot, desk, lambda: bool(asked and desk.station.holds.holds.tags))
        held = desk.station.holds.holds
        answer = desk.client.alarms_at

        async def with_hold(at: int, until: int = 0) -> PastMoment:
            found = await answer(at, until)
            return replace(found, hold_changes=[HoldChange(THEN + 30 * NS_PER_S, as_wire(held))])

        desk.client.alarms_at = with_hold  # type: ignore[method-assign]
        go(qtbot, desk, THEN)
        station = desk.station
        assert station.holds.holds.tags == ()
        station.clock.play(60)
        until(qtbot, desk, lambda: bool(station.holds.holds.tags))
        assert THEN + 30 * NS_PER_S <= station.now() < THEN + 60 * NS_PER_S


def as_wire(held: Any) -> dict[str, Any]:
    return msgspec.to_builtins(held, enc_hook=str)


def test_the_chip_does_not_call_a_silent_runtime_free_of_alarms(qtbot) -> None:
    with open_two(qtbot) as desk:
        two_histories(desk)
        desk.station.clock.go_to(START_NS - HOUR)
        qtbot.waitUntil(lambda: (desk.station.drain(), not desk.station.clock.is_seeking)[1])
        bar = desk.window.past.bar
        bar.refresh()
        assert "not known" not in bar.chip.words
        for _ in range(8):
            desk.pass_s(0.5)
            desk.home.tick({})
            desk.station.drain()
        bar.refresh()
        assert bar.chip.words == "Live alarms: not known"


def test_the_instructor_leaves_with_the_present_and_does_not_open_in_the_past(qtbot) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        make_history(desk)
        window = desk.window
        window.toggle_instructor()
        assert window.instructor is not None
        go(qtbot, desk, THEN)
        assert window.instructor is None
        window.toggle_instructor()
        assert window.instructor is None
        assert "the present" in window.notice.text.full_text


def test_nothing_that_is_said_takes_the_place_of_a_live_alarm(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        new = make_alarm(LEVEL, 9, priority=1, message="Tank overflows")
        desk.client.alarm_book.change([new])
        desk.station.drain()
        notice = desk.window.notice
        notice.say("This page tells of the present.")
        assert "live alarm" in notice.text.full_text
        assert "This page" in notice.text.full_text
        notice.hide()
        notice.say("Something else.")
        assert notice.text.full_text == "Something else."


def test_a_command_that_was_sent_live_is_no_part_of_the_past(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        road, sp = desk.station.commands, "intake/fic1.sp"
        road._pending[sp] = road.propose(sp, 55.0)
        road._sent_ns[sp] = road._clock()
        controls = desk.window.mimic.controls
        assert controls._control(sp).phase == PENDING
        go(qtbot, desk, THEN)
        told = controls._control(sp)
        assert (told.phase, told.words) == ("", "")
        assert "past" in told.blocked
        desk.station.clock.go_live()
        assert controls._control(sp).phase == PENDING


def test_the_sheet_of_an_alarm_keeps_no_live_details_in_the_past(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        live = alarms()[0]
        desk.client.travel.turn(THEN - NS_PER_S, replace(live, alarm_time=THEN - NS_PER_S))
        sheet = desk.window.alarm_page.sheet
        sheet.show_row(live)
        qtbot.waitUntil(lambda: sheet.details is not None)
        go(qtbot, desk, THEN)
        assert sheet.details is None
        qtbot.waitUntil(lambda: bool(sheet.problem.full_text))
        desk.station.clock.go_live()
        qtbot.waitUntil(lambda: sheet.details is not None)
        assert sheet.problem.full_text == ""


def test_playing_begins_with_the_alarms_that_stood_and_calls_them_known(qtbot) -> None:
    """Values are on their way for a moment when playing begins: nobody paints the strip again when they are there."""
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        clock = desk.station.clock
        clock.play(1)
        assert desk.station.mailbox.ages.waits
        assert desk.station.hears("")
        assert strip(desk.window) == ["Raw flow low low"]
        assert desk.window.strip.told.full_text == "1 unacknowledged of 1"
