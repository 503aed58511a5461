"""One Modbus line: sends a request, brings back the answer that belongs to it and drops all others.

The library connects (TCP, TLS, UDP, serial) and frames RTU and ASCII; its transaction layer is not used,
because it repeats writes and takes answers that do not fit their question.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import struct
from dataclasses import dataclass

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.transport import CommParams, CommType, ModbusProtocol

from hmi.acquisition.tally import RECEIVED, SENT, Tally
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.errors import CommunicationError, LinkLost, ProtocolViolation
from hmi.core.texts import tr
from hmi.drivers.modbus._allowed import Allowed
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._frames import code_words, function_words, request_words, result_words
from hmi.drivers.modbus._serial import PORT_ERRORS, port_problem

_MBAP = struct.Struct(">HHHB")
_MEDIA = {"tcp": CommType.TCP, "tls": CommType.TLS, "udp": CommType.UDP, "serial": CommType.SERIAL}
_FLUSH_S = 0.1
_TIMER_GRAIN_S = 0.001
MAX_BUFFER = 1024


class Silent(CommunicationError):
    """A unit that did not answer in time."""


class NotSent(LinkLost):
    """The line was gone before anything was sent."""


class Expired(CommunicationError):
    """The deadline of a write was over before it could be sent; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Line:
    """Timing and serial parameters of a line."""

    connect_timeout_s: float = 3.0
    timeout_s: float = 1.0
    pause_s: float = 0.0
    baudrate: int = 19_200
    parity: str = "E"
    bytesize: int = 8  # 7 in ASCII framing
    stopbits: int = 1

    @property
    def character_s(self) -> float:
        """Time of one character on a serial line."""
        return (1 + self.bytesize + (self.parity != "N") + self.stopbits) / self.baudrate

    @property
    def silence_s(self) -> float:
        """3.5 characters, fixed 1.75 ms above 19,200 Bd (standards 4.7)."""
        return 0.00175 if self.baudrate > 19_200 else 3.5 * self.character_s


@dataclass(slots=True)
class Counters:
    """What passed over the line."""

    requests: int = 0
    answers: int = 0
    timeouts: int = 0
    strays: int = 0
    violations: int = 0


