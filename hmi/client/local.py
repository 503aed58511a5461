"""Where the runtime of a data folder listens on this machine: the platform port of the local API.

Linux, macOS: a Unix socket inside the owner-only data folder. Windows: loopback TCP on a free port with a
random token; both stand in ``runtime.api``, an owner-only file.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hmi.core.errors import CommunicationError

ADDRESS_FILE = "runtime.api"
SOCKET_FILE = "runtime.sock"
UNIX_PATH_LIMIT = 100
ELSEWHERE = "watchkeeper-socket-"


@dataclass(frozen=True, slots=True)
class LocalEndpoint:
    """``path`` of a Unix socket, or ``port`` and ``token`` of loopback TCP."""

    path: str = ""
    port: int = 0
    token: str = ""

    @property
    def is_unix(self) -> bool:
        return bool(self.path)


def choose_endpoint(data: Path) -> LocalEndpoint:
    """A free endpoint for a runtime that starts now."""
    if sys.platform == "win32":
        return LocalEndpoint(port=_free_port(), token=secrets.token_urlsafe(32))
    path = data / SOCKET_FILE
    if len(os.fsencode(path)) > UNIX_PATH_LIMIT:
        path = Path(tempfile.mkdtemp(prefix=ELSEWHERE)) / SOCKET_FILE
    path.unlink(missing_ok=True)
    return LocalEndpoint(path=str(path))


def publish(data: Path, endpoint: LocalEndpoint) -> None:
    """Write the address file, readable by its owner alone."""
    file = data / ADDRESS_FILE
    temporary = data / (ADDRESS_FILE + ".new")
    temporary.unlink(missing_ok=True)
    content = json.dumps({"path": endpoint.path, "port": endpoint.port, "token": endpoint.token})
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(content)
    temporary.replace(file)


def withdraw(data: Path) -> None:
    """Take the address away at the end, and the folder of a socket that lies elsewhere."""
    try:
        folder = Path(find_endpoint(data).path).parent
    except CommunicationError:
        folder = data
    (data / ADDRESS_FILE).unlink(missing_ok=True)
    if folder != data and folder.name.startswith(ELSEWHERE) and folder.parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)


def find_endpoint(data: Path) -> LocalEndpoint:
    """The endpoint of the runtime of a data folder; CommunicationError when none runs there."""
    try:
        content = json.loads((data / ADDRESS_FILE).read_text(encoding="utf-8"))
        return LocalEndpoint(str(content["path"]), int(content["port"]), str(content["token"]))
    except FileNotFoundError:
        raise CommunicationError(f"no runtime is running for {data}; start one with: hmi run PLANT") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommunicationError(f"{data / ADDRESS_FILE} cannot be read: {error}") from error


def is_running(data: Path) -> bool:
    """True when a runtime answers at the data folder."""
    try:
        endpoint = find_endpoint(data)
    except CommunicationError:
        return False
    try:
        with _connected(endpoint):
            return True
    except OSError:
        return False


def _connected(endpoint: LocalEndpoint) -> socket.socket:
    if not endpoint.is_unix:
        return socket.create_connection(("127.0.0.1", endpoint.port), 1.0)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(1.0)
    try:
        connection.connect(endpoint.path)
    except OSError:
        connection.close()
        raise
    return connection


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
