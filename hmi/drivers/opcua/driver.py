"""The OPC UA driver: one connection, subscriptions by rate class and writes that are sent exactly once."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from asyncua import ua

from hmi.acquisition.port import (
    OVERTAKEN,
    Batch,
    ConditionSink,
    DeviceIdentity,
    Group,
    LinkSettings,
    PastKept,
    PastPage,
    PastRequest,
    Point,
    Sink,
    Trace,
)
from hmi.core import quality
from hmi.core.clock import NS_PER_MS, monotonic_ns, wall_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionCall
from hmi.core.errors import (
    CommunicationError,
    ConfigurationError,
    LinkLost,
    ProtocolViolation,
)
from hmi.core.texts import tr
from hmi.core.values import DataValue, bad
from hmi.drivers.opcua import _items, _server, _subscribe
from hmi.drivers.opcua._address import parse_address, parse_endpoint
from hmi.drivers.opcua._call import Caller
from hmi.drivers.opcua._condition_types import text_of
from hmi.drivers.opcua._conditions import ConditionWatch, notifiers_of
from hmi.drivers.opcua._connect import connect, refusal
from hmi.drivers.opcua._decode import Decoder
from hmi.drivers.opcua._keeper import Keeper, off
from hmi.drivers.opcua._methods import MethodCaller
from hmi.drivers.opcua._nodes import Nodes
from hmi.drivers.opcua._numbers import NONE, Numbers
from hmi.drivers.opcua._past import PastReader
from hmi.drivers.opcua._pause import Pauser
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import chunks, regroup, subscribe
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._trace import trace, unreadable
from hmi.drivers.opcua._values import from_library, node_id, words
from hmi.drivers.opcua._watch import DRIFT_WARN_NS, Watch, first_of
from hmi.drivers.opcua._within import within
from hmi.drivers.opcua._write import Writer, outcome_not_connected
from hmi.drivers.opcua.groups import groups_of

log = logging.getLogger(__name__)
SPARE_ITEMS = 1000


class OpcuaDriver:
    """Implements ``PushDriver`` for one endpoint; built, opened, used, closed, never used again.

    Points go by their number in here (``Numbers``) and by their handle in whatever comes in and goes out.
    """

    def __init__(self, link: LinkSettings) -> None:
        self._settings, self._tally, self._plan = link.settings, link.tally, link.plan
        self._name = link.name
        self._endpoint = parse_endpoint(link.endpoint)
        self._asked_points = link.points
        self._numbers = Numbers(link.points)
        self._points = self._numbers.points
        self._nodes = Nodes(self._points)
        self._groups: list[_subscribe.Group] = []
        self._ended: list[_subscribe.Group] = []
        regroup(self._groups, self._points.values())
        self._notes: list[str] = []
        self._times = TimeRule()
        self._max_items = _most_items(link.points)
        self._decoder = Decoder(
            self._times, max_items=self._max_items, max_array=int(self._settings.get("max_array", 100_000))
        )
        self._server = _server.Server()
        self._link: Link | None = None
        self._watch: Watch | None = None
        self._writer: Writer | None = None
        self._methods: MethodCaller | None = None
        self._pauser: Pauser | None = None
        self._keeper: Keeper | None = None
        self._demanded: frozenset[int] | None = None
        self._ranges: dict[int, dict[str, Any]] = {}
        self._condition_sink: ConditionSink | None = None
        self._conditions: ConditionWatch | None = None
        self._sources: dict[str | None, int] = {}
        self._told_sources: dict[str | None, int] = {}
        self._past_reader: PastReader | None = None
        self._last_error = ""

    def groups(self) -> tuple[Group, ...]:
        """One source group for each scan period."""
        return groups_of(self._asked_points)

    # --- the connection -------------------------------------------------------------------------------

    async def open(self) -> DeviceIdentity:
        """Connect, check who answers, find the nodes and the types of what can be written."""
        limit_s = int(self._settings.get("connect_timeout_ms", 10_000)) / 1000
        try:
            async with within(limit_s):
                self._link, notes = await connect(self._name, self._endpoint, self._settings, self._tally)
                self._notes += notes
                await self._prepare(self._link)
        except TimeoutError as error:
            await self.close()
            raise CommunicationError(f"{self._endpoint.url} does not answer") from error
        except ConfigurationError as error:
            await self.close()
            raise CommunicationError(f"{self._name}: {error.sentence}") from error
        except ua.UaStatusCodeError as error:
            await self.close()
            raise CommunicationError(f"{self._endpoint.url} refuses: {refusal(error.code)}") from error
        except (OSError, ua.UaError) as error:
            await self.close()
            raise CommunicationError(f"{self._endpoint.url} cannot be reached: {error}") from error
        except BaseException:  # cancelled too: no socket is left behind
            await self.close()
            raise
        return self._server.identity

    async def _prepare(self, link: Link) -> None:
        self._server = await _server.look(link)
        if fault := self._server.mismatch(self._settings.get("expected_identity", {})):
            raise CommunicationError(f"{self._endpoint.url} is the wrong server: {fault}")
        self._times.is_simulated = bool(self._server.identity.session)
        await self._nodes.look_up(link, self._server, self._read_chunk)
        self._methods = MethodCaller(link, self._name, self._nodes.methods)
        self._writer = Writer(link, self._nodes.types)

    @property
    def _read_chunk(self) -> int:
        return self._server.chunk("read", int(self._settings.get("chunk", 500)))

    async def close(self) -> None:
        """Say goodbye to the server for at most two seconds; leaves no task behind."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    # --- another revision of the plant ----------------------------------------------------------------

    def replan(self, points: tuple[Point, ...], afresh: frozenset[int]) -> None:
        """Other points over this session; items of points that stay are left alone, with all that is queued.

        Returns at once: what is gone or elsewhere is neither told nor written from here on, however late it comes,
        and what is new is looked up and subscribed to by ``watch``, which ends when that fails.
        """
        del afresh  # the link reads those
        self._asked_points = points
        change = self._numbers.change_to(points)
        self._nodes.forget(change.gone)
        self._nodes.enter(change.fresh)
        for number in change.gone:
            self._ranges.pop(number, None)
        ended = regroup(self._groups, self._points.values())
        self._ended += ended
        for group in (*self._groups, *ended):
            group.drop(change.gone)
        # what the server has queued for the points of before may still come
        self._max_items = max(self._max_items, _most_items(points))
        self._decoder.forget(change.gone, self._max_items)
        self._sources = self._find_sources()
        if self._watch is not None and self._pauser is not None and self._keeper is not None:
            for group in ended:
                self._watch.end(group)
            self._watch.forget(change.gone, self._max_items)
            self._pauser.forget(change.gone)
            self._pauser.want(self._wanted)
            self._keeper.review()

    async def _look_up(self) -> None:
        await self._nodes.look_up_later(self._opened(), self._server, self._read_chunk)
        self._sources = self._find_sources()

    def _find_sources(self) -> dict[str | None, int]:
        """Handles of points by their node, for the conditions that tell theirs."""
        return {text_of(node): self._numbers.handle(number) for number, node in self._nodes.ids.items()}

    def _settled(self) -> None:
        """Items and points agree."""
        if self._keeper is not None:
            self._notes = [*dict.fromkeys([*self._notes, *self._keeper.notes])]
        if self._pauser is not None:
            self._pauser.review()
        if self._conditions is not None and self._told_sources != self._sources:
            self._conditions.ask_again()  # conditions are about other tags now
        self._told_sources = self._sources

    # --- values ---------------------------------------------------------------------------------------

    async def watch(self, sink: Sink) -> None:
        """Subscribe and hand on notifications until the link is lost."""

        def told(batch: Batch) -> None:
            """By handle, and nothing of points and groups that are asked for no longer."""
            if any(group.name == batch.group for group in self._groups):
                updates = self._numbers.told(batch.updates)
                sink(batch if updates is batch.updates else Batch(batch.group, updates, batch.alive))

        link = self._opened()
        self._decoder.known.clear()
        try:
            for group in tuple(self._groups):
                self._notes += await subscribe(link, group, self._settings)
            conditions = await self._condition_watch(link)
            groups = [*self._groups, conditions.group] if conditions else self._groups
            watch = Watch(
                link, groups, self._decoder, self._times, max_items=self._max_items, conditions=conditions
            )
            self._watch = watch
            pauser, keeper = self._hands(link, watch, told)
            async with asyncio.TaskGroup() as tasks:
                # the requests for notifications run first: a server may end a subscription nobody reads
                tasks.create_task(watch.run(told, self._read, self._reread))
                tasks.create_task(keeper.run())
                tasks.create_task(pauser.run())
                if conditions is not None:
                    tasks.create_task(conditions.run())
        except BaseExceptionGroup as group:
            error = first_of(group)
            self._last_error = str(error)
            if isinstance(error, OSError | TimeoutError | ua.UaError):
                raise LinkLost(f"{self._endpoint.url}: {str(error) or 'no answer in time'}") from error
            raise error from group
        except (OSError, TimeoutError, ua.UaError) as error:
            raise LinkLost(f"{self._endpoint.url}: {str(error) or 'no answer in time'}") from error

    def _hands(self, link: Link, watch: Watch, sink: Sink) -> tuple[Pauser, Keeper]:
        """What keeps the items as they are wanted."""
        chunk = self._server.chunk("items", int(self._settings.get("chunk", 500)))
        pauser = Pauser(link, watch, self._groups, read=self._read, sink=sink, chunk=chunk)
        pauser.want(self._wanted)
        keeper = Keeper(
            link, watch, self._groups, self._nodes,
            _items.Maker(link, watch, self._decoder, self._nodes.ids, chunk),
            ended=self._ended, look_up=self._look_up, read=self._read, sink=sink,
            done=self._settled, settings=self._settings,
        )  # fmt: skip
        self._pauser, self._keeper = pauser, keeper
        return pauser, keeper

    async def _condition_watch(self, link: Link) -> ConditionWatch | None:
        """Nobody listens, or the connection does not ask for the server's alarms: None."""
        wanted = notifiers_of(self._settings)
        if not wanted or self._condition_sink is None:
            return None
        nodes = {text: node_id(parse_address(text), self._server.namespaces) for text in wanted}
        self._notes += [
            tr("the server has no namespace of {node}", node=text) for text in wanted if nodes[text] is None
        ]
        self._sources = self._told_sources = self._find_sources()
        found = ConditionWatch(
            link, [node for node in nodes.values() if node is not None], self._settings, self._times,
            sink=self._condition_sink, handle_of=lambda node: self._sources.get(node, NONE),
        )  # fmt: skip
        self._conditions = found
        return found if await found.subscribe() else None

    def conditions_to(self, sink: ConditionSink) -> None:
        """Conditions of the server go to ``sink`` from the next ``watch`` on."""
        self._condition_sink = sink

    def demand(self, handles: frozenset[int]) -> None:
        """Pause the items of all other points and wake these; a woken one sends its value at once."""
        self._demanded = handles
        if self._pauser is not None:
            self._pauser.want(self._wanted)

    @property
    def _wanted(self) -> frozenset[int] | None:
        return None if self._demanded is None else frozenset(self._numbers.some(self._demanded))

    def _opened(self) -> Link:
        if self._link is None or not self._link.is_up:
            raise LinkLost("the connection is not open")
        return self._link

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh values, in portions the server accepts."""
        numbers = {handle: self._numbers.of(handle) for handle in handles}
        found = await self._read(list(numbers.values()))
        if any(self._numbers.of(handle) != number for handle, number in numbers.items()):
            raise CommunicationError(OVERTAKEN)
        return {handle: found[number] for handle, number in numbers.items()}

    async def _read(self, numbers: Sequence[int]) -> Mapping[int, DataValue]:
        """The same by number; those that are given back meanwhile are left out."""
        link, values = self._opened(), dict[int, DataValue]()
        ids, now = self._nodes.ids, wall_ns()
        for number in numbers:
            if number not in ids:
                values[number] = bad(self._why_unread(number)[0], now)
        known = [number for number in numbers if number in ids]
        try:
            for part in chunks(known, self._read_chunk):
                part = [number for number in part if number in ids]
                answers, now = await link.read([self._asked(number) for number in part]), wall_ns()
                for number, answer in zip(part, answers, strict=True):
                    found = from_library(answer, self._times, now)
                    values[number] = off(now) if number in self._nodes.methods and not found.is_bad else found
        except ua.UaStatusCodeError as error:
            raise CommunicationError(f"the server refuses to read: {words(error.code)}") from error
        except (OSError, TimeoutError, ua.UaError) as error:
            raise LinkLost(f"{self._endpoint.url} does not answer a read") from error
        return values

    def _why_unread(self, number: int) -> tuple[int, str]:
        """Status and sentence of a point without a node."""
        if number in self._nodes.waiting:
            return quality.BAD_WAITING_FOR_INITIAL_DATA, _not_yet()
        return self._nodes.faults.get(number, (quality.BAD_CONFIGURATION, ""))

    def _asked(self, number: int) -> ua.ReadValueId:
        if number in self._nodes.methods:
            return _items.attribute(self._nodes.ids[number], ua.AttributeIds.NodeClass)
        return _items.value_of(self._nodes.ids[number], self._points[number])

    async def trace(self, handle: int) -> Trace:
        """One Read of one node with all that the server says of it."""
        number = self._numbers.of(handle)
        link, point, node = self._opened(), self._points.get(number), self._nodes.ids.get(number)
        if point is None:
            raise CommunicationError(tr("the point is no longer asked for over this connection"))
        if node is None:
            return unreadable(point, *self._why_unread(number))
        place = {"endpoint": self._endpoint.url, "server": self._server.identity.product}
        try:
            return await trace(link, point, node, self._times, place)
        except ua.UaStatusCodeError as error:
            raise CommunicationError(f"the server refuses to read: {words(error.code)}") from error
        except (OSError, TimeoutError, ua.UaError) as error:
            raise CommunicationError(f"{self._endpoint.url} does not answer a read") from error

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        """Which nodes the server keeps a history of."""
        numbers = self._numbers.some(handles)
        with self._asking():
            kept = await self._past().kept(numbers)
        told = {self._numbers.handle(number): is_on for number, is_on in kept.handles.items()}
        told.pop(NONE, None)
        return replace(kept, handles=told)

    async def past(self, request: PastRequest) -> PastPage:
        """One page of the history of a node; a server that refuses it is a fault of the page."""
        with self._asking():
            try:
                return await self._past().page(replace(request, handle=self._numbers.of(request.handle)))
            except ua.UaStatusCodeError as error:
                return PastPage(fault=words(error.code))

    def _past(self) -> PastReader:
        if self._past_reader is None:
            max_array = int(self._settings.get("max_array", 100_000))
            self._past_reader = PastReader(
                self._opened(), self._nodes.ids, self._times, self._read_chunk, max_array=max_array
            )
        self._opened()
        return self._past_reader

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A history that is slow or broken is no reason to give up the link: live values go on."""
        try:
            yield
        except ua.UaStatusCodeError as error:
            raise CommunicationError(f"the server refuses to read: {words(error.code)}") from error
        except (OSError, TimeoutError, ua.UaError, ProtocolViolation) as error:
            why = str(error) or "no answer in time"
            raise CommunicationError(f"the history of {self._endpoint.url} cannot be read: {why}") from error

    async def _reread(self, numbers: Sequence[int]) -> None:
        """EURange and unit of points whose meaning changed (UA-15)."""
        ids = self._nodes.ids
        nodes = {number: ids[number] for number in numbers if number in ids}
        found = await _items.properties(self._opened(), nodes, self._read_chunk)
        self._ranges.update({number: one for number, one in found.items() if number in ids})

    # --- commands -------------------------------------------------------------------------------------

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """One WriteRequest or none; never repeated, never kept for later (UA-14)."""
        if (changed := self._plan.objection(request)) is not None:
            return changed
        number = self._numbers.of(request.handle)
        point, node = self._points.get(number), self._nodes.ids.get(number)
        if self._link is None or self._writer is None or not self._link.is_up:
            return outcome_not_connected(self._name)
        if (why := self._why_not()) is not None:
            return why
        if number in self._nodes.waiting:
            return outcome_not_connected(self._name, _not_yet())
        method = self._nodes.methods.get(number)
        if method is not None and self._methods is not None:
            return await self._methods.call(request, method)
        return await self._writer.write(replace(request, handle=number), point, node)

    def _why_not(self) -> WriteOutcome | None:
        """A server that says it does not run is sent nothing."""
        if self._watch is None or self._watch.server_state == 0:
            return None
        return outcome_not_connected(
            self._name, tr("the server is {state}", state=tr(self._watch.state_words))
        )

    async def call(self, request: ConditionCall) -> WriteOutcome:
        """One method call or none; never repeated, never kept for later."""
        if self._link is None or not self._link.is_up:
            return outcome_not_connected(self._name)
        if (why := self._why_not()) is not None:
            return why
        outcome = await Caller(self._link, self._name).call(request)
        if outcome.state is WriteState.UNKNOWN and self._conditions is not None:
            self._conditions.ask_again()
        return outcome

    def diagnostics(self) -> Mapping[str, Any]:
        """Counters and last errors in words."""
        watch, conditions = self._watch, self._conditions
        notes = [*self._notes, *(self._pauser.notes if self._pauser else ())]
        notes += conditions.notes if conditions else ()
        if watch is not None and abs(watch.drift_ns) > DRIFT_WARN_NS and not self._times.is_simulated:
            notes.append(f"the clock of the server differs by {watch.drift_ns / 1e9:.1f} s")
        if watch is not None and watch.server_state:
            notes.append(f"the server says that it is {watch.state_words}")
        return {
            "server": self._server.as_dict(),
            "security": self._link.security if self._link else {},
            "subscriptions": [_as_dict(group) for group in self._groups if group.id] if watch else [],
            "server_state": watch.state_words if watch else "",
            "counts": dict(watch.counts) if watch else {},
            "conditions": dict(conditions.counts) if conditions else {},
            "items_paused": len(watch.paused) if watch else 0,
            "clock_difference_ms": round(watch.drift_ns / 1e6) if watch else 0,
            "refused_times": self._times.refused,
            "local_deadbands": len(watch.deadbands) if watch else 0,
            "semantics_changed": sorted(map(self._numbers.handle, watch.semantics_changed)) if watch else [],
            "ranges": {str(self._numbers.handle(number)): found for number, found in self._ranges.items()},
            "faults": {self._points[n].address: text for n, (_code, text) in self._nodes.faults.items()},
            "notes": notes,
            "last_error": self._last_error,
        }


def _as_dict(group: _subscribe.Group) -> dict[str, Any]:
    """A subscription: what was wished for and what the server made of it, in ms."""
    return {
        "name": group.name, "planned_ms": group.period_ms, "granted_ms": group.interval_ms,
        "keep_alive_ms": group.keep_alive_ms, "items": len(group.server_ids), "points": len(group.points),
        "silent_ms": round((monotonic_ns() - group.last_ns) / NS_PER_MS) if group.last_ns else 0,
    }  # fmt: skip


def _most_items(points: Iterable[Point]) -> int:
    """Servers do not keep to MaxNotificationsPerPublish; more than all queues together is never right."""
    return SPARE_ITEMS + sum(max(int(point.options.get("queue", 1)), 1) for point in points)


def _not_yet() -> str:
    return tr("the node of the changed plant is being looked up")


def create(settings: LinkSettings) -> OpcuaDriver:
    """A driver for one connection attempt."""
    return OpcuaDriver(settings)
