"""The mailbox: newest wins, events stay in order, age judged on the monotonic clock."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from shell_plant import Time

from hmi.client.port import Event, LiveUpdate
from hmi.core.values import DataValue
from hmi.ui.mailbox import MAX_EVENTS, Mailbox

pytestmark = pytest.mark.qt


def value(number: float) -> DataValue:
    return DataValue(number, 0, 1, 1)


def update(clock: Time, beat: int, **more: object) -> LiveUpdate:
    fields: dict[str, object] = {
        "values": {}, "ages_ms": {"fast": 0, "slow": 0}, "heartbeat": beat, "arrived_ns": clock(),
    }  # fmt: skip
    return LiveUpdate(**{**fields, **more})  # type: ignore[arg-type]


def subscribed(clock: Time) -> Mailbox:
    box = Mailbox(clock)
    groups = {"a": "fast", "b": "slow"}
    limits = {"fast": 2000, "slow": 15000}
    box.on_live(update(clock, 1, snapshot=True, tag_group=groups, group_limits_ms=limits))
    box.drain()
    return box


def test_newest_value_wins_and_events_keep_their_order() -> None:
    clock = Time()
    box = subscribed(clock)
    for number in range(5):
        box.on_live(update(clock, number + 2, values={"a": value(number)}))
        box.on_event(Event(number, "alarm", None))
    mail = box.drain()
    assert mail.values == {"a": value(4)}
    assert [event.seq for event in mail.events] == [0, 1, 2, 3, 4]
    assert box.drain().values == {}


def test_HM_09_an_unchanged_value_stays_live_while_its_group_is_proved() -> None:
    clock = Time()
    box = subscribed(clock)
    for beat in range(2, 60):
        clock.pass_s(0.5)
        box.on_live(update(clock, beat))
        box.drain()
        assert box.fresh("a")


def test_a_group_whose_age_grows_goes_stale_at_its_own_limit() -> None:
    clock = Time()
    box = subscribed(clock)
    for beat in range(2, 8):
        clock.pass_s(0.5)
        age = (beat - 1) * 500
        box.on_live(update(clock, beat, ages_ms={"fast": age, "slow": age}))
        box.drain()
    assert not box.fresh("a")
    assert box.fresh("b")


def test_the_time_since_arrival_counts_as_age() -> None:
    clock = Time()
    box = subscribed(clock)
    box.on_live(update(clock, 2, ages_ms={"fast": 1500}))
    box.drain()
    assert box.fresh("a")
    clock.pass_s(0.6)
    assert not box.fresh("a")
    assert box.alive


def test_a_lost_heartbeat_makes_every_group_stale() -> None:
    clock = Time()
    box = subscribed(clock)
    clock.pass_s(2.01)
    assert not box.alive
    assert not box.fresh("a")
    assert not box.fresh("b")
    assert not box.fresh("without group")


def test_a_repeated_heartbeat_is_no_sign_of_life() -> None:
    clock = Time()
    box = subscribed(clock)
    for _ in range(5):
        clock.pass_s(0.5)
        box.on_live(update(clock, 1))
        box.drain()
    assert not box.alive


def test_ages_of_batches_between_two_drains_are_merged() -> None:
    clock = Time()
    box = subscribed(clock)
    box.on_live(update(clock, 2, ages_ms={"fast": 100, "slow": 100}))
    clock.pass_s(0.1)
    box.on_live(update(clock, 3, ages_ms={"slow": 0}))
    box.drain()
    assert clock() - box.ages.proof_ns["fast"] == pytest.approx(200_000_000)


def test_too_many_events_are_an_announced_overrun() -> None:
    box = Mailbox(Time())
    for number in range(MAX_EVENTS + 1):
        box.on_event(Event(number, "alarm", None))
    mail = box.drain()
    assert mail.overrun
    assert len(mail.events) == 1


def test_session_time_runs_on_between_batches_and_stops_with_the_runtime() -> None:
    clock = Time()
    box = Mailbox(clock)
    box.on_live(update(clock, 1, session_time=10**18, rate=2.0))
    box.drain()
    clock.pass_s(1.0)
    assert box.now() == 10**18 + 2 * 10**9
    clock.pass_s(100.0)
    assert box.now() == 10**18 + 4 * 10**9
