"""Receives notifications: order, gaps, deadbands, signs of life and the state of the server."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from asyncua import ua

from hmi.acquisition.port import Batch, Sink
from hmi.core import quality
from hmi.core.clock import monotonic_ns, wall_ns
from hmi.core.errors import LinkLost, ProtocolViolation
from hmi.core.values import DataValue
from hmi.drivers.opcua._conditions import ConditionWatch
from hmi.drivers.opcua._decode import Decoder, Published, Update
from hmi.drivers.opcua._event_decode import EventFields
from hmi.drivers.opcua._event_library import events_of
from hmi.drivers.opcua._session import Link, decode_slowly
from hmi.drivers.opcua._subscribe import Deadband, Group
from hmi.drivers.opcua._times import TimeRule, ns_of, ticks_of
from hmi.drivers.opcua._values import from_library, ns_of_datetime, plain, words
from hmi.drivers.opcua._within import within

log = logging.getLogger(__name__)
STATE, SERVICE_LEVEL = 0xFFFF_FFF0, 0xFFFF_FFF1
STATES = (
    "running", "failed", "not configured", "suspended", "shut down", "in test", "without communication", "unknown",
)  # fmt: skip
REQUESTS_PER_SUBSCRIPTION, MAX_REQUESTS = 2, 10
TICK_S = 0.1
SERVER_STATE, IDLE_S = 2259, 2.0
"""Node of the server's state, and how often it is read where nothing is subscribed to."""
LAST_SEQUENCE = 0xFFFF_FFFF
MAX_REPUBLISHED = 50
DRIFT_WARN_NS = 2_000_000_000
CHANGED = quality.SEMANTICS_CHANGED | quality.STRUCTURE_CHANGED
Refresh = Callable[[Sequence[int]], Any]


def next_sequence(number: int) -> int:
    """Sequence numbers wrap to 1, never to 0."""
    return 1 if number >= LAST_SEQUENCE else number + 1


