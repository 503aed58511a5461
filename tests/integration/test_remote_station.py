"""Stations on other machines: TLS, tokens, limits, and what is refused (CR 1.2, 1.14, 3.8, 7.1; SE-10)."""

from __future__ import annotations

import asyncio
import contextlib
import socket as socket_module
import ssl
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from cut_proxy import CutProxy
from remote_plant import RemotePlant, remote_plant
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hmi.client._transport import http_client
from hmi.client.once import ask
from hmi.client.port import Event, LiveUpdate
from hmi.client.remote import RemoteEndpoint, RemoteRefused, remember, tls_context
from hmi.client.socket import SocketClient
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.journal import Kind
from hmi.runtime import _station_book as book_module
from hmi.runtime import _station_guard as guard_module
from hmi.serving import Rate
from hmi.serving import _patient as server_module

pytestmark = pytest.mark.asyncio
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    """The loop that the runtime has."""
    if sys.platform == "win32":
        return asyncio.DefaultEventLoopPolicy()
    import uvloop

    return uvloop.EventLoopPolicy()


class Watcher:
    """What a station is told."""

    def __init__(self) -> None:
        self.links: list[tuple[bool, str]] = []
        self.updates: list[LiveUpdate] = []

    def on_live(self, update: LiveUpdate) -> None:
        self.updates.append(update)

    def on_link(self, up: bool, text: str) -> None:
        self.links.append((up, text))

    def on_event(self, event: Event) -> None: ...


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def station(
    plant: RemotePlant, folder: Path, **how: Any
) -> AsyncIterator[tuple[SocketClient, Watcher]]:
    watcher = Watcher()
    client = SocketClient(plant.remembered(folder, **how), watcher)
    try:
        yield client, watcher
    finally:
        await client.close()


def live(endpoint: RemoteEndpoint, *, token: str | None = None) -> connect:
    given = endpoint.token if token is None else token
    headers = {"authorization": f"Bearer {given}"} if given else {}
    return connect(
        f"wss://{endpoint.address}/v1/live", ssl=tls_context(endpoint), additional_headers=headers, proxy=None
    )


