"""The library's client with our limits: bounded messages, own publish requests, writes sent exactly once.

The seams used are ``UaClient._make_protocol``, ``UaSession.ensure_publish_loop`` and the socket's
``_send_request`` and ``_process_received_message``; they belong to asyncua 2.1 and are covered by the
integration tests.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from asyncua import Client, ua
from asyncua.client.ua_client import UaClient, UaClientState, UASocketProtocol
from asyncua.client.ua_session import UaSession
from asyncua.common.connection import TransportLimits
from asyncua.common.shortcuts import Shortcuts

from hmi.acquisition.tally import Tally
from hmi.core.clock import monotonic_ns
from hmi.core.errors import LinkLost, ProtocolViolation
from hmi.drivers.opcua._bounded import decoded
from hmi.drivers.opcua._counts import ServiceCounts
from hmi.drivers.opcua._within import within

CHUNK_BYTES = 65_535
SMALLEST_CHUNK = 8192
CLOSE_S = 2.0
MAX_LIBRARY_BYTES = 2 << 20
MAX_ODD_BYTES = 256 << 10
logging.getLogger("asyncua").setLevel(logging.WARNING)


class Expired(Exception):
    """The deadline of a write passed before it was sent."""


class Limits(TransportLimits):
    """Keeps our own limits; the library takes over whatever the server says."""

    def update_client_limits(self, msg: ua.Acknowledge) -> None:
        self.max_send_buffer = max(min(self.max_send_buffer, msg.ReceiveBufferSize), SMALLEST_CHUNK)


class Socket(UASocketProtocol):
    """Drops a connection that announces a chunk larger than agreed, before it is collected; counts what passes."""

    counts: ServiceCounts

    def _send_request(
        self, request: Any, timeout: float = 1, message_type: ua.MessageType = ua.MessageType.SecureMessage
    ) -> asyncio.Future[Any]:
        asked_ns = monotonic_ns()
        answer = super()._send_request(request, timeout, message_type)
        self.counts.sent(request, answer, asked_ns)
        return answer

    def data_received(self, data: bytes) -> None:
        self.counts.received(len(data))
        super().data_received(data)
        waiting = self.receive_buffer
        if waiting and len(waiting) >= 8 and int.from_bytes(waiting[4:8], "little") > CHUNK_BYTES:
            self.receive_buffer = None
            if self.transport is not None:
                self.transport.abort()

    def _process_received_message(self, msg: Any) -> None:
        """A refused channel fails the request with the server's code; the library reads it as a channel."""
        is_message = isinstance(msg, ua.Message)
        if is_message and msg._chunks[0].MessageHeader.MessageType == ua.MessageType.SecureOpen:
            self.check_answer(msg.body(), " in response to OpenSecureChannelRequest")
        super()._process_received_message(msg)


class Session(UaSession):
    """A session whose publish requests are sent by the driver, not by a loop of the library."""

    def ensure_publish_loop(self) -> None:
        """No loop: the driver sends its own requests."""

    async def read(self, parameters: ua.ReadParameters) -> list[ua.DataValue]:
        """As the library does it, but an answer with more results than questions is never decoded."""
        request = ua.ReadRequest()
        request.Parameters = parameters
        answer = await self._send_request(request)
        check_count(answer._data, answer.cur_pos, len(parameters.NodesToRead))
        response = decoded(ua.ReadResponse, answer)
        response.ResponseHeader.ServiceResult.check()
        return response.Results

    async def publish_raw(self, acknowledged: list[ua.SubscriptionAcknowledgement]) -> tuple[bytes, int]:
        """One PublishRequest; the answer as bytes and where it begins. Waits as long as the server likes."""
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = acknowledged
        answer = await self._send_request(request, timeout=0)
        return answer._data, answer.cur_pos


class Transport(UaClient):
    """The low-level client with our socket and session."""

    def __init__(self, timeout: float, max_message: int, tally: Tally) -> None:
        super().__init__(timeout)
        self._max_message, self._tally = max_message, tally
        self.session: Session = Session(self)

    def _make_protocol(self) -> UASocketProtocol:
        chunks = self._max_message // SMALLEST_CHUNK + 1
        limits = Limits(CHUNK_BYTES, CHUNK_BYTES, chunks, self._max_message)
        self.protocol = Socket(self._timeout, security_policy=self.security_policy, limits=limits)
        self.protocol.counts = ServiceCounts(self._tally, self._timeout)
        self.protocol.counts.measure(self.protocol._connection)
        self.protocol.pre_request_hook = self._pre_request_hook
        self.protocol.on_connection_lost = self._on_transport_lost
        self.protocol.is_session_closing = self._is_session_closing
        return self.protocol


