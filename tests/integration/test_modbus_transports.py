"""Every transport: RTU and ASCII over TCP, UDP, TLS, a serial line, and a device that is not ours."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pymodbus.framer import FramerType

from hmi.acquisition.port import Point
from hmi.bench.peers import modbus_c
from hmi.bench.peers.modbus_rtu import RtuSlave
from hmi.bench.peers.modbus_sim import link, number_at, numbered, order_to_write, scan, serving, words
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.errors import CommunicationError
from hmi.core.values import ValueType
from hmi.drivers.modbus.driver import ModbusDriver, create

pytestmark = pytest.mark.asyncio


async def read_and_write(driver: ModbusDriver) -> None:
    """One scan, one write, one read-back."""
    await driver.open()
    values = await scan(driver)
    assert {handle: value.value for handle, value in values.items()} == {n: number_at(n) for n in range(20)}
    assert (await driver.write(order_to_write(3, 77))).state is WriteState.DONE
    assert (await driver.read_now([3]))[3].value == 77
    await driver.close()


@pytest.mark.parametrize(
    ("scheme", "framer"),
    [("rtu+tcp", FramerType.RTU), ("ascii+tcp", FramerType.ASCII), ("tcp", FramerType.SOCKET)],
)
async def test_framings_over_tcp(scheme: str, framer: FramerType) -> None:
    async with serving([numbered()], framer=framer) as port:
        await read_and_write(create(link(port, words(range(20)), scheme=scheme)))


async def test_udp() -> None:
    from pymodbus.server import ModbusUdpServer

    server = ModbusUdpServer(numbered().device(), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        port = server.transport.get_extra_info("sockname")[1]
        await read_and_write(create(link(port, words(range(20)), scheme="udp")))
    finally:
        await server.shutdown()


class LossyUdp(asyncio.DatagramProtocol):
    """Answers reads and confirms writes; loses every datagram that comes for the first time."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        tid, unit, pdu = data[:2], data[6:7], data[7:]
        self.seen.append(pdu)
        if self.seen.count(pdu) > 1:
            answer = RtuSlave().pdu_of(pdu) if pdu[0] == 3 else pdu
            header = tid + b"\0\0" + (len(answer) + 1).to_bytes(2, "big") + unit
            self.transport.sendto(header + answer, addr)  # type: ignore[attr-defined]


