"""The live connection of the REST server: order, losses told, and clients that do not play along."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rest_plant import RestPlant, serving, small_plant
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hmi.core import quality
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.exporters.rest import _board, _stream
from hmi.security.it_tokens import HISTORY, LIVE
from hmi.serving import _patient

FLOW, LEVEL, PUMP = "intake/ft1.pv", "intake/wells/lt1.pv", "outlet/p1.running"
PATIENCE_S = 60.0


def opened(plant: RestPlant, query: str = "", token: str | None = None, **more: Any) -> ClientConnection:
    head = {"authorization": f"Bearer {plant.token if token is None else token}"}
    url = plant.url.replace("http", "ws") + "/stream" + query
    return connect(url, additional_headers=head, proxy=None, **more)


def take(client: ClientConnection, kind: str = "") -> dict[str, Any]:
    """The next message, or the next one of a kind."""
    while True:
        found = json.loads(client.recv(PATIENCE_S))
        if found["type"] == kind or not kind:
            return found


def values(message: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in message["values"]}


def ended(client: ClientConnection) -> tuple[int, str]:
    """Code and reason with which the server ends a connection; what comes before is passed over."""
    try:
        while True:
            take(client)
    except ConnectionClosed as told:
        return (told.rcvd.code, told.rcvd.reason) if told.rcvd else (0, "without a word")


def until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_snapshot_then_what_changes_in_one_numbered_order(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        plant.show({FLOW: 1.0, PUMP: True})
        with opened(plant, "?tags=intake/*") as client:
            first = take(client)
            assert (first["type"], first["seq"], first["live"], first["more"]) == ("snapshot", 1, True, False)
            assert values(first)[FLOW] == 1.0
            assert PUMP not in values(first)
            lost = next(one for one in first["values"] if one["name"] == LEVEL)
            assert (lost["value"], lost["status"]) == (None, quality.BAD_WAITING_FOR_INITIAL_DATA)
            plant.show({FLOW: 2.0, PUMP: False})
            second = take(client, "delta")
            assert (second["seq"], values(second)) == (2, {FLOW: 2.0})
            plant.show({FLOW: None}, status=quality.BAD_NO_COMMUNICATION)
            third = take(client, "delta")
            assert (third["seq"], values(third)) == (3, {FLOW: None})


def test_a_client_may_ask_for_other_tags(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        plant.show({FLOW: 1.0, PUMP: True})
        with opened(plant, "?tags=intake/*") as client:
            take(client, "snapshot")
            client.send(json.dumps({"tags": [PUMP]}))
            assert values(take(client, "snapshot")) == {PUMP: True}
            plant.show({FLOW: 5.0})
            plant.show({PUMP: False})
            assert values(take(client, "delta")) == {PUMP: False}


def test_heartbeats_tell_that_nothing_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "BEAT_S", 0.3)
    with serving(tmp_path) as plant, opened(plant) as client:
        first = take(client, "snapshot")
        beats = [take(client, "heartbeat")["seq"] for _ in range(3)]
        assert beats == [first["seq"] + 1, first["seq"] + 2, first["seq"] + 3]


def test_a_silent_job_turns_all_values_bad_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path) as plant:
        plant.show({FLOW: 1.0})
        with opened(plant, f"?tags={FLOW}") as client:
            assert values(take(client)) == {FLOW: 1.0}
            monkeypatch.setattr(_board, "SILENT_S", -1.0)
            lost = take(client, "snapshot")
            assert lost["live"] is False
            assert (lost["values"][0]["value"], lost["values"][0]["status"]) == (
                None,
                quality.BAD_NO_COMMUNICATION,
            )
            monkeypatch.setattr(_board, "SILENT_S", 10.0)
            back = take(client, "snapshot")
            assert (back["live"], values(back)) == (True, {FLOW: 1.0})


def test_what_a_slow_client_missed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "TICK_S", 1.0)
    with serving(tmp_path) as plant, opened(plant, f"?tags={FLOW}") as client:
        take(client, "snapshot")
        for number in range(5):
            plant.show({FLOW: float(number)})
        seen, skipped = 0, 0
        last: dict[str, Any] = {}
        while last != {FLOW: 4.0}:
            message = take(client)
            skipped += message.get("skipped", 0)
            if message["type"] == "delta":
                seen, last = seen + 1, values(message)
        assert seen + skipped == 5
        assert skipped >= 1


def test_a_large_snapshot_comes_in_parts(tmp_path: Path) -> None:
    with serving(tmp_path, small_plant(more=2_500)) as plant, opened(plant) as client:
        parts = [take(client)]
        while parts[-1]["more"]:
            parts.append(take(client))
        assert [part["seq"] for part in parts] == [1, 2, 3]
        assert sum(len(part["values"]) for part in parts) == len(plant.series)
        assert max(len(part["values"]) for part in parts) == 1_000


def test_a_token_that_is_removed_ends_its_connection(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        token = plant.tokens.add("gone", [LIVE], by="test")
        with opened(plant, token=token) as client:
            take(client, "snapshot")
            plant.tokens.remove("gone", by="test")
            assert ended(client) == (1008, "the token has ended")
        ends = plant.tokens.add("short", [LIVE], expires=wall_ns() + 2 * NS_PER_S, by="test")
        with opened(plant, token=ends) as client:
            assert ended(client) == (1008, "the token has ended")


@pytest.mark.parametrize(
    ("query", "scope", "status"),
    [
        ("", HISTORY, 403),
        ("?tags=colour:red", LIVE, 400),
        ("?nothing=1", LIVE, 400),
        ("?tags=a&tags=%FF", LIVE, 400),
    ],
)
def test_a_connection_that_is_not_taken_says_why(tmp_path: Path, query: str, scope: str, status: int) -> None:
    with serving(tmp_path) as plant:
        token = plant.tokens.add("one", [scope], by="test")
        for given, wanted in ((token, status), ("forged", 401)):
            with pytest.raises(InvalidStatus) as told, opened(plant, query, given):
                pass
            assert told.value.response.status_code == wanted
            assert json.loads(told.value.response.body or b"{}")["detail"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\x00\x01", 1007), ("{", 1007), ("[]", 1007), ('{"tags": 1}', 1007), ('{"write": 1, "tags": []}', 1007),
        ('{"tags": ["colour:red"]}', 1008), (json.dumps({"tags": ["a"] * 51}), 1009), ("x" * 60_000, 1009),
        ("[" * 20_000, 1007), (json.dumps({"tags": ["y" * 501]}), 1009),
    ],
)  # fmt: skip
def test_bad_messages_cost_the_connection_and_nothing_else(
    tmp_path: Path, message: str | bytes, code: int
) -> None:
    with serving(tmp_path) as plant, opened(plant) as other:
        with opened(plant) as client:
            client.send(message)
            assert ended(client)[0] == code
        take(other, "snapshot")
        plant.show({FLOW: 9.0})
        assert values(take(other, "delta")) == {FLOW: 9.0}


def test_too_many_messages_and_too_many_connections(tmp_path: Path) -> None:
    with serving(tmp_path, max_streams=2) as plant:
        with opened(plant) as client:
            for _ in range(20):
                client.send('{"tags": []}')
            assert ended(client) == (1008, "too many messages")
        until(lambda: not plant.exporter._running._access._streams)  # type: ignore[union-attr]
        other = plant.tokens.add("other", [LIVE], by="test")
        with opened(plant) as own:
            take(own)
            with pytest.raises(InvalidStatus) as refused, opened(plant):
                pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"] == "10"
            with opened(plant, token=other) as theirs:
                take(theirs)


def test_clients_that_never_read_are_ended_and_hold_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their memory is bounded: the newest value of each tag, and what the system keeps for a connection."""
    monkeypatch.setattr(_stream, "SEND_S", 0.5)
    monkeypatch.setattr(_patient, "UNREAD_S", 1.0)
    with serving(tmp_path, small_plant(more=3_000)) as plant:
        host, port = plant.url.removeprefix("http://").partition("/")[0].split(":")
        deaf = [_deaf(host, int(port), plant.token) for _ in range(3)]
        names = [tag.name for tag in plant.series if "/n" in tag.name and "note" not in tag.name]
        with opened(plant, f"?tags={FLOW}") as client:
            take(client, "snapshot")
            access = plant.exporter._running._access  # type: ignore[union-attr]
            assert access._streams.total() >= 1
            end, slowest = time.monotonic() + PATIENCE_S, 0.0
            number = 0.0
            while access._streams.total() > 1:
                assert time.monotonic() < end
                number += 1
                asked = time.monotonic()
                plant.show({FLOW: number, **dict.fromkeys(names, number)})
                slowest = max(slowest, time.monotonic() - asked)
                while values(take(client, "delta"))[FLOW] != number:
                    pass
            assert slowest < 5.0
        connections = plant.exporter._running._server.server_state.connections  # type: ignore[union-attr]
        until(lambda: len(connections) == 0)
        for one in deaf:
            one.close()


def _deaf(host: str, port: int, token: str) -> socket.socket:
    """A client that asks for a live connection and never reads a byte."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.connect((host, port))
    made.sendall(
        f"GET /it/v1/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    return made


def test_many_clients_hear_the_same_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        other = plant.tokens.add("other", [LIVE], by="test")
        clients = [opened(plant, token=plant.token if number % 2 else other) for number in range(20)]
        for client in clients:
            take(client, "snapshot")
        plant.show({FLOW: 6.0})
        heard: list[Any] = []
        threads = [
            threading.Thread(target=lambda one=one: heard.append(values(take(one, "delta"))))
            for one in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert heard == [{FLOW: 6.0}] * 20
        for client in clients:
            client.close()