class Watch:
    """Runs the publish requests of one connection."""

    def __init__(
        self, link: Link, groups: Sequence[Group], decoder: Decoder, times: TimeRule, *, max_items: int,
        conditions: ConditionWatch | None = None,
    ) -> None:  # fmt: skip
        self._link, self._decoder, self._times = link, decoder, times
        self._conditions = conditions
        self._groups = {group.id: group for group in groups if group.id}
        self._subscribed = asyncio.Event()
        self._max_items, self._pumps = max_items, 0
        self._requests: asyncio.TaskGroup | None = None
        self._acknowledge: list[ua.SubscriptionAcknowledgement] = []
        self._in_order = asyncio.Lock()
        self.deadbands: dict[int, Deadband] = {}
        self.paused: set[int] = set()
        self.awaited: set[int] = set()
        self.server_state = 0
        self.service_level: int | None = None
        self.counts = {"notifications": 0, "values": 0, "by_library": 0, "gaps": 0, "republished": 0}
        self.counts |= {"overflows": 0}
        self.drift_ns = 0
        self.semantics_changed: set[int] = set()

    async def run(self, sink: Sink, refresh: Refresh, reread: Refresh) -> None:
        """Until the link is lost. ``refresh`` reads handles anew after a gap, ``reread`` their ranges."""
        self._sink, self._refresh, self._reread = sink, refresh, reread
        now = monotonic_ns()
        for group in self._groups.values():
            group.last_ns = now
        try:
            async with asyncio.TaskGroup() as tasks:
                self._requests = tasks
                self._ask_enough()
                tasks.create_task(self._guard())
                tasks.create_task(self._ask_for_life())
        except BaseExceptionGroup as group:
            raise first_of(group) from group

    def _ask_enough(self) -> None:
        """As many publish requests as the subscriptions need; none is taken back, for the server holds them."""
        if self._groups:
            self._subscribed.set()
        requests = min(max(len(self._groups) * REQUESTS_PER_SUBSCRIPTION, 1), MAX_REQUESTS)
        while self._requests is not None and self._pumps < requests:
            self._pumps += 1
            self._requests.create_task(self._pump())

    def begin(self, group: Group) -> None:
        """Take what the server sends of a further subscription."""
        group.last_ns = monotonic_ns()
        self._groups[group.id] = group
        self._ask_enough()

    def end(self, group: Group) -> None:
        """Take nothing more of a subscription; its silence is no loss."""
        self._groups.pop(group.id, None)
        if not self._groups:
            self._subscribed.clear()

    def forget(self, handles: Iterable[int], max_items: int) -> None:
        """These points are asked for no longer, and ``max_items`` is the most that all others may bring at once."""
        gone = set(handles)
        for kept in (self.paused, self.awaited, self.semantics_changed):
            kept -= gone
        for handle in gone:
            self.deadbands.pop(handle, None)
        self._max_items = max_items

    async def pause(self, group: Group, handles: Sequence[int]) -> None:
        """Take nothing more of these points of a group; what the server sent before comes first."""
        async with self._in_order:
            self.paused.update(handle for handle in handles if handle in group.server_ids)
        for handle in handles:
            if (band := self.deadbands.get(handle)) is not None:
                band.value = None

    async def _pump(self) -> None:
        """Keeps one publish request at the server, as long as there is a subscription."""
        while True:
            await self._subscribed.wait()
            acknowledged, self._acknowledge = self._acknowledge, []
            try:
                data, start = await self._link.session.publish_raw(acknowledged)
            except ua.uaerrors.BadTooManyPublishRequests:
                self._acknowledge.extend(acknowledged)
                return
            except ua.uaerrors.BadNoSubscription as error:
                if self._subscribed.is_set():
                    raise LinkLost("the server has no subscription of this session any more") from error
                continue  # the last one was deleted
            except ua.UaStatusCodeError as error:
                raise LinkLost(f"the server ended the subscription: {words(error.code)}") from error
            except (OSError, ua.UaError) as error:
                raise LinkLost("the connection was closed by the server or the network") from error
            async with self._in_order:
                await self._take(data, start)

    async def _ask_for_life(self) -> None:
        """A session without a subscription has no signs of life but these; the server would end it in time."""
        wanted = ua.ReadValueId()
        wanted.NodeId, wanted.AttributeId = ua.NodeId(SERVER_STATE), ua.AttributeIds.Value
        while True:
            await asyncio.sleep(IDLE_S)
            if not self._subscribed.is_set():
                await self._link.read([wanted])

    async def _guard(self) -> None:
        """LinkLost when a subscription is silent for 1.5 times its keep-alive, or the socket is gone."""
        while True:
            await asyncio.sleep(TICK_S)
            if not self._link.is_up:
                raise LinkLost("the connection was closed by the server or the network")
            now = monotonic_ns()
            for group in self._groups.values():
                if now - group.last_ns > group.silence_ns:
                    raise LinkLost(
                        f"the server has sent nothing for {(now - group.last_ns) / 1e9:.1f} s ({group.name})"
                    )

    async def _take(self, data: bytes, start: int) -> None:
        now = wall_ns()
        published = self._decoder.decode(data, start, now)
        if published is None:
            self.counts["by_library"] += 1
            published = self._slowly(data, start, now)
        group = self._groups.get(published.subscription)
        if group is None:
            return
        group.last_ns = monotonic_ns()
        self._note_drift(published.publish_ticks, now)
        if group.sequence and published.sequence != group.sequence:
            await self._fill_gap(group, published.sequence)
        group.sequence = published.sequence
        if published.has_data:
            group.sequence = next_sequence(published.sequence)
            self._acknowledged(group.id, published.sequence)
        for part in published.rest:
            self._status_change(part)
        if self._conditions is not None and group is self._conditions.group:
            self.counts["notifications"] += 1
            self._conditions.take(published.events, now)
            return
        await self._deliver(group, published.updates)

    def _note_drift(self, publish_ticks: int, now: int) -> None:
        if publish_ticks:
            self.drift_ns = ns_of(publish_ticks) - now

    def _acknowledged(self, subscription: int, sequence: int) -> None:
        self._acknowledge.append(
            ua.SubscriptionAcknowledgement(SubscriptionId=subscription, SequenceNumber=sequence)
        )

    def _slowly(self, data: bytes, start: int, now: int) -> Published:
        result = decode_slowly(data, start)
        message = result.NotificationMessage
        parts = message.NotificationData or []
        return Published(
            result.SubscriptionId,
            message.SequenceNumber,
            ticks_of(ns_of_datetime(message.PublishTime)),
            self._updates(parts, now),
            bool(parts),
            tuple(part for part in parts if isinstance(part, ua.StatusChangeNotification)),
            self._events(parts),
        )

    def _events(self, parts: Sequence[Any]) -> list[EventFields]:
        return [e for part in parts if isinstance(part, ua.EventNotificationList) for e in events_of(part)]

    def _updates(self, parts: Sequence[Any], now: int) -> list[Update]:
        updates: list[Update] = []
        for part in parts:
            if not isinstance(part, ua.DataChangeNotification):
                continue
            items = part.MonitoredItems or []
            if len(items) > self._max_items:
                raise ProtocolViolation("a notification holds more values than were asked for")
            for item in items:
                if item.ClientHandle in self._decoder.known:
                    updates.append((item.ClientHandle, from_library(item.Value, self._times, now)))
                elif item.Value.Value is not None:
                    self._decoder.others.append((item.ClientHandle, plain(item.Value.Value.Value)))
        return updates

    def _status_change(self, part: ua.StatusChangeNotification) -> None:
        status = part.Status.value if part.Status else quality.BAD
        if quality.is_bad(status):
            raise LinkLost(f"the server ended the subscription: {words(status)}")
        log.info("the server reports on a subscription: %s", words(status))

    # --- gaps -----------------------------------------------------------------------------------------

    async def _fill_gap(self, group: Group, got: int) -> None:
        """Ask again for what is missing; else read everything and mark the hole (UA-06)."""
        missing = (got - group.sequence) % LAST_SEQUENCE
        number, complete = group.sequence, missing <= MAX_REPUBLISHED
        while complete and number != got:
            complete = await self._republish(group, number)
            number = next_sequence(number)
        if complete:
            return
        self.counts["gaps"] += 1
        if self._conditions is not None and group is self._conditions.group:
            self._conditions.lost()
            return
        log.warning("%s: notifications were lost; all its values are read again", group.name)
        handles = [point.handle for point in group.points if point.handle not in self.paused]
        fresh: Mapping[int, DataValue] = await self._refresh(handles)
        marked = [
            (handle, value.with_status(value.status | quality.OVERFLOW)) for handle, value in fresh.items()
        ]
        self._sink(Batch(group.name, marked))

    async def _republish(self, group: Group, number: int) -> bool:
        try:
            async with within(self._link.timeout_s):
                message = await self._link.session.republish(group.id, number)
        except (OSError, TimeoutError, ua.UaError):
            return False
        self.counts["republished"] += 1
        self._acknowledged(group.id, number)
        parts, now = message.NotificationData or [], wall_ns()
        if self._conditions is not None and group is self._conditions.group:
            self._conditions.take(self._events(parts), now)
        else:
            await self._deliver(group, self._updates(parts, now))
        return True

    # --- values ---------------------------------------------------------------------------------------

    async def _deliver(self, group: Group, updates: list[Update]) -> None:
        """Hand on one batch; an empty one is a sign of life."""
        self._look_at_state()
        if updates:
            if self.paused:
                updates = [update for update in updates if update[0] not in self.paused]
            if self.awaited:
                self.awaited.difference_update(handle for handle, _value in updates)
            if self.deadbands:
                updates = [update for update in updates if self._passes(*update)]
            flagged = [update for update in updates if update[1].status & 0xFFFF]
            if flagged:
                await self._flags(flagged)
        self.counts["notifications"] += 1
        self.counts["values"] += len(updates)
        self._sink(Batch(group.name, updates))

    def _look_at_state(self) -> None:
        """Take note of what the server says about itself."""
        others = self._decoder.others
        for handle, value in others:
            if handle == STATE and isinstance(value, int) and value != self.server_state:
                self.server_state = value
                log.warning("the server says that it is %s", self.state_words)
            elif handle == SERVICE_LEVEL:
                self.service_level = value
        others.clear()

    @property
    def state_words(self) -> str:
        """State of the server in words."""
        return STATES[self.server_state] if 0 <= self.server_state < len(STATES) else "unknown"

    def _passes(self, handle: int, value: DataValue) -> bool:
        """A deadband the server does not do (UA-08); a change of status always passes."""
        band = self.deadbands.get(handle)
        number = value.value
        if band is None or not isinstance(number, int | float):
            return True
        if value.status == band.status and band.value is not None and abs(number - band.value) <= band.size:
            return False
        band.value, band.status = float(number), value.status
        return True

    async def _flags(self, flagged: Sequence[Update]) -> None:
        """Overflow is counted; a change of meaning is looked up before the value goes on (UA-15)."""
        self.counts["overflows"] += sum(
            1 for _handle, value in flagged if value.status & quality.OVERFLOW == quality.OVERFLOW
        )
        changed = [handle for handle, value in flagged if value.status & CHANGED]
        if changed:
            self.semantics_changed.update(changed)
            await self._reread(changed)


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The cause a reader wants: the first real error of a task group."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            return first_of(error)
        if not isinstance(error, asyncio.CancelledError):
            return error
    return group
