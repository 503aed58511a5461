"""Whose process asks over the local socket: the account that the system names, which no caller can choose."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from contextvars import ContextVar
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_PEER: Final = "peer_uid"
_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group of the other end, as Linux tells them of a Unix socket."""
_uid: ContextVar[int | None] = ContextVar("peer_uid", default=None)


class LocalProtocol(H11Protocol):
    """HTTP on the local socket; every request says whose process has opened the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look once: the account of a connection is that of the moment in which it was made."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _PEER: uid_of(transport.get_extra_info("socket"))}


class KnowsPeer:
    """Lets what answers a request ask for ``os_user``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = _uid.set(scope.get("state", {}).get(_PEER))
        try:
            await self._app(scope, receive, send)
        finally:
            _uid.reset(token)


def uid_of(connection: Any) -> int | None:
    """The number of the account at the other end of a Unix socket; None where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None or connection is None or connection.family != getattr(socket, "AF_UNIX", None):
        return None
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    except OSError:
        return None
    uid = _CREDENTIALS.unpack(told)[1]
    return uid if uid >= 0 else None  # -1 where the account has no number here


async def os_user() -> str:
    """The account whose process has sent the request that is being answered; empty where the system does not tell,
    as on Windows and for stations on other machines. An account without a name here is ``uid 1234``.
    """
    uid = _uid.get()
    return "" if uid is None else await asyncio.to_thread(_name_of, uid)


def _name_of(uid: int) -> str:
    """May ask a directory server, and take its time."""
    with contextlib.suppress(ImportError, KeyError):
        import pwd  # not there on Windows

        return pwd.getpwuid(uid).pw_name
    return f"uid {uid}"
