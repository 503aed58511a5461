"""A request to a simulator's instructor socket: one JSON line there, one JSON line back.

Used by ``hmi simctl`` and, through the runtime's API, by the station's instructor panel. The socket is
owner-only: a Unix socket, or on Windows loopback TCP with a one-time token.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from hmi.core.errors import CommunicationError, ConfigurationError

TIMEOUT_S = 10.0
LINE_LIMIT = 1_000_000


def instructor_address(ready_file: Path) -> str:
    """The ``instructor`` entry of an endpoints file; ConfigurationError when there is none."""
    try:
        document = json.loads(ready_file.read_text(encoding="utf-8"))
        return str(document["instructor"])
    except FileNotFoundError:
        raise ConfigurationError(
            "no simulator has written its endpoints", file=str(ready_file), do="start one: hmi sim waterworks"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"this is not an endpoints file ({error})", file=str(ready_file), do="start the simulator again"
        ) from error


def request_line(address: str, verb: str, arguments: Mapping[str, Any]) -> bytes:
    """The line to send; a token goes along where the address carries one."""
    body: dict[str, Any] = {**arguments, "verb": verb}
    if address.startswith("tcp:"):
        body["token"] = address.rpartition(":")[2]
    return json.dumps(body).encode() + b"\n"


def request(
    address: str, verb: str, arguments: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S
) -> dict[str, Any]:
    """Ask and wait for the answer; CommunicationError when the simulator does not answer."""
    try:
        with _connect(address, timeout_s) as connection:
            connection.sendall(request_line(address, verb, arguments))
            with connection.makefile("rb") as stream:
                line = stream.readline(LINE_LIMIT)
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("the answer is not a JSON object")
        return cast("dict[str, Any]", answer)
    except (OSError, ValueError) as error:
        raise CommunicationError(
            f"the simulator at {address.split(':')[1]} does not answer: {error}"
        ) from error


def _connect(address: str, timeout_s: float) -> socket.socket:
    kind, _, rest = address.partition(":")
    if kind == "tcp":
        host, port, _token = rest.split(":")
        return socket.create_connection((host, int(port)), timeout_s)
    if sys.platform == "win32":
        raise CommunicationError("this simulator listens on a Unix socket, which Windows has not")
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout_s)
    try:
        connection.connect(rest)
    except OSError:
        connection.close()
        raise
    return connection
