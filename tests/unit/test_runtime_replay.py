"""The past as live messages: paced, marked, never live; and the lane of every change."""

from __future__ import annotations

from typing import Any

import pytest
from test_core_replay import FAR, Kept, at

from hmi.client._decode import LiveDecoder
from hmi.client.port import Subscription
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue
from hmi.runtime import EveryLane
from hmi.runtime._replay import ReplayLane

HANDLES = {"a": 0, "b": 1, "c": 2}
IDS = {"a": "t_a", "b": "t_b"}
BEGIN = 1_000 * NS_PER_S


def lane(*seconds: float, until: float | None = None, now: int = FAR, **more: Any) -> ReplayLane:
    """A replay of tag a with one change at each of the given seconds, from second 0 on."""
    past = Kept({"t_a": at(1, *(int(s * NS_PER_S) + BEGIN for s in seconds))})
    end = None if until is None else int(until * NS_PER_S) + BEGIN
    return ReplayLane(Subscription(("a", "gone"), at=BEGIN, until=end, **more), IDS, past, now)


def messages(replay: ReplayLane, mono_s: float) -> list[dict[str, Any]]:
    """What is due at an own time of so many seconds."""
    found = []
    while True:
        message = replay.next(int(mono_s * NS_PER_S))
        if message is not None:
            found.append(message)
        if not replay.busy:
            return found


def second(message: dict[str, Any]) -> float:
    return (message["at"] - BEGIN) / NS_PER_S


def test_one_time_is_one_snapshot_that_is_never_live() -> None:
    replay = lane(1)
    (snap,) = messages(replay, 7)
    assert (snap["t"], snap["at"], snap["time"], snap["rate"], snap["end"]) == (
        "snap",
        BEGIN,
        BEGIN,
        0.0,
        True,
    )
    assert (snap["tags"], snap["groups"]) == (["a", "gone"], ["history", "history"])
    assert snap["ages"]["history"] > snap["limits"]["history"]
    assert (snap["i"], snap["v"], snap["s"]) == ([0, 1], [0.0, None], [0, quality.BAD_CONFIGURATION])
    assert messages(replay, 8) == []
    assert replay.sign()["at"] == BEGIN


def test_a_range_is_paced_by_its_rate_and_says_its_end() -> None:
    replay = lane(1, 2, 3, until=5, rate=2.0, lane="every")
    (snap,) = messages(replay, 10)
    assert (snap["rate"], snap.get("end"), snap["seq"]) == (2.0, None, 1)
    assert messages(replay, 10.4) == []
    assert second(replay.sign()) == pytest.approx(0.8)
    (first,) = messages(replay, 10.6)
    assert (first["v"], first["seq"], second(first)) == ([1.0], 1, pytest.approx(1.2))
    (rest,) = messages(replay, 12)
    assert (rest["v"], rest["seq"], second(rest), rest.get("end")) == ([2.0, 3.0], 2, pytest.approx(4), None)
    (end,) = messages(replay, 20)
    assert (end["i"], second(end), end["end"], end["rate"]) == ([], 5, True, 0.0)
    assert messages(replay, 21) == []
    assert replay.sign()["end"] is True


def test_rate_0_gives_it_all_at_once_in_bounded_batches() -> None:
    replay = lane(*(n / 1_000 for n in range(1, 5_001)), until=9, rate=0.0, lane="every")
    _, *found = messages(replay, 3)
    assert [len(message["i"]) for message in found] == [2_000, 2_000, 1_000]
    assert [message["seq"] for message in found] == [1, 2_001, 4_001]
    assert [message.get("end", False) for message in found] == [False, False, True]


def test_in_the_latest_lane_the_newest_of_each_batch_wins() -> None:
    replay = lane(1, 2, 3, until=5)
    messages(replay, 0)
    (batch,) = messages(replay, 4)
    assert (batch["i"], batch["v"]) == ([0], [3.0])
    assert "seq" not in batch


