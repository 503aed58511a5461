"""A server on a network address: TLS 1.2 or newer, with an end for whoever is slow or comes too often."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hmi.core.clock import monotonic_ns
from hmi.core.errors import ConfigurationError, UsageError
from hmi.security.tls import TlsFolder
from hmi.serving._rates import Bucket, Rate
from hmi.serving._server import ApiServer, server_options

log = logging.getLogger(__name__)

HANDSHAKE_S = 10.0
HEADERS_S = 10.0
ACCEPT_S = 10.0
"""A live connection that was asked for is taken or refused within that, or ended."""
CONNECTIONS_MOST = 200
HANDSHAKES_MOST = 64
FROM_ONE_ADDRESS_MOST = 40
BACKLOG = 64
PAUSE_S = 0.2
MESSAGE_LIMIT = 4_000_000
LOOK_S = 2.0
UNREAD_S = 30.0
SLOWEST_BYTES_S = 2_000
"""Whoever takes less of what waits for it does not read."""
PIECE = 1_000_000
"""Bytes of an answer that are handed over at once, a usual page whole: the next ones wait until these are taken."""
FRAMES = Rate(50, 500)
"""Frames of a live connection, those that an application never sees (pings) among them."""
SLICE = 4_096
CLOSE_S = 1.0
POLICY = 1008


class PatientServer(ApiServer):
    """Serves on a socket that is bound already. ``follow`` takes renewed certificate files without a restart.

    Without ``tls`` everything can be read on the way: for this machine alone.
    """

    def __init__(self, app: ASGIApp, tls: TlsFolder | None) -> None:
        options = {
            **server_options(_in_pieces(app)),
            "ws_max_size": MESSAGE_LIMIT,
            "limit_concurrency": CONNECTIONS_MOST,
        }
        super().__init__(uvicorn.Config(http=_PatientProtocol, ws=_PatientSocket, **options))
        self._tls = tls
        self._files = tls.state() if tls is not None else ()
        self.context = tls.context() if tls is not None else None
        self._accepting: list[asyncio.Task[None]] = []
        self._handshakes: dict[asyncio.Task[None], str] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if not self.config.loaded:
            self.config.load()
        self.servers = []
        for one in sockets or ():
            one.listen(BACKLOG)
            self._accepting.append(asyncio.create_task(self._accept(one), name="connections come"))
        self.started = True
        if self.on_started is not None:
            self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in (*self._accepting, *self._handshakes):
            task.cancel()
        await super().shutdown(sockets)

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await asyncio.to_thread(self._look)
            except (OSError, ConfigurationError) as error:
                log.error(
                    "The certificate for other machines was not taken; the one before is used: %s", error
                )

    def _look(self) -> None:
        if self._tls is None or self.context is None:
            return
        if (files := self._tls.state()) != self._files:
            self._files = files
            self._tls.load(self.context)
            log.warning("The certificate for other machines was changed; new connections use it.")

    async def _accept(self, listening: socket.socket) -> None:
        """A connection is counted before its handshake: one that never ends it holds no room of others."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listening)
            except OSError as error:  # gone again, or no file is left to open
                log.warning("A connection of another machine was not taken: %s", error)
                await asyncio.sleep(PAUSE_S)
                continue
            if not self._has_room(str(peer[0])):
                connection.close()
                continue
            task = asyncio.create_task(self._shake_hands(connection), name="handshake")
            self._handshakes[task] = str(peer[0])
            task.add_done_callback(lambda ended: self._handshakes.pop(ended, None))

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: _PatientProtocol(self.config, self.server_state, {}),
                connection,
                ssl=self.context,
                ssl_handshake_timeout=HANDSHAKE_S if self.context is not None else None,
            )
        except (OSError, TimeoutError) as error:  # a scan, a plain request, a station without the authority
            log.debug("No handshake: %s", error)
            connection.close()

    def _has_room(self, address: str) -> bool:
        connections = self.server_state.connections
        others = (*map(_address, connections), *self._handshakes.values())
        return (
            len(self._handshakes) < HANDSHAKES_MOST
            and len(connections) < CONNECTIONS_MOST
            and others.count(address) < FROM_ONE_ADDRESS_MOST
        )


