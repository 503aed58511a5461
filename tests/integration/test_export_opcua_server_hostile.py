"""What a client may try that does not play by the rules: the server of the exporter gives nothing away."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import gc
import shutil
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.client.ua_client import UaClient
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.hazmat.primitives import serialization
from export_stream import BEGIN, Stream, context, good, rows_of, series
from opcua_exports import open_settings, serving, settings, trust_all
from secured_plant import issue, make_authority

from hmi.core.errors import ConfigurationError, UsageError
from hmi.export.port import TargetRefused, TargetUnavailable
from hmi.exporters.opcua_server import _exporter
from hmi.exporters.opcua_server._exporter import OpcuaServerExporter
from hmi.exporters.opcua_server._identity import own_certificate
from hmi.exporters.opcua_server._server import PlantServer
from hmi.security import certificates
from hmi.security.trust import Fault, TrustList

TAGS = [series(0), series(1)]
NODE = ua.NodeId("t_0000", 2)


async def refused(work: Any) -> str:
    """The name of the status that a request ends with."""
    with pytest.raises(ua.UaStatusCodeError) as told:
        await work
    return type(told.value).__name__


@contextlib.asynccontextmanager
async def raw(url: str, *, timeout: float = 5) -> AsyncIterator[Client]:
    """A channel without security; no session yet."""
    client = Client(url, timeout=timeout)
    await client.connect_socket()
    try:
        await client.send_hello()
        await client.open_secure_channel()
        yield client
    finally:
        client.disconnect_socket()


@pytest.mark.asyncio
async def test_channel_without_security_finds_endpoints_and_nothing_else(tmp_path: Path) -> None:
    """The library would serve it: any channel without security, with any account."""
    chosen = settings(tmp_path)
    with serving(chosen, TAGS):
        async with raw(chosen["endpoint"]) as client:
            assert len(await client.get_endpoints()) == 2
            assert await refused(client.create_session()) == "BadSecurityModeInsufficient"
            assert await refused(client.uaclient.read(ua.ReadParameters())) == "BadSecurityModeInsufficient"


@pytest.mark.asyncio
async def test_session_that_nobody_logged_in_to_reads_nothing(tmp_path: Path) -> None:
    chosen = open_settings(tmp_path)
    with serving(chosen, TAGS) as (exporter, _stream):
        exporter.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        async with raw(chosen["endpoint"]) as client:
            await client.create_session()
            assert await refused(client.get_node(NODE).read_value()) == "BadSessionNotActivated"
            register = client.uaclient.register_server
            assert await refused(register(ua.RegisteredServer())) == "BadSessionNotActivated"
            await client.activate_session()
            assert await client.get_node(NODE).read_value() == 1.0
            assert await refused(register(ua.RegisteredServer())) == "BadServiceUnsupported"


@pytest.mark.asyncio
async def test_session_is_not_used_by_another_connection(tmp_path: Path) -> None:
    """The library numbers sessions 1000, 1001 … and does not compare them."""
    chosen = open_settings(tmp_path)
    with serving(chosen, TAGS) as (exporter, _stream):
        exporter.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        async with Client(chosen["endpoint"]) as first, raw(chosen["endpoint"]) as other:
            token = first.uaclient.session.authentication_token
            assert isinstance(token.Identifier, bytes)
            other.uaclient.session.restore_authentication_token(token)
            assert await refused(other.get_node(NODE).read_value()) == "BadSessionIdInvalid"
            other.uaclient.session.restore_authentication_token(ua.NodeId(1000))
            assert await refused(other.get_node(NODE).read_value()) == "BadSessionIdInvalid"
            assert await first.get_node(NODE).read_value() == 1.0


@pytest.mark.asyncio
async def test_client_that_reads_no_answers_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """It asks for much and takes nothing: nothing more is read from it, and the job still ends."""
    chosen = open_settings(tmp_path)
    with serving(chosen, TAGS) as (exporter, _stream):
        async with raw(chosen["endpoint"]) as client:
            await client.create_session()
            await client.activate_session()
            protocol = client.uaclient.protocol
            assert protocol is not None
            assert protocol.transport is not None
            protocol.transport.pause_reading()
            many = ua.ReadParameters(NodesToRead=[ua.ReadValueId(NodeId=NODE) for _ in range(1_000)])
            asked = [asyncio.ensure_future(client.uaclient.read(many)) for _ in range(60)]
            await asyncio.sleep(0)
            exporter.close()
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.asyncio
async def test_certificate_of_the_channel_and_of_the_session_are_the_same(tmp_path: Path) -> None:
    """A trusted client that names another certificate or application in its session is refused."""
    chosen = settings(tmp_path)
    own = certificates.create(tmp_path / "client", uri="urn:test:client", host="client")
    with serving(chosen, TAGS):
        assert await _secured(chosen, own, "urn:test:client") != ""
        assert trust_all(chosen) == 1
        assert await _secured(chosen, own, "urn:test:client") == ""
        assert await _secured(chosen, own, "urn:test:other") == "BadCertificateUriInvalid"
        assert await _secured(chosen, own, "urn:test:client", hide=True) == "BadCertificateInvalid"


async def _secured(
    chosen: dict[str, Any], own: certificates.OwnCertificate, uri: str, *, hide: bool = False
) -> str:
    """What a login fails with; empty when it does not."""
    client = Client(chosen["endpoint"], timeout=5)
    client.application_uri = uri
    client.set_user("scada")
    client.set_password("password")
    await client.set_security(SecurityPolicyBasic256Sha256, str(own.certificate_file), str(own.key_file))
    if hide:
        client.uaclient, real = _Hiding(client.uaclient), client.uaclient  # type: ignore[assignment]
        assert real is not None
    try:
        await client.connect()
    except (ua.UaError, ConnectionError, OSError, TimeoutError) as error:
        return type(error).__name__
    await client.disconnect()
    return ""


class _Hiding:
    """A transport that leaves the certificate out of CreateSession."""

    def __init__(self, real: UaClient) -> None:
        self.__dict__["_real"] = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)

    async def create_session(self, parameters: Any) -> Any:
        parameters.ClientCertificate = None
        return await self._real.create_session(parameters)


def test_certificate_of_a_server_is_none_of_a_client(tmp_path: Path) -> None:
    """What may be used by a server alone is trusted as a server and refused as a client."""
    own = issue(tmp_path / "issued", make_authority())
    store = TrustList(tmp_path / "pki")
    store.put("trusted", own.certificate)
    der = own.certificate.public_bytes(serialization.Encoding.DER)
    as_client = store.verdict(der, host=None, application_uri=None, is_client=True)
    assert as_client.has(Fault.USAGE)
    assert "by a client" in as_client.text
    assert not store.verdict(der, host=None, application_uri=None).has(Fault.USAGE)


@pytest.mark.asyncio
async def test_sessions_subscriptions_and_items_are_bounded(tmp_path: Path) -> None:
    chosen = open_settings(tmp_path, max_sessions=2, max_subscriptions=1, max_items=1)
    with serving(chosen, TAGS):
        async with Client(chosen["endpoint"]) as first:
            subscription = await first.create_subscription(
                ua.CreateSubscriptionParameters(float("nan"), 10_000_000, 10_000_000), None
            )
            assert subscription.parameters is not None
            assert await refused(first.create_subscription(500, None)) == "BadTooManySubscriptions"
            nodes = [first.get_node(NODE), first.get_node(ua.NodeId("t_0001", 2))]
            assert await refused(subscription.subscribe_data_change(nodes)) == "BadTooManyMonitoredItems"
            async with Client(chosen["endpoint"]), raw(chosen["endpoint"]) as third:
                assert await refused(third.create_session()) == "BadTooManySessions"
        async with Client(chosen["endpoint"]) as again:  # those that left are not counted
            assert await again.get_namespace_index("urn:watchkeeper:plant:p_test") == 2


@pytest.mark.asyncio
async def test_one_connection_holds_one_session(tmp_path: Path) -> None:
    """Asking again and again for a session takes no place from others."""
    chosen = open_settings(tmp_path, max_sessions=2)
    with serving(chosen, TAGS):
        async with raw(chosen["endpoint"]) as client:
            for _again in range(5):
                await client.create_session()
            async with Client(chosen["endpoint"]) as another:
                assert await another.get_namespace_index("urn:watchkeeper:plant:p_test") == 2


GARBAGE = (
    b"GET / HTTP/1.1\r\n\r\n" * 100,
    b"HELF" + struct.pack("<I", 0xFFFF_FFFF) + bytes(200_000),
    b"HELF" + struct.pack("<I", 8),
    b"MSGF" + struct.pack("<I", 40) + bytes(32),
    b"OPNF" + struct.pack("<I", 60) + b"\xff" * 52,
)


@pytest.mark.asyncio
async def test_what_is_no_opc_ua_ends_its_connection_only(tmp_path: Path) -> None:
    chosen = open_settings(tmp_path)
    port = int(chosen["endpoint"].rpartition(":")[2].partition("/")[0])
    with serving(chosen, TAGS):
        for sent in GARBAGE:
            with (
                contextlib.suppress(ConnectionError),
                socket.create_connection(("127.0.0.1", port), 20) as rude,
            ):
                rude.sendall(sent)
                while rude.recv(65_536):
                    pass
            async with Client(chosen["endpoint"]) as client:
                assert await client.get_namespace_index("urn:watchkeeper:plant:p_test") == 2


@pytest.mark.asyncio
async def test_clients_are_let_go_when_the_job_ends(tmp_path: Path) -> None:
    """A plant that changes again and again leaves no server behind."""
    chosen = open_settings(tmp_path)
    with serving(chosen, TAGS) as (exporter, _stream):
        for round_of in range(3):
            client = Client(chosen["endpoint"], timeout=5)
            await client.connect()
            exporter.describe(Stream([series(0), series(round_of + 2)]).schema)
            with contextlib.suppress(Exception):
                await client.disconnect()
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, PlantServer)]


def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    chosen = open_settings(tmp_path)
    with serving(chosen, TAGS):
        other = OpcuaServerExporter(chosen, context(job="other"))
        other.open()
        with pytest.raises(TargetRefused) as told:
            other.describe(Stream(TAGS).schema)
    assert str(told.value).endswith("is used by another program; give the job another port")


def test_missing_secret_is_refused(tmp_path: Path) -> None:
    def missing(name: str) -> str:
        raise UsageError(f"the secret {name!r} is not there")

    exporter = OpcuaServerExporter(settings(tmp_path), context(secret=missing))
    with pytest.raises(TargetRefused, match="is not there"):
        exporter.open()
    with pytest.raises(TargetRefused, match="is empty"):
        OpcuaServerExporter(settings(tmp_path), context(secret=lambda _name: "")).open()


def test_own_certificate_is_kept_and_renewed_in_time(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    first = own_certificate(chosen)
    assert own_certificate(chosen).certificate == first.certificate
    assert (Path(chosen["pki"]) / "own" / "key.pem").stat().st_mode & 0o077 == 0
    own, begin = (
        Path(chosen["pki"]) / "own",
        certificates.utc().timestamp() - certificates.VALID.total_seconds(),
    )
    certificates.create(own, uri="urn:mine", host="127.0.0.1", now_ns=int((begin + 20 * 86_400) * 1e9))
    assert certificates.days_left(own_certificate(chosen).certificate) in (19, 20)  # people are told; not yet
    certificates.create(own, uri="urn:mine", host="127.0.0.1", now_ns=int((begin + 5 * 86_400) * 1e9))
    renewed = own_certificate(chosen)
    assert certificates.days_left(renewed.certificate) > 1_000
    assert certificates.san_uri(renewed.certificate) == "urn:mine"


def test_a_certificate_that_is_taken_away_starts_the_server_with_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exporter, "CERTIFICATE_S", 0.0)
    chosen = settings(tmp_path)
    with serving(chosen, TAGS) as (exporter, _stream):
        first = own_certificate(chosen).certificate
        exporter.idle()
        shutil.rmtree(Path(chosen["pki"]) / "own")
        with pytest.raises(TargetUnavailable, match="was taken away"):
            exporter.idle()
        exporter.close()
        exporter.open()
        exporter.idle()
        assert own_certificate(chosen).certificate != first


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"endpoint": "http://127.0.0.1:1"}, "is no address"),
        ({"endpoint": "opc.tcp://127.0.0.1:99999"}, "is no address"),
        ({"accounts": {}}, "nobody could log in"),
        ({"accounts": {"a": ""}}, "names no secret"),
        ({"policies": ["Basic256"]}, "is not offered"),
        ({"policies": []}, "is not offered"),
        ({"security": "none"}, "would travel readable"),
        (
            {"security": "none", "accounts": {}, "endpoint": "opc.tcp://0.0.0.0:4840"},
            "to everybody at 0.0.0.0",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        settings(tmp_path, **wrong)
