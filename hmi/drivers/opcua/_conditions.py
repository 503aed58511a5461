"""The conditions of one connection: their item, the refreshes, and the way of events to the sink.

Refresh procedure of Part 9 (standards 1.12): on every connection, on RefreshRequired and wherever events may
be missing the server is asked for all its conditions again. One refresh runs at a time, at most one in a
second, and more rarely when the server's queue overflows again and again.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from asyncua import ua

from hmi.acquisition.port import ConditionSink
from hmi.core.clock import NS_PER_MS
from hmi.core.conditions import ConditionItem, RefreshMark
from hmi.core.errors import ProtocolViolation
from hmi.core.texts import tr
from hmi.drivers.opcua import _condition_fields as fields
from hmi.drivers.opcua._condition_types import TypeTree
from hmi.drivers.opcua._event_decode import EventFields
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import Group, subscribe
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._values import words
from hmi.drivers.opcua._within import within

log = logging.getLogger(__name__)
SERVER = "i=2253"
PERIOD_MS = 250
FIRST_HANDLE = 0xFFFF_FE00
QUEUE = 5_000
WAITING_LIMIT = 20_000
PORTION = 500
REFRESH_PAUSE_S, LONGEST_PAUSE_S, REFRESH_S = 1.0, 60.0, 30.0
REFRESH_METHOD, CONDITION_TYPE = 3875, 2782
BAD_FILTERS = (
    ua.StatusCodes.BadEventFilterInvalid,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadBrowseNameInvalid,
    ua.StatusCodes.BadTypeDefinitionInvalid,
)
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
        self._news, self._wanted, self._ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._made: set[int] = set()
        self._told_end: set[int] = set()
        self._begun = self._lossy = False
        self._queue = 0
        self._recent: deque[tuple[int, int]] = deque()

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
        if self._is_full(len(events), now_ns):
            self.lost()
        for one in events:
            self.counts["events"] += 1
            event = fields.event_of(one.fields)
            if event is None or not event.type:
                self.counts["malformed"] += 1
            elif event.type == fields.REFRESH_START:
                self._refresh_begins()
            elif event.type == fields.REFRESH_END:
                self._refresh_ends(one.client_handle)
            elif event.type == fields.REFRESH_REQUIRED:
                self._wanted.set()
            elif event.type == fields.QUEUE_OVERFLOW:
                self.lost()
            elif event.is_condition:
                self.counts["condition_events"] += 1
                self._put((event, now_ns))

    def _is_full(self, count: int, now_ns: int) -> bool:
        """Some servers drop events without a word: as many as the queue holds, within one interval, are too many."""
        self._recent.append((now_ns, count))
        while self._recent and not 0 <= now_ns - self._recent[0][0] < PERIOD_MS * NS_PER_MS:
            self._recent.popleft()
        if not self._queue or sum(number for _time, number in self._recent) < self._queue:
            return False
        self._recent.clear()
        return True

    def ask_again(self) -> None:
        """Let the server tell its conditions, though nothing is known to be missing."""
        self._wanted.set()

    def lost(self) -> None:
        """Events are missing: nothing held is sure until the server has told everything again."""
        self.counts["lost"] += 1
        self._lossy = True
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

    def _refresh_begins(self) -> None:
        if not self._begun:
            self._begun = True
            self._put(RefreshMark.START)

    def _refresh_ends(self, client_handle: int) -> None:
        """Every item tells its own end; the last one ends the refresh, unless something was lost in it."""
        self._told_end.add(client_handle)
        if not self._begun or not self._made <= self._told_end:
            return
        self._begun = False
        if not self._lossy:
            self._put(RefreshMark.END)
        self._ended.set()

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
            made = {handle for handle, node in missing.items() if await self._make(handle, node)}
            self._made |= made
            if made:
                self._wanted.set()
            if len(self._made) == len(self._notifiers):
                return
            await asyncio.sleep(float(self._settings.get("retry_items_s", 30.0)))

    async def _make(self, handle: int, node: ua.NodeId) -> bool:
        status = 0
        for general in (False, True):
            result = await self._create(handle, node, general=general)
            status = result.StatusCode.value
            if result.StatusCode.is_good():
                self._queue = result.RevisedQueueSize or self._queue_size
                if self._queue < self._queue_size:
                    self._note(
                        tr("the server keeps only {count} events between two messages",
                           count=result.RevisedQueueSize)
                    )  # fmt: skip
                return True
            if status not in BAD_FILTERS:
                break
        where = "Server" if node.NamespaceIndex == 0 else node.to_string()
        self._note(tr("the server refuses the events of {node}: {why}", node=where, why=words(status)))
        return False

    @property
    def _queue_size(self) -> int:
        return int(self._settings.get("alarm_queue", QUEUE))

    async def _create(self, handle: int, node: ua.NodeId, *, general: bool) -> ua.MonitoredItemCreateResult:
        request = ua.MonitoredItemCreateRequest()
        request.ItemToMonitor.NodeId = node
        request.ItemToMonitor.AttributeId = ua.AttributeIds.EventNotifier
        request.MonitoringMode = ua.MonitoringMode.Reporting
        wanted = request.RequestedParameters
        wanted.ClientHandle, wanted.SamplingInterval = handle, 0.0
        wanted.QueueSize, wanted.DiscardOldest = self._queue_size, True
        wanted.Filter = ua.EventFilter(SelectClauses=fields.select_clauses(general=general))
        params = ua.CreateMonitoredItemsParameters()
        params.SubscriptionId = self.group.id
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        params.ItemsToCreate = [request]
        async with within(self._link.timeout_s):
            answer = await self._link.session.create_monitored_items(params)
        if len(answer) != 1:
            raise ProtocolViolation(f"one item was asked for and {len(answer)} answered")
        return answer[0]

    async def _refresh(self) -> None:
        pause = REFRESH_PAUSE_S
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if not self._made:
                continue
            complete = await self._refresh_once()
            if complete is None:
                return
            pause = REFRESH_PAUSE_S if complete else min(pause * 2, LONGEST_PAUSE_S)
            if not complete:
                self._wanted.set()
            await asyncio.sleep(pause)

    async def _refresh_once(self) -> bool | None:
        """Whether everything was told; None when the server cannot do it at all."""
        self._ended.clear()
        self._told_end.clear()
        self._begun = self._lossy = False
        self.counts["refreshes"] += 1
        status = await self._call_refresh()
        if status in NO_REFRESH:
            self._note(tr("the server cannot tell its alarms again: {why}", why=words(status)))
            return None
        if status:
            log.warning("The server refuses to tell its conditions again: %s", words(status))
            return False
        try:
            async with within(REFRESH_S):
                await self._ended.wait()
        except TimeoutError:
            self._note(tr("the server began to tell its alarms and did not end"))
            return False
        if self._lossy:
            self._note(tr("the server lost events while it told its alarms; its queue may be too short"))
        return not self._lossy

    async def _call_refresh(self) -> int:
        request = ua.CallMethodRequest()
        request.ObjectId, request.MethodId = ua.NodeId(CONDITION_TYPE), ua.NodeId(REFRESH_METHOD)
        request.InputArguments = [ua.Variant(self.group.id, ua.VariantType.UInt32)]
        try:
            async with within(self._link.timeout_s):
                results = await self._link.session.call([request])
        except ua.UaStatusCodeError as error:
            return error.code
        status = results[0].StatusCode if results else None
        return status.value if status is not None and not status.is_good() else 0

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            log.warning("%s", text)