async def test_datagram_of_a_read_is_repeated_and_that_of_a_write_never() -> None:
    loop = asyncio.get_running_loop()
    transport, device = await loop.create_datagram_endpoint(LossyUdp, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    settings = {"timeout_ms": 150, "retries": 0, "identify": False}
    driver = create(link(port, words(range(3)), scheme="udp", **settings))
    first = driver.plan()[0]
    device.seen.append(driver._blocks[first.key].requests[0].pdu)  # opening is not what is lost
    await driver.open()
    device.seen.clear()
    assert (await scan(driver))[2].value == number_at(2)
    assert len(device.seen) == 2
    device.seen.clear()
    assert (await driver.write(order_to_write(0, 5))).state is WriteState.UNKNOWN
    assert [pdu[0] for pdu in device.seen] == [6]
    await driver.close()
    transport.close()


# --- RTU: no transaction number ---------------------------------------------------------------------------


async def test_MB_09_late_answer_without_transaction_number_is_never_taken_for_the_next() -> None:
    slave = RtuSlave()
    server = await asyncio.start_server(slave.serve, "127.0.0.1", 0)
    points = [*words(range(5)), *words(range(200, 205), first=5)]
    port = server.sockets[0].getsockname()[1]
    driver = create(link(port, points, scheme="rtu+tcp", timeout_ms=40, retries=0, identify=False))
    await driver.open()
    first, second = driver.plan()
    for _turn in range(10):
        slave.delay_s = 0.06
        assert not (await driver.read(first)).alive
        slave.delay_s = 0.0
        values = dict((await driver.read(second)).updates)
        assert {handle: value.value for handle, value in values.items()} in (
            {},
            {handle: number_at(195 + handle) for handle in range(5, 10)},
        )
    await driver.close()
    server.close()
    assert driver.diagnostics()["strays"] > 0


async def test_MB_08_silent_unit_on_an_rtu_gateway_costs_three_waits_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slave = RtuSlave()
    slave.silent = {4}
    server = await asyncio.start_server(slave.serve, "127.0.0.1", 0)
    points = [point for number in range(1, 11) for point in words(range(5), unit=number, first=number * 10)]
    port = server.sockets[0].getsockname()[1]
    driver = create(link(port, points, scheme="rtu+tcp", timeout_ms=200, probe_s=3600, identify=False))
    await driver.open()
    values: dict = {}
    for _round in range(10):
        values |= {handle: value for handle, value in (await scan(driver)).items() if value.is_good}
    assert sorted(values) == [number * 10 + n for number in range(1, 11) if number != 4 for n in range(5)]
    assert driver.diagnostics()["silent_units"] == [4]
    sent = driver.diagnostics()["requests"]
    monkeypatch.setattr("hmi.drivers.modbus._transport._FLUSH_S", 60.0)  # a pause would now be seen
    await asyncio.wait_for(scan(driver), 30)
    assert driver.diagnostics()["requests"] - sent == 9
    await driver.close()
    server.close()


# --- TLS ----------------------------------------------------------------------------------------------------


class Authority:
    """A certificate authority of the test with what it signs."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = self._write(
            f"{name}.pem", self._certificate(self._subject, self._key, 10, authority=True)
        )

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, *, authority: bool
    ):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=20))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
        )
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate) -> str:
        path = self._folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def issue(self, name: str, *, days: int = 5) -> tuple[str, str]:
        """Certificate file and key file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._certificate(subject, key, days, authority=False)
        key_file = self._folder / f"{self._name}-{name}.key"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return self._write(f"{self._name}-{name}.pem", certificate), str(key_file)


def server_context(files: tuple[str, str], clients: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_MB_14_mutual_tls_reads_and_writes(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "plant")
    certificate, key = ours.issue("station")
    context = server_context(ours.issue("plc"), clients=ours.file)
    settings = {"tls_ca": ours.file, "tls_certificate": certificate, "tls_key": key}
    async with serving([numbered()], sslctx=context) as port:
        await read_and_write(create(link(port, words(range(20)), scheme="tls", **settings)))


async def test_MB_14_client_without_certificate_is_refused(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "plant")
    context = server_context(ours.issue("plc"), clients=ours.file)
    async with serving([numbered()], sslctx=context) as port:
        driver = create(link(port, words([0]), scheme="tls", tls_ca=ours.file))
        with pytest.raises(CommunicationError):
            await driver.open()
        await driver.close()


@pytest.mark.parametrize(("days", "foreign", "why"), [(5, True, "issuer"), (-1, False, "expired")])
async def test_MB_14_untrusted_device_is_refused_with_the_reason(
    tmp_path: Path, days: int, foreign: bool, why: str
) -> None:
    ours, other = Authority(tmp_path, "plant"), Authority(tmp_path, "other")
    context = server_context((other if foreign else ours).issue("plc", days=days))
    async with serving([numbered()], sslctx=context) as port:
        driver = create(link(port, words([0]), scheme="tls", tls_ca=ours.file))
        with pytest.raises(CommunicationError, match=why):
            await driver.open()
        await driver.close()


async def test_MB_14_host_name_must_be_in_the_certificate(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "plant")
    async with serving([numbered()], sslctx=server_context(ours.issue("plc"))) as port:
        settings = {"tls_ca": ours.file, "tls_server_name": "elsewhere.example"}
        driver = create(link(port, words([0]), scheme="tls", **settings))
        with pytest.raises(CommunicationError, match="ostname"):
            await driver.open()
        await driver.close()


async def open_with_tls_1_1(port: int) -> None:
    """The device does speak TLS 1.1 with a client that takes it."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=old)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
    writer.close()
    await writer.wait_closed()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_MB_14_tls_1_1_is_refused(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "plant")
    context = server_context(ours.issue("plc"))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with serving([numbered()], sslctx=context) as port:
        await open_with_tls_1_1(port)
        driver = create(link(port, words([0]), scheme="tls", tls_ca=ours.file))
        with pytest.raises(CommunicationError, match="secure connection"):
            await driver.open()
        await driver.close()


async def test_MB_14_missing_files_are_named(tmp_path: Path) -> None:
    driver = create(link(1, words([0]), scheme="tls", tls_ca=str(tmp_path / "none.pem")))
    with pytest.raises(CommunicationError, match="TLS files"):
        await driver.open()
    await driver.close()


async def test_MB_14_encrypted_key_is_refused_and_no_password_is_asked_at_a_terminal(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "plant")
    certificate, key = ours.issue("station")
    private = serialization.load_pem_private_key(Path(key).read_bytes(), password=None)
    sealed = tmp_path / "sealed.key"
    sealed.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    settings = {"tls_ca": ours.file, "tls_certificate": certificate, "tls_key": str(sealed)}
    driver = create(link(1, words([0]), scheme="tls", **settings))
    with pytest.raises(CommunicationError, match="TLS files"):
        await driver.open()
    await driver.close()


# --- a device that is not ours ------------------------------------------------------------------------------


@pytest.mark.skipif(bool(modbus_c.missing()), reason=modbus_c.missing() or "the C peer can be built")
async def test_c_server_agrees_on_every_table_and_write() -> None:
    points = [
        Point(0, "C1", ValueType.BOOL, 1000, True),
        Point(1, "DI1", ValueType.BOOL, 1000),
        Point(2, "IR1", ValueType.FLOAT32, 1000),
        Point(3, "HR1", ValueType.UINT64, 1000, True),
        Point(4, "HR101", ValueType.FLOAT64, 1000, True, {"wire": "float64", "order": "CDAB"}),
        Point(5, "HR111.9", ValueType.BOOL, 1000, True),
        Point(6, "HR121[9]S", ValueType.STRING, 1000, True),
        Point(7, "465536", ValueType.UINT64, 1000, True),
        Point(8, "C21", ValueType.BOOL, 1000, True, {"write": "multiple"}),
    ]
    written = {0: True, 3: 4711, 4: -123.456, 5: True, 6: "PUMP 1", 7: 65535, 8: True}
    with modbus_c.server() as port:
        driver = create(link(port, points, timeout_ms=2000))
        await driver.open()
        first = await scan(driver)
        assert all(value.status == quality.GOOD for value in first.values())
        assert (first[1].value, first[2].value) == (False, 8.0)
        for handle, value in written.items():
            assert (await driver.write(order_to_write(handle, value))).state is WriteState.DONE
        fresh = await driver.read_now(list(written))
        assert {handle: value.value for handle, value in fresh.items()} == written
        changed = await scan(driver)
        assert {handle: changed[handle].value for handle in written} == written
        await driver.close()