class _Unread:
    """Ends a connection whose other side takes next to nothing of what waits for it: it would hold the memory."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _unread: asyncio.TimerHandle | None = None
    _left = 0

    def wait_for_reader(self) -> None:
        """What is to be sent has piled up."""
        if self._unread is None:
            self._look_later()

    def _look_later(self) -> None:
        self._left = _waiting(self.transport)
        self._unread = self.loop.call_later(UNREAD_S, self._look)

    def _look(self) -> None:
        if self._left - _waiting(self.transport) < UNREAD_S * SLOWEST_BYTES_S:
            self._unread = None
            self.transport.abort()
        else:
            self._look_later()

    def stop_waiting_for_reader(self) -> None:
        """It was read, or the connection is gone."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class _PatientSocket(_Unread, WebSocketsSansIOProtocol):
    """A WebSocket whose client has to read, and sends no more frames than one at work."""

    _unaccepted: asyncio.TimerHandle | None = None
    _is_flood = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._frames = Bucket(FRAMES, monotonic_ns())
        self._unaccepted = self.loop.call_later(ACCEPT_S, self._give_up)

    def _give_up(self) -> None:
        if not self.handshake_complete:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """In slices: what one piece of the network holds may be thousands of frames."""
        for begin in range(0, len(data), SLICE):
            if self._is_flood or self.transport.is_closing():
                return
            super().data_received(data[begin : begin + SLICE])
        if not self.handshake_initiated:  # the request is here whole, and was not understood
            self.transport.abort()

    def handle_events(self) -> None:
        if not self._frames.take(monotonic_ns(), len(self.conn.events)):
            self._end_flood()
            return
        super().handle_events()

    def _end_flood(self) -> None:
        reason = "too many frames"
        self._is_flood = self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": POLICY, "reason": reason})
        self.conn.fail(POLICY, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self.loop.call_later(CLOSE_S, self.transport.abort)

    def shutdown(self) -> None:
        if self.handshake_complete:
            super().shutdown()
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.wait_for_reader()

    def resume_writing(self) -> None:
        self.stop_waiting_for_reader()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.stop_waiting_for_reader()
        if self._unaccepted is not None:
            self._unaccepted.cancel()
        super().connection_lost(exc)


class _PatientProtocol(_Unread, H11Protocol):
    """Ends a connection whose next request does not come whole within 10 s."""

    _slow: asyncio.TimerHandle | None = None
    _is_upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering:
            self._stop_waiting()
        elif self._slow is None and not self._is_upgraded:
            self._wait_for_headers()

    def handle_websocket_upgrade(self, event: Any) -> None:
        if event.method != b"GET":  # the other protocol would not understand it, and say nothing for ever
            if event.method != b"HEAD":
                self.send_400_response("Only GET can be upgraded.")
            self.loop.call_later(CLOSE_S, self.transport.abort)
            return
        self._is_upgraded = True
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.wait_for_reader()

    def resume_writing(self) -> None:
        self.stop_waiting_for_reader()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.stop_waiting_for_reader()
        super().connection_lost(exc)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_headers(self) -> None:
        self._slow = self.loop.call_later(HEADERS_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _give_up(self) -> None:
        self._slow = None
        if not self._is_answering and not self.transport.is_closing():
            self.transport.abort()


def _waiting(transport: asyncio.Transport) -> int:
    """Bytes that were sent and not taken yet. Over TLS nearly all of them lie below what the transport tells of."""
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return transport.get_write_buffer_size() + (below.get_write_buffer_size() if below is not None else 0)


def _in_pieces(app: ASGIApp) -> ASGIApp:
    """Long answers go out bit by bit, so that who reads slowly but steadily is not taken for one that does not read."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def sliced(message: Message) -> None:
            body = message.get("body", b"")
            if message["type"] != "http.response.body":
                await send(message)
                return
            for begin in range(0, max(1, len(body)), PIECE):
                is_more = begin + PIECE < len(body) or message.get("more_body", False)
                await send({**message, "body": body[begin : begin + PIECE], "more_body": is_more})

        await app(scope, receive, sliced if scope["type"] == "http" else send)

    return answering


def bound_socket(host: str, port: int) -> socket.socket:
    """Listening is possible there; UsageError in one sentence when it is not."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"{host}:{port}: {error.strerror or error}") from None
    try:
        # on Windows the usual option would let a second process listen at the same address
        option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        found.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
        found.setblocking(False)
    except OSError as error:
        found.close()
        raise UsageError(f"{host}:{port}: {error.strerror or error}") from None
    return found


def _address(connection: Any) -> str:
    with contextlib.suppress(AttributeError, TypeError, IndexError):
        return str(connection.client[0])
    return ""
