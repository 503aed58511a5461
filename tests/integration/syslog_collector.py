"""A collector of logs on loopback for tests: a real listener over UDP, TCP or TLS, and a reader of RFC 5424."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_HEAD = re.compile(
    rb"<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) "
    rb"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
_NAME = re.compile(rb"[!#-<>-\\^-~]{1,32}")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Message:
    """A message taken to pieces by the grammar of RFC 5424 section 6."""

    priority: int
    time: str
    host: str
    app: str
    process: str
    id: str
    data: dict[str, dict[str, str]]
    text: str

    @property
    def own(self) -> dict[str, str]:
        return self.data["watchkeeper@32473"]

    @property
    def number(self) -> int:
        return int(self.own["number"])


def parsed(raw: bytes) -> Message:
    """ValueError for what is not of the grammar."""
    head = _HEAD.match(raw)
    if head is None or int(head[1]) > 191 or (len(head[1]) > 1 and head[1].startswith(b"0")):
        raise ValueError(f"no head: {raw[:200]!r}")
    at, data = head.end(), dict[str, dict[str, str]]()
    while raw[at : at + 1] == b"[":
        at, name, values = _element(raw, at + 1)
        if name in data:
            raise ValueError(f"{name} stands twice")
        data[name] = values
    if raw[at : at + 4] != b" \xef\xbb\xbf":
        raise ValueError(f"no byte order mark before the text: {raw[at : at + 40]!r}")
    time_, host, app, process, id_ = (head[number].decode() for number in range(2, 7))
    return Message(int(head[1]), time_, host, app, process, id_, data, raw[at + 4 :].decode("utf-8"))


def _element(raw: bytes, at: int) -> tuple[int, str, dict[str, str]]:
    found = _NAME.match(raw, at)
    if found is None:
        raise ValueError(f"no name at {at}")
    at, values = found.end(), dict[str, str]()
    while raw[at : at + 1] == b" ":
        name = _NAME.match(raw, at + 1)
        if name is None or raw[name.end() : name.end() + 2] != b'="':
            raise ValueError(f"no parameter at {at}")
        at, value = name.end() + 2, bytearray()
        while raw[at : at + 1] != b'"':
            if raw[at : at + 1] == b"\\" and raw[at + 1 : at + 2] in (b'"', b"\\", b"]"):
                at += 1
            elif raw[at : at + 1] in (b"]", b""):
                raise ValueError(f"a bracket that is not escaped, or no end, at {at}")
            value += raw[at : at + 1]
            at += 1
        at += 1
        values[name[0].decode()] = value.decode("utf-8")
    if raw[at : at + 1] != b"]":
        raise ValueError(f"no end of the element at {at}: {raw[at : at + 20]!r}")
    return at + 1, found[0].decode(), values


class Collector:
    """Listens until ``stop``; ``raw`` is what came whole. ``swallow``: connections that are reset, unread."""

    def __init__(self, protocol: str, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.protocol, self.raw, self.swallow = protocol, list[bytes](), 0
        self.answers = self.says_goodbye = True
        self.turns_away = False
        self._tls, self._stopped = tls, threading.Event()
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        if protocol == "udp":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        else:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(0.05)
        if protocol != "udp":
            self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name=f"collector {protocol}")
        self._thread.start()

    @property
    def messages(self) -> list[Message]:
        return [parsed(one) for one in list(self.raw)]

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < end, f"it did not come to be; {len(self.raw)} messages"
            time.sleep(0.01)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if self.protocol == "udp":
                    self.raw.append(self._socket.recv(65_535))
                else:
                    self._take(self._socket.accept()[0])
            except TimeoutError:
                continue

    def _take(self, link: socket.socket) -> None:
        try:
            if self.swallow:
                self.swallow -= 1
                _reset(link)
                return
            if self._tls is not None:
                link = self._tls.wrap_socket(link, server_side=True)
            link.settimeout(PATIENCE_S)
            if not self.turns_away:
                self._read(link)
        except (
            OSError,
            ValueError,
        ):  # a client that does not trust us, one that was cut, or no syslog at all
            return
        finally:
            link.close()

    def _read(self, link: socket.socket) -> None:
        held = bytearray()
        while piece := link.recv(65_536):
            held += piece
            while (space := held.find(b" ")) > 0 and len(held) >= space + 1 + int(held[:space]):
                end = space + 1 + int(held[:space])
                self.raw.append(bytes(held[space + 1 : end]))
                del held[:end]
        assert not held, "the stream ended within a message"
        if not self.answers:
            self._stopped.wait(PATIENCE_S)
        elif isinstance(link, ssl.SSLSocket) and self.says_goodbye:
            link.unwrap()


def _reset(link: socket.socket) -> None:
    """As a process does that dies with unread bytes."""
    link.settimeout(PATIENCE_S)
    link.recv(1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
