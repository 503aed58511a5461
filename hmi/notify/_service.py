"""Follows the journal and sends what its channels want, each message until it is confirmed or given up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from hmi.core.cancelled import heed_cancellation
from hmi.core.clock import NS_PER_S, Clock, wall_ns
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord, Kind
from hmi.core.principal import SYSTEM
from hmi.notify._channels import DeliveryError, Sent, deliver
from hmi.notify._message import alarm_message
from hmi.notify._outbox import FILE, Outbox, Waiting
from hmi.notify._rules import due_at, may_send, retry_ns, settles, wants
from hmi.project.notifications import NotificationDef
from hmi.project.plant import Plant
from hmi.security.secrets import Secrets

log = logging.getLogger(__name__)

LOOK_S = 0.25
TROUBLE_S = 5.0
AT_ONCE = 500
FAILING_TRIES = 3


class Journal(Protocol):
    """What the notifier needs of the journal."""

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]: ...

    async def read(
        self, *, after: int = 0, kind: str = "", object_id: str = "", limit: int = 200
    ) -> tuple[JournalRecord, ...]: ...

    async def last(self, count: int, *, kind: str = "", object_id: str = "") -> tuple[JournalRecord, ...]: ...


class Notifier:
    """One for a runtime. Only records that are durable are told. At least once: a message carries the same id
    at each attempt. ``tell_failing(channel, failing)`` raises and ends the diagnostic alarm of a channel.
    """

    def __init__(
        self,
        plant: Plant,
        journal: Journal,
        data: Path,
        *,
        simulated: bool,
        tell_failing: Callable[[str, bool], None],
        clock: Clock,
        retry: Callable[[int], int] = retry_ns,
    ) -> None:
        self._journal, self._simulated, self._tell_failing = journal, simulated, tell_failing
        self._clock, self._retry_ns = clock, retry
        self._file, self._since = data / FILE, dict[str, int]()
        self._outbox, self._secrets = Outbox(self._file), Secrets(data)
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._take(plant)

    def apply(self, plant: Plant) -> None:
        """Go on with the channels of another plant revision."""
        self._take(plant)

    async def run(self) -> None:
        """Until cancelled. Trouble of its own never ends the runtime: it is logged and tried again."""
        try:
            while True:
                if self._channels or self._senders or self._is_new:
                    await self._guarded("the journal cannot be followed for notifications", self._step)
                await asyncio.sleep(LOOK_S)
        finally:
            for task in self._senders.values():
                task.cancel()
            if self._senders:
                await asyncio.wait(self._senders.values())
            await asyncio.to_thread(self._outbox.close)

    def _take(self, plant: Plant) -> None:
        self._plant, self._zone = plant, ZoneInfo(plant.zone)
        self._responses = {alarm.id: alarm.action for alarm in plant.alarms}
        self._channels: Mapping[str, NotificationDef] = {
            one.name: one for one in plant.notifications if may_send(one, simulated=self._simulated)
        }
        self._held = tuple(one.name for one in plant.notifications if one.name not in self._channels)
        self._is_new = True

    async def _step(self) -> None:
        if self._is_new:
            await self._begin()
            self._is_new = False
        while self._channels and await self._read():
            pass

    async def _begin(self) -> None:
        """A sender for each channel; a new channel begins at the end of the journal, not with its past."""
        if not self._channels and not self._held and not self._file.exists():
            return
        newest = await self._journal.last(1)
        end = newest[-1].seq if newest else 0
        self._since = await asyncio.to_thread(self._outbox.begin_channels, tuple(self._channels), end)
        for name in self._senders.keys() - self._channels.keys():
            self._senders.pop(name).cancel()
        for name in self._channels:
            self._tell_failing(name, await asyncio.to_thread(self._outbox.is_failing, name))
            if name not in self._senders:
                self._senders[name] = asyncio.create_task(self._send_all(name), name=f"notification {name}")
        for name in self._held:
            await self._note("notify.held", name, reason="a simulated plant sends nothing to other machines")

    async def _read(self) -> bool:
        """A part of the journal into the outbox; True when there may be more."""
        cursor = await asyncio.to_thread(self._outbox.cursor) or 0
        records = await self._journal.read(after=cursor, kind=Kind.ALARM.value, limit=AT_ONCE)
        if not records:
            return False
        new: dict[str, Waiting] = {}
        settled: list[str] = []
        for record in records:
            if settles(record):
                settled.append(record.object_id)
                new = {
                    key: one
                    for key, one in new.items()
                    if one.alarm_id != record.object_id or not one.delayed
                }
            for channel in self._channels.values():
                if record.seq > self._since.get(channel.name, 0) and wants(channel, record):
                    one = self._waiting(channel, record)
                    new[one.message.id] = one
        dropped = await asyncio.to_thread(self._outbox.step, records[-1].seq, tuple(new.values()), settled)
        if dropped:
            await self._note("notify.dropped", self._plant.id, reason=f"no room for {dropped} messages")
        return len(records) == AT_ONCE

    def _waiting(self, channel: NotificationDef, record: JournalRecord) -> Waiting:
        due = due_at(channel, record, self._zone)
        ahead = (
            self._clock.now_ns() - wall_ns()
        )  # records are in session time, sending goes by the wall clock
        return Waiting(
            message=alarm_message(channel, self._plant, record, self._responses.get(record.object_id, "")),
            channel=channel.name,
            alarm_id=record.object_id,
            priority=int(record.payload["priority"]),
            to=channel.to,
            due=due - ahead,
            delayed=due > record.receive_time,
        )

    # ------------------------------------------------------------------ sending

    async def _send_all(self, name: str) -> None:
        while True:
            await self._guarded(f"notification {name}", lambda: self._send_due(name))
            await asyncio.sleep(LOOK_S)

    async def _send_due(self, name: str) -> None:
        while (channel := self._channels.get(name)) is not None:
            now_ns = wall_ns()
            waiting = await asyncio.to_thread(self._outbox.next, name, now_ns)
            if waiting is None:
                return
            await asyncio.to_thread(self._outbox.begin, waiting.message.id, now_ns)
            try:
                sent = await deliver(channel, waiting.message, waiting.to, self._secrets)
            except DeliveryError as error:
                await self._failed(channel, waiting, str(error), again=error.again)
            else:
                await self._sent(channel, waiting, sent)
            heed_cancellation()

    async def _sent(self, channel: NotificationDef, waiting: Waiting, sent: Sent) -> None:
        """Taken for all, or for some: the others are tried again or told as refused."""
        reached = [one for one in waiting.to if one not in sent.refused and one not in sent.later]
        if reached or not waiting.to:
            await self._note("notify.sent", channel.name, message=waiting.message.id, to=reached)
        for one, why in sent.refused.items():
            await self._note("notify.refused", channel.name, message=waiting.message.id, to=[one], reason=why)
        if sent.later:
            later = replace(waiting, to=tuple(sent.later))
            await self._failed(
                channel, later, "; ".join(f"{o}: {w}" for o, w in sent.later.items()), again=True
            )
            return
        await asyncio.to_thread(self._outbox.done, waiting.message.id)
        await self._set_failing(channel.name, bool(sent.refused))

    async def _failed(self, channel: NotificationDef, waiting: Waiting, why: str, *, again: bool) -> None:
        now_ns, tries = wall_ns(), waiting.tries + 1
        late = now_ns - (waiting.begun or now_ns) >= channel.give_up_s * NS_PER_S
        if again and not late:
            due = now_ns + self._retry_ns(tries)
            await asyncio.to_thread(self._outbox.again, waiting.message.id, due, tries, waiting.to)
            event = "notify.failed"
        else:
            await asyncio.to_thread(self._outbox.done, waiting.message.id)
            event = "notify.given_up"
        await self._note(
            event, channel.name, message=waiting.message.id, to=list(waiting.to), reason=why, tries=tries
        )
        if event == "notify.given_up" or tries >= FAILING_TRIES:
            await self._set_failing(channel.name, True)

    async def _set_failing(self, channel: str, failing: bool) -> None:
        await asyncio.to_thread(self._outbox.set_failing, channel, failing)
        self._tell_failing(channel, failing)

    async def _note(self, event: str, channel: str, **payload: Any) -> None:
        try:
            await self._journal.append(Entry(Kind.SYSTEM, event, SYSTEM, channel, wall_ns(), payload))
        except StorageError as error:
            log.error("What came of a notification is not stored: %s", error)

    async def _guarded(self, what: str, work: Callable[[], Any]) -> None:
        try:
            await work()
        except StorageError as error:
            log.error("%s: %s", what, error)
            await asyncio.sleep(TROUBLE_S)
        except Exception:
            # The border of this service: a fault in it must not take the plant's runtime down.
            log.exception("%s: internal fault", what)
            await asyncio.sleep(TROUBLE_S)
        heed_cancellation()
