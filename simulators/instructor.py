"""Client of the instructor API: one request, one answer, JSON lines over a local socket; standard library only."""

from __future__ import annotations

import json
import socket
from typing import Any

LIMIT = 64 * 1024 * 1024


def connect(address: str, *, timeout: float = 5.0) -> socket.socket:
    """Open ``unix:PATH`` or ``tcp:HOST:PORT:TOKEN`` (the token is sent as the first line)."""
    kind, _, rest = address.partition(":")
    if kind == "unix":
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(timeout)
        link.connect(rest)
        return link
    if kind == "tcp":
        host, port, token = rest.split(":", 2)
        link = socket.create_connection((host, int(port)), timeout=timeout)
        link.sendall(token.encode() + b"\n")
        return link
    raise ValueError(f"instructor address {address!r} must start with unix: or tcp:")


def request(address: str, message: dict[str, Any], *, timeout: float = 30.0) -> dict[str, Any]:
    """Send one message and return the answer; ``ok`` false carries ``error``. OSError when nobody answers."""
    with connect(address, timeout=timeout) as link:
        link.sendall(json.dumps(message).encode() + b"\n")
        data = bytearray()
        while not data.endswith(b"\n"):
            part = link.recv(65536)
            if not part:
                raise ConnectionError("the simulator closed the instructor socket without an answer")
            data += part
            if len(data) > LIMIT:
                raise ConnectionError("the answer of the instructor socket is too long")
    answer: dict[str, Any] = json.loads(data)
    return answer
