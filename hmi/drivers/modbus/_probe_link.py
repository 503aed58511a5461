"""Asks a device for facts only: nothing but reads can leave, one at a time, no faster than was asked for.

A device that gets too many requests is slowed down to; one that ends the connection is called again a few times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import CommunicationError, DeviceError, LinkLost, ProtocolViolation
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._allowed import Allowed, NotAllowed
from hmi.drivers.modbus._endpoint import parse_endpoint
from hmi.drivers.modbus._opening import line_of, tls_of
from hmi.drivers.modbus._plan import READ_FUNCTION
from hmi.drivers.modbus._transport import Channel, Silent

SERVER_ID: Final = 0x11
_MEI_IDENTIFY: Final = 0x0E
_OPENINGS = 30
_FAILURES = 6  # connections in a row that could not be opened or brought nothing
_BUSY_REPEATS = 8
_BUSY = (_guard.BUSY, _guard.ACKNOWLEDGE)
GATEWAY = (_guard.GATEWAY_PATH, _guard.GATEWAY_TARGET)
_SLOWEST_S = 2.0
CALM_S = 1.1  # after it a device that takes one request a second is ready
_LONG_RUN = 50  # answers in a row after which a slower pace is tried to be quickened
_PROVEN_SILENT = 3


class ReadsOnly(Allowed):
    """Functions 1 to 4, the identification, and the server id when it was asked for; nothing else is ever sent."""

    def __init__(self, *, server_id: bool = False) -> None:
        super().__init__()
        self._server_id = server_id

    def check(self, unit: int, pdu: bytes) -> None:
        """NotAllowed for everything that is no read."""
        del unit
        identifies = pdu[0] == _guard.IDENTIFY and len(pdu) == 4 and pdu[1] == _MEI_IDENTIFY
        names = pdu == bytes((SERVER_ID,)) and self._server_id
        if not (pdu[0] in _guard.READS and len(pdu) == 5) and not identifies and not names:
            raise NotAllowed(f"{pdu.hex()} is no read; a browse sends nothing else")


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` of a read, or the exception ``code``, or neither: silence or nonsense, as ``why`` says."""

    data: bytes = b""
    code: int = 0
    why: str = ""
    hung_up: bool = False

    @property
    def is_good(self) -> bool:
        return bool(self.data)


class Pace:
    """When the next request may start: slower when a device cannot follow, quicker again after a long run."""

    def __init__(self, rate: float) -> None:
        self.base_s = self.interval_s = 1 / rate
        self._next = 0
        self._run = 0

    async def turn(self) -> None:
        wait = (self._next - monotonic_ns()) / NS_PER_S
        if wait > 0:
            await asyncio.sleep(wait)
        self._next = monotonic_ns() + int(self.interval_s * NS_PER_S)

    def slower(self) -> None:
        self._run = 0
        self.interval_s = max(self.base_s, min(_SLOWEST_S, self.interval_s * 3))
        self._next = monotonic_ns() + int(self.interval_s * NS_PER_S)

    def went_well(self) -> None:
        self._run += 1
        if self._run >= _LONG_RUN:
            self._run = 0
            self.interval_s = max(self.base_s, self.interval_s / 2)