class Link:
    """One connection, used once. ``security``: how it is protected, JSON types by name."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        max_message: int,
        session_timeout_ms: int,
        tally: Tally | None = None,
    ) -> None:
        self.security: dict[str, Any] = {}
        self.client = Client(url, timeout=timeout_s, watchdog_intervall=max(timeout_s, 5.0))
        self.transport = Transport(timeout_s, max_message, tally or Tally())
        self.timeout_s = timeout_s
        self.client.uaclient = self.transport
        self.client.nodes = Shortcuts(self.transport.session)
        self.client.session_timeout = session_timeout_ms
        self.client.max_messagesize = max_message
        self.client.name = self.client.description = "Watchkeeper"
        self._is_dropped = False

    @property
    def is_up(self) -> bool:
        """Whether a request would be sent at once."""
        return self.transport.state is UaClientState.CONNECTED and not self._is_dropped

    @property
    def session(self) -> Session:
        return self.transport.session

    @property
    def token_ms(self) -> float:
        """Life of a security token of the channel in ms, as the server grants it."""
        return float(self.client.secure_channel_timeout)

    def send_write(self, item: ua.WriteValue, deadline_ns: int) -> asyncio.Future[Any]:
        """Put exactly one WriteRequest on the wire now; Expired or LinkLost when nothing was sent."""
        request = ua.WriteRequest()
        request.Parameters.NodesToWrite = [item]
        return self._send_once(request, deadline_ns)

    def send_call(self, method: ua.CallMethodRequest, deadline_ns: int) -> asyncio.Future[Any]:
        """Put exactly one CallRequest on the wire now; Expired or LinkLost when nothing was sent."""
        request = ua.CallRequest()
        request.Parameters.MethodsToCall = [method]
        return self._send_once(request, deadline_ns)

    def _send_once(self, request: Any, deadline_ns: int) -> asyncio.Future[Any]:
        """Nothing here waits: state, send buffer and deadline are looked at right before the socket write."""
        protocol = self.transport.protocol
        if not self.is_up or protocol is None or protocol.transport is None:
            raise LinkLost("the connection is not open")
        if protocol.transport.get_write_buffer_size():
            raise LinkLost("the connection does not take data at present")
        if monotonic_ns() >= deadline_ns:
            raise Expired
        return protocol._send_request(request, self.timeout_s)

    def answer_of_write(self, data: Any) -> int:
        """Status of the one item; ServiceFault raises UaStatusCodeError."""
        protocol = self.transport.protocol
        if protocol is not None:
            protocol.check_answer(data, " in response to a write")
        response = decoded(ua.WriteResponse, data)
        response.ResponseHeader.ServiceResult.check()
        if len(response.Results) != 1:
            raise ProtocolViolation("the answer to a write has no single result")
        return response.Results[0].value

    def answer_of_call(self, data: Any) -> int:
        """Status of the one method; ServiceFault raises UaStatusCodeError."""
        protocol = self.transport.protocol
        if protocol is not None:
            protocol.check_answer(data, " in response to a call")
        response = decoded(ua.CallResponse, data)
        response.ResponseHeader.ServiceResult.check()
        if len(response.Results) != 1:
            raise ProtocolViolation("the answer to a call has no single result")
        return response.Results[0].StatusCode.value

    async def read(self, what: Sequence[ua.ReadValueId]) -> list[ua.DataValue]:
        """One ReadRequest with both time stamps; the answer must have as many results."""
        params = ua.ReadParameters()
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        params.NodesToRead = list(what)
        async with within(self.timeout_s):
            results = await self.session.read(params)
        if len(results) != len(what):
            raise ProtocolViolation(f"{len(what)} values were asked for and {len(results)} came")
        return results

    async def translate(self, paths: list[ua.BrowsePath]) -> list[ua.BrowsePathResult]:
        """Targets of browse paths, in their order."""
        async with within(self.timeout_s):
            results = await self.session.translate_browsepaths_to_nodeids(paths)
        if len(results) != len(paths):
            raise ProtocolViolation(f"{len(paths)} paths were asked for and {len(results)} came")
        return results

    def abort(self) -> None:
        """Drop the connection at once, with everything that still waits in a buffer."""
        self._is_dropped = True
        protocol = self.transport.protocol
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()

    async def close(self) -> None:
        """Say goodbye for at most two seconds, then drop; leaves no task behind."""
        try:
            if self.is_up:
                # a goodbye may fail in every way a network can; the connection is dropped below in any case
                with contextlib.suppress(Exception):
                    async with within(CLOSE_S):
                        await self.client.disconnect()
        finally:
            self.transport.request_disconnect()
            self.abort()
            running = self._cancel_tasks()
        await asyncio.gather(*running, return_exceptions=True)

    def _cancel_tasks(self) -> list[asyncio.Task[Any]]:
        client = self.client
        tasks = [client._supervisor_task, client._stale_watchdog_task, client._renew_channel_task]
        running = [task for task in tasks if task is not None and not task.done()]
        for task in running:
            task.cancel()
        return running


def check_count(data: bytes, start: int, asked: int) -> None:
    """ProtocolViolation when a ReadResponse announces more results than were asked for.

    One byte can stand for a whole value, so the count is looked at before anything is allocated.
    """
    header = data[start : start + 32]
    is_plain = header[:2] == b"\x01\x00" and header[20:21] == b"\0" and header[25:28] == b"\0\0\0"
    if not is_plain:
        if len(data) - start > MAX_ODD_BYTES:
            raise ProtocolViolation("the answer to a read is unusual and large")
    elif int.from_bytes(header[28:32], "little", signed=True) > asked:
        raise ProtocolViolation(f"{asked} values were asked for and more came")


def decode_slowly(data: bytes, start: int) -> ua.PublishResult:
    """What the library makes of a message; ProtocolViolation when it is malformed or too large for it."""
    if len(data) - start > MAX_LIBRARY_BYTES:
        raise ProtocolViolation("a notification is larger than the limit for unusual values")
    response = decoded(ua.PublishResponse, ua.utils.Buffer(data, start))
    response.ResponseHeader.ServiceResult.check()
    return response.Parameters
