"""Lets a Unix socket of the HTTP library be closed while something arrives on it.

What arrives is told to a future that the closing, or the end of a time limit, has ended in the same turn of the
loop; the library lets that be reported as an error. The seams used are ``_wait_until_readable`` and
``_wait_until_writable`` of its sockets: they belong to anyio 4 and are covered by the unit tests.
"""

# pyright: reportPrivateUsage=false, reportPrivateImportUsage=false
# the library has no public place for what its sockets wait with
from __future__ import annotations

import asyncio
import ssl
from typing import Any

import httpx
from anyio._backends import _asyncio

_Sockets: Any = _asyncio._RawSocketMixin
_until_readable, _until_writable = _Sockets._wait_until_readable, _Sockets._wait_until_writable


def unix_transport(path: str, limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
    """HTTP over the Unix socket at ``path``; closing it in the middle of a request is no error."""
    return httpx.AsyncHTTPTransport(uds=path, limits=limits, verify=no_tls())


def no_tls() -> ssl.SSLContext:
    """For what never speaks TLS: trusts nobody, and reads no list of authorities (20 ms)."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _readable(self: Any, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    future = _until_readable(self, loop)
    loop.add_reader(self._raw_socket, _wake, future)  # in the place of the library's own
    return future


def _writable(self: Any, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
    future = _until_writable(self, loop)
    loop.add_writer(self._raw_socket, _wake, future)
    return future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_Sockets._wait_until_readable, _Sockets._wait_until_writable = _readable, _writable
