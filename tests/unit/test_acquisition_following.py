"""Other points for a driver in a worker: what it sent before it heard of them is told only as far as it may be."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from hmi.acquisition import FollowingDriver, IsolatedDriver, _wire, create_driver, worker
from hmi.acquisition.port import Batch, Group, LinkSettings, Point, Replans
from hmi.core.conditions import ConditionItem, ConditionUpdate, RefreshMark
from hmi.core.values import DataValue, ValueType
from hmi.drivers.opcua.groups import groups_of

pytestmark = pytest.mark.asyncio
VALUE = DataValue(1.0, 0, 1, 1)


def point(handle: int, address: str = "a", period_ms: int = 100) -> Point:
    return Point(handle, address, ValueType.FLOAT64, period_ms)


class Pipe(FollowingDriver):
    """A driver whose worker is the test."""

    def __init__(self, *points: Point) -> None:
        super().__init__("opcua", LinkSettings("opc", "opc.tcp://127.0.0.1:1", {}, points), groups_of)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.batches: list[Batch] = []
        self.items: list[ConditionItem] = []
        self._sink = self.batches.append
        self._conditions = self.items.extend
        self._groups = groups_of(points)

    def _tell(self, verb: str, **content: Any) -> None:
        self.sent.append((verb, content))

    def hears(self, change: int, *handles: int, group: str = "100 ms") -> list[int]:
        """Handles that go on of a batch which the worker sent after so many changes."""
        self.batches.clear()
        self._take(_wire.pack_batch(Batch(group, [(handle, VALUE) for handle in handles]), change))
        return [handle for batch in self.batches for handle, _ in batch.updates]


async def test_the_worker_hears_the_difference_and_the_groups_are_those_of_now() -> None:
    driver = Pipe(point(0), point(1), point(2))
    driver.replan((point(0), point(2, "b"), point(3, period_ms=500)), frozenset({0, 1}))
    assert driver.groups() == (Group("100 ms", "", 100, (0, 2)), Group("500 ms", "", 500, (3,)))
    ((verb, content),) = driver.sent
    assert (verb, content["gone"], content["change"], content["afresh"]) == ("replan", [1], 1, [0])
    assert _wire.unpack_points(content["points"]) == (point(2, "b"), point(3, period_ms=500))


async def test_the_same_points_are_no_change() -> None:
    driver = Pipe(point(0))
    driver.replan((point(0),), frozenset({0}))
    assert driver.sent == []


async def test_a_batch_of_before_brings_nothing_of_a_place_that_was_given_up() -> None:
    driver = Pipe(point(0), point(1), point(2))
    assert driver.hears(0, 0, 1, 2) == [0, 1, 2]
    driver.replan((point(0), point(2, "b")), frozenset())
    assert driver.hears(0, 0, 1, 2) == [0]
    driver.replan((point(0, "c"), point(2, "b")), frozenset())
    assert driver.hears(0, 0, 1, 2) == []
    assert driver.hears(1, 0, 2) == [2]  # it is where it was from the first change on
    assert driver.hears(2, 0, 2) == [0, 2]


async def test_a_batch_of_a_group_that_has_no_points_is_not_handed_on() -> None:
    driver = Pipe(point(0), point(1, period_ms=500))
    driver.replan((point(0),), frozenset())
    driver.hears(0, group="500 ms")
    assert driver.batches == []
    driver.hears(0, group="100 ms")
    assert [batch.alive for batch in driver.batches] == [True]


async def test_a_condition_of_before_is_about_no_tag_that_was_moved() -> None:
    driver = Pipe(point(0), point(1))
    driver.replan((point(0), point(1, "b")), frozenset())
    told = [RefreshMark.START, *(ConditionUpdate("c", "e", 1, 1, handle=handle) for handle in (0, 1))]
    driver._take(_wire.pack_conditions(told, 0))
    driver._take(_wire.pack_conditions(told, 1))
    assert [getattr(item, "handle", item) for item in driver.items] == [
        RefreshMark.START, 0, -1, RefreshMark.START, 0, 1,
    ]  # fmt: skip


async def test_only_a_driver_that_can_is_made_to_follow() -> None:
    settings = LinkSettings("opc", "opc.tcp://127.0.0.1:1", {}, ())
    assert isinstance(create_driver("opcua", settings), Replans)
    assert not isinstance(IsolatedDriver("opcua", settings), Replans)


class Scripted:
    """The driver in the worker."""

    def __init__(self, settings: LinkSettings) -> None:
        self.points = settings.points

    async def open(self) -> Any:
        from hmi.acquisition.port import DeviceIdentity

        return DeviceIdentity()

    def groups(self) -> tuple[Group, ...]:
        return groups_of(self.points)

    def diagnostics(self) -> dict[str, Any]:
        return {}


class Following(Scripted):
    def replan(self, points: tuple[Point, ...], afresh: frozenset[int]) -> None:
        if any(one.address == "wrong" for one in points):
            raise ValueError("no such place")
        self.points = points


async def working(monkeypatch: pytest.MonkeyPatch, kind: type) -> tuple[worker.Worker, io.BytesIO]:
    class Part:
        create = staticmethod(kind)

    monkeypatch.setattr(worker, "part", lambda *_: Part)
    out = io.BytesIO()
    made = worker.Worker("scripted", 768, out)
    settings = LinkSettings("opc", "x://1", {}, (point(0), point(1)))
    await made._do({"t": "open", "settings": _wire.pack_settings(settings)})
    return made, out


def lost(out: io.BytesIO) -> list[str]:
    return [message["text"] for message in messages(out) if message["t"] == "lost"]


def messages(out: io.BytesIO) -> list[dict[str, Any]]:
    found, data = [], out.getvalue()
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(msgspec.msgpack.decode(data[4 : 4 + size]))
        data = data[4 + size :]
    return found


def change(number: int, gone: Sequence[int], *points: Point) -> dict[str, Any]:
    return {"t": "replan", "change": number, "gone": gone, "points": _wire.pack_points(points), "afresh": []}


async def test_a_worker_puts_the_difference_together_and_says_which_change_it_has_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, out = await working(monkeypatch, Following)
    made._on_batch(Batch("100 ms", []))
    await made._do(change(1, [1], point(0, "b"), point(5)))
    made._on_batch(Batch("100 ms", []))
    assert isinstance(made._driver, Following)
    assert made._driver.points == (point(0, "b"), point(5))
    assert [message["change"] for message in messages(out)] == [0, 1]


@pytest.mark.parametrize(
    ("kind", "why"), [(Scripted, "it cannot ask for other points"), (Following, "no such place")]
)
async def test_a_worker_that_cannot_follow_says_that_it_is_lost(
    monkeypatch: pytest.MonkeyPatch, kind: type, why: str
) -> None:
    made, out = await working(monkeypatch, kind)
    assert await made._do(change(1, [], point(0, "wrong"))) == {}
    (told,) = lost(out)
    assert why in told
    made._on_batch(Batch("100 ms", []))
    assert messages(out)[-1]["change"] == 0
