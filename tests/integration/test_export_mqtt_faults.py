"""The MQTT exporter where something fails: brokers that go, hang or are strange, rights, TLS."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from export_stream import BEGIN, Stream, context, good, mixed_rows, rows_of
from mqtt_broker import Broker, needs_mosquitto
from mqtt_jobs import TAGS, exporter, log_of, receiving, running
from mqtt_log import lines_of, packages_in

from hmi.core.errors import UsageError
from hmi.export.export_checker import check
from hmi.export.port import TargetRefused, TargetUnavailable
from hmi.exporters.mqtt._publisher import MqttExporter
from hmi.exporters.mqtt.definition import DEFINITION

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker")
    yield one
    one.stop()


# ---------------------------------------------------------------------- what may fail


def test_broker_away_and_back(broker: Broker) -> None:
    stream = Stream(TAGS)
    with running(broker, stream) as made:
        made.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        broker.stop()
        with pytest.raises(TargetUnavailable):
            made.deliver(stream.package(mixed_rows(TAGS, 5)))
        made.close()
        with pytest.raises(TargetUnavailable, match="cannot be reached"):
            made.open()
        broker.start()
        made.open()
        made.describe(stream.schema)
        made.idle()


class Strange:
    """A listener that does ``act`` with each connection."""

    def __init__(self, act: Callable[[socket.socket], None]) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._act = act
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self._act(connection)

    def close(self) -> None:
        self._server.close()


@contextmanager
def strange(act: Callable[[socket.socket], None]) -> Iterator[Strange]:
    one = Strange(act)
    try:
        yield one
    finally:
        one.close()


def swallow(connection: socket.socket) -> None:
    while connection.recv(4_096):
        pass


def test_a_broker_that_hangs_is_given_up(broker: Broker) -> None:
    with strange(swallow) as server:
        made = exporter(server.url, timeout_s=0.5)
        with pytest.raises(TargetUnavailable, match="does not answer"):
            made.open()


def test_stop_ends_the_wait_for_a_broker_that_hangs() -> None:
    stop = threading.Event()
    failed = threading.Event()
    with strange(swallow) as server:
        made = exporter(server.url, timeout_s=100.0, stop=stop.is_set)

        def work() -> None:
            with pytest.raises(TargetUnavailable, match="stopped"):
                made.open()
            failed.set()

        thread = threading.Thread(target=work)
        thread.start()
        stop.set()
        assert failed.wait(10)
        thread.join(10)


def test_what_is_no_broker_is_told() -> None:
    with strange(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        made = exporter(server.url, timeout_s=1.0)
        with pytest.raises(TargetUnavailable):
            made.open()


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        pass


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b""])
def test_broker_that_knows_only_3_1_1_is_spoken_to_so(broker: Broker, answer: bytes) -> None:
    """It says so, or just closes the connection."""
    levels: list[int] = []

    def old(connection: socket.socket) -> None:
        first = connection.recv(65_536)
        levels.append(first[first.index(b"MQTT") + 4])
        if levels[-1] == 5:
            connection.sendall(answer)
            return
        with socket.create_connection(("127.0.0.1", broker.port)) as behind:
            behind.sendall(first)
            thread = threading.Thread(target=pump, args=(behind, connection), daemon=True)
            thread.start()
            pump(connection, behind)

    stream = Stream(TAGS)
    with receiving(broker) as receiver, strange(old) as server:
        made = exporter(server.url)
        made.open()
        made.describe(stream.schema)
        made.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        made.deliver(stream.package(mixed_rows(TAGS, 50)))
        assert check(packages_in(lines_of(log_of(receiver, 1)))).rows == 50
        made.idle()
        made.close()
        assert levels == [5, 4]


def test_taken_over_client_id_is_told() -> None:
    """MQTT 5: DISCONNECT with reason 0x8E."""

    def act(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8e\x00")
        swallow(connection)

    with strange(act) as server:
        made = exporter(server.url, client_id="same")
        with pytest.raises(TargetRefused, match="another client took over the id same"):
            made.open()


def test_packets_and_windows_of_the_broker_are_kept(tmp_path: Path) -> None:
    """MQTT 5: maximum packet size and receive maximum of the CONNACK."""
    small = Broker(tmp_path / "small", ["max_packet_size 4096", "max_inflight_messages 3"])
    try:
        stream = Stream(TAGS)
        with receiving(small) as receiver, running(small, stream) as made:
            made.deliver(stream.package(mixed_rows(TAGS, 1_000)))
            payloads = log_of(receiver, 1)
            assert max(len(one) for one in payloads) < 4_096
            assert check(packages_in(lines_of(payloads))).rows == 1_000
    finally:
        small.stop()


# ---------------------------------------------------------------------- rights and TLS


def password_file(folder: Path) -> Path:
    path = folder / "passwords"
    path.write_text("hmi:right\nviewer:viewer\n", encoding="utf-8")
    try:
        subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True)
    except FileNotFoundError:
        pytest.skip("mosquitto_passwd is missing: apt-get install mosquitto")
    return path


def test_wrong_secret_is_refused_and_never_told(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "b", [f"password_file {password_file(tmp_path)}"], anonymous=False)
    try:
        made = exporter(broker.url, user="hmi", secret="wrong-secret")
        with pytest.raises(
            TargetRefused, match=r"does not know this user.*user: hmi|does not give this user.*user: hmi"
        ) as told:
            made.open()
        assert "wrong-secret" not in str(told.value)
        made = exporter(broker.url, user="hmi", secret="right")
        made.open()
        made.describe(Stream(TAGS).schema)
        made.close()
    finally:
        broker.stop()


def test_a_secret_that_is_not_there_is_told(broker: Broker) -> None:
    def secret(name: str) -> str:
        raise UsageError(f"the secret {name} is not there")

    settings = {one.name: one.default for one in DEFINITION.settings}
    settings |= {"servers": [broker.url], "user": "hmi", "secret": "mqtt-tree"}
    with pytest.raises(TargetRefused, match="the secret mqtt-tree is not there"):
        MqttExporter(settings, context(secret=secret)).open()


def test_missing_right_to_publish_is_refused(tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text(
        "user hmi\ntopic readwrite v1/_schema/#\ntopic readwrite v1/_mark/#\n", encoding="utf-8"
    )
    more = [f"password_file {password_file(tmp_path)}", f"acl_file {rights}"]
    broker = Broker(tmp_path / "b", more, anonymous=False)
    try:
        stream = Stream(TAGS)
        made = exporter(broker.url, user="hmi", secret="right")
        made.open()
        made.describe(stream.schema)
        with pytest.raises(TargetRefused, match="does not give this user the right"):
            made.deliver(stream.package(mixed_rows(TAGS, 5)))
        with pytest.raises(TargetRefused, match="does not give this user the right"):
            made.live(rows_of(TAGS, [(0, good(1.0, BEGIN))]))
        made.close()
    finally:
        broker.stop()


class Authority:
    """Certificates of a broker for TLS, as lines of its configuration."""

    def __init__(self, folder: Path, *, until: datetime | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = trustme.CA()
        server = self.ca.issue_cert("127.0.0.1", not_after=until)
        client = self.ca.issue_cert("hmi")
        self.ca_file, self.certificate, self.key = folder / "ca.pem", folder / "own.pem", folder / "own.key"
        self.ca.cert_pem.write_to_path(self.ca_file)
        client.cert_chain_pems[0].write_to_path(self.certificate)
        client.private_key_pem.write_to_path(self.key)
        server.cert_chain_pems[0].write_to_path(folder / "server.pem")
        server.private_key_pem.write_to_path(folder / "server.key")
        self.lines: Sequence[str] = [
            f"cafile {self.ca_file}", f"certfile {folder / 'server.pem'}", f"keyfile {folder / 'server.key'}",
        ]  # fmt: skip


def test_tls_with_a_client_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    broker = Broker(tmp_path / "b", [*authority.lines, "require_certificate true"])
    url = broker.url.replace("mqtt:", "mqtts:")
    try:
        stream = Stream(TAGS)
        made = exporter(
            url, ca=str(authority.ca_file), certificate=str(authority.certificate), key=str(authority.key)
        )
        made.open()
        made.describe(stream.schema)
        made.deliver(stream.package(mixed_rows(TAGS, 5)))
        made.close()
        bare = exporter(url, ca=str(authority.ca_file))
        with pytest.raises(TargetUnavailable, match=r"certificate|cannot be reached"):
            bare.open()
        strange_one = Authority(tmp_path / "other")
        wrong = exporter(url, ca=str(strange_one.ca_file))
        with pytest.raises(TargetRefused, match=r"the certificate of the broker .* is not accepted"):
            wrong.open()
        missing = exporter(url, ca=str(tmp_path / "nothing.pem"))
        with pytest.raises(TargetRefused, match="files for TLS"):
            missing.open()
        plain = exporter(broker.url)
        with pytest.raises(TargetUnavailable, match="does it ask for TLS"):
            plain.open()
    finally:
        broker.stop()


def test_expired_certificate_of_the_broker_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki", until=datetime.now(UTC) - timedelta(days=1))
    broker = Broker(tmp_path / "b", authority.lines)
    try:
        made = exporter(broker.url.replace("mqtt:", "mqtts:"), ca=str(authority.ca_file))
        with pytest.raises(TargetRefused, match="certificate has expired"):
            made.open()
    finally:
        broker.stop()
