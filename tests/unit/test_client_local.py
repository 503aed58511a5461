"""Where a runtime listens: found by who owns it, gone with it, also when its path is too long for a socket."""

from __future__ import annotations

import json
import socket
import stat
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from hmi.client.instructor import request, request_line
from hmi.client.local import (
    ADDRESS_FILE,
    ELSEWHERE,
    LocalEndpoint,
    choose_endpoint,
    find_endpoint,
    is_running,
    publish,
    withdraw,
)
from hmi.core.errors import CommunicationError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets")


@POSIX
def test_a_long_data_folder_gets_a_socket_elsewhere_that_goes_at_the_end(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    data.mkdir()
    endpoint = choose_endpoint(data)
    folder = Path(endpoint.path).parent
    assert len(endpoint.path) < 100
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    publish(data, endpoint)
    assert find_endpoint(data) == endpoint
    withdraw(data)
    assert not folder.exists()


@POSIX
def test_an_old_socket_is_taken_away_and_a_published_address_alone_is_no_runtime(tmp_path: Path) -> None:
    (tmp_path / "runtime.sock").touch()
    endpoint = choose_endpoint(tmp_path)
    assert not Path(endpoint.path).exists()
    publish(tmp_path, endpoint)
    assert not is_running(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(endpoint.path)
        listening.listen()
        assert is_running(tmp_path)
    withdraw(tmp_path)
    assert not is_running(tmp_path)
    withdraw(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"path": "", "port": "x", "token": ""}', "\x00"])
def test_an_address_file_that_is_none_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / ADDRESS_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(CommunicationError, match=r"runtime\.api cannot be read"):
        find_endpoint(tmp_path)


def test_a_port_with_its_token_survives_the_file(tmp_path: Path) -> None:
    endpoint = LocalEndpoint(port=4711, token="secret")
    publish(tmp_path, endpoint)
    assert find_endpoint(tmp_path) == endpoint
    assert not endpoint.is_unix


@POSIX
def test_the_end_of_a_runtime_leaves_its_data_whatever_the_folder_is_called() -> None:
    with tempfile.TemporaryDirectory(prefix=ELSEWHERE) as folder:
        data = Path(folder)
        (data / "journal.sqlite").write_text("kept", encoding="ascii")
        publish(data, LocalEndpoint(path=str(data / "runtime.sock")))
        withdraw(data)
        assert [file.name for file in data.iterdir()] == ["journal.sqlite"]


def answering(line: bytes) -> tuple[str, threading.Thread]:
    """A one-shot instructor on loopback that answers with ``line``."""
    listening = socket.create_server(("127.0.0.1", 0))

    def once() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(line)

    thread = threading.Thread(target=once, daemon=True)
    thread.start()
    return f"tcp:127.0.0.1:{listening.getsockname()[1]}:token", thread


@pytest.mark.parametrize("line", [b"[1]\n", b"7\n", b"null\n", b"no json\n", b"", b"\xff\n"])
def test_an_instructor_that_answers_nonsense_does_not_answer(line: bytes) -> None:
    address, thread = answering(line)
    with pytest.raises(CommunicationError, match="does not answer"):
        request(address, "status", {}, timeout_s=2.0)
    thread.join(5)


def test_a_request_is_one_line_with_its_token() -> None:
    line = request_line("tcp:127.0.0.1:1:secret", "speed", {"rate": 2})
    assert json.loads(line) == {"verb": "speed", "rate": 2, "token": "secret"}
    assert line.count(b"\n") == 1
    assert "token" not in json.loads(request_line("unix:/x", "status", {}))
