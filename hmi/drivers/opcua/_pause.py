"""Pauses the items that nobody wants and wakes them again (standards 3.3, scan on demand)."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set

from asyncua import ua

from hmi.acquisition.port import Batch, Sink
from hmi.core import quality
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import CommunicationError, LinkLost, ProtocolViolation
from hmi.core.values import DataValue
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import Group, chunks
from hmi.drivers.opcua._values import words
from hmi.drivers.opcua._watch import Watch
from hmi.drivers.opcua._within import within

log = logging.getLogger(__name__)
RETRY_S = 10.0
SURVEY_S = 30.0
"""How long it takes to read every paused point once, in portions spread over that time."""
Read = Callable[[Sequence[int]], Awaitable[Mapping[int, DataValue]]]


class Pauser:
    """Keeps the monitoring mode of every item at what the demand says: Reporting or Disabled.

    The subscription goes on and so does its keep-alive, therefore a paused point is told once more, with its
    last value marked as no longer updated: the life of its group must not make an old value look live.
    A point that is forced, simulated or set by hand never rests, because it is counted whether it is shown or not;
    paused points are read now and then to find out.
    """

    def __init__(
        self, link: Link, watch: Watch, groups: Sequence[Group], *, read: Read, sink: Sink, chunk: int
    ) -> None:
        self._link, self._watch, self._groups = link, watch, groups
        self._read, self._sink, self._chunk = read, sink, chunk
        self._wanted: frozenset[int] | None = None
        self._news = asyncio.Event()
        self._unable: set[int] = set()
        self._overridden: set[int] = set()
        self._survey_left: list[tuple[Group, Sequence[int]]] = []
        self.notes: list[str] = []

    def want(self, handles: frozenset[int] | None) -> None:
        """The points that are wanted; None = all."""
        self._wanted = handles
        self._news.set()

    def forget(self, handles: Set[int]) -> None:
        """These points are asked for no longer."""
        self._unable -= handles
        self._overridden -= handles

    def review(self) -> None:
        """Look again: there are new items."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        again_ns = 0
        while True:
            is_told = await self._is_told(self._patience_s)
            if is_told or (self._due and monotonic_ns() >= again_ns):
                await self._follow()
                again_ns = monotonic_ns() + int(RETRY_S * NS_PER_S)
            if not is_told:
                await self._survey()

    async def _is_told(self, patience_s: float | None) -> bool:
        """Wait for news; False when the time is over first."""
        with contextlib.suppress(TimeoutError):
            async with within(patience_s):
                await self._news.wait()
        is_told = self._news.is_set()
        self._news.clear()
        return is_told

    async def _follow(self) -> None:
        for group in self._groups:
            await self._resume(group)
        for group in self._groups:
            await self._pause(group)

    @property
    def _patience_s(self) -> float | None:
        """Until the next portion of the survey, or the next attempt to wake; None = until there is news."""
        resting = len(self._watch.paused)
        portions = -(-resting // self._chunk) or int(bool(self._overridden))
        times = [SURVEY_S / portions] if portions else []
        return min([*times, RETRY_S] if self._due else times, default=None)

    async def _survey(self) -> None:
        """Read the next portion of the paused points; after the last one, what was set by hand may rest again."""
        watch = self._watch
        if not self._survey_left:
            rows = ((group, [h for h in group.server_ids if h in watch.paused]) for group in self._groups)
            self._survey_left = [(group, part) for group, row in rows for part in chunks(row, self._chunk)]
        if self._survey_left:
            group, part = self._survey_left.pop()
            resting = [handle for handle in part if handle in watch.paused]
            found = await self._read_or_note(group, resting) if resting else None
            await self._wake(group, _overridden(found or {}))
        if not self._survey_left:
            for group in self._groups:
                await self._pause(group)

    @property
    def _due(self) -> Set[int]:
        """Paused points that are wanted: a server that did not wake them is asked again."""
        paused = self._watch.paused
        return paused if self._wanted is None else paused & self._wanted

    async def _resume(self, group: Group) -> None:
        due = self._due
        for part in chunks([handle for handle in group.server_ids if handle in due], self._chunk):
            await self._wake(group, part)

    async def _wake(self, group: Group, part: Sequence[int]) -> None:
        if not part:
            return
        watch = self._watch
        watch.paused.difference_update(part)  # first: the server may send at once
        watch.awaited.update(part)
        awake = await self._switch(group, part, ua.MonitoringMode.Reporting)
        watch.paused.update(handle for handle in part if handle not in awake and handle in group.server_ids)
        # a server need not repeat a value that did not change meanwhile; what it sent is the newer one
        found = await self._read_or_note(group, awake) or {}
        self._sink(Batch(group.name, [(h, v) for h, v in found.items() if h in watch.awaited]))
        watch.awaited.difference_update(part)

    async def _pause(self, group: Group) -> None:
        wanted, resting = self._wanted, self._watch.paused | self._unable
        if wanted is None:
            return
        self._overridden -= wanted
        due = [h for h in group.server_ids if h not in wanted and h not in resting]
        for part in chunks(due, self._chunk):
            if self._news.is_set():
                return  # what is wanted now comes before what may rest
            self._watch.awaited.update(part)
            await self._rest(group, part)
            self._watch.awaited.difference_update(part)

    async def _rest(self, group: Group, part: Sequence[int]) -> None:
        """What is read before the pause is told as it is, and then as no longer updated; a point may have been
        forced until then. Of what the server sent meanwhile the value is read once more: it is the newer one.
        """
        last = await self._read_or_note(group, part)
        if last is None:
            self._unable.update(part)
            return
        self._overridden.difference_update(part)
        self._overridden.update(_overridden(last))
        if not (resting := [handle for handle in part if handle not in self._overridden]):
            return
        stopped = await self._switch(group, resting, ua.MonitoringMode.Disabled)
        self._unable.update(set(resting).difference(stopped))
        await self._watch.pause(group, stopped)
        if newer := [handle for handle in stopped if handle not in self._watch.awaited]:
            last = {**last, **(await self._read_or_note(group, newer) or {})}
        known = [(handle, last[handle]) for handle in stopped if handle in last]
        self._sink(Batch(group.name, known))
        self._sink(Batch(group.name, [(handle, resting_value(value)) for handle, value in known]))

    async def _read_or_note(self, group: Group, handles: Sequence[int]) -> Mapping[int, DataValue] | None:
        """Fresh values; None when the server refuses the read."""
        try:
            return await self._read(handles)
        except LinkLost:
            raise
        except CommunicationError as error:
            self._note(f"{group.name}: {error}")
            return None

    async def _switch(self, group: Group, handles: Sequence[int], mode: ua.MonitoringMode) -> list[int]:
        """Handles of the items that took the mode; a server that cannot do it keeps sending."""
        handles = [
            handle for handle in handles if handle in group.server_ids
        ]  # others were deleted meanwhile
        if not handles:
            return []
        params = ua.SetMonitoringModeParameters()
        params.SubscriptionId, params.MonitoringMode = group.id, mode
        params.MonitoredItemIds = [group.server_ids[handle] for handle in handles]
        try:
            async with within(self._link.timeout_s):
                results = await self._link.session.set_monitoring_mode(params)
        except ua.UaStatusCodeError as error:
            if not group.server_ids.keys().isdisjoint(handles):
                what = f"the server does not switch items to {mode.name}: {words(error.code)}"
                self._note(f"{group.name}: {what}")
            return []
        if len(results) != len(handles):
            raise ProtocolViolation(f"{len(handles)} items were switched and {len(results)} answered")
        took = [handle for handle, result in zip(handles, results, strict=True) if result.is_good()]
        if len(took) < sum(handle in group.server_ids for handle in handles):
            self._note(f"{group.name}: the server did not switch some items to {mode.name}")
        return took

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            log.warning("%s", text)


def _overridden(values: Mapping[int, DataValue]) -> list[int]:
    return [handle for handle, value in values.items() if quality.is_overridden(value.status)]


def resting_value(value: DataValue) -> DataValue:
    """The last value of a point that is paused: known, and no longer updated."""
    return value if value.is_bad else value.with_status(quality.UNCERTAIN_LAST_USABLE)
