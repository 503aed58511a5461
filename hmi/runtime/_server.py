"""Serves the API on the local endpoint; nothing listens on a network address."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from hmi.client.local import LocalEndpoint
from hmi.core.errors import UsageError


class ApiServer(uvicorn.Server):
    """uvicorn without its own signal handlers: the runtime decides when it ends.

    ``on_started`` is called once when the endpoint answers.
    """

    on_started: Callable[[], None] | None = None

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_started is not None:
            self.on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def api_server(app: ASGIApp, endpoint: LocalEndpoint) -> ApiServer:
    """A server for the local endpoint; a token is asked for where the address carries one."""
    guarded = TokenGuard(app, endpoint.token) if endpoint.token else app
    options: dict[str, Any] = (
        {"uds": endpoint.path} if endpoint.is_unix else {"host": "127.0.0.1", "port": endpoint.port}
    )
    config = uvicorn.Config(
        guarded,
        lifespan="off",
        log_level="warning",
        access_log=False,
        ws_max_size=32_000_000,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=1,
        limit_concurrency=200,
        **options,
    )
    return ApiServer(config)


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


def check_listen(listen: str, *, has_certificate: bool = False, has_accounts: bool = False) -> None:
    """UsageError while a network address is asked for without TLS and accounts."""
    if not listen:
        return
    missing = [
        what
        for what, there in (("a TLS certificate", has_certificate), ("accounts", has_accounts))
        if not there
    ]
    if missing:
        raise UsageError(
            f"--listen {listen} is refused: stations on other machines need {' and '.join(missing)}, "
            "which this version cannot set up yet; leave --listen out, the local socket needs neither"
        )
