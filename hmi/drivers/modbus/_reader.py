"""Fetches the data of one read: repeats, waits for busy units, keeps account of silence and nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hmi.acquisition.tally import Tally
from hmi.core.clock import monotonic_ns
from hmi.core.errors import CommunicationError, DeviceError, LinkLost, ProtocolViolation
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._frames import request_words
from hmi.drivers.modbus._plan import Request
from hmi.drivers.modbus._transport import Channel, Silent
from hmi.drivers.modbus._units import Units

MAX_VIOLATIONS = 3
BUSY_REPEATS = 3
_WAITS = (_guard.BUSY, _guard.ACKNOWLEDGE)


class UnitSilent(CommunicationError):
    """A gateway said that the unit behind it does not answer."""


class Reader:
    """Reads of one connection. Only reads are repeated; three malformed answers in a row end the line."""

    def __init__(
        self,
        channel: Channel,
        units: Units,
        settings: Mapping[str, Any],
        *,
        drops_dead: bool,
        least_retries: int,
        probes: Mapping[int, bytes],
        tally: Tally,
    ) -> None:
        self.last_error, self._tally = "", tally
        self._channel, self._units = channel, units
        self._drops_dead, self.probes = drops_dead, probes
        self._retries = max(least_retries, int(settings.get("retries", 1)))
        self._busy_wait_s = float(settings.get("busy_wait_ms", 100)) / 1000
        self._violations = 0

    async def fetch(self, request: Request) -> bytes:
        """Data of a read; DeviceError, Silent, UnitSilent, ProtocolViolation or LinkLost."""
        busy = 0
        while True:
            try:
                return await self._repeating(request)
            except CommunicationError as error:
                self.last_error = str(error)
                if not isinstance(error, DeviceError) or error.code not in _WAITS or busy == BUSY_REPEATS:
                    raise
            busy += 1
            await asyncio.sleep(self._busy_wait_s)

    def _note(self, request: Request, error: CommunicationError) -> None:
        """Also what a repetition mends: it says something about the line."""
        self._tally.note(
            str(error), unit=str(request.unit), where=request_words(request.pdu)[1], handles=request.handles
        )

    async def _repeating(self, request: Request) -> bytes:
        unit = self._units.known[request.unit]
        left = self._retries
        while True:
            try:
                return await self._once(request)
            except (Silent, ProtocolViolation):
                if not left or unit.is_demoted:
                    raise
            left -= 1

    async def _once(self, request: Request) -> bytes:
        number = request.unit
        try:
            answer = await self._channel.exchange(number, request.pdu)
            data = self._checked(request, answer)
        except Silent as error:
            self._note(request, error)
            await self._silent(number, error)
            raise
        except ProtocolViolation as error:
            self._note(request, error)
            self._violated(error)
            raise
        except DeviceError as error:
            self._note(request, error)
            self._refused(number, error)
            raise
        self._violations = 0
        self._units.answered(number)
        return data

    def _checked(self, request: Request, answer: bytes) -> bytes:
        """The data of an answer; one that is framed well may still not fit its question."""
        try:
            return _guard.read_data(request.function, request.count, answer, request.unit)
        except ProtocolViolation:
            self._tally.failed("malformed", str(request.unit), monotonic_ns())
            raise

    async def _silent(self, number: int, error: Silent) -> None:
        """Counts; a line on which nobody answers any more is ended, so that a fresh one can be tried."""
        self._units.missed(number, str(error))
        if not self._drops_dead:
            return
        if self._units.known[number].is_demoted:
            await self._look_for_others(number)
        if self._units.is_line_dead:
            self._channel.drop("the device no longer answers")
            raise LinkLost(self._channel.lost) from error

    async def _look_for_others(self, number: int) -> None:
        """One dead unit or a dead line? Ask the others until one answers."""
        if self._units.row < self._units.known[number].demote_after:
            return
        for other in self._units.others(number):
            if other in self._units.silent or other not in self.probes:
                continue
            try:
                await self._channel.exchange(other, self.probes[other])
            except Silent as error:
                self._units.missed(other, str(error))
                continue
            except ProtocolViolation:
                pass  # whatever it was, somebody is there
            self._units.answered(other)
            return

    def _violated(self, error: ProtocolViolation) -> None:
        """Three malformed answers in a row: whatever is on the line, it is not in step with us."""
        self._channel.counters.violations += 1
        self._violations += 1
        if self._violations >= MAX_VIOLATIONS:
            self._channel.drop(f"{MAX_VIOLATIONS} malformed answers in a row, the last one: {error}")
            raise LinkLost(self._channel.lost) from error

    def _refused(self, number: int, error: DeviceError) -> None:
        """An exception proves the unit, except when its gateway speaks for it."""
        self._violations = 0
        if error.code in (_guard.GATEWAY_PATH, _guard.GATEWAY_TARGET):
            self._units.gateway_missed(number, str(error))
            raise UnitSilent(str(error)) from error
        self._units.answered(number)
