"""What stands before the routes: tokens, rates, methods, scopes, parameters, and the form of every answer (ASGI)."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from hmi.core.errors import StorageError
from hmi.exporters.rest import _problem
from hmi.exporters.rest._access import Access
from hmi.exporters.rest._answers import BASE, Answer, Answers, Asked, Route
from hmi.exporters.rest._openapi import document
from hmi.exporters.rest._problem import Problem, busy
from hmi.exporters.rest._query import given
from hmi.exporters.rest._stream import PATH as STREAM_PATH
from hmi.exporters.rest._stream import Streams
from hmi.exporters.rest._workers import Kind, Workers
from hmi.project.exports import ExportWhat
from hmi.security.it_tokens import AUDIT, EVENTS, SCOPES, ItToken

log = logging.getLogger(__name__)
PACKED_FROM: Final = 1_000
"""Bytes; a shorter answer is not compressed."""
METHODS: Final = ("GET", "HEAD")
Headers = Mapping[bytes, bytes]


class App:
    """The application of one server. ``served``: scopes that the job gives at all."""

    def __init__(
        self,
        access: Access,
        answers: Answers,
        streams: Streams,
        workers: Workers,
        served: frozenset[str],
        title: str,
    ) -> None:
        self._access, self._streams, self._served = access, streams, served
        self._workers = workers
        routes = {f"{BASE}{route.path}": route for route in answers.routes}
        content = msgspec.json.encode(document(answers.routes, title))
        answer = Answer(content, etag=hashlib.sha256(content).hexdigest()[:32])
        described = Route("/openapi.json", (), "", lambda _asked: answer, needs=Kind.MEMORY)
        self._routes = {**routes, f"{BASE}{described.path}": described}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        try:
            answer, body, more = await self._answered(scope, receive, headers)
            status = answer.status
            if answer.etag and _matches(headers.get(b"if-none-match", b""), answer.etag):
                status, body = 304, b""
            media = {"content-type": answer.media} if body else {}
            etag = {"etag": f'W/"{answer.etag}"'} if answer.etag else {}
            await _send(send, status, body, {**media, **etag, **more, **answer.headers}, scope["method"])
        except Problem as problem:
            body = problem.content(scope["path"])
            told = {"content-type": _problem.MEDIA, **problem.headers}
            await _send(send, problem.status, body, told, scope["method"])

    async def _answered(
        self, scope: Scope, receive: Receive, headers: Headers
    ) -> tuple[Answer, bytes, dict[str, str]]:
        """The answer, the bytes that go over the network, and headers about them."""
        token = self._access.caller(headers, _address(scope))
        self._access.check_rate(token)
        route = self._route(scope)
        self._check_scope(route, token)
        asked = Asked(scope["path"], token, given(route.parameters, scope["query_string"]))
        if route.path == "/events":
            self._check_records(asked)
        is_packed = _takes_gzip(headers.get(b"accept-encoding", b""))
        with self._access.answering(token):
            watching = asyncio.create_task(_watch(receive, asked.gone), name="rest client")
            try:
                return await self._worked(route, asked, is_packed)
            finally:
                watching.cancel()

    async def _worked(
        self, route: Route, asked: Asked, is_packed: bool
    ) -> tuple[Answer, bytes, dict[str, str]]:
        def work() -> tuple[Answer, bytes, dict[str, str]]:
            if asked.gone.is_set():
                raise Problem(400, "the client went away")
            answer = route.work(asked)
            if not is_packed or len(answer.content) < PACKED_FROM:
                return answer, answer.content, {"vary": "accept-encoding"}
            packed = gzip.compress(answer.content, 1)
            return answer, packed, {"content-encoding": "gzip", "vary": "accept-encoding"}

        try:
            return await self._workers.run(route.needs, asked.token.name, work)
        except Problem:
            raise
        except StorageError as error:
            log.warning("%s", error)
            raise busy("the history cannot be read now", 5) from error
        except Exception as error:
            # The border to whatever a client asks: the fault is logged here, and the server stays.
            log.exception("%s failed.", asked.path)
            raise Problem(500, "a fault of the server; its log has more") from error

    def _route(self, scope: Scope) -> Route:
        route = self._routes.get(scope["path"])
        if route is None:
            raise Problem(404, f"there is nothing at this path; {BASE}/openapi.json says what there is")
        if scope["method"] not in METHODS:
            allowed = {"allow": ", ".join(METHODS)}
            raise Problem(405, "everything here is read-only", headers=allowed)
        return route

    def _check_scope(self, route: Route, token: ItToken) -> None:
        if route.scopes and not self._has(token, *route.scopes):
            raise Problem(403, f"this needs a token with {' or '.join(route.scopes)}")

    def _check_records(self, asked: Asked) -> None:
        """Alarms are of areas; what people did is not."""
        is_alarms = asked.given["what"] == ExportWhat.ALARMS.value
        needed = EVENTS if is_alarms else AUDIT
        if not self._has(asked.token, needed) or (not is_alarms and asked.areas):
            raise Problem(403, f"this needs a token with {needed}")

    def _has(self, token: ItToken, *scopes: str) -> bool:
        return any(one in token.scopes and one in self._served for one in scopes)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers: Headers = dict(scope["headers"])
            token = self._access.caller(headers, _address(scope))
            self._access.check_rate(token)
            if scope["path"] != f"{BASE}{STREAM_PATH}":
                raise Problem(404, "there is no stream at this path")
            if not self._has(token, *Streams.SCOPES):
                raise Problem(403, f"this needs a token with {' or '.join(Streams.SCOPES)}")
            asked = Asked(scope["path"], token, given(Streams.PARAMETERS, scope["query_string"]))
            with self._access.streaming(token):
                await self._streams.serve(asked, receive, send)
        except Problem as problem:
            body = problem.content(scope["path"])
            told = {"content-type": _problem.MEDIA, **problem.headers}
            await _refuse(send, problem.status, body, told)


def served_scopes(serves: list[str]) -> frozenset[str]:
    """The scopes that belong to what a job serves."""
    return frozenset(one for one in SCOPES if one.partition(":")[2] in serves)


async def _watch(receive: Receive, gone: threading.Event) -> None:
    """Until the client goes: nobody works for it then. A body that goes on is not read."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return gone.set()
        if message.get("more_body", False):
            return None


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _takes_gzip(header: bytes) -> bool:
    for part in header.decode("latin-1").lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";")
        if name == "gzip":
            return weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _matches(header: bytes, etag: str) -> bool:
    """RFC 9110, 13.1.2: compared weakly."""
    wanted = [one.strip().removeprefix("W/") for one in header.decode("latin-1").split(",")]
    return "*" in wanted or f'"{etag}"' in wanted


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]


async def _send(send: Send, status: int, body: bytes, headers: Mapping[str, str], method: str) -> None:
    found = {"cache-control": "no-store" if status >= 400 else "private, no-cache", **headers}
    if status not in (204, 304):
        found["content-length"] = str(len(body))
    await send({"type": "http.response.start", "status": status, "headers": _raw(found)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _refuse(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Instead of opening a live connection."""
    found: dict[str, Any] = {"content-length": str(len(body)), **headers}
    await send({"type": "websocket.http.response.start", "status": status, "headers": _raw(found)})
    await send({"type": "websocket.http.response.body", "body": body})
