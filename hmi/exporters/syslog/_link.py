"""How messages get to the collector: datagrams, or one connection for each package, ended by both sides.

Neither TCP nor TLS tells a sender of syslog what was read. So every connection is ended in the direction of the
collector when all is sent, and a package counts as delivered only when the collector has ended it too: it does so after
it has read everything; a connection that is reset proves nothing, and the package goes again. RFC 5425 section 4.4
asks the collector to close the encryption too. Common ones only end the connection (rsyslog with GnuTLS does), which
somebody on the way could do in their place: with ``strict_close`` it does not count.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from hmi.core.texts import tr
from hmi.export.port import TargetRefused, TargetUnavailable
from hmi.exporters.syslog._message import framed
from hmi.exporters.syslog._tls import TlsStream
from hmi.exporters.syslog.definition import PORTS

SLICE_S: Final = 0.25
BURST, BURST_S = 20, 0.005
"""Datagrams in one go, and the pause after them: what comes faster than it is read is lost."""
LISTEN_S: Final = 0.2
"""How long a datagram that nobody took may need to come back as an error."""
T = TypeVar("T")
SETTLE_S: Final = 0.25
"""A collector that does not want us ends the connection within that time, before anything is sent to it."""
_UNDER_WAY: Final = (
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    errno.EAGAIN,
    getattr(errno, "WSAEWOULDBLOCK", 10_035),
)


@dataclass(frozen=True, slots=True)
class Access:
    """How the collector is reached."""

    host: str
    port: int
    protocol: str
    ca: str
    certificate: str
    key: str
    strict_close: bool
    timeout_s: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Access:
        names = ("host", "protocol", "ca", "certificate", "key", "strict_close", "timeout_s")
        return cls(
            port=settings["port"] or PORTS[settings["protocol"]], **{name: settings[name] for name in names}
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Link:
    """``send`` returns when the messages are delivered as far as the protocol can tell."""

    def __init__(self, access: Access, stop: Callable[[], bool]) -> None:
        self._access, self._stop = access, stop
        self._tls = _context(access) if access.protocol == "tls" else None

    def probe(self) -> None:
        """Whether the collector is there and the right one; of UDP nobody knows."""
        self.send(())

    def send(self, messages: Iterable[bytes]) -> None:
        """TargetUnavailable or TargetRefused where it is not certain that all were taken."""
        with self._told():
            if self._access.protocol == "udp":
                self._datagrams(messages)
            else:
                self._stream(messages)

    # ------------------------------------------------------------------ datagrams

    def _datagrams(self, messages: Iterable[bytes]) -> None:
        family, _, _, _, address = self._addresses(socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as link:
            link.connect(address)
            count = 0
            for message in messages:
                link.send(message)
                count += 1
                if count % BURST == 0:
                    self._go_on()
                    time.sleep(BURST_S)
            if count and select.select([link], [], [], LISTEN_S)[0]:
                link.recv(1)  # raises what came back: nobody listens there

    # ------------------------------------------------------------------ connections

    def _stream(self, messages: Iterable[bytes]) -> None:
        with self._connected(self._end()) as link:
            if self._tls is None:
                self._plain(link, messages)
            else:
                self._encrypted(link, self._tls, messages)

    def _plain(self, link: socket.socket, messages: Iterable[bytes]) -> None:
        settled = _readable_until(link, time.monotonic() + SETTLE_S)
        while settled():
            if not self._patiently(partial(link.recv, 4_096)):
                raise ConnectionAbortedError
        for piece in _pieces(messages):
            at = 0
            while at < len(piece):
                at += self._patiently(partial(link.send, memoryview(piece)[at:]))
        link.shutdown(socket.SHUT_WR)
        end = self._end()
        while self._patiently(partial(link.recv, 4_096), end):
            continue

    def _encrypted(self, link: socket.socket, context: ssl.SSLContext, messages: Iterable[bytes]) -> None:
        host, is_strict, end = self._access.host, self._access.strict_close, self._end()
        stream = TlsStream(context, link, host, is_strict=is_strict)
        stream.shake_hands(lambda work: self._patiently(work, end))
        stream.settle(_readable_until(link, time.monotonic() + SETTLE_S), self._patiently)
        for piece in _pieces(messages):
            stream.send(piece, self._patiently)
        last = self._end()
        stream.finish(lambda work: self._patiently(work, last))

    def _connected(self, end: float) -> socket.socket:
        failed: OSError = OSError("no address")
        for family, kind, number, _, address in self._addresses(socket.SOCK_STREAM):
            link = socket.socket(family, kind, number)
            try:
                link.setblocking(False)
                code = link.connect_ex(address)
                while code in _UNDER_WAY:
                    self._go_on(end)
                    _, ready, broken = select.select([], [link], [link], SLICE_S)
                    code = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready or broken else code
                if code:
                    raise OSError(code, os.strerror(code))
                link.settimeout(SLICE_S)
                return link
            except OSError as error:
                failed = error
                link.close()
            except BaseException:
                link.close()
                raise
        raise failed

    # ------------------------------------------------------------------ waiting and errors

    def _addresses(self, kind: socket.SocketKind) -> list[Any]:
        return socket.getaddrinfo(self._access.host, self._access.port, type=kind)

    def _end(self) -> float:
        return time.monotonic() + self._access.timeout_s

    def _go_on(self, end: float = float("inf")) -> None:
        if self._stop():
            raise TargetUnavailable(tr("the job ends"))
        if time.monotonic() >= end:
            raise TimeoutError(tr("no answer within {seconds} s", seconds=f"{self._access.timeout_s:g}"))

    def _patiently(self, work: Callable[[], T], end: float = 0.0) -> T:
        """``end``: by the monotonic clock, 0 = the time of an answer from now."""
        end = end or self._end()
        while True:
            self._go_on(end)
            try:
                return work()
            except TimeoutError:
                continue

    @contextmanager
    def _told(self) -> Iterator[None]:
        where = str(self._access)
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise TargetRefused(
                tr(
                    "{where}: no trusted connection: {why}; look at the collector's certificate and at the setting ca",
                    where=where, why=error.verify_message,
                )
            ) from error  # fmt: skip
        except ssl.SSLError as error:
            why = error.reason or str(error)
            raise TargetUnavailable(
                tr(
                    "{where}: the encrypted connection failed ({why}); does it speak TLS, and does it know our "
                    "certificate?", where=where, why=why,
                )
            ) from error  # fmt: skip
        except ConnectionAbortedError as error:
            raise TargetUnavailable(
                tr(
                    "{where} ends the connection at once; may this machine send to it, and by this certificate?",
                    where=where,
                )
            ) from error
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            raise TargetUnavailable(tr("{where} does not take it: {why}", where=where, why=why)) from error


def _pieces(messages: Iterable[bytes]) -> Iterator[bytes]:
    """Framed, several in one write."""
    piece = bytearray()
    for message in messages:
        piece += framed(message)
        if len(piece) >= 65_536:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _readable_until(link: socket.socket, end: float) -> Callable[[], bool]:
    """Waits for something to read, at most until ``end`` by the monotonic clock; False: nothing came."""
    return lambda: bool(select.select([link], [], [], max(0.0, end - time.monotonic()))[0])


def _context(access: Access) -> ssl.SSLContext:
    """TLS 1.2 or newer, host name and chain checked; TargetRefused for files that do not work."""
    try:
        context = ssl.create_default_context(cafile=access.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if access.certificate:
            context.load_cert_chain(access.certificate, access.key)
    except (OSError, ssl.SSLError) as error:
        text = tr("the files for TLS (ca, certificate, key) cannot be used: {why}", why=error)
        raise TargetRefused(text) from error
    return context