async def closed_with(socket: ClientConnection) -> int:
    """The code with which the other side closed."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


async def test_a_station_reads_and_lives_over_tls(tmp_path: Path) -> None:
    async with remote_plant(tmp_path / "data") as plant, station(plant, tmp_path / "st") as (client, watcher):
        await client.subscribe(["a/t.pv"])
        await until(lambda: any(update.snapshot for update in watcher.updates))
        assert (await client.status()).user == "anonymous"
        assert watcher.links[0] == (True, "")


async def test_d14_without_a_session_a_station_is_a_viewer_also_on_a_simulated_plant(tmp_path: Path) -> None:
    async with (
        remote_plant(tmp_path / "data", simulated=True) as plant,
        station(plant, tmp_path / "st") as (client, _),
    ):
        status = await client.status()
        assert (status.user, status.roles) == ("anonymous", ["view"])
        with pytest.raises(AccessRefused):
            await client.simulator("snapshot", {})
        with pytest.raises(AccessRefused):
            await client.reload()


@pytest.mark.parametrize("token", ["", "x" * 43, "Bearer"])
async def test_cr_1_2_without_a_valid_token_nothing_is_answered(tmp_path: Path, token: str) -> None:
    async with remote_plant(tmp_path / "data") as plant:
        endpoint = RemoteEndpoint("127.0.0.1", plant.port, token, str(plant.tls.authority))
        async with http_client(endpoint, 10) as client:
            for method, path in (("GET", "/v1/status"), ("POST", "/v1/commands"), ("GET", "/nothing")):
                answer = await client.request(method, path, content=b"{" if method == "POST" else None)
                assert answer.status_code == 401
                assert set(answer.json()) == {"error"}
        with pytest.raises(InvalidStatus) as refused:
            async with live(endpoint):
                pass
        assert refused.value.response.status_code == 401


async def test_forged_headers_do_not_name_a_station(tmp_path: Path) -> None:
    async with remote_plant(tmp_path / "data") as plant, http_client(plant.endpoint, 10) as client:
        for value in (
            f"bearer{plant.token}",
            f"Basic {plant.token}",
            f"Bearer {plant.token[:-1]}",
            "Bearer \xff",
        ):
            answer = await client.get("/v1/status", headers=[(b"authorization", value.encode("latin-1"))])
            assert answer.status_code == 401, value


async def test_cr_3_8_a_removed_station_loses_its_connection_and_its_token_is_worth_nothing(
    tmp_path: Path,
) -> None:
    async with remote_plant(tmp_path / "data") as plant, live(plant.endpoint) as socket:
        async with http_client(plant.endpoint, 10) as client:
            assert (await client.get("/v1/status")).status_code == 200
            plant.stations.remove("desk1", by="console:test")
            assert await closed_with(socket) == 1008
            assert (await client.get("/v1/status")).status_code == 401
        with pytest.raises(InvalidStatus):
            async with live(plant.endpoint):
                pass
        again = plant.stations.add("desk1", by="console:test")
        await until(lambda: plant.remote.book.station_of(again) == "desk1")
        assert plant.remote.book.station_of(plant.token) == ""


async def test_cr_1_14_a_renewed_token_ends_the_one_before(tmp_path: Path) -> None:
    async with remote_plant(tmp_path / "data") as plant:
        new = plant.stations.renew("desk1", by="console:test")
        assert len(new) >= 43
        await until(lambda: plant.remote.book.station_of(new) == "desk1")
        assert plant.remote.book.station_of(plant.token) == ""


async def test_changes_of_stations_are_audit_also_those_made_while_nothing_ran(tmp_path: Path) -> None:
    async def events(plant: RemotePlant) -> list[tuple[str, str, str]]:
        records = await plant.runtime.services.journal.last(100, kind=Kind.AUDIT.value)
        return [(r.event, r.object_id, r.actor) for r in records if r.object_id.startswith("station:")]

    async with remote_plant(tmp_path / "data") as plant:
        plant.stations.remove("desk1", by="console:kim")
        async with asyncio.timeout(PATIENCE_S):
            while len(await events(plant)) < 2:
                await asyncio.sleep(0.05)
        assert sorted(await events(plant)) == [
            ("station.added", "station:desk1", "console:test"),
            ("station.removed", "station:desk1", "console:kim"),
        ]
        records = await plant.runtime.services.journal.last(100)
        assert not any(plant.token in str(record) for record in records)


async def test_refused_tokens_are_journalled_once_with_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_module, "LOOK_S", 0.05)
    async with remote_plant(tmp_path / "data") as plant:
        wrong = RemoteEndpoint("127.0.0.1", plant.port, "wrong", str(plant.tls.authority))
        async with http_client(wrong, 10) as client:
            for _ in range(20):
                await client.get("/v1/status")
        await asyncio.sleep(0.3)  # several looks pass
        records = await plant.runtime.services.journal.last(100)
        told = [r for r in records if r.event == "remote.refused"]
        assert len(told) == 1
        assert told[0].payload["why"] == "unknown token"
        assert told[0].payload["addresses"] == ["127.0.0.1"]
        assert "wrong" not in str(told[0])


async def test_d15_a_flood_of_one_station_gets_429_and_another_one_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "STATION_RATE", Rate(0.001, 20))
    async with remote_plant(tmp_path / "data") as plant:
        other = plant.stations.add("desk2", by="console:test")
        await until(lambda: plant.remote.book.station_of(other) == "desk2")
        async with http_client(plant.endpoint, 10) as client:
            codes = [(await client.get("/v1/status")).status_code for _ in range(25)]
            assert codes == [200] * 20 + [429] * 5
            assert "too many requests" in (await client.get("/v1/status")).json()["error"]
        second = RemoteEndpoint("127.0.0.1", plant.port, other, str(plant.tls.authority))
        async with http_client(second, 10) as client:
            assert (await client.get("/v1/status")).status_code == 200


async def test_d15_a_session_has_a_limit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "SESSION_RATE", Rate(0.001, 5))
    async with remote_plant(tmp_path / "data") as plant, http_client(plant.endpoint, 10) as client:
        mine = {"watchkeeper-session": "s1"}
        codes = [(await client.get("/v1/status", headers=mine)).status_code for _ in range(7)]
        assert codes[4:] == [200, 429, 429]
        assert (await client.get("/v1/status")).status_code == 200


async def test_d15_too_many_live_messages_and_connections_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "MESSAGE_RATE", Rate(0.001, 5))
    monkeypatch.setattr(guard_module, "LIVE_PER_STATION", 1)
    message = b"\x82\xa1t\xa3sub\xa4tags\x90"
    async with remote_plant(tmp_path / "data") as plant, live(plant.endpoint) as socket:
        with pytest.raises(InvalidStatus) as refused:
            async with live(plant.endpoint):
                pass
        assert refused.value.response.status_code == 429
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10):
                await socket.send(message)
        assert await closed_with(socket) == 1008


async def test_cr_7_1_slow_headers_and_silent_handshakes_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "HEADERS_S", 0.3)
    monkeypatch.setattr(server_module, "HANDSHAKE_S", 0.3)
    async with remote_plant(tmp_path / "data") as plant:
        context = tls_context(plant.endpoint)
        slow, slow_writer = await asyncio.open_connection("127.0.0.1", plant.port, ssl=context)
        slow_writer.write(b"GET /v1/status HTTP/1.1\r\nx: ")
        silent, silent_writer = await asyncio.open_connection("127.0.0.1", plant.port)
        async with asyncio.timeout(PATIENCE_S):
            for reader in (slow, silent):
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
        for writer in (slow_writer, silent_writer):
            writer.close()
        async with http_client(plant.endpoint, 10) as client:
            assert (await client.get("/v1/status")).status_code == 200


async def test_cr_7_1_one_address_cannot_take_all_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "FROM_ONE_ADDRESS_MOST", 2)
    async with remote_plant(tmp_path / "data") as plant:
        context = tls_context(plant.endpoint)
        server = plant.remote.server
        assert server is not None
        held: list[asyncio.StreamWriter] = []
        for count in (1, 2):
            held.append((await asyncio.open_connection("127.0.0.1", plant.port, ssl=context))[1])
            await until(lambda count=count: len(server.server_state.connections) == count)
            await until(lambda: not server._handshakes)
        with pytest.raises((OSError, ssl.SSLError)):
            await asyncio.open_connection("127.0.0.1", plant.port, ssl=context)
        for writer in held:
            writer.close()
        await until(lambda: not server.server_state.connections)
        async with http_client(plant.endpoint, 10) as client:
            assert (await client.get("/v1/status")).status_code == 200


async def test_cr_3_1_plain_requests_and_old_tls_get_nothing(tmp_path: Path) -> None:
    async with remote_plant(tmp_path / "data") as plant:
        reader, writer = await asyncio.open_connection("127.0.0.1", plant.port)
        writer.write(b"GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP" not in await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
        old = tls_context(plant.endpoint)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.raises((OSError, ssl.SSLError)):
            await asyncio.to_thread(shake_hands, plant.port, old)
        old.maximum_version = ssl.TLSVersion.TLSv1_2  # nothing but the version was refused
        await asyncio.to_thread(shake_hands, plant.port, old)


def shake_hands(port: int, context: ssl.SSLContext) -> None:
    with (
        socket_module.create_connection(("127.0.0.1", port), PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1"),
    ):
        return


async def test_se_10_a_capture_shows_no_credential(tmp_path: Path) -> None:
    async with remote_plant(tmp_path / "data") as plant, Capture(plant.port) as proxy:
        endpoint = RemoteEndpoint("127.0.0.1", proxy.port, plant.token, str(plant.tls.authority))
        async with http_client(endpoint, 10) as client:
            session = {"watchkeeper-session": "canary-session"}
            await client.get("/v1/status", headers=session)
            await client.post("/v1/session", json={"user": "kim", "password": "canary-password"})
        async with live(endpoint):
            pass
        seen = bytes(proxy.seen)
        assert len(seen) > 1_000
        for secret in (plant.token, "canary-session", "canary-password", "/v1/", "anonymous"):
            assert secret.encode() not in seen


async def test_a_lost_link_is_told_and_comes_back(tmp_path: Path) -> None:
    async with (
        remote_plant(tmp_path / "data") as plant,
        CutProxy(plant.port) as proxy,
        station(plant, tmp_path / "st", port=proxy.port) as (client, watcher),
    ):
        await until(lambda: (True, "") in watcher.links)
        proxy.cut()
        await until(lambda: not watcher.links[-1][0])
        with pytest.raises(CommunicationError):
            await client.status()
        proxy.mend()
        await until(lambda: watcher.links[-1][0])
        assert (await client.status()).api >= 1


async def test_a_wrong_token_is_one_sentence(tmp_path: Path) -> None:
    async with (
        remote_plant(tmp_path / "data") as plant,
        station(plant, tmp_path / "st", token="wrong") as (client, watcher),
    ):
        await until(lambda: bool(watcher.links))
        assert "does not take the token of this station" in watcher.links[0][1]
        assert "wrong" not in watcher.links[0][1]
        with pytest.raises(RemoteRefused, match="does not take the token"):
            await client.status()


@pytest.mark.parametrize(
    ("host", "own_authority", "words"),
    [
        ("127.0.0.1", False, "authority that this station does not trust"),
        ("127.0.0.2", True, "for another host"),
    ],
)
async def test_a_certificate_that_does_not_fit_is_one_sentence(
    tmp_path: Path, host: str, own_authority: bool, words: str
) -> None:
    async with remote_plant(tmp_path / "data") as plant:
        authority = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(authority))
        async with Capture(plant.port, host=host) as proxy:
            ca = plant.tls.authority if own_authority else authority
            remember(tmp_path / "st", host, proxy.port, ca=ca, token=plant.token)
            with pytest.raises(RemoteRefused, match=words) as refused:
                await asyncio.to_thread(ask, tmp_path / "st", "/v1/status")
            assert "\n" not in str(refused.value)
            assert plant.token.encode() not in proxy.seen


async def test_an_expired_certificate_is_one_sentence_and_a_renewed_one_is_taken_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "LOOK_S", 0.05)
    async with remote_plant(tmp_path / "data") as plant:
        folder = plant.remembered(tmp_path / "st")
        year_2020 = 1_577_836_800_000_000_000
        plant.tls.renew(now_ns=year_2020)
        async with asyncio.timeout(PATIENCE_S):
            while "has ended" not in await refusal_of(folder):
                await asyncio.sleep(0.02)
        plant.tls.renew()
        async with asyncio.timeout(PATIENCE_S):
            while await refusal_of(folder):
                await asyncio.sleep(0.02)


async def refusal_of(folder: Path) -> str:
    """Why the two ends do not take each other; empty when they do."""
    try:
        assert (await asyncio.to_thread(ask, folder, "/v1/status"))["user"] == "anonymous"
    except (RemoteRefused, CommunicationError) as refused:  # or it met the moment of the change
        return str(refused)
    return ""


async def test_no_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with remote_plant(tmp_path / "data") as plant, station(plant, tmp_path / "st") as (client, watcher):
        assert (await client.status()).user == "anonymous"
        await until(lambda: (True, "") in watcher.links)


class Capture:
    """A TCP proxy that keeps everything that passes."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target, self._host = port, host
        self.seen, self.port = bytearray(), 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Capture:
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_why: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        for source, target in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                self.seen += data
                target.write(data)
                await target.drain()
        target.close()
