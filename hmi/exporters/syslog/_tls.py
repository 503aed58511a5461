"""TLS over a connected socket that tells for certain whether the other side has closed it.

``SSLSocket.unwrap`` may return before the other side's close_notify has come, so the two ends are driven by hand.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Final

_PIECE: Final = 16_384
Patiently = Callable[[Callable[[], Any]], Any]
"""Calls again while a socket says that it takes longer, and raises when it takes too long."""


class TlsStream:
    """One connection: ``shake_hands``, ``settle``, ``send``, ``finish``. Raises SSLError and OSError.

    ``is_strict``: an end without close_notify is an error, also after the own one.
    """

    def __init__(self, context: ssl.SSLContext, link: socket.socket, host: str, *, is_strict: bool) -> None:
        self._link, self._is_strict = link, is_strict
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def shake_hands(self, patiently: Patiently) -> None:
        self._drive(self._tls.do_handshake, patiently)

    def settle(self, is_ready: Callable[[], bool], patiently: Patiently) -> None:
        """Take what comes behind the handshake as long as ``is_ready``; ConnectionAbortedError where it is the end."""
        while is_ready():
            self._fill(patiently)
            try:
                if not self._tls.read(_PIECE):
                    raise ssl.SSLZeroReturnError
            except ssl.SSLWantReadError:
                continue
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                raise ConnectionAbortedError from None

    def send(self, data: bytes, patiently: Patiently) -> None:
        for start in range(0, len(data), _PIECE):
            self._drive(partial(self._tls.write, data[start : start + _PIECE]), patiently)

    def finish(self, patiently: Patiently) -> None:
        """Say that this was all; returns when the other side has said so too."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._flush(patiently)
        no_errors = (
            (ssl.SSLZeroReturnError,) if self._is_strict else (ssl.SSLZeroReturnError, ssl.SSLEOFError)
        )
        with contextlib.suppress(*no_errors):
            while self._drive(partial(self._tls.read, _PIECE), patiently):
                continue

    def _drive(self, work: Callable[[], Any], patiently: Patiently) -> Any:
        while True:
            try:
                done = work()
            except ssl.SSLWantReadError:
                self._flush(patiently)
                self._fill(patiently)
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # the alert tells the other side why
                    self._flush(patiently)
                raise
            else:
                self._flush(patiently)
                return done

    def _flush(self, patiently: Patiently) -> None:
        data = self._outgoing.read()
        while data:
            data = data[patiently(partial(self._link.send, data)) :]

    def _fill(self, patiently: Patiently) -> None:
        data = patiently(partial(self._link.recv, _PIECE))
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