class Channel(ModbusProtocol):
    """A connection with at most one request under way; not used again after it was lost."""

    def __init__(
        self,
        endpoint: Endpoint,
        line: Line,
        sslctx: ssl.SSLContext | None = None,
        allowed: Allowed | None = None,
        tally: Tally | None = None,
    ) -> None:
        super().__init__(
            CommParams(
                comm_name=str(endpoint),
                comm_type=_MEDIA[endpoint.medium],
                reconnect_delay=0.0,
                timeout_connect=line.connect_timeout_s,
                host=endpoint.host,
                port=endpoint.port,
                sslctx=sslctx,
                baudrate=line.baudrate,
                bytesize=line.bytesize,
                parity=line.parity,
                stopbits=line.stopbits,
            ),
            is_server=False,
        )
        self.counters = Counters()
        self.lost = ""
        self._endpoint, self._line = endpoint, line
        self._allowed, self._tally = allowed or Allowed(), tally or Tally()
        self._unit_names: dict[int, str] = {}
        self._lock = asyncio.Lock()
        self._waiting: asyncio.Future[bytes | Exception] | None = None
        self._buffer = b""
        self._tid = random.randrange(65_536)
        self._unit = 0
        self._pdu = b""
        self._mbap = endpoint.framing == "mbap"
        self._quiet_from = 0
        self._late: dict[int, tuple[bytes, int]] = {}
        self._asked_ns = 0
        self._flush = False
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._parse = {"mbap": self._parse_mbap, "rtu": self._parse_rtu, "ascii": self._parse_ascii}[
            endpoint.framing
        ]
        self._rtu = FramerRTU(DecodePDU(False))
        self._ascii = FramerAscii(DecodePDU(False))

    async def open(self, server_name: str = "") -> None:
        """Connect; CommunicationError with the reason when that fails."""
        where = str(self._endpoint)
        options = {"server_hostname": server_name} if server_name and self._endpoint.medium == "tls" else {}
        try:
            async with asyncio.timeout(self._line.connect_timeout_s):
                await self._connect(**options)
        except TimeoutError as error:
            raise CommunicationError(f"{where} does not accept a connection") from error
        except ssl.SSLError as error:
            raise CommunicationError(f"{where} has no trusted secure connection: {_reason(error)}") from error
        except (ConnectionResetError, ConnectionAbortedError) as error:
            what = "secure connection (TLS 1.2 or later)" if self._endpoint.medium == "tls" else "connection"
            raise CommunicationError(f"{where} has ended the {what} at once") from error
        except OSError as error:
            raise CommunicationError(f"{where} cannot be reached: {_reason(error)}") from error

    async def _connect(self, **options: str) -> None:
        try:
            self.transport, _protocol = await self.call_create(**options)
        except PORT_ERRORS as error:
            if self._endpoint.medium != "serial":
                raise
            raise CommunicationError(port_problem(self._endpoint.host, error)) from error

    # --- asking ---------------------------------------------------------------------------------------

    def allow(self, allowed: Allowed) -> None:
        """What may be written from here on."""
        self._allowed = allowed

    async def exchange(self, unit: int, pdu: bytes, *, deadline_ns: int | None = None) -> bytes:
        """Send once and return the PDU of the answer.

        NotAllowed (see there), NotSent or LinkLost, Silent (no answer in time), ProtocolViolation (a malformed one)
        or Expired (``deadline_ns`` had passed right before the socket write; nothing was sent).
        """
        self._allowed.check(unit, pdu)
        async with self._lock:
            if not self._mbap or self._line.pause_s:
                await self._hold_back(unit, pdu)
            if self.lost or not self.transport:
                raise NotSent(self.lost or "the connection is closed")
            return await self._ask(unit, pdu, deadline_ns)

    async def _ask(self, unit: int, pdu: bytes, deadline_ns: int | None) -> bytes:
        self._transmit(unit, pdu, deadline_ns)
        waiting: asyncio.Future[bytes | Exception] = self.loop.create_future()
        self._waiting, self._unit, self._pdu = waiting, unit, pdu
        self._deadline = self.loop.time() + self._patience(pdu)
        if self._timer is None:
            self._timer = self.loop.call_at(self._deadline, self._watch)
        self.counters.requests += 1
        try:
            answer = await waiting
        finally:
            self._waiting = None
            if not waiting.done():  # cancelled: its answer may still come
                self._remember_late()
            if not self._mbap or self._line.pause_s:
                self._quiet_from = monotonic_ns()
        self._count(unit, answer)
        if isinstance(answer, bytes):
            self.counters.answers += 1
            return answer
        raise answer

    def _count(self, unit: int, answer: bytes | Exception) -> None:
        now = monotonic_ns()
        took, name = now - self._asked_ns, self._name_of(unit)
        if isinstance(answer, bytes):
            self._tally.answered(name, took, now)
            if answer[0] & 0x80:
                self._tally.exception(name, code_words(answer), now)
        elif isinstance(answer, Silent):
            self._tally.failed("timeouts", name, now, took)
            self._log_lost(unit, str(answer))
        elif isinstance(answer, ProtocolViolation):
            self._tally.failed("malformed", name, now, took)
        else:
            self._log_lost(unit, str(answer))

    def _name_of(self, unit: int) -> str:
        if (name := self._unit_names.get(unit)) is None:
            name = self._unit_names[unit] = str(unit)
        return name

    # --- the log of frames, while somebody wants it ---------------------------------------------------

    def _log_sent(self, unit: int, pdu: bytes, data: bytes) -> None:
        if (log := self._tally.logging) is not None:
            what, where = request_words(pdu)
            log.add(SENT, self._name_of(unit), what, where, len(data), "", -1.0, data)

    def _log_received(self, unit: int, pdu: bytes, data: bytes, problem: str = "") -> None:
        if (log := self._tally.logging) is not None:
            took = -1.0 if self._waiting is None else (monotonic_ns() - self._asked_ns) / NS_PER_MS
            result = problem or result_words(pdu)
            log.add(
                RECEIVED,
                self._name_of(unit),
                function_words(pdu),
                "",
                len(data),
                result,
                took,
                data[:MAX_BUFFER],
            )

    def _log_lost(self, unit: int, why: str) -> None:
        if (log := self._tally.logging) is not None:
            took = (monotonic_ns() - self._asked_ns) / NS_PER_MS
            log.add(RECEIVED, self._name_of(unit), function_words(self._pdu), "", 0, why, took, b"")

    def _transmit(self, unit: int, pdu: bytes, deadline_ns: int | None) -> None:
        """Nothing is awaited from here until somebody waits for the answer: it cannot come before."""
        if self._mbap:
            self._tid = self._tid + 1 & 0xFFFF
            data = _MBAP.pack(self._tid, 0, len(pdu) + 1, unit) + pdu
        else:
            self._buffer = b""
            data = (self._ascii if self._endpoint.framing == "ascii" else self._rtu).encode(pdu, unit, 0)
        if deadline_ns is not None and monotonic_ns() >= deadline_ns:
            raise Expired("the deadline was over before the command could be sent")
        self._asked_ns = monotonic_ns()
        self._tally.sent(self._name_of(unit), len(data), self._asked_ns)
        self._log_sent(unit, pdu, data)
        if self._endpoint.medium == "udp":
            self.transport.sendto(data)  # type: ignore[attr-defined]
        else:
            self.transport.write(data)  # type: ignore[attr-defined]

    def _patience(self, pdu: bytes) -> float:
        """Time to wait; a serial line adds the time of the longest answer and of the question."""
        if self._endpoint.medium != "serial":
            return self._line.timeout_s
        characters = len(pdu) + 260
        if self._endpoint.framing == "ascii":  # two characters for each byte
            characters *= 2
        return self._line.timeout_s + characters * self._line.character_s

    async def _hold_back(self, unit: int, pdu: bytes) -> None:
        """Silence between frames, and the time in which a late answer could be taken for the next one."""
        quiet = max(self._line.pause_s, self._line.silence_s if self._endpoint.medium == "serial" else 0.0)
        until = self._quiet_from + int(quiet * 1e9)
        if self._flush:
            self._flush = False
            until = max(until, self._quiet_from + int((_FLUSH_S + self._line.silence_s) * 1e9))
        if late := self._late.get(unit):
            until = max(until, self._until_unmistakable(unit, pdu, late))
        given_up_at = max(until, monotonic_ns()) + int(self._line.timeout_s * 1e9)
        while (rest := until - monotonic_ns()) > 0:
            if monotonic_ns() > given_up_at:
                self.drop("the line is never quiet; another master may be on it")
                return
            await asyncio.sleep(rest / 1e9 + 0.0002)
            until = max(until, self._quiet_from + int(quiet * 1e9))  # somebody else may have talked meanwhile

    def _until_unmistakable(self, unit: int, pdu: bytes, late: tuple[bytes, int]) -> int:
        """When another question may be asked; the same one may be repeated, and has two answers then."""
        late_pdu, late_until = late
        if late_pdu != pdu:
            del self._late[unit]
            return late_until
        self._late[unit] = (pdu, max(late_until, monotonic_ns() + int(self._patience(pdu) * 1e9)))
        return 0

    # --- answers --------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple | None) -> None:
        """Bytes from the line; called by the library for every medium."""
        self._tally.received(len(data), monotonic_ns())
        self._buffer = data if self._endpoint.medium == "udp" else self._buffer + data
        if self._endpoint.medium == "serial":
            self._quiet_from = monotonic_ns()
        if len(self._buffer) > MAX_BUFFER:
            self._buffer = b""
            self._refuse("more bytes than any answer has", data)
            return
        self._parse()

    def _stray(self, unit: int, answer: bytes, data: bytes) -> None:
        """An answer to no question that is open."""
        self.counters.strays += 1
        self._tally.failed("strays", self._name_of(unit), monotonic_ns())
        self._log_received(unit, answer, data, tr("answers no open question"))

    def _parse_mbap(self) -> None:
        buffer = self._buffer
        while len(buffer) >= 7:
            tid, protocol, length, unit = _MBAP.unpack_from(buffer)
            if protocol or not 2 <= length <= 254:
                self._buffer = b""
                self._refuse(f"a header that is none: {buffer[:7].hex()}", buffer)
                return
            end = 6 + length
            if len(buffer) < end:
                break
            frame, answer, buffer = buffer[:end], buffer[7:end], buffer[end:]
            if tid != self._tid:
                self._stray(unit, answer, frame)
            else:
                self._accept(unit, answer, frame)
        self._buffer = buffer

    def _parse_rtu(self) -> None:
        buffer = self._buffer
        if self._waiting is None or buffer[0] != self._unit:
            self._buffer = b""
            self._stray(buffer[0], buffer[1:-2], buffer)
            return
        size = self._rtu_size(buffer)
        if not size or len(buffer) < size:
            return
        self._buffer = b""
        frame = buffer[:size]
        if len(buffer) > size or not FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
            self._tally.counts["checksums"] += 1
            self._refuse("a frame whose check sum is wrong", buffer)
        else:
            self._accept(buffer[0], frame[1:-2], frame)

    def _rtu_size(self, buffer: bytes) -> int:
        """Length of the frame that begins in the buffer; 0 = cannot be told yet, 2 = not an answer."""
        if len(buffer) < 3:
            return 0
        function = buffer[1]
        if function & 0x80:
            return 5
        if function in (1, 2, 3, 4, 0x11):
            return buffer[2] + 5
        if function in (5, 6, 0x0F, 0x10):
            return 8
        if function == 0x16:
            return 10
        if function != 0x2B:
            return 4
        kind = self._rtu.decoder.lookupPduClass(buffer)
        return kind.calculateRtuFrameSize(buffer) if kind else 4

    def _parse_ascii(self) -> None:
        while self._buffer:
            try:
                used, unit, _tid, answer = self._ascii.decode(self._buffer)
            except ValueError:
                used, unit, answer = len(self._buffer), 0, b""
            frame, self._buffer = self._buffer[:used], self._buffer[used:]
            if not used or not answer:
                return
            if self._waiting is None or unit != self._unit:
                self._stray(unit, answer, frame)
            else:
                self._accept(unit, answer, frame)

    def _accept(self, unit: int, answer: bytes, frame: bytes) -> None:
        if unit != self._unit:
            self._refuse(f"an answer of unit {unit} to a question for unit {self._unit}", frame)
        elif self._waiting is None or self._waiting.done():
            self._stray(unit, answer, frame)
        else:
            self._log_received(unit, answer, frame)
            self._waiting.set_result(answer)

    def _refuse(self, what: str, data: bytes) -> None:
        """Malformed bytes end the request under way; none of them is used."""
        if self._waiting is None or self._waiting.done():
            self._stray(self._unit, b"", data)
        else:
            self._log_received(self._unit, b"", data, what)
            self._waiting.set_result(ProtocolViolation(f"{self.comm_params.comm_name} sent {what}"))

    def _watch(self) -> None:
        """One timer serves all requests in turn: a timer of its own for each would cost more than decoding."""
        self._timer = None
        if self._waiting is None or self._waiting.done():
            return
        if self.loop.time() >= self._deadline - _TIMER_GRAIN_S:
            self._give_up(self._waiting)
        else:
            self._timer = self.loop.call_at(self._deadline, self._watch)

    def _give_up(self, waiting: asyncio.Future[bytes | Exception]) -> None:
        self.counters.timeouts += 1
        if self._mbap and self._buffer:
            part, self._buffer = self._buffer, b""
            self._log_received(self._unit, b"", part, "part of an answer")
            waiting.set_result(ProtocolViolation(f"{self.comm_params.comm_name} sent part of an answer"))
            return
        self._remember_late()
        waiting.set_result(Silent(f"no answer within {self._line.timeout_s:g} s"))

    def _remember_late(self) -> None:
        """Framing without a transaction number cannot tell a late answer by itself."""
        if not self._mbap:
            self._buffer = b""
            self._flush = True
            late_until = monotonic_ns() + int(self._line.timeout_s * 1000) * NS_PER_MS
            self._late[self._unit] = (self._pdu, late_until)

    # --- the end --------------------------------------------------------------------------------------

    def callback_connected(self) -> None:
        """The library's word that the transport is there."""

    def callback_disconnected(self, exc: Exception | None) -> None:
        """The library's word that the line is gone: whoever waits is told at once."""
        self.drop(f"the connection to {self.comm_params.comm_name} was closed{f': {exc}' if exc else ''}")

    def drop(self, why: str) -> None:
        """End the line for good; bytes that wait in its buffers go nowhere."""
        self.lost = self.lost or why
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(LinkLost(self.lost))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        transport = self.transport
        self.close()
        if transport is not None:
            transport.abort()  # type: ignore[attr-defined]


def _reason(error: OSError) -> str:
    """The words of an operating-system error without its number."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return error.strerror or str(error) or type(error).__name__
