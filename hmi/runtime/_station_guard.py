"""Stands before the API on a network address: without a valid token nothing is read, and nobody asks without end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import MutableMapping
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hmi.core.clock import monotonic_ns
from hmi.core.texts import tr
from hmi.runtime._limits import (
    LIVE_PER_STATION,
    MESSAGE_RATE,
    SESSION_RATE,
    STATION_RATE,
)
from hmi.runtime._live import STATION
from hmi.runtime._station_book import StationBook
from hmi.security.stations import token_hash
from hmi.serving import Bucket, Buckets

SESSION_HEADER = b"watchkeeper-session"
POLICY = 1008
"""Code of a WebSocket that is closed because a rule forbids it (RFC 6455, 7.4.1)."""
CLOSE_S = 1.0
UNKNOWN, TOO_MANY, TOO_MANY_LIVE = "unknown token", "too many requests", "too many live connections"


class StationGuard:
    """Names the station of each request in its scope."""

    def __init__(self, app: ASGIApp, book: StationBook) -> None:
        self._app, self._book = app, book
        self._stations, self._sessions = Buckets(STATION_RATE), Buckets(SESSION_RATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        token = _token(headers)
        station = self._book.station_of(token)
        if not station and not self._book.is_read:
            return await _refuse(scope, send, 503, tr("the runtime is just starting; ask again in a second"))
        if not station:
            self._count(UNKNOWN, "", scope)
            return await _refuse(scope, send, 401, tr("this runtime does not know the token of this station"))
        if not self._may_ask(station, headers):
            self._count(TOO_MANY, station, scope)
            return await _refuse(scope, send, 429, tr("too many requests from this station; wait a moment"))
        scope = {**scope, STATION: station}
        if scope["type"] != "websocket":
            return await self._app(scope, receive, send)
        if self._book.open_of(token) >= LIVE_PER_STATION:
            self._count(TOO_MANY_LIVE, station, scope)
            return await _refuse(scope, send, 429, tr("this station has too many live connections"))
        return await self._live(token, scope, receive, send)

    def _may_ask(self, station: str, headers: MutableMapping[bytes, bytes]) -> bool:
        now = monotonic_ns()
        if not self._stations.take(station, now):
            return False
        session = headers.get(SESSION_HEADER, b"")
        return not session or self._sessions.take(token_hash(session.decode("latin-1")), now)

    async def _live(self, token: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A live connection, until it ends, its token ends, or it sends more than a station ever does."""
        ended = self._book.opened(token)
        messages = Bucket(MESSAGE_RATE, monotonic_ns())

        async def watched() -> Message:
            message = await _next(receive, ended)
            if message is None:
                return await _end(send, tr("this station was removed"))
            if message["type"] == "websocket.receive" and not messages.take(monotonic_ns()):
                self._count(TOO_MANY, scope[STATION], scope)
                return await _end(send, tr("too many messages from this station"))
            return message

        try:
            await self._app(scope, watched, send)
        finally:
            self._book.closed(token, ended)

    def _count(self, why: str, station: str, scope: Scope) -> None:
        self._book.refusals.add(why, station, str((scope.get("client") or ("",))[0]))


def _token(headers: MutableMapping[bytes, bytes]) -> str:
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.decode("latin-1") if kind.lower() == b"bearer" else ""


async def _next(receive: Receive, ended: asyncio.Event) -> Message | None:
    """What the client sends next; None when the connection has to end."""
    if ended.is_set():
        return None
    message, end = asyncio.ensure_future(receive()), asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait((message, end), return_when=asyncio.FIRST_COMPLETED)
        return None if ended.is_set() else message.result()
    finally:
        message.cancel()
        end.cancel()


async def _end(send: Send, reason: str) -> Message:
    """Close from this side; a client that does not read is not waited for."""
    with contextlib.suppress(TimeoutError, RuntimeError, OSError):
        async with asyncio.timeout(CLOSE_S):
            await send({"type": "websocket.close", "code": POLICY, "reason": reason})
    return {"type": "websocket.disconnect", "code": POLICY, "reason": reason}


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    """The connection is not kept; its body is never read."""
    content = msgspec.json.encode({"error": text})
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    if scope["type"] == "http":
        headers.append((b"connection", b"close"))
        await _answer(send, "http", status, headers, content)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await _answer(send, "websocket.http", status, headers, content)
    else:
        await send({"type": "websocket.close", "code": POLICY})


async def _answer(
    send: Send, kind: str, status: int, headers: list[tuple[bytes, bytes]], content: bytes
) -> None:
    start: dict[str, Any] = {"type": f"{kind}.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": f"{kind}.response.body", "body": content})
