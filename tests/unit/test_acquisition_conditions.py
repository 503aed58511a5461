"""The optional verbs for conditions of a server: any driver may have them, and a lost one is heard no more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from hmi.acquisition import Link
from hmi.acquisition.port import Batch, Conditions, ConditionSink, DeviceIdentity, Group, LinkSettings, Sink
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionAct, ConditionCall, ConditionItem, RefreshMark
from hmi.core.errors import LinkLost
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.project.plant import ConnectionDef

pytestmark = pytest.mark.asyncio


class AlarmDriver:
    """A push driver with conditions and without points."""

    def __init__(self) -> None:
        self.sink: ConditionSink | None = None
        self.calls: list[ConditionCall] = []
        self.lost = asyncio.Event()

    async def open(self) -> DeviceIdentity:
        return DeviceIdentity("Maker")

    async def close(self) -> None: ...

    def groups(self) -> tuple[Group, ...]:
        return ()

    async def watch(self, sink: Sink) -> None:
        await self.lost.wait()
        raise LinkLost("gone")

    def conditions_to(self, sink: ConditionSink) -> None:
        self.sink = sink

    async def call(self, request: ConditionCall) -> WriteOutcome:
        self.calls.append(request)
        return WriteOutcome(WriteState.DONE)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        return WriteOutcome(WriteState.REFUSED)

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        return {}

    def diagnostics(self) -> Mapping[str, Any]:
        return {}


class Owner:
    """Takes what the link tells."""

    def __init__(self) -> None:
        self.items: list[ConditionItem] = []

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None: ...

    def on_batch(self, connection: str, batch: Batch) -> None: ...

    def on_up(self, connection: str, identity: DeviceIdentity) -> None: ...

    def on_down(self, connection: str, text: str) -> None: ...

    def on_conditions(self, connection: str, items: Sequence[ConditionItem]) -> None:
        self.items += items


def order(deadline_ns: int) -> ConditionCall:
    return ConditionCall("c", "dcs", "i=1", ConditionAct.ACKNOWLEDGE, deadline_ns)


async def test_conditions_of_a_lost_connection_are_heard_no_more_and_calls_are_sent_only_while_it_is_up() -> (
    None
):
    made: list[AlarmDriver] = []
    owner = Owner()

    def create(_name: str, _settings: LinkSettings) -> AlarmDriver:
        made.append(AlarmDriver())
        return made[-1]

    connection = ConnectionDef("dcs", "fake", ("fake://a",))
    link = Link(
        connection, connection.endpoints, (), style="push", create=create, events=owner, mode=Mode.PLANT
    )
    soon = monotonic_ns() + 60 * 10**9
    assert (await link.call(order(soon))).state is WriteState.NOT_CONNECTED
    task = asyncio.create_task(link.run())
    async with asyncio.timeout(20):
        while not (made and made[0].sink):
            await asyncio.sleep(0.01)
        first = made[0]
        assert isinstance(first, Conditions)
        assert first.sink is not None
        first.sink([RefreshMark.START])
        assert owner.items == [RefreshMark.START]
        assert (await link.call(order(soon))).state is WriteState.DONE
        assert (await link.call(order(monotonic_ns() - 1))).state is WriteState.EXPIRED
        first.lost.set()
        while len(made) < 2 or made[1].sink is None:
            await asyncio.sleep(0.01)
    first.sink([RefreshMark.END])
    assert owner.items == [RefreshMark.START]
    assert len(first.calls) == 1
    task.cancel()
    await asyncio.wait([task])
    assert (await link.call(order(soon))).state is not WriteState.DONE
