"""The OPC UA driver: one connection, subscriptions by rate class and writes that are sent exactly once."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from asyncua import ua

from hmi.acquisition.port import (
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
    AddressError,
    CommunicationError,
    ConfigurationError,
    LinkLost,
    ProtocolViolation,
)
from hmi.core.texts import tr
from hmi.core.values import DataValue, bad
from hmi.drivers.opcua import _items, _server, _subscribe
from hmi.drivers.opcua._address import NodeAddress, parse_address, parse_endpoint
from hmi.drivers.opcua._call import Caller
from hmi.drivers.opcua._condition_types import text_of
from hmi.drivers.opcua._conditions import ConditionWatch, notifiers_of
from hmi.drivers.opcua._connect import connect, refusal
from hmi.drivers.opcua._decode import Decoder
from hmi.drivers.opcua._methods import MethodCaller, find_methods
from hmi.drivers.opcua._past import PastReader
from hmi.drivers.opcua._pause import Pauser
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import chunks, grouped, subscribe
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._trace import trace, unreadable
from hmi.drivers.opcua._values import from_library, node_id, words
from hmi.drivers.opcua._watch import DRIFT_WARN_NS, Watch, first_of
from hmi.drivers.opcua._within import within
from hmi.drivers.opcua._write import Writer, outcome_not_connected

log = logging.getLogger(__name__)
SPARE_ITEMS = 1000
FIRST_READ_MS = 1000


class OpcuaDriver:
    """Implements ``PushDriver`` for one endpoint; built, opened, used, closed, never used again."""

    def __init__(self, link: LinkSettings) -> None:
        self._settings, self._tally, self._plan = link.settings, link.tally, link.plan
        self._name = link.name
        self._endpoint = parse_endpoint(link.endpoint)
        self._points = {point.handle: point for point in link.points}
        self._addresses: dict[int, NodeAddress] = {}
        self._faults: dict[int, tuple[int, str]] = {}
        for point in link.points:
            try:
                self._addresses[point.handle] = parse_address(point.address)
            except AddressError as error:
                self._faults[point.handle] = (quality.BAD_CONFIGURATION, error.sentence)
        self._groups = grouped(link.points)
        self._nodes: dict[int, ua.NodeId] = {}
        self._notes: list[str] = []
        self._times = TimeRule()
        # servers do not keep to MaxNotificationsPerPublish; more than all queues together is never right
        max_items = SPARE_ITEMS + sum(max(int(point.options.get("queue", 1)), 1) for point in link.points)
        self._max_items = max_items
        self._decoder = Decoder(
            self._times, max_items=max_items, max_array=int(self._settings.get("max_array", 100_000))
        )
        self._server = _server.Server()
        self._link: Link | None = None
        self._watch: Watch | None = None
        self._writer: Writer | None = None
        self._methods: MethodCaller | None = None
        self._pauser: Pauser | None = None
        self._demanded: frozenset[int] | None = None
        self._ranges: dict[int, dict[str, Any]] = {}
        self._condition_sink: ConditionSink | None = None
        self._conditions: ConditionWatch | None = None
        self._past_reader: PastReader | None = None
        self._last_error = ""

    def groups(self) -> tuple[Group, ...]:
        """One source group for each scan period."""
        return tuple(
            Group(group.name, "", group.period_ms, tuple(point.handle for point in group.points))
            for group in self._groups
        )

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
        for handle, address in self._addresses.items():
            node = node_id(address, self._server.namespaces)
            if node is None:
                self._faults[handle] = (
                    quality.BAD_NODE_ID_UNKNOWN,
                    f"the server has no namespace {address.uri!r}",
                )
            else:
                self._nodes[handle] = node
        writable = [handle for handle in self._nodes if self._points[handle].writable]
        methods = await find_methods(link, writable, self._nodes, self._read_chunk)
        self._methods = MethodCaller(link, self._name, methods)
        values = [handle for handle in writable if handle not in methods]
        self._writer = Writer(link, await _items.write_types(link, values, self._nodes, self._read_chunk))

    @property
    def _read_chunk(self) -> int:
        return self._server.chunk("read", int(self._settings.get("chunk", 500)))

    async def close(self) -> None:
        """Say goodbye to the server for at most two seconds; leaves no task behind."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    # --- values ---------------------------------------------------------------------------------------

    async def watch(self, sink: Sink) -> None:
        """Subscribe and hand on notifications until the link is lost."""
        link = self._opened()
        self._decoder.known.clear()
        try:
            self._notes += [
                note for group in self._groups for note in await subscribe(link, group, self._settings)
            ]
            conditions = await self._condition_watch(link)
            groups = [*self._groups, conditions.group] if conditions else self._groups
            watch = Watch(
                link, groups, self._decoder, self._times, max_items=self._max_items, conditions=conditions
            )
            self._watch = watch
            chunk = self._server.chunk("items", int(self._settings.get("chunk", 500)))
            pauser = Pauser(link, watch, self._groups, read=self.read_now, sink=sink, chunk=chunk)
            pauser.want(self._demanded)
            self._pauser = pauser
            async with asyncio.TaskGroup() as tasks:
                # the requests for notifications run first: a server may end a subscription nobody reads
                tasks.create_task(watch.run(sink, self.read_now, self._reread))
                tasks.create_task(self._create_items(link, watch, sink, chunk))
                tasks.create_task(pauser.run())
                if conditions is not None:
                    tasks.create_task(conditions.run())
        except BaseExceptionGroup as group:
            error = first_of(group)
            self._last_error = str(error)
            if isinstance(error, OSError | TimeoutError | ua.UaError):
                raise LinkLost(f"{self._endpoint.url}: {error or 'no answer in time'}") from error
            raise error from group
        except (OSError, TimeoutError, ua.UaError) as error:
            raise LinkLost(f"{self._endpoint.url}: {error or 'no answer in time'}") from error

    async def _condition_watch(self, link: Link) -> ConditionWatch | None:
        """Nobody listens, or the connection does not ask for the server's alarms: None."""
        wanted = notifiers_of(self._settings)
        if not wanted or self._condition_sink is None:
            return None
        nodes = {text: node_id(parse_address(text), self._server.namespaces) for text in wanted}
        self._notes += [
            tr("the server has no namespace of {node}", node=text) for text in wanted if nodes[text] is None
        ]
        handles = {text_of(node): handle for handle, node in self._nodes.items()}
        found = ConditionWatch(
            link, [node for node in nodes.values() if node is not None], self._settings, self._times,
            sink=self._condition_sink, handle_of=lambda node: handles.get(node, -1),
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
            self._pauser.want(handles)

    async def _create_items(self, link: Link, watch: Watch, sink: Sink, chunk: int) -> None:
        """Create all items; those the server refuses are Bad and asked for again from time to time."""
        maker = _items.Maker(link, watch, self._decoder, self._nodes, self._server)
        maker.chunk = chunk
        waiting = {point.handle for group in self._groups for point in group.points} & self._nodes.keys()
        waiting -= self._tell_methods(sink)
        while True:
            for group in self._groups:
                wanted = [point for point in group.points if point.handle in waiting]
                refused = await maker.create(group, wanted)
                created = [point.handle for point in wanted if point.handle not in refused]
                waiting.difference_update(created)
                if created and group.period_ms > FIRST_READ_MS:
                    # the first notification of a slow group would let the operator wait for a whole period
                    found = await self.read_now(created)
                    sink(Batch(group.name, [(h, v) for h, v in found.items() if h not in watch.paused]))
                for point in wanted:
                    self._faults.pop(point.handle, None)
                self._faults.update(refused)
                self._tell_faults(group.points, sink, group.name)
            self._notes = [*dict.fromkeys([*self._notes, *maker.notes])]
            if self._pauser is not None:
                self._pauser.review()
            if not waiting:
                return
            await asyncio.sleep(float(self._settings.get("retry_items_s", 30.0)))

    def _tell_methods(self, sink: Sink) -> set[int]:
        """A method has no value: it is off, and can be called as long as the server answers."""
        handles = set(self._methods.methods) if self._methods else set[int]()
        now = wall_ns()
        for group in self._groups:
            if own := [point.handle for point in group.points if point.handle in handles]:
                sink(Batch(group.name, [(handle, _off(now)) for handle in own]))
        return handles

    def _tell_faults(self, points: Sequence[Point], sink: Sink, group: str) -> None:
        now = wall_ns()
        faulty = [
            (point.handle, bad(self._faults[point.handle][0], now))
            for point in points
            if point.handle in self._faults
        ]
        if faulty:
            sink(Batch(group, faulty, alive=False))

    def _opened(self) -> Link:
        if self._link is None or not self._link.is_up:
            raise LinkLost("the connection is not open")
        return self._link

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh values, in portions the server accepts."""
        link, values = self._opened(), dict[int, DataValue]()
        now = wall_ns()
        for handle in handles:
            if handle not in self._nodes:
                status, _text = self._faults.get(handle, (quality.BAD_CONFIGURATION, ""))
                values[handle] = bad(status, now)
        known = [handle for handle in handles if handle in self._nodes]
        try:
            for part in chunks(known, self._read_chunk):
                answers, now = await link.read([self._asked(handle) for handle in part]), wall_ns()
                for handle, answer in zip(part, answers, strict=True):
                    found = from_library(answer, self._times, now)
                    values[handle] = _off(now) if self._is_method(handle) and not found.is_bad else found
        except ua.UaStatusCodeError as error:
            raise CommunicationError(f"the server refuses to read: {words(error.code)}") from error
        except (OSError, TimeoutError, ua.UaError) as error:
            raise LinkLost(f"{self._endpoint.url} does not answer a read") from error
        return values

    def _is_method(self, handle: int) -> bool:
        return self._methods is not None and handle in self._methods.methods

    def _asked(self, handle: int) -> ua.ReadValueId:
        if self._is_method(handle):
            return _items.attribute(self._nodes[handle], ua.AttributeIds.NodeClass)
        return _items.value_of(self._nodes[handle], self._points[handle])

    async def trace(self, handle: int) -> Trace:
        """One Read of one node with all that the server says of it."""
        link, point, node = self._opened(), self._points.get(handle), self._nodes.get(handle)
        if point is None:
            raise CommunicationError(tr("the point is no longer asked for over this connection"))
        if node is None:
            return unreadable(point, *self._faults.get(handle, (quality.BAD_CONFIGURATION, "")))
        place = {"endpoint": self._endpoint.url, "server": self._server.identity.product}
        try:
            return await trace(link, point, node, self._times, place)
        except ua.UaStatusCodeError as error:
            raise CommunicationError(f"the server refuses to read: {words(error.code)}") from error
        except (OSError, TimeoutError, ua.UaError) as error:
            raise CommunicationError(f"{self._endpoint.url} does not answer a read") from error

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        """Which nodes the server keeps a history of."""
        with self._asking():
            return await self._past().kept(handles)

    async def past(self, request: PastRequest) -> PastPage:
        """One page of the history of a node; a server that refuses it is a fault of the page."""
        with self._asking():
            try:
                return await self._past().page(request)
            except ua.UaStatusCodeError as error:
                return PastPage(fault=words(error.code))

    def _past(self) -> PastReader:
        if self._past_reader is None:
            max_array = int(self._settings.get("max_array", 100_000))
            self._past_reader = PastReader(
                self._opened(), self._nodes, self._times, self._read_chunk, max_array=max_array
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

    async def _reread(self, handles: Sequence[int]) -> None:
        """EURange and unit of points whose meaning changed (UA-15)."""
        nodes = {handle: self._nodes[handle] for handle in handles if handle in self._nodes}
        self._ranges.update(await _items.properties(self._opened(), nodes, self._read_chunk))

    # --- commands -------------------------------------------------------------------------------------

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """One WriteRequest or none; never repeated, never kept for later (UA-14)."""
        if (changed := self._plan.objection(request)) is not None:
            return changed
        point, node = self._points.get(request.handle), self._nodes.get(request.handle)
        if self._link is None or self._writer is None or not self._link.is_up:
            return outcome_not_connected(self._name)
        if (why := self._why_not()) is not None:
            return why
        method = self._methods.methods.get(request.handle) if self._methods else None
        if method is not None and self._methods is not None:
            return await self._methods.call(request, method)
        return await self._writer.write(request, point, node)

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
            "semantics_changed": sorted(watch.semantics_changed) if watch else [],
            "ranges": {str(handle): found for handle, found in self._ranges.items()},
            "faults": {self._points[handle].address: text for handle, (_code, text) in self._faults.items()},
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


def _off(now: int) -> DataValue:
    return DataValue(False, quality.GOOD, now, now)


def create(settings: LinkSettings) -> OpcuaDriver:
    """A driver for one connection attempt."""
    return OpcuaDriver(settings)