def test_what_has_not_happened_yet_is_not_the_past() -> None:
    replay = lane(1, 2, until=10, now=BEGIN + NS_PER_S, rate=0.0)
    found = messages(replay, 0)
    assert (second(found[-1]), found[-1]["end"]) == (1, True)
    (snap,) = messages(lane(1, now=BEGIN - 5), 0)
    assert snap["at"] == BEGIN - 5


def test_the_past_reaches_a_station_marked_as_such() -> None:
    decoder = LiveDecoder()
    replay = lane(1, 2, until=2, rate=0.0, lane="every")
    snap, delta = [decoder.live({"n": 7, "mono": 1, **message}, 5) for message in messages(replay, 0)]
    assert (snap.at, snap.session_time, snap.snapshot, snap.changes) == (BEGIN, BEGIN, True, [])
    assert snap.ages_ms["history"] > snap.group_limits_ms["history"]
    assert [value.value for _, value in delta.changes] == [1.0, 2.0]
    assert (delta.values["a"].value, delta.ended, delta.seq) == (2.0, True, 1)


# the every lane of live changes


def changes(*values: float, handle: int = 0) -> list[tuple[int, DataValue]]:
    return [(handle, DataValue(value, 0, 1, 1)) for value in values]


def opened(limit: int = 10) -> tuple[EveryLane, list[DataValue]]:
    every, latest = EveryLane(limit=limit), [DataValue(0.0, 0, 1, 1)] * 3
    every.choose(["c", "a"], HANDLES)
    assert every.sends_snapshot
    first = every.drain(latest)
    assert (first["i"], first["seq"], first["lane"]) == ([0, 1], 1, "every")
    return every, latest


def test_every_change_is_sent_in_order_with_its_number() -> None:
    every, latest = opened()
    assert not every.has_news
    every.record([*changes(1, 2), *changes(5, handle=1), *changes(3, handle=2)])
    assert every.has_news
    batch = every.drain(latest)
    assert (batch["i"], batch["v"], batch["seq"]) == ([1, 1, 0], [1, 2, 3], 1)
    every.record(changes(4))
    assert every.drain(latest)["seq"] == 4


def test_what_came_before_the_snapshot_is_in_it_and_not_lost() -> None:
    every = EveryLane()
    every.choose(["a"], HANDLES)
    every.record(changes(1, 2))
    assert every.take_lost() == 0
    assert every.drain([DataValue(2.0, 0, 1, 1)])["v"] == [2.0]
    assert not every.has_news


def test_an_overrun_is_counted_and_followed_by_a_snapshot() -> None:
    every, latest = opened(limit=3)
    every.record(changes(1, 2, 3))
    every.record(changes(4))
    every.record(changes(5))
    latest[0] = DataValue(5.0, 0, 1, 1)
    assert every.take_lost() == 5
    assert every.sends_snapshot
    snap = every.drain(latest)
    assert (snap["v"], snap["seq"]) == ([0.0, 5.0], 6)
    every.record(changes(6))
    assert (every.take_lost(), every.drain(latest)["seq"]) == (0, 6)


def test_groups_that_become_known_cost_no_change() -> None:
    every, latest = opened()
    every.record(changes(1))
    every.fresh = True
    assert not every.sends_snapshot
    assert every.drain(latest)["v"] == [1]
    assert every.sends_snapshot
    assert every.drain(latest)["seq"] == 2
    assert every.take_lost() == 0


def test_another_revision_of_the_plant_drops_nothing() -> None:
    every, latest = opened()
    every.record(changes(1, 2))
    every.follow({"a": 5})
    every.record(changes(3, handle=5))
    assert every.drain(latest)["v"] == [1, 2, 3]
    snap = every.drain([*latest, *latest])
    assert (snap["i"], snap["seq"], every.take_lost()) == ([0, 1], 4, 0)
    assert snap["s"][0] == quality.BAD_CONFIGURATION


def test_another_set_of_tags_announces_what_it_drops() -> None:
    every, latest = opened()
    every.record(changes(1, 2))
    every.choose(["a"], HANDLES)
    every.record(changes(3))
    assert every.take_lost() == 3
    assert every.drain(latest)["i"] == [0]
