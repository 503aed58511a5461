"""Subscriptions: newest value wins in one lane, nothing is dropped in the other, both are bounded."""

from __future__ import annotations

import pytest

from hmi.core.errors import UsageError
from hmi.core.quality import BAD_CONFIGURATION
from hmi.core.values import DataValue
from hmi.runtime import EventLane, LatestLane, check_listen
from hmi.runtime._fanout import EveryLane
from hmi.runtime._verbs import Verb, route

HANDLES = {"a": 0, "b": 1, "c": 2}


def values(*found: float) -> list[DataValue]:
    return [DataValue(value, 0, 1, 1) for value in found]


def test_the_first_batch_is_everything_and_the_next_only_what_changed() -> None:
    lane = LatestLane()
    lane.choose(["c", "a", "nothing"], HANDLES)
    first = lane.drain(values(1, 2, 3))
    assert dict(zip(first["i"], first["v"], strict=True)) == {0: 3, 1: 1, 2: None}
    assert first["s"] == [0, 0, BAD_CONFIGURATION]
    lane.note({0, 1})
    lane.note({0})
    assert lane.has_news
    second = lane.drain(values(9, 8, 7))
    assert (second["i"], second["v"]) == ([1], [9])
    assert not lane.has_news


@pytest.mark.parametrize("lane", [LatestLane(), EveryLane()])
def test_another_revision_gives_a_snapshot_of_the_same_names(lane: LatestLane) -> None:
    lane.choose(["a", "c"], HANDLES)
    lane.drain(values(1, 2, 3))
    lane.follow({"a": 0, "new": 3})
    assert lane.has_news
    again = lane.drain(values(1, 2, 3, 4))
    assert dict(zip(again["i"], again["s"], strict=True)) == {0: 0, 1: BAD_CONFIGURATION}
    lane.note({2})
    assert not lane.has_news


def test_changes_that_wait_survive_another_revision() -> None:
    lane = EveryLane()
    lane.choose(["a", "b"], HANDLES)
    lane.drain(values(1, 2, 3))
    lane.record([(1, DataValue(7.0, 0, 2, 2))])
    lane.follow({"b": 1})
    waited = lane.drain(values(1, 7, 3))
    assert (waited["i"], waited["v"]) == ([1], [7.0])
    snapshot = lane.drain(values(1, 7, 3))
    assert dict(zip(snapshot["i"], snapshot["v"], strict=True)) == {0: None, 1: 7.0}
    assert lane.take_lost() == 0


def test_what_nobody_subscribed_is_no_news() -> None:
    lane = LatestLane()
    lane.choose(["a"], HANDLES)
    lane.drain(values(1, 2, 3))
    lane.note({1, 2})
    assert not lane.has_news


def test_events_keep_their_order_and_their_numbers() -> None:
    lane = EventLane(lambda: [("alarms", [])])
    lane.put("result", 1)
    lane.put("connection", 2)
    drained = lane.drain()
    assert [event["kind"] for event in drained] == ["alarms", "result", "connection"]
    assert [event["seq"] for event in drained] == [1, 2, 3]
    assert lane.drain() == []


def test_messages_do_not_pile_up_behind_a_slow_station() -> None:
    lane = EventLane(lambda: [("alarms", ["now"])], limit=100)
    for number in range(1_000):
        lane.put("alarm_changes", number)
    drained = lane.drain()
    assert len(drained) <= 102
    assert [event["kind"] for event in drained[:2]] == ["overrun", "alarms"]
    assert drained[-1]["payload"] == 999


def test_an_overrun_is_said_and_followed_by_a_snapshot_in_order() -> None:
    lane = EventLane(lambda: [("alarms", ["now"]), ("alarm_changes", {})], limit=10)
    for number in range(9):
        lane.put("result", number)
    drained = lane.drain()
    assert [event["kind"] for event in drained] == ["overrun", "alarms", "alarm_changes", "result"]
    assert drained[0]["payload"] == {"lost": 10}
    assert drained[1]["payload"] == ["now"]
    assert drained[3]["payload"] == 8


def test_a_verb_without_a_permission_does_not_register() -> None:
    with pytest.raises(ValueError, match="does not declare a permission"):
        route(Verb("GET", "/v1/x", None, handler=None, summary=""), principal_of=None)  # type: ignore[arg-type]


def test_a_network_address_is_refused_without_certificate_and_accounts() -> None:
    check_listen("")
    with pytest.raises(UsageError, match=r"a TLS certificate .*and accounts"):
        check_listen("0.0.0.0:8443")
    with pytest.raises(UsageError, match="need accounts"):
        check_listen("0.0.0.0:8443", has_certificate=True)
