"""Fake drivers that are scripted by a test: one device behind any number of connection attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from hmi.acquisition.port import Batch, DeviceIdentity, Group, LinkSettings, Point, ReadBlock, Sink
from hmi.core import quality
from hmi.core.clock import monotonic_ns, wall_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.values import DataValue, Value

SIMULATOR = DeviceIdentity("Watchkeeper simulator", "fake", "1", "")


class FakePlc:
    """The device. ``cut`` ends open connections, ``reachable`` refuses new ones, ``frozen`` answers nothing.

    ``create`` is a driver factory for Acquisition and Link; ``drivers`` are all that were built, ``log``
    is what reached the device, in order: ("read", block), ("read_now", handles), ("write", value).
    """

    def __init__(self, *, push: bool = False, identity: DeviceIdentity = SIMULATOR) -> None:
        self.push, self.identity = push, identity
        self.values: dict[int, Value] = {}
        self.statuses: dict[int, int] = {}
        self.reachable = True
        self.running = asyncio.Event()
        self.running.set()
        self.log: list[tuple[str, Any]] = []
        self.drivers: list[FakePollDriver | FakePushDriver] = []
        self.endpoints: list[str] = []
        self.fault: Exception | None = None

    def create(self, name: str, settings: LinkSettings) -> FakePollDriver | FakePushDriver:
        """A fresh driver object for one attempt."""
        driver = (FakePushDriver if self.push else FakePollDriver)(self, settings)
        self.drivers.append(driver)
        self.endpoints.append(settings.endpoint)
        return driver

    def style_of(self, name: str) -> str:
        return "push" if self.push else "poll"

    def freeze(self) -> None:
        """The device takes requests and answers nothing."""
        self.running.clear()

    def thaw(self) -> None:
        self.running.set()

    def cut(self) -> None:
        """Every open connection ends, as with a reset."""
        for driver in self.drivers:
            driver.lost.set()

    def force(self, statuses: Mapping[int, int]) -> None:
        """Other status codes in the device, such as GOOD_LOCAL_OVERRIDE; the values stay."""
        self.statuses.update(statuses)
        self.change({handle: self.values[handle] for handle in statuses})

    def change(self, values: Mapping[int, Value]) -> None:
        """New values in the device; a push driver sends them."""
        self.values.update(values)
        for driver in self.drivers:
            if isinstance(driver, FakePushDriver):
                driver.news.put_nowait(tuple(values))


class _FakeDriver:
    """What both styles share. Every await ends with the time-out of a real driver."""

    timeout_s = 1.0

    def __init__(self, plc: FakePlc, settings: LinkSettings) -> None:
        self._plc, self.settings = plc, settings
        self.lost = asyncio.Event()
        self.closed = False

    async def open(self) -> DeviceIdentity:
        if not self._plc.reachable:
            raise CommunicationError(f"{self.settings.endpoint} does not answer")
        await self._answer()
        return self._plc.identity

    async def close(self) -> None:
        self.closed = True

    def groups(self) -> tuple[Group, ...]:
        """One group for each period."""
        return tuple(
            Group(f"{period}ms", "", period, tuple(p.handle for p in points))
            for period, points in self._by_period().items()
        )

    async def write(self, request: WriteRequest) -> WriteOutcome:
        if request.deadline_ns <= monotonic_ns():
            return WriteOutcome(WriteState.EXPIRED)
        self._plc.log.append(("write", request.value))
        try:
            await self._answer()
        except CommunicationError as error:
            return WriteOutcome(WriteState.UNKNOWN, text=str(error))
        self._plc.change({request.handle: request.value})
        return WriteOutcome(WriteState.DONE)

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        self._plc.log.append(("read_now", tuple(handles)))
        await self._answer()
        return {handle: self._value(handle) for handle in handles}

    def diagnostics(self) -> Mapping[str, Any]:
        return {"endpoint": self.settings.endpoint}

    def _by_period(self) -> dict[int, list[Point]]:
        found: dict[int, list[Point]] = {}
        for point in self.settings.points:
            found.setdefault(point.period_ms, []).append(point)
        return found

    def _value(self, handle: int) -> DataValue:
        now = wall_ns()
        if handle not in self._plc.values:
            return DataValue(None, quality.BAD_NODE_ID_UNKNOWN, now, now)
        status = self._plc.statuses.get(handle, quality.GOOD)
        return DataValue(self._plc.values[handle], status, now, now)

    async def _answer(self) -> None:
        """An answer of the device: at once, LinkLost after a cut or the time-out of a frozen device."""
        if self._plc.fault is not None:
            raise self._plc.fault
        if not self._plc.running.is_set():
            try:
                async with asyncio.timeout(self.timeout_s):
                    await self._plc.running.wait()
            except TimeoutError:
                raise LinkLost("the device does not answer") from None
        if self.lost.is_set():
            raise LinkLost("the connection was reset")


class FakePollDriver(_FakeDriver):
    """Asked block by block."""

    def plan(self) -> tuple[ReadBlock, ...]:
        return tuple(
            ReadBlock(f"block {g.name}", g.unit, g.name, g.period_ms, g.handles) for g in self.groups()
        )

    async def read(self, block: ReadBlock) -> Batch:
        self._plc.log.append(("read", block.key))
        await self._answer()
        return Batch(block.group, [(handle, self._value(handle)) for handle in block.handles])


class FakePushDriver(_FakeDriver):
    """Sends what changed, and a sign of life every ``life_s``; pauses what is not demanded."""

    life_s = 0.2

    def __init__(self, plc: FakePlc, settings: LinkSettings) -> None:
        super().__init__(plc, settings)
        self.news: asyncio.Queue[tuple[int, ...]] = asyncio.Queue()
        self.paused: frozenset[int] = frozenset()
        self._resting: list[int] = []

    def demand(self, handles: frozenset[int]) -> None:
        """Points that are paused from now on are told once more, as no longer updated."""
        paused = frozenset(point.handle for point in self.settings.points) - handles
        self._resting += paused - self.paused
        woken, self.paused = self.paused - paused, paused
        self.news.put_nowait(tuple(woken))

    async def watch(self, sink: Sink) -> None:
        for group in self.groups():
            sink(Batch(group.name, [(handle, self._value(handle)) for handle in group.handles]))
        while True:
            changed: tuple[int, ...] = ()
            try:
                async with asyncio.timeout(self.life_s):
                    changed = await self.news.get()
            except TimeoutError:
                changed = ()
            await self._answer()
            resting, self._resting = set(self._resting), []
            awake = set(changed) - self.paused
            for group in self.groups():
                members = set(group.handles)
                found = [(handle, self._value(handle)) for handle in awake & members]
                found += [(handle, _rested(self._value(handle))) for handle in resting & members]
                sink(Batch(group.name, found))


def _rested(value: DataValue) -> DataValue:
    return value if value.is_bad else value.with_status(quality.UNCERTAIN_LAST_USABLE)
