"""The conditions of one connection: their item, the refreshes, and the way of events to the sink.

Refresh procedure of Part 9 (standards 1.12): on every connection, on RefreshRequired and wherever events may
be missing the server is asked for all its conditions again. One refresh runs at a time, at most one in a
second. Where its answer overflows the server's queue a longer queue is asked for, then the answer in steps, and
where the server can do neither it is asked more and more rarely.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from asyncua import ua

from hmi.acquisition.port import ConditionSink
from hmi.core.clock import NS_PER_MS
from hmi.core.conditions import ConditionItem, RefreshMark
from hmi.core.texts import tr
from hmi.drivers.opcua import _condition_fields as fields
from hmi.drivers.opcua._condition_items import EventItem, EventItems
from hmi.drivers.opcua._condition_steps import Stepped, Steps
from hmi.drivers.opcua._condition_types import TypeTree
from hmi.drivers.opcua._event_decode import EventFields
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import Group, subscribe
from hmi.drivers.opcua._telling import Fullness, Telling
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._values import words

log = logging.getLogger(__name__)
SERVER = "i=2253"
PERIOD_MS = 250
FIRST_HANDLE = 0xFFFF_FE00
QUEUE = 5_000
WAITING_LIMIT = 20_000
PORTION = 500
REFRESH_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
REFRESH_S, GRACE_S = 30.0, 2.0
"""How long the end of a refresh is waited for, and how long where something of it is lost."""
NO_REFRESH = (
    ua.StatusCodes.BadMethodInvalid,
    ua.StatusCodes.BadNodeIdUnknown,
    ua.StatusCodes.BadNotSupported,
    ua.StatusCodes.BadNotImplemented,
    ua.StatusCodes.BadServiceUnsupported,
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadNotExecutable,
)
Waiting: TypeAlias = RefreshMark | tuple[fields.Event, int]


class Refreshed(Enum):
    """How a refresh ended. AGAIN: not all of it came, and the next one has more room. NEVER: the server has none."""

    COMPLETE = "complete"
    AGAIN = "again"
    INCOMPLETE = "incomplete"
    NEVER = "never"


def notifiers_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The nodes whose events are asked for; none when the connection has no alarms of its server."""
    wanted = settings.get("alarms", False)
    if isinstance(wanted, list | tuple):
        return tuple(dict.fromkeys(str(node) for node in wanted))
    return (SERVER,) if wanted else ()


