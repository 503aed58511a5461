"""Serves the API on the local endpoint; what has to be there before anything listens on a network address."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from hmi.client.local import LocalEndpoint
from hmi.core.errors import UsageError
from hmi.project._loopback import is_inside
from hmi.runtime._peer import KnowsPeer, LocalProtocol
from hmi.serving import ApiServer, server_options


def api_server(app: ASGIApp, endpoint: LocalEndpoint) -> ApiServer:
    """A server for the local endpoint; a token is asked for where the address carries one."""
    guarded = TokenGuard(app, endpoint.token) if endpoint.token else app
    options: dict[str, Any] = (
        {"uds": endpoint.path, "http": LocalProtocol}
        if endpoint.is_unix
        else {"host": "127.0.0.1", "port": endpoint.port}
    )
    return ApiServer(uvicorn.Config(**server_options(KnowsPeer(guarded)), **options))


class AnswersAfter:
    """Lets every request wait for ``ready``, but for those of the path ``at_once``, which ask how it stands.

    A runtime that has not taken over yet from the one before would refuse a command that was sent already, show no
    alarm that stands, and forget the holds on an object that is given one more.
    """

    def __init__(self, ready: asyncio.Event, app: ASGIApp, *, at_once: str = "") -> None:
        self._ready, self._app, self._at_once = ready, app, at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._at_once:
            await self._ready.wait()
        await self._app(scope, receive, send)


class TokenGuard:
    """Refuses every request without the token, in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def check_listen(
    listen: str, *, has_certificate: bool = False, has_accounts: bool = False, anywhere: bool = False
) -> tuple[str, int] | None:
    """Host and port to listen on, None for none; UsageError while something is missing for stations on other machines.

    ``anywhere``: an address that the whole world may reach was asked for on purpose.
    """
    if not listen:
        return None
    host, port = _host_and_port(listen)
    steps = (
        ("a TLS certificate (hmi tls PLANT init)", has_certificate),
        ("accounts (hmi user PLANT add)", has_accounts),
    )
    missing = [what for what, there in steps if not there]
    if missing:
        raise UsageError(
            f"--listen {listen} is refused: stations on other machines need {' and '.join(missing)}; "
            "leave --listen out, the local socket needs neither"
        )
    if not anywhere and not _is_inside(host):
        raise UsageError(
            f"--listen {listen} is refused: this address may be reached from outside of the plant network; "
            "name an address of the plant network, or add --listen-anywhere"
        )
    return host, port


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UsageError(f"--listen {listen}: write HOST:PORT, for example 192.168.10.5:8443")
    return host, int(port)


def _is_inside(host: str) -> bool:
    try:
        return is_inside(host)
    except OSError as error:
        raise UsageError(f"--listen {host}: {error.strerror or error}") from None
