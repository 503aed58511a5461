"""Keeps subscriptions and items at the server in line with the points, which a change of the plant may replace."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from hmi.acquisition.port import Batch, Point, Sink
from hmi.core import quality
from hmi.core.clock import wall_ns
from hmi.core.values import DataValue, bad
from hmi.drivers.opcua._items import Maker
from hmi.drivers.opcua._nodes import Nodes
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import Group, delete_items, subscribe, unsubscribe
from hmi.drivers.opcua._watch import Watch
from hmi.drivers.opcua._within import within

FIRST_READ_MS = 1000
Read = Callable[[Sequence[int]], Awaitable[Mapping[int, DataValue]]]


def off(now: int) -> DataValue:
    """The value of a method: it is off, and can be called as long as the server answers."""
    return DataValue(False, quality.GOOD, now, now)


class Keeper:
    """Compares what there is at the server with ``groups`` and makes the difference; what fits stays untouched.

    ``ended`` are groups without points, whose subscriptions are deleted. ``look_up`` finds the nodes of points that
    wait for that. Items that the server refuses are Bad and asked for again from time to time.
    """

    def __init__(
        self,
        link: Link,
        watch: Watch,
        groups: Sequence[Group],
        nodes: Nodes,
        maker: Maker,
        *,
        ended: list[Group],
        look_up: Callable[[], Awaitable[None]],
        read: Read,
        sink: Sink,
        done: Callable[[], None],
        settings: Mapping[str, Any],
    ) -> None:
        self._link, self._watch, self._groups, self._nodes, self._maker = link, watch, groups, nodes, maker
        self._ended, self._look_up, self._read, self._sink, self._done = ended, look_up, read, sink, done
        self._settings = settings
        self._news = asyncio.Event()
        self._told_methods: set[int] = set()
        self._notes: list[str] = []

    @property
    def notes(self) -> list[str]:
        """What the server made of the wishes."""
        return [*self._notes, *self._maker.notes]

    def review(self) -> None:
        """Look again: the points are others."""
        self._news.set()

    async def run(self) -> None:
        """Until the link is lost or it is cancelled."""
        retry_s = float(self._settings.get("retry_items_s", 30.0))
        while True:
            self._news.clear()
            await self._settle()
            self._done()
            is_missing = any(self._missing(group) for group in self._groups)
            with contextlib.suppress(TimeoutError):
                async with within(retry_s if is_missing else None):
                    await self._news.wait()

    async def _settle(self) -> None:
        for group in tuple(self._groups):
            await self._delete(group)
        if self._nodes.waiting:
            await self._look_up()
        for group in tuple(self._groups):
            if not group.id:
                self._notes += await subscribe(self._link, group, self._settings)
                self._watch.begin(group)
        await self._maker.watch_state([group for group in self._groups if group.id])
        for group in tuple(self._groups):
            self._tell_methods(group)
            await self._create(group)
        while self._ended:
            if (group := self._ended.pop()).id:
                self._watch.end(group)
                await unsubscribe(self._link, group)

    async def _delete(self, group: Group) -> None:
        """Items of points that are asked for no longer, or elsewhere."""
        ids, group.unwanted = group.unwanted, []
        if group.id:
            await delete_items(self._link, group, ids, self._maker.chunk)

    def _missing(self, group: Group) -> list[Point]:
        nodes = self._nodes
        return [
            point
            for point in group.points
            if point.handle in nodes.ids
            and point.handle not in nodes.methods
            and point.handle not in group.server_ids
        ]

    async def _create(self, group: Group) -> None:
        wanted = self._missing(group)
        refused = await self._maker.create(group, wanted) if wanted and group.id else {}
        created = [point.handle for point in wanted if point.handle in group.server_ids]
        if created and group.period_ms > FIRST_READ_MS:
            # the first notification of a slow group would let the operator wait for a whole period
            found = await self._read(created)
            self._sink(Batch(group.name, [(h, v) for h, v in found.items() if h not in self._watch.paused]))
        faults = self._nodes.faults
        for point in wanted:
            faults.pop(point.handle, None)
        faults.update({number: why for number, why in refused.items() if number in self._nodes.ids})
        self._tell_faults(group.name, [point.handle for point in group.points])

    def _tell_methods(self, group: Group) -> None:
        fresh = [
            point.handle
            for point in group.points
            if point.handle in self._nodes.methods and point.handle not in self._told_methods
        ]
        self._told_methods.update(fresh)
        if fresh:
            now = wall_ns()
            self._sink(Batch(group.name, [(number, off(now)) for number in fresh]))

    def _tell_faults(self, group: str, numbers: Collection[int]) -> None:
        now, faults = wall_ns(), self._nodes.faults
        faulty = [(number, bad(faults[number][0], now)) for number in numbers if number in faults]
        if faulty:
            self._sink(Batch(group, faulty, alive=False))