class ConditionWatch:
    """Made for one connection; ``notifiers`` are the nodes whose events are asked for."""

    def __init__(
        self, link: Link, notifiers: Sequence[ua.NodeId], settings: Mapping[str, Any], times: TimeRule,
        *, sink: ConditionSink, handle_of: Callable[[str], int],
    ) -> None:  # fmt: skip
        self.group = Group("alarms", PERIOD_MS, ())
        self.notes: list[str] = []
        self.counts = {"events": 0, "condition_events": 0, "malformed": 0, "refreshes": 0, "lost": 0}
        self._link, self._settings, self._times = link, settings, times
        self._notifiers = {FIRST_HANDLE + place: node for place, node in enumerate(notifiers)}
        self._sink, self._handle_of = sink, handle_of
        self._types = TypeTree(link)
        self._waiting: deque[Waiting] = deque()
        self._news, self._wanted = asyncio.Event(), asyncio.Event()
        self._items = EventItems(link, self.group)
        self._made: dict[int, EventItem] = {}
        self._steps = Steps(self._items, self._listen, self._note)
        self._step: EventItem | None = None
        self._in_steps = False
        self._telling: Telling | None = None
        self._fullness = Fullness(PERIOD_MS * NS_PER_MS)
        self._losses = 0

    async def subscribe(self) -> bool:
        """The subscription of the events; False, with a note, when the server refuses it: values go on."""
        try:
            self.notes += await subscribe(
                self._link, self.group, {**self._settings, "max_notifications": 1000}
            )
        except ua.UaStatusCodeError as error:
            self._note(tr("the server refuses a subscription for its alarms: {why}", why=words(error.code)))
            return False
        return True

    async def run(self) -> None:
        """Until the link is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pass_on())
            tasks.create_task(self._make_items())
            tasks.create_task(self._refresh())

    # --- what the server sends ------------------------------------------------------------------------

    def take(self, events: Sequence[EventFields], now_ns: int) -> None:
        """Events in the order they came; returns at once."""
        for handle, count in Counter(one.client_handle for one in events).items():
            if self._fullness.is_full(handle, count, self._queue_of(handle), now_ns):
                self._overflows(handle)
        for one in events:
            self.counts["events"] += 1
            event = fields.event_of(one.fields)
            if event is None or not event.type:
                self.counts["malformed"] += 1
            elif event.is_mark:
                self._take_mark(event.type, one.client_handle)
            elif event.is_condition:
                self.counts["condition_events"] += 1
                self._put((event, now_ns))

    def _take_mark(self, kind: str, handle: int) -> None:
        telling = self._telling
        if kind == fields.REFRESH_REQUIRED:
            self._wanted.set()
        elif kind == fields.QUEUE_OVERFLOW:
            self._overflows(handle)
        elif telling is None:
            return
        elif kind == fields.REFRESH_START:
            if telling.begins(handle) and self._step is None:
                self._put(RefreshMark.START)
        elif telling.ends(handle) and self._step is None:
            self._put(RefreshMark.END)

    def _queue_of(self, handle: int) -> int:
        if self._step is not None and handle == self._step.handle:
            return self._step.queue
        item = self._made.get(handle)
        return item.queue if item is not None else 0

    def _overflows(self, handle: int) -> None:
        """Events of an item are missing; those of a step matter to it alone, for a standing item has them too."""
        if handle in self._notifiers:
            self.lost()
        elif self._telling is not None and handle in self._telling.expected:
            self._telling.breaks()

    def ask_again(self) -> None:
        """Let the server tell its conditions, though nothing is known to be missing."""
        self._wanted.set()

    def lost(self) -> None:
        """Events are missing: nothing held is sure until the server has told everything again."""
        self.counts["lost"] += 1
        self._losses += 1
        if self._telling is not None:
            self._telling.breaks()
        self._put(RefreshMark.LOST)
        self._wanted.set()

    def _put(self, item: Waiting) -> None:
        if len(self._waiting) >= WAITING_LIMIT:
            self._waiting.clear()
            log.warning(
                "More than %d events wait; the server is asked for its conditions again.", WAITING_LIMIT
            )
            self.lost()
        self._waiting.append(item)
        self._news.set()

    async def _pass_on(self) -> None:
        """In order and in portions; the types of a maker are looked up on the way."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(PORTION, len(self._waiting)))]
                items: list[ConditionItem] = []
                for one in taken:
                    if isinstance(one, RefreshMark):
                        items.append(one)
                    else:
                        event, now_ns = one
                        kind = self._types.known(event.type) or await self._types.nearest(event.type)
                        items.append(fields.update_of(event, kind, now_ns, self._times, self._handle_of))
                self._sink(items)
                await asyncio.sleep(0)

    # --- items and refreshes --------------------------------------------------------------------------

    async def _make_items(self) -> None:
        """One item for each notifier; those that the server refuses are asked for again from time to time."""
        while True:
            missing = {h: node for h, node in self._notifiers.items() if h not in self._made}
            made = [handle for handle, node in missing.items() if await self._make(handle, node)]
            if made:
                self._wanted.set()
            if len(self._made) == len(self._notifiers):
                return
            await asyncio.sleep(float(self._settings.get("retry_items_s", 30.0)))

    async def _make(self, handle: int, node: ua.NodeId) -> bool:
        wished = int(self._settings.get("alarm_queue", QUEUE))
        item = await self._items.create(handle, node, wished)
        if isinstance(item, int):
            where = "Server" if node.NamespaceIndex == 0 else node.to_string()
            self._note(tr("the server refuses the events of {node}: {why}", node=where, why=words(item)))
            return False
        if item.queue < wished:
            self._note(tr("the server keeps only {count} events between two messages", count=item.queue))
        self._made[handle] = item
        return True

    async def _refresh(self) -> None:
        pause = REFRESH_PAUSE_S
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if not self._made:
                continue
            found = await self._refresh_once()
            if found is Refreshed.NEVER:
                return
            pause = min(pause * 2, LONGEST_PAUSE_S) if found is Refreshed.INCOMPLETE else REFRESH_PAUSE_S
            if found is not Refreshed.COMPLETE:
                self._wanted.set()
            await asyncio.sleep(pause)

    async def _refresh_once(self) -> Refreshed:
        self.counts["refreshes"] += 1
        if self._in_steps:
            return await self._refresh_in_steps()
        telling = self._telling = Telling(self._made)
        try:
            status = await self._items.refresh()
            if status in NO_REFRESH:
                self._note(tr("the server cannot tell its alarms again: {why}", why=words(status)))
                return Refreshed.NEVER
            if status:
                log.warning("The server refuses to tell its conditions again: %s", words(status))
                return Refreshed.INCOMPLETE
            is_over = await telling.over(REFRESH_S, GRACE_S)
        finally:
            self._telling = None
        if telling.is_lossy:
            return await self._after_loss()
        if not is_over:
            self._note(tr("the server began to tell its alarms and did not end"))
        return Refreshed.COMPLETE if is_over else Refreshed.INCOMPLETE

    async def _after_loss(self) -> Refreshed:
        """The answer did not fit into the queue: a longer one for the next refresh, or else steps at once."""
        grown = [item for item in self._made.values() if await self._items.enlarge(item)]
        for item in grown:
            self._fullness.forget(item.handle)
            log.info("The server keeps %d events between two messages from now on.", item.queue)
        if grown:
            return Refreshed.AGAIN
        found = await self._refresh_in_steps()
        if found is not Refreshed.COMPLETE:
            self._note(tr("the server lost events while it told its alarms; its queue may be too short"))
        return found

    async def _refresh_in_steps(self) -> Refreshed:
        """One refresh made of many, each with few conditions; what stands in the way of it is a note."""
        before = self._losses
        self._put(RefreshMark.START)
        found = await self._steps.run(tuple(self._made.values()), lambda: self._losses != before)
        self._in_steps = found is Stepped.COMPLETE or (self._in_steps and found is Stepped.LOST)
        if found is not Stepped.COMPLETE or self._losses != before:
            return Refreshed.INCOMPLETE
        self._put(RefreshMark.END)
        return Refreshed.COMPLETE

    def _listen(self, item: EventItem | None, telling: Telling | None) -> None:
        """A step begins or ends."""
        if self._step is not None:
            self._fullness.forget(self._step.handle)
        self._step, self._telling = item, telling

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            log.warning("%s", text)