class ProbeLink:
    """``async with ProbeLink(endpoint, settings, rate) as link``: reads of one device until it is closed."""

    def __init__(
        self, endpoint: str, settings: Mapping[str, Any], rate: float, *, server_id: bool = False
    ) -> None:
        self.pace = Pace(rate)
        self.requests = self.strays = self.slowed = 0
        self._name, self._endpoint = endpoint, parse_endpoint(endpoint)
        self._settings, self._allowed = settings, ReadsOnly(server_id=server_id)
        self._busy_s = max(0.05, float(settings.get("busy_wait_ms", 100)) / 1000)
        self._channel: Channel | None = None
        self._openings = self._hung_up = 0
        self._proof: dict[int, bytes] = {}
        self._silent_places: dict[int, int] = {}

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *_why: object) -> None:
        self._close()

    async def _open(self) -> Channel:
        self._openings += 1
        line = line_of(self._endpoint, self._settings)
        channel = Channel(
            self._endpoint, line, tls_of(self._endpoint, self._settings, self._name), self._allowed
        )
        self._channel = channel
        await channel.open(str(self._settings.get("tls_server_name", "")))
        return channel

    def _close(self) -> None:
        if self._channel is not None:
            self.strays += self._channel.counters.strays
            self._channel.drop("the browse has ended")
            self._channel = None

    @property
    def stray_answers(self) -> int:
        """Answers that belonged to no question, such as those with another transaction number."""
        return self.strays + (self._channel.counters.strays if self._channel else 0)

    async def exchange(self, unit: int, pdu: bytes) -> bytes:
        """One request in its turn; HangsUp when the device ends the connection over it, twice."""
        for attempt in range(2):
            channel = self._channel
            if channel is None or channel.lost:
                channel = await self._reopen()
            await self.pace.turn()
            self.requests += 1
            try:
                answer = await channel.exchange(unit, pdu)
            except LinkLost as error:
                self._hung_up += 1
                if attempt:
                    raise HangsUp(f"the connection ends when {pdu.hex()} is asked") from error
            else:
                self._hung_up = 0
                return answer
        raise AssertionError

    async def _reopen(self) -> Channel:
        """A fresh connection, after a longer pause each time in a row; LinkLost when it was ended too often."""
        self._close()
        while True:
            if self._openings >= _OPENINGS:
                raise LinkLost(f"{self._name} ended the connection {_OPENINGS} times")
            await asyncio.sleep(min(2.0, 0.05 * 2**self._hung_up))
            try:
                return await self._open()
            except CommunicationError:
                self._hung_up += 1
                if self._hung_up > _FAILURES:
                    raise

    def forgive(self) -> None:
        """Another kind of requests begins: connections that were ended before do not count any more."""
        self._openings = self._hung_up = 0

    async def read(self, unit: int, table: Table, start: int, count: int) -> Answer:
        """One read; busy units are waited for, and a silence of a unit that has answered before is looked into."""
        function = READ_FUNCTION[table]
        _guard.check_request(function, start, count)
        pdu = bytes((function,)) + start.to_bytes(2, "big") + count.to_bytes(2, "big")
        answer = await self._patient(unit, pdu, function, count)
        if answer.code or answer.is_good or answer.hung_up or unit not in self._proof:
            return answer
        return await self._after_silence(unit, pdu, function, count, answer)

    async def _patient(self, unit: int, pdu: bytes, function: int, count: int) -> Answer:
        answer = Answer()
        for repeat in range(_BUSY_REPEATS):
            answer = await self._once(unit, pdu, function, count)
            if answer.code not in _BUSY:
                break
            if repeat:
                self.pace.slower()
            await asyncio.sleep(min(1.0, self._busy_s * 2**repeat))
        return answer

    async def _once(self, unit: int, pdu: bytes, function: int, count: int) -> Answer:
        try:
            data = _guard.read_data(function, count, await self.exchange(unit, pdu), unit)
        except DeviceError as error:
            self.answers(unit, pdu, error.code)
            return Answer(code=error.code, why=str(error))
        except (Silent, ProtocolViolation) as error:
            return Answer(why=str(error), hung_up=isinstance(error, HangsUp))
        self.answers(unit, pdu)
        return Answer(data)

    def answers(self, unit: int, pdu: bytes, code: int = 0) -> None:
        """The unit has answered this: it can be asked again to see whether it is still there."""
        self.pace.went_well()
        if code not in (*GATEWAY, *_BUSY):
            self._proof[unit] = pdu

    async def _after_silence(
        self, unit: int, pdu: bytes, function: int, count: int, answer: Answer
    ) -> Answer:
        """Was it too fast, is the unit gone, or is it silent where it has nothing? Three times the last is believed."""
        if self._silent_places.get(unit, 0) >= _PROVEN_SILENT:
            return answer
        if not await self._still_there(unit):
            raise UnitGone(f"unit {unit} no longer answers ({answer.why})")
        await asyncio.sleep(CALM_S)
        again = await self._patient(unit, pdu, function, count)
        if again.is_good or again.code:
            self.pace.slower()
            self.slowed += 1
        else:
            self._silent_places[unit] = self._silent_places.get(unit, 0) + 1
        return again

    async def _still_there(self, unit: int) -> bool:
        for attempt in range(3):
            await asyncio.sleep(CALM_S * (attempt + 1))
            try:
                await self.exchange(unit, self._proof[unit])
            except (Silent, ProtocolViolation):
                continue
            return True
        return False


class HangsUp(Silent):
    """A device that ends the connection instead of an answer."""


class UnitGone(CommunicationError):
    """A unit that had answered does not any more."""
