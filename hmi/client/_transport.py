"""How a client reaches a runtime, on this machine or on another one; never through a proxy of the environment."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx
from websockets.asyncio.client import connect, unix_connect
from websockets.exceptions import InvalidStatus

from hmi.client._unix_sockets import no_tls, unix_transport
from hmi.client.local import LocalEndpoint, find_endpoint
from hmi.client.remote import (
    RemoteEndpoint,
    is_remembered,
    refusal,
    remote_endpoint,
    tls_context,
    wrong_token,
)
from hmi.core.aside import Aside
from hmi.core.errors import CommunicationError
from hmi.core.texts import tr

Endpoint = LocalEndpoint | RemoteEndpoint
UNAUTHORIZED = 401
KEY_STORE_S = 10.0
KEPT_S = 2.0
"""How long a connection that nothing goes over is used again: well below the 5 s after which a server closes it, or a
command could be sent into a connection that is being closed, and would get no answer.
"""
_aside = Aside("tokens of stations")


def endpoint_of(folder: Path) -> Endpoint:
    """Of a data folder or of a remembered runtime; may block on a key store."""
    return remote_endpoint(folder) if is_remembered(folder) else find_endpoint(folder)


async def endpoint_in(folder: Path) -> Endpoint:
    """The same from a loop, which never waits for a key store."""
    if not is_remembered(folder):
        return find_endpoint(folder)
    try:
        return await _aside.ask(partial(remote_endpoint, folder), KEY_STORE_S)
    except TimeoutError:
        raise CommunicationError(tr("the key store of the system does not answer; unlock it")) from None


def base_url(endpoint: Endpoint) -> str:
    if isinstance(endpoint, RemoteEndpoint):
        return f"https://{endpoint.address}"
    return "http://runtime" if endpoint.is_unix else f"http://127.0.0.1:{endpoint.port}"


def token_header(endpoint: Endpoint) -> dict[str, str]:
    return {"authorization": f"Bearer {endpoint.token}"} if endpoint.token else {}


def _limits() -> httpx.Limits:
    """Those of the library, but for the time."""
    return httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_S)


def http_client(endpoint: Endpoint, timeout: float) -> httpx.AsyncClient:
    """``timeout`` in seconds."""
    limits = _limits()
    if isinstance(endpoint, RemoteEndpoint):
        transport = httpx.AsyncHTTPTransport(verify=_context(endpoint), limits=limits)
    elif endpoint.is_unix:
        transport = unix_transport(endpoint.path, limits)
    else:
        transport = httpx.AsyncHTTPTransport(limits=limits, verify=no_tls())
    return httpx.AsyncClient(
        transport=transport, base_url=base_url(endpoint), headers=token_header(endpoint), timeout=timeout
    )


def plain_client(endpoint: Endpoint, timeout: float) -> httpx.Client:
    """Without a loop; ``timeout`` in seconds."""
    if isinstance(endpoint, RemoteEndpoint):
        transport = httpx.HTTPTransport(verify=_context(endpoint), limits=_limits())
    else:
        transport = httpx.HTTPTransport(uds=endpoint.path or None, limits=_limits(), verify=no_tls())
    return httpx.Client(
        transport=transport, base_url=base_url(endpoint), headers=token_header(endpoint), timeout=timeout
    )


def live_connect(endpoint: Endpoint, *, silence_s: float, limit: int) -> connect:
    """The WebSocket of a runtime; ``silence_s`` for its opening, ``limit`` in bytes of one message."""
    options: dict[str, Any] = {
        "max_size": limit,
        "compression": None,
        "additional_headers": token_header(endpoint),
        "open_timeout": silence_s,
        "close_timeout": 0.5,
        "proxy": None,
    }
    if isinstance(endpoint, RemoteEndpoint):
        return connect(f"wss://{endpoint.address}/v1/live", ssl=_context(endpoint), **options)
    if endpoint.is_unix:
        return unix_connect(endpoint.path, "ws://runtime/v1/live", **options)
    return connect(f"ws://127.0.0.1:{endpoint.port}/v1/live", **options)


def sentence_of(error: BaseException, endpoint: Endpoint | None) -> CommunicationError | None:
    """Why the other end was not taken or did not take us; None for any other fault."""
    if not isinstance(endpoint, RemoteEndpoint):
        return None
    if isinstance(error, InvalidStatus) and error.response.status_code == UNAUTHORIZED:
        return wrong_token(endpoint)
    return refusal(error, endpoint)


def check_token(response: httpx.Response, endpoint: Endpoint | None) -> None:
    """RemoteRefused when a runtime on another machine does not know the token."""
    if isinstance(endpoint, RemoteEndpoint) and response.status_code == UNAUTHORIZED:
        raise wrong_token(endpoint)


@lru_cache(maxsize=32)
def _context(endpoint: RemoteEndpoint) -> SSLContext:
    """Made once: reading the authorities of a system takes long."""
    return tls_context(endpoint)
