"""A plant with one secured OPC UA server on loopback, and the certificates its server may show."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from asyncua import ua
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fake_runtime import real_runtime
from opcua_plant import URI as NAMESPACE
from opcua_plant import Plant as Server
from waterworks_session import Watcher

from hmi.acquisition import create_driver_with
from hmi.client.certificates import CertificateInfo
from hmi.client.port import ConnectionInfo
from hmi.client.socket import SocketClient
from hmi.core.principal import Principal, Role
from hmi.core.values import ValueType
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import Api, Runtime
from hmi.security import certificates
from hmi.security.trust import PKI_FOLDER
from hmi.testing.plant import make_plant, make_tag

APPLICATION = "urn:test:secured"
HOST = "127.0.0.1"
GUARD = Principal("keeper", "local", "s1", frozenset({Role.VIEW, Role.SECURITY}))
LOOKER = Principal("looker", "local", "s2", frozenset({Role.VIEW}))
PATIENCE_S = 60.0
_WHO = [GUARD]


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that issues certificates and revokes them."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def revocations(self, *serials: int) -> bytes:
        """Its list, valid for ten days."""
        now = certificates.utc()
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - timedelta(hours=1))
            .next_update(now + timedelta(days=10))
        )
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            made = made.add_revoked_certificate(entry)
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def make_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def make_authority() -> Authority:
    key = make_key()
    return Authority(_signed("Plant authority", "Plant authority", key, key, ca=True), key)


def issue(folder: Path, authority: Authority) -> certificates.OwnCertificate:
    """A certificate of a server from an authority, as files."""
    key = make_key()
    found = _signed("Server", "Plant authority", key, authority.key, ca=False)
    folder.mkdir(parents=True, exist_ok=True)
    certificate_file, key_file = folder / "certificate.der", folder / "key.pem"
    certificate_file.write_bytes(found.public_bytes(serialization.Encoding.DER))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificates.OwnCertificate(found, key, certificate_file, key_file)


def _signed(
    name: str, issuer: str, key: rsa.RSAPrivateKey, by: rsa.RSAPrivateKey, *, ca: bool
) -> x509.Certificate:
    now = certificates.utc()
    flags: dict[str, Any] = dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
    flags |= dict.fromkeys(("key_cert_sign", "crl_sign"), ca)
    flags |= dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), True
    )
    names = [x509.UniformResourceIdentifier(APPLICATION), x509.IPAddress(ipaddress.ip_address(HOST))]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**flags), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(by, hashes.SHA256())
    )


@asynccontextmanager
async def secured_server(
    port: int, own: certificates.OwnCertificate, *, plain_too: bool = False, uri: str = APPLICATION
) -> AsyncIterator[Server]:
    """One that offers nothing but encryption, unless ``plain_too``."""
    made = Server(port)
    kinds = [ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
    await made.start([*kinds, *([ua.SecurityPolicyType.NoSecurity] if plain_too else [])])
    await made.server.set_application_uri(uri)
    await made.server.load_certificate(own.certificate_file)
    await made.server.load_private_key(own.key_file)
    await made.add("A", 1.5, ua.VariantType.Double, writable=True)
    async with made.server:
        yield made


def plant_of(url: str, **settings: Any) -> Plant:
    quick = {"keep_alive_ms": 1500, "timeout_ms": 3000, "security": "Basic256Sha256"}
    plc = ConnectionDef("plc", "opcua", (url,), {**quick, **settings})
    address = f"nsu={NAMESPACE};s=A"
    return make_plant(
        [make_tag("a/level", connection="plc", address=address, type=ValueType.FLOAT64, scan="fast")],
        connections={"plc": plc},
    )


class Session:
    """A running runtime with a client."""

    def __init__(self, runtime: Runtime, client: SocketClient, data: Path) -> None:
        self.runtime, self.client, self.data = runtime, client, data

    @property
    def pki(self) -> Path:
        return self.data / PKI_FOLDER

    async def link(self) -> ConnectionInfo:
        return (await self.client.status()).connections[0]

    async def only(self) -> CertificateInfo:
        """The one certificate that is known."""
        (found,) = (await self.client.certificates()).certificates
        return found

    async def of_state(self, state: str) -> CertificateInfo | None:
        listed = (await self.client.certificates()).certificates
        return next((one for one in listed if one.state == state), None)

    async def until(self, is_so: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await is_so():
                await asyncio.sleep(0.05)

    async def until_state(self, state: str) -> CertificateInfo:
        """A certificate of that state, once there is one."""

        async def is_there() -> object:
            return await self.of_state(state)

        await self.until(is_there)
        found = await self.of_state(state)
        assert found is not None
        return found

    async def until_link(self, state: str, word: str = "") -> ConnectionInfo:
        async def is_so() -> bool:
            link = await self.link()
            return link.state == state and word in link.text

        await self.until(is_so)
        return await self.link()

    async def until_counts(self, counts: dict[str, int]) -> None:
        """What the status says of certificates."""

        async def is_so() -> bool:
            return (await self.client.status()).certificates == counts

        await self.until(is_so)

    async def audit(self) -> list[dict[str, Any]]:
        """What came of each act; that it was asked for is a record before it."""
        found = await self.client.journal(after=0, kind="audit")
        return [one for one in found if one["event"] != "certificate.requested"]


@asynccontextmanager
async def session(plant: Plant, data: Path, monkeypatch: Any) -> AsyncIterator[Session]:
    """A runtime whose stations are ``GUARD``, or whom ``act_as`` names."""
    act_as(GUARD)
    monkeypatch.setattr(Api, "principal_of", lambda _self, _request: _WHO[0])
    create = create_driver_with({"pki_dir": str(data / PKI_FOLDER)}, {"plant": data, "data": data})
    async with real_runtime(plant, data, create=create) as runtime:
        client = SocketClient(data, Watcher())
        try:
            yield Session(runtime, client, data)
        finally:
            await client.close()


def act_as(principal: Principal) -> None:
    """Who every station is from now on."""
    _WHO[0] = principal
