"""The Modbus driver: one connection, planned block reads and writes that are sent exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from hmi.acquisition.port import (
    Batch,
    DeviceIdentity,
    Group,
    LinkSettings,
    Point,
    PollDriver,
    ReadBlock,
    Trace,
)
from hmi.core import quality
from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns
from hmi.core.commands import WriteOutcome, WriteRequest
from hmi.core.errors import AddressError, CommunicationError, LinkLost, ProtocolViolation
from hmi.core.texts import tr
from hmi.core.values import DataValue, bad
from hmi.drivers.modbus._allowed import Allowed
from hmi.drivers.modbus._block import Block
from hmi.drivers.modbus._decode import Placed
from hmi.drivers.modbus._endpoint import parse_endpoint
from hmi.drivers.modbus._identity import identify, mismatch
from hmi.drivers.modbus._item import Item
from hmi.drivers.modbus._opening import line_of, tls_of
from hmi.drivers.modbus._plan import Limits, Request, coalesce
from hmi.drivers.modbus._points import ModbusPoints
from hmi.drivers.modbus._reader import Reader, UnitSilent
from hmi.drivers.modbus._sender import Sender
from hmi.drivers.modbus._trace import trace, unreadable
from hmi.drivers.modbus._transport import Channel, Silent
from hmi.drivers.modbus._units import Units
from hmi.drivers.modbus._write import not_connected, refused

PROOF_READS = 3
INVALID = "invalid"


class ModbusDriver:
    """Implements ``PollDriver`` for one endpoint; built, opened, used, closed, never used again."""

    def __init__(self, link: LinkSettings) -> None:
        self._link, self._settings = link, link.settings
        self._endpoint = parse_endpoint(link.endpoint)
        self._limits = Limits.of(self._settings)
        self._is_laid_out = False
        self._items: dict[int, Item] = {}
        self._faults: dict[int, str] = {}
        self._blocks: dict[str, Block] = {}
        self._plan: tuple[ReadBlock, ...] = ()
        self._writable: frozenset[int] = frozenset()
        self._invalid_told = False
        self._units = Units.of(
            self._numbers,
            demote_after=int(self._settings.get("demote_after", 3)),
            probe_s=float(self._settings.get("probe_s", 10.0)),
        )
        self._channel: Channel | None = None
        self._identity = DeviceIdentity()
        self._wrong_device = ""
        self._reader: Reader | None = None
        self._open_error = ""
        self._sender = Sender()

    # --- planning -------------------------------------------------------------------------------------

    def _need_plan(self) -> None:
        """Work the plan out when it is first needed: an attempt that finds no device needs none."""
        if not self._is_laid_out:
            self._lay_out(self._link.points)
            self._units.follow(self._numbers)

    def _lay_out(self, points: Sequence[Point]) -> None:
        self._is_laid_out = True
        self._items, self._faults, self._blocks = {}, {}, {}
        self._writable = frozenset(point.handle for point in points if point.writable)
        known = ModbusPoints(self._settings)
        for point in points:
            self._resolve(point, known)
        self._plan = self._make_plan(points)
        self._invalid_told = False

    @property
    def _numbers(self) -> set[int]:
        """Of the units that points are in; the one of the connection where there is no point."""
        return {item.unit for item in self._items.values()} or {int(self._settings.get("unit", 1))}

    @property
    def _allowed(self) -> Allowed:
        return Allowed(item for handle, item in self._items.items() if handle in self._writable)

    @property
    def _probes(self) -> dict[int, bytes]:
        """A request for each unit that shows whether it answers."""
        return {
            block.unit: block.requests[0].pdu for block in reversed(self._blocks.values()) if block.requests
        }

    def replan(self, points: tuple[Point, ...], afresh: frozenset[int]) -> None:
        """Other points over the same connection; what is known of blocks and units that stay is kept."""
        self._need_plan()
        before, self._link = self._blocks, replace(self._link, points=points)
        self._lay_out(points)
        for key, block in self._blocks.items():
            known = before.get(key)
            if known is not None and known.asks == block.asks and afresh.isdisjoint(block.handles):
                self._blocks[key] = known
        self._units.follow(self._numbers)
        if self._channel is not None:
            self._channel.allow(self._allowed)
        if self._reader is not None:
            self._reader.probes = self._probes

    def _resolve(self, point: Point, known: ModbusPoints) -> None:
        try:
            self._items[point.handle] = known.item(point.address, point.type, point.options)
        except AddressError as error:
            self._faults[point.handle] = error.sentence

    def _make_plan(self, points: Sequence[Point]) -> tuple[ReadBlock, ...]:
        """One block for each coalesced request of each period."""
        by_period: dict[int, list[Placed]] = {}
        for point in points:
            if (item := self._items.get(point.handle)) is None:
                continue
            if fault := self._limits.fault(item):
                self._faults[point.handle] = f"{point.address} {fault}"
                continue
            by_period.setdefault(point.period_ms, []).append((point.handle, item))
        plan = [
            self._add_block(request, period)
            for period in sorted(by_period)
            for request in coalesce(by_period[period], self._limits)
        ]
        if self._faults:
            period = max((point.period_ms for point in points), default=1000)
            plan.append(ReadBlock(INVALID, "", INVALID, period, tuple(self._faults)))
        return tuple(plan)

    def _add_block(self, request: Request, period: int) -> ReadBlock:
        table = request.placed[0][1].table.value
        key = f"{request.unit}/{table}{request.start}+{request.count}@{period}"
        self._blocks[key] = Block(key, request.unit, [request])
        return ReadBlock(key, str(request.unit), key, period, request.handles)

    def plan(self) -> tuple[ReadBlock, ...]:
        """Blocks of all points; one narrows itself around missing addresses, so only ``replan`` changes the plan."""
        self._need_plan()
        return self._plan

    def groups(self) -> tuple[Group, ...]:
        """Each block is its own source group."""
        self._need_plan()
        return tuple(Group(block.group, block.unit, block.period_ms, block.handles) for block in self._plan)

    # --- the connection -------------------------------------------------------------------------------

    async def open(self) -> DeviceIdentity:
        """Connect, read the identification and make sure that somebody answers."""
        line = line_of(self._endpoint, self._settings)
        tls = tls_of(self._endpoint, self._settings, self._link.name)
        channel = Channel(self._endpoint, line, tls, Allowed(), self._link.tally)
        self._channel = channel
        try:
            await channel.open(str(self._settings.get("tls_server_name", "")))
            self._need_plan()
            channel.allow(self._allowed)
            await self._meet(channel)
        except LinkLost as error:
            raise CommunicationError(
                f"{self._link.endpoint} accepts the connection and ends it at once; "
                "it may serve no further client"
            ) from error
        except (CommunicationError, asyncio.CancelledError):
            channel.drop("the connection could not be opened")
            raise
        expected: Mapping[str, str] = self._settings.get("expected_identity", {})
        self._wrong_device = mismatch(self._identity, expected)
        drops_dead = self._endpoint.medium in ("tcp", "tls")
        self._reader = Reader(
            channel,
            self._units,
            self._settings,
            drops_dead=drops_dead,
            least_retries=int(self._endpoint.medium == "udp"),  # a datagram may be lost on the way
            probes=self._probes,
            tally=self._link.tally,
        )
        return self._identity

    async def _meet(self, channel: Channel) -> None:
        """The device has said something, be it only that it has no identification."""
        if self._settings.get("identify", True) and await self._identify(channel):
            return
        if self._settings.get("expected_identity"):
            raise CommunicationError(f"{self._link.endpoint} does not say what it is")
        await self._prove(channel)

    async def _identify(self, channel: Channel) -> bool:
        """Whether the device answered at all; a malformed identification counts as none."""
        configured = int(self._settings.get("unit", 1))
        unit = configured if configured in self._units.known else next(iter(self._units.known))

        async def ask(pdu: bytes) -> bytes:
            return await channel.exchange(unit, pdu)

        try:
            self._identity = await identify(ask, unit)
        except (Silent, ProtocolViolation) as error:
            self._open_error = str(error)
            return False
        return True

    async def _prove(self, channel: Channel) -> None:
        """One read of up to three units; CommunicationError when none of them answers."""
        firsts = {block.unit: block for block in reversed(self._blocks.values())}
        for block in list(firsts.values())[:PROOF_READS]:
            request = block.requests[0]
            try:
                await channel.exchange(request.unit, request.pdu)
                return
            except (Silent, ProtocolViolation) as error:
                self._open_error = str(error)
        if firsts:
            raise CommunicationError(f"{self._link.endpoint} accepts the connection but does not answer")

    def _open_reader(self) -> Reader:
        if self._reader is None or self._channel is None:
            raise LinkLost("the connection is not open")
        if self._channel.lost:
            raise LinkLost(self._channel.lost)
        return self._reader

    async def close(self) -> None:
        """Close at once; nothing that waits in a buffer is sent any more."""
        if self._channel is not None:
            self._channel.drop("the connection was closed")

    # --- reading --------------------------------------------------------------------------------------

    async def read(self, block: ReadBlock) -> Batch:
        """One scan of a block; only values that changed are in the batch."""
        if block.key == INVALID:
            return self._read_invalid(block)
        state = self._blocks[block.key]
        if self._shows_nothing:
            return Batch(block.group, state.fail(quality.BAD_CONFIGURATION), alive=True)
        if not self._units.known[state.unit].is_due():
            self._open_reader()
            return Batch(block.group, state.fail(quality.BAD_NO_COMMUNICATION), alive=False)
        try:
            updates, alive = await state.read(self._open_reader().fetch)
        except (Silent, ProtocolViolation, UnitSilent):
            return Batch(block.group, state.fail(quality.BAD_NO_COMMUNICATION), alive=False)
        return Batch(block.group, updates, alive)

    @property
    def _shows_nothing(self) -> bool:
        """A wrong device has no Good value, unless the plant says that only writes are blocked."""
        return bool(self._wrong_device) and self._settings.get("on_mismatch", "bad") == "bad"

    def _read_invalid(self, block: ReadBlock) -> Batch:
        if self._invalid_told:
            return Batch(block.group, ())
        self._invalid_told = True
        value = bad(quality.BAD_CONFIGURATION, wall_ns())
        return Batch(block.group, [(handle, value) for handle in block.handles])

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh values of a few points without any change detection."""
        self._need_plan()
        now = wall_ns()
        out = {handle: bad(quality.BAD_CONFIGURATION, now) for handle in handles}
        if self._shows_nothing:
            return out
        readable = (handle for handle in handles if handle in self._items and handle not in self._faults)
        placed = [(handle, self._items[handle]) for handle in readable]
        tight = Limits(self._limits.max_registers, self._limits.max_bits, 0, 0, self._limits.forbidden)
        reader = self._open_reader()
        for request in coalesce(placed, tight):
            updates, alive = await Block("", request.unit, [request]).read(reader.fetch)
            if not alive:
                raise CommunicationError(reader.last_error)
            out |= dict(updates)
        return out

    async def trace(self, handle: int) -> Trace:
        """One read of one item with the words of its answer."""
        self._need_plan()
        point = next((point for point in self._link.points if point.handle == handle), None)
        if point is None:
            raise CommunicationError(tr("the point is no longer asked for over this connection"))
        if why := self._faults.get(handle, ""):
            return unreadable(point, quality.BAD_CONFIGURATION, why)
        if self._shows_nothing:
            return unreadable(point, quality.BAD_CONFIGURATION, self._wrong_device)
        item, reader = self._items[handle], self._open_reader()
        return await trace(point, item, self._units.known[item.unit], reader, self._link.endpoint)

    # --- writing --------------------------------------------------------------------------------------

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Exactly one transmission that changes something; the outcome says what is known."""
        if (changed := self._link.plan.objection(request)) is not None:
            return changed
        self._need_plan()
        item = self._items.get(request.handle)
        if item is None or request.handle not in self._writable:
            why = self._faults.get(request.handle, "it is not a writable point of this connection")
            return refused(tr("The point cannot be written: {why}.", why=why))
        if self._wrong_device:
            return refused(tr("Writing is blocked: {why}.", why=self._wrong_device))
        if self._channel is None or self._channel.lost:
            return not_connected(tr("There is no connection to the device."))
        if self._units.known[item.unit].missed:  # a question is open: a write would wait behind it
            return not_connected(tr("Unit {unit} did not answer its last request.", unit=item.unit))
        return await self._sender.write(self._channel, item, request.value, request.deadline_ns)

    # --- telling --------------------------------------------------------------------------------------

    def diagnostics(self) -> Mapping[str, Any]:
        """Counters, silent units, missing addresses and faulty points, in JSON types; of points once it is open."""
        counters = self._channel.counters if self._channel else None
        units = self._units.known.values()
        missing = [block for block in self._blocks.values() if block.forbidden]
        return {
            "endpoint": self._link.endpoint,
            "blocks": len(self._plan),
            "requests": counters.requests if counters else 0,
            "answers": counters.answers if counters else 0,
            "timeouts": counters.timeouts if counters else 0,
            "strays": counters.strays if counters else 0,
            "violations": counters.violations if counters else 0,
            "demoted": {
                str(unit.number): round(max(0, unit.probe_at - monotonic_ns()) / NS_PER_S, 1)
                for unit in units
                if unit.is_demoted
            },
            "silent_units": [unit.number for unit in units if unit.is_demoted],
            "missing_addresses": [str(part) for block in missing for part in block.forbidden],
            "faulty_points": {str(handle): why for handle, why in self._faults.items()},
            "identity": asdict(self._identity),
            "security": {"policy": "TLS" if self._endpoint.medium == "tls" else "None"},
            "wrong_device": self._wrong_device,
            "notes": self._sender.notes,
            "last_error": (self._reader.last_error if self._reader else "") or self._open_error,
        }

    def recheck(self) -> None:
        """On operator request: ask again for the addresses that the device did not have."""
        for block in self._blocks.values():
            block.recheck()


def create(link: LinkSettings) -> ModbusDriver:
    """Build a driver for one connection attempt."""
    return ModbusDriver(link)


_PORT: type[PollDriver] = ModbusDriver  # the type checker proves that the driver obeys the port
