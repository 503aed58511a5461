"""One client of the REST server, with or without a token, never stops the others, and slow is not the same as gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rest_plant import RestPlant, serving, small_plant
from test_export_rest_hostile import fill
from test_export_rest_stream import ended, opened, take, until

from hmi.core.errors import ConfigurationError
from hmi.exporters.rest import _access, _feed, _stream, _view
from hmi.exporters.rest._workers import Kind
from hmi.exporters.rest.definition import SETTINGS, check
from hmi.security.it_tokens import HISTORY, LIVE
from hmi.security.tls import TlsFolder
from hmi.serving import Rate, _patient

FLOW = "intake/ft1.pv"
PATIENCE_S = 60.0


def connected(plant: RestPlant, **options: Any) -> socket.socket:
    host, port = plant.url.partition("://")[2].partition("/")[0].split(":")
    one = socket.socket()
    for name, value in options.items():
        one.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    one.settimeout(PATIENCE_S)
    one.connect((host, int(port)))
    return one


def connections(plant: RestPlant) -> set[Any]:
    return plant.exporter._running._server.server_state.connections  # type: ignore[union-attr]


UPGRADE = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "GET"])
def test_cr_7_1_an_upgrade_that_cannot_be_one_is_ended_at_once(tmp_path: Path, method: str) -> None:
    with serving(tmp_path) as plant, connected(plant) as one:
        one.sendall(f"{method} /it/v1/stream HTTP/1.1\r\n{UPGRADE}".encode())
        with contextlib.suppress(ConnectionResetError):
            while one.recv(4_096):
                pass
        until(lambda: not connections(plant))


def test_cr_7_1_a_live_connection_that_is_not_taken_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_patient, "ACCEPT_S", 0.3)

    async def never(*_given: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(_stream.Streams, "serve", never)
    upgrade = UPGRADE.replace(
        "\r\n\r\n", "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    with serving(tmp_path) as plant, connected(plant) as one:
        head = f"GET /it/v1/stream HTTP/1.1\r\n{upgrade}Authorization: Bearer {plant.token}\r\n\r\n"
        one.sendall(head.encode())
        with contextlib.suppress(ConnectionResetError):
            assert one.recv(4_096) == b""
        until(lambda: not connections(plant))


def test_cr_7_1_a_flood_of_pings_costs_its_own_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_patient, "FRAMES", Rate(0.001, 200))
    with serving(tmp_path) as plant, opened(plant, f"?tags={FLOW}", close_timeout=1) as client:
        take(client, "snapshot")
        ping = b"\x89\x80\x00\x00\x00\x00"
        with contextlib.suppress(OSError):
            client.socket.sendall(ping * 10_000)
        assert ended(client) == (1008, "too many frames")
        until(lambda: not connections(plant))
        with plant.client() as other:
            assert other.get("/plant").status_code == 200


def costly(number: int) -> list[str]:
    return [f"?{number:03d}{place:03d}" for place in range(50)]


def test_cr_7_1_a_query_of_a_live_connection_holds_up_no_other_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, timely = threading.Event(), threading.Event(), list[bool]()
    tags_of = _view.tags_of

    def slow(plant: Any, *texts: str) -> Any:
        if "*slow*" in texts:
            begun.set()
            timely.append(go.wait(PATIENCE_S))
        return tags_of(plant, *texts)

    monkeypatch.setattr(_view, "tags_of", slow)
    with serving(tmp_path) as plant, opened(plant, f"?tags={FLOW}") as client:
        try:
            client.send(json.dumps({"tags": ["*slow*"]}))
            assert begun.wait(PATIENCE_S)
            other = plant.tokens.add("other", [LIVE, HISTORY], by="test")
            plant.show({FLOW: 7.0})  # the job waits for the loop of the server
            with plant.client(other) as asking:
                assert asking.get("/samples").status_code == 200
        finally:
            go.set()
        until(lambda: timely)
    assert timely == [True]


def test_cr_7_1_patterns_of_one_question_are_bounded(tmp_path: Path) -> None:
    many = [",".join(f"?{a}{b}" for b in range(30)) for a in range(10)]
    names = [",".join(f"intake/t{a}{b}.pv" for b in range(20)) for a in range(20)]
    with serving(tmp_path) as plant, plant.client() as client:
        told = client.get("/values", params={"tags": many})
        assert told.status_code == 400
        assert "200 patterns" in told.json()["detail"]
        assert client.get("/values", params={"tags": names}).status_code == 200
        with opened(plant, f"?tags={FLOW}") as stream:
            stream.send(json.dumps({"tags": many}))
            code, reason = ended(stream)
            assert (code, "200 patterns" in reason) == (1008, True)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_it_12_a_client_that_reads_slowly_but_steadily_has_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    """It takes several times as long as one that does not read at all may stay."""
    monkeypatch.setattr(_patient, "UNREAD_S", 0.4)
    with serving(tmp_path, small_plant(more=500), security=security) as plant:
        fill(plant, 20_000)
        listening = plant.exporter._running._listening  # type: ignore[union-attr]
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # else it all fits into the kernel
        one = connected(plant, SO_RCVBUF=4_096)
        if security == "tls":
            context = ssl.create_default_context(cafile=str(TlsFolder(plant.data).authority))
            one = context.wrap_socket(one, server_hostname="127.0.0.1")
        request = "GET /it/v1/samples?limit=10000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        one.sendall(f"{request}Authorization: Bearer {plant.token}\r\n\r\n".encode())
        began, content = time.monotonic(), b""
        while piece := one.recv(8_192):
            content += piece
            time.sleep(0.01)  # the slow client itself
        one.close()
        head, _, body = content.partition(b"\r\n\r\n")
        assert len(json.loads(body)["rows"]) == 10_000, head
        assert time.monotonic() - began > 2 * _patient.UNREAD_S


def test_a_snapshot_of_many_parts_has_its_time_for_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stream, "SEND_S", 0.5)
    monkeypatch.setattr(_stream, "MOST_AT_ONCE", 1)
    put = _stream._Client._put

    async def slowly(self: Any, kind: str, **more: Any) -> None:
        await asyncio.sleep(0.1)
        await put(self, kind, **more)

    monkeypatch.setattr(_stream._Client, "_put", slowly)
    with serving(tmp_path) as plant, opened(plant) as client:
        parts = [take(client, "snapshot")]
        while parts[-1]["more"]:
            parts.append(take(client, "snapshot"))
        assert len(parts) == len(plant.series)


@pytest.mark.parametrize("listen", ["0.0.0.0:8470", "[::]:8470", "8.8.8.8:8470"])
def test_an_open_address_needs_to_be_asked_for_on_purpose(listen: str) -> None:
    chosen = {one.name: one.default for one in SETTINGS} | {"listen": listen}
    with pytest.raises(ConfigurationError, match="outside of the plant network"):
        check(chosen)
    check({**chosen, "listen_anywhere": True})
    check({**chosen, "listen": "192.168.10.5:8470"})


def test_cr_7_1_a_made_up_address_of_a_proxy_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        _access, "STRANGER", Rate(0.001, _access.STRANGER.burst)
    )  # however slowly they are asked
    found = Counter[int]()
    with serving(tmp_path) as plant:
        for number in range(60):
            with plant.client(
                "guess",
            ) as client:
                head = {"x-forwarded-for": f"10.0.0.{number}"}
                found[client.get("/plant", headers=head).status_code] += 1
    assert found[429] > 20


def test_live_values_wait_for_no_history_and_one_token_for_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path) as plant:
        other = plant.tokens.add("other", [LIVE, HISTORY], by="test")
        reader = type(plant.exporter._running._reader)  # type: ignore[union-attr]
        coverage, go, begun = reader.coverage, threading.Event(), threading.Semaphore(0)
        held = iter([True])

        def slow(self: Any) -> Any:
            if next(held, False):
                begun.release()
                assert go.wait(PATIENCE_S)
            return coverage(self)

        monkeypatch.setattr(reader, "coverage", slow)
        told: list[int] = []
        asking = [
            threading.Thread(target=lambda: told.append(plant.client().get("/samples").status_code))
            for _ in range(3)
        ]
        try:
            asking[0].start()
            assert begun.acquire(timeout=PATIENCE_S)
            for one in asking[1:]:
                one.start()
            access = plant.exporter._running._access  # type: ignore[union-attr]
            until(lambda: access._running["all"] == 3)
            with plant.client(other) as client:
                assert client.get("/values").status_code == 200
                assert client.get("/samples").status_code == 200
        finally:
            go.set()
            for one in asking:
                one.join(PATIENCE_S)
        assert told == [200, 200, 200]


def test_a_statement_ends_when_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_feed, "LONGEST_S", 0.2, raising=False)

    def endless(*_given: Any, stop: Any, **_more: Any) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while not stop() and time.monotonic() < end:
            time.sleep(0.02)
        return {}

    monkeypatch.setattr(_feed, "statement", endless)
    with serving(tmp_path) as plant, plant.client() as client:
        plant.write(0, {FLOW: 1.0})
        told = client.get("/statement", params={"start": "2026-11-18T00:00:00Z"})
        assert (told.status_code, "too long" in told.json()["detail"]) == (503, True)


def test_nobody_works_for_a_client_that_went_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def statement(*_given: Any, stop: Any, **_more: Any) -> dict[str, Any]:
        begun.set()
        end = time.monotonic() + PATIENCE_S
        while not stop() and time.monotonic() < end:
            time.sleep(0.02)
        if stop():
            stopped.set()
        return {}

    monkeypatch.setattr(_feed, "statement", statement)
    with serving(tmp_path) as plant:
        plant.write(0, {FLOW: 1.0})
        with connected(plant) as one:
            one.sendall(
                f"GET /it/v1/statement HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {plant.token}\r\n\r\n".encode()
            )
            assert begun.wait(PATIENCE_S)
        assert stopped.wait(PATIENCE_S / 2)


def test_each_route_has_the_thread_that_it_needs(tmp_path: Path) -> None:
    with serving(tmp_path) as plant:
        routes = plant.exporter._running._app._routes  # type: ignore[union-attr]
        memory = {path.rpartition("/")[2] for path, route in routes.items() if route.needs is Kind.MEMORY}
    assert memory == {"plant", "tags", "values", "openapi.json"}
