"""CR 6.2: security events reach a collector of logs over UDP, TCP and TLS; an outage loses none (RFC 5424, 5425)."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from export_stream import BEGIN, Stream, context
from quiet_port import quiet_port
from syslog_collector import Collector

from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.export import EventSource, JobCondition, JobRunner, JobState, Plain
from hmi.export.digest import sum_of_events, watermark_of
from hmi.export.port import Event, Exporter, Package, TargetRefused, TargetUnavailable
from hmi.exporters.syslog.definition import DEFINITION
from hmi.exporters.syslog.exporter import create
from hmi.journal import JournalReader, SqliteJournal
from hmi.project.exports import ExportDef, ExportWhat
from hmi.testing.clock import ManualClock

PROTOCOLS = ("udp", "tcp", "tls")


class Authority:
    """Signs the certificate of the collector and one for the job."""

    def __init__(self, folder: Path, until: datetime | None = None, *, asks_client: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA()
        server, client = ca.issue_cert("127.0.0.1", not_after=until), ca.issue_cert("hmi")
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "own.pem", folder / "own.key"
        ca.cert_pem.write_to_path(self.ca)
        client.cert_chain_pems[0].write_to_path(self.certificate)
        client.private_key_pem.write_to_path(self.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.configure_cert(self.context)
        if asks_client:
            ca.configure_trust(self.context)
            self.context.verify_mode = ssl.CERT_REQUIRED


@contextmanager
def collecting(protocol: str, authority: Authority, port: int = 0) -> Iterator[Collector]:
    made = Collector(protocol, port=port, tls=authority.context if protocol == "tls" else None)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


def exporter(protocol: str, port: int, authority: Authority | None = None, **more: Any) -> Exporter:
    settings = {one.name: one.default for one in DEFINITION.settings}
    settings |= {"protocol": protocol, "port": port, "timeout_s": 5.0}
    if protocol == "tls" and authority is not None:
        settings["ca"] = str(authority.ca)
    settings |= more
    DEFINITION.check(settings)
    return create(settings, context(what="security"))


def event(number: int, name: str = "session.signed_in", **payload: Any) -> Event:
    fields = {
        "object": "user:ada",
        "actor": "ada",
        "station": "desk 1",
        "payload": payload,
        "hash": "ab" * 32,
    }
    return Event(number, BEGIN + number * 1_000_000_123, "audit", name, fields)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cr_6_2_events_arrive_in_order_over_each_protocol(protocol: str, authority: Authority) -> None:
    events = [event(number, user="ada", full_name="Ada \U0001f6b0") for number in range(1, 401)]
    stream = Stream([])
    with collecting(protocol, authority) as collector:
        made = exporter(protocol, collector.port, authority)
        made.open()
        made.describe(stream.schema)
        made.deliver(stream.package(events=events[:150]))
        made.deliver(stream.package(events=()))
        made.deliver(stream.package(events=events[150:]))
        made.idle()
        made.close()
        collector.until(lambda: len(collector.raw) >= len(events))
        found = collector.messages
    assert [one.number for one in found] == list(range(1, 401))
    assert [one.data["meta"]["sequenceId"] for one in found] == [str(number) for number in range(1, 401)]
    assert {(one.priority, one.id, one.app) for one in found} == {
        (10 * 8 + 6, "session.signed_in", "watchkeeper")
    }


def test_cr_6_2_what_arrives_makes_the_sums_of_the_statement_again(authority: Authority) -> None:
    evil = 'quote" back\\slash ]bracket [x] \nline <34>1 \x7f\u2028 é \U0001f6b0'
    events = [event(1, "account.changed", user=evil, why=evil), event(2, "session.refused", result="refused")]
    stream = Stream([])
    with collecting("tls", authority) as collector:
        made = exporter("tls", collector.port, authority, statements=True)
        made.open()
        made.deliver(stream.package(events=events))
        made.deliver(stream.package())
        made.close()
        found = collector.messages
    *told, statement = [one for one in found[:3]]
    marks = [watermark_of(json.loads(one.own["record"])) for one in (statement, found[3])]
    assert [mark.number for mark in marks] == [1, 2]
    assert marks[1].previous == marks[0].digest
    again = [
        Event(
            one.number, int(one.own["time"]), one.own["kind"], one.own["event"], json.loads(one.own["record"])
        )
        for one in told
    ]
    assert again == events
    assert sum_of_events(again) == marks[0].sum
    assert "\n" not in told[0].text


def opened_and_delivered(made: Exporter, package: Package) -> None:
    made.open()
    made.deliver(package)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cr_6_2_a_collector_that_is_away_is_told_and_gets_everything_later(
    protocol: str, authority: Authority
) -> None:
    port, stream = quiet_port(), Stream([])
    package = stream.package(events=[event(number) for number in range(1, 11)])
    made = exporter(protocol, port, authority)
    with pytest.raises(TargetUnavailable, match=f"127.0.0.1:{port} does not take it"):
        opened_and_delivered(made, package)
    made.close()
    with collecting(protocol, authority, port) as collector:
        made.open()
        made.deliver(package)
        collector.until(lambda: len(collector.raw) >= 10)
        assert [one.number for one in collector.messages] == list(range(1, 11))


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_cr_6_2_a_collector_that_dies_with_unread_messages_gets_the_package_again(
    protocol: str, authority: Authority
) -> None:
    stream = Stream([])
    package = stream.package(events=[event(number) for number in range(1, 2_001)])
    with collecting(protocol, authority) as collector:
        made = exporter(protocol, collector.port, authority)
        made.open()
        collector.swallow = 1
        with pytest.raises(TargetUnavailable):
            made.deliver(package)
        made.close()
        made.open()
        made.deliver(package)
        assert [one.number for one in collector.messages] == list(range(1, 2_001))


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_cr_6_2_a_collector_that_hangs_holds_up_no_longer_than_the_timeout_and_the_stop(
    protocol: str, authority: Authority
) -> None:
    stream = Stream([])
    with collecting(protocol, authority) as collector:
        quick = exporter(protocol, collector.port, authority, timeout_s=0.6)
        quick.open()
        collector.answers = False
        with pytest.raises(TargetUnavailable, match=r"no answer within 0\.6 s"):
            quick.deliver(stream.package(events=[event(1)]))
        assert [one.number for one in collector.messages] == [1]
    ending = threading.Event()
    with collecting(protocol, authority) as collector:
        settings = {one.name: one.default for one in DEFINITION.settings}
        settings |= {
            "protocol": protocol,
            "port": collector.port,
            "timeout_s": 120.0,
            "ca": str(authority.ca),
        }
        slow = create(settings, context(what="security", stop=ending.is_set))
        slow.open()
        collector.answers = False
        threading.Timer(0.3, ending.set).start()
        with pytest.raises(TargetUnavailable, match="the job ends"):
            slow.deliver(stream.package(events=[event(2)]))


def test_cr_6_2_the_certificate_of_the_collector_is_checked(tmp_path: Path, authority: Authority) -> None:
    with collecting("tls", authority) as collector:
        strange = Authority(tmp_path / "strange")
        with pytest.raises(TargetRefused, match=r"no trusted connection: .*setting ca"):
            exporter("tls", collector.port, strange).open()
        with pytest.raises(TargetRefused, match="files for TLS"):
            exporter("tls", collector.port, ca=str(tmp_path / "nothing.pem")).open()
    ended = Authority(tmp_path / "ended", datetime.now(UTC) - timedelta(days=1))
    with (
        collecting("tls", ended) as collector,
        pytest.raises(TargetRefused, match="certificate has expired"),
    ):
        exporter("tls", collector.port, ended).open()
    with collecting("tcp", authority) as collector:
        collector.answers = False
        with pytest.raises(TargetUnavailable):
            exporter("tls", collector.port, authority, timeout_s=0.6).open()


def test_cr_6_2_a_collector_may_ask_for_our_certificate(tmp_path: Path) -> None:
    asking = Authority(tmp_path / "pki", asks_client=True)
    with collecting("tls", asking) as collector:
        with pytest.raises(TargetUnavailable):
            exporter("tls", collector.port, asking).open()
        made = exporter(
            "tls", collector.port, asking, certificate=str(asking.certificate), key=str(asking.key)
        )
        made.open()
        made.deliver(Stream([]).package(events=[event(7)]))
        assert [one.number for one in collector.messages] == [7]


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_cr_6_2_a_collector_that_wants_nothing_of_us_has_confirmed_nothing(
    protocol: str, authority: Authority
) -> None:
    with collecting(protocol, authority) as collector:
        made = exporter(protocol, collector.port, authority)
        made.open()
        collector.turns_away = True
        with pytest.raises(TargetUnavailable, match="ends the connection at once"):
            made.deliver(Stream([]).package(events=[event(1)]))


def test_cr_6_2_an_end_without_close_notify_counts_unless_it_must_not(authority: Authority) -> None:
    with collecting("tls", authority) as collector:
        collector.says_goodbye = False
        exporter("tls", collector.port, authority).open()
        with pytest.raises(TargetUnavailable, match="the encrypted connection failed"):
            exporter("tls", collector.port, authority, strict_close=True).open()
        collector.says_goodbye = True
        exporter("tls", collector.port, authority, strict_close=True).open()


# ---------------------------------------------------------------------- a job on a real journal


class Plant:
    """A journal that is written, and a security job on it."""

    def __init__(self, folder: Path, protocol: str, port: int, authority: Authority) -> None:
        self.folder, self.clock = folder, ManualClock(BEGIN)
        self.journal = SqliteJournal(
            folder / "journal.sqlite", clock=self.clock, runtime_id="r", run_id="run", plant_revision="1",
            simulated=False,
        )  # fmt: skip
        self._to, self.monotonic = (protocol, port, authority), 0.0
        self.wanted: list[int] = []

    async def note(self, *names: str) -> None:
        """Each security event has an alarm and a command beside it, which stay here."""
        for name in names:
            self.clock.advance(1)
            for kind, one in (
                (Kind.ALARM, "alarm.raised"),
                (Kind.AUDIT, "command.sent"),
                (Kind.SYSTEM, "audit.sealed"),
            ):
                await self.journal.append(Entry(kind, one, SYSTEM, "a", self.clock.now_ns(), {}))
            kind = Kind.SYSTEM if name.startswith("program.") else Kind.AUDIT
            (record,) = await self.journal.append(
                Entry(kind, name, SYSTEM, "user:ada", self.clock.now_ns(), {})
            )
            self.wanted.append(record.seq)

    @contextmanager
    def job(self) -> Iterator[JobRunner]:
        """As one life of the process that delivers."""
        reader, state = JournalReader(self.folder / "journal.sqlite"), JobState(self.folder / "exports")
        try:
            yield JobRunner(
                ExportDef("siem", "syslog", ExportWhat.SECURITY, since=1),
                Plain("p_test/siem", "plant", "Plant", "UTC", "history"),
                EventSource(reader, ExportWhat.SECURITY), exporter(*self._to), state,
                stop=threading.Event(), now=self.clock.now_ns, pause=lambda _s: None, monotonic=lambda: self.monotonic,
            )  # fmt: skip
        finally:
            reader.close()
            state.close()

    def turn(self, runner: JobRunner, times: int = 10) -> JobCondition:
        for _ in range(times):
            self.monotonic += 100.0
            runner.turn()
        return runner.figures.condition


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_cr_6_2_an_outage_and_a_restart_lose_no_security_event(
    protocol: str, authority: Authority, tmp_path: Path
) -> None:
    port = quiet_port()
    plant = Plant(tmp_path, protocol, port, authority)
    await plant.journal.open()
    try:
        await plant.note("session.signed_in", "session.refused")
        with collecting(protocol, authority, port) as collector, plant.job() as job:
            assert plant.turn(job) is JobCondition.RUNNING
            collector.until(lambda: len(collector.raw) >= 2)
            first = collector.messages
        with plant.job() as job:
            await plant.note("account.locked", "certificate.rejected")
            assert plant.turn(job) is JobCondition.UNAVAILABLE
        await plant.note("program.changed", "station.removed")
        with plant.job() as job:
            assert plant.turn(job) is JobCondition.UNAVAILABLE
            with collecting(protocol, authority, port) as collector:
                assert plant.turn(job) is JobCondition.RUNNING
                collector.until(lambda: len(collector.raw) >= 4)
                second = collector.messages
    finally:
        await plant.journal.close()
    assert [one.number for one in (*first, *second)] == plant.wanted
    assert [one.id for one in second] == [
        "account.locked",
        "certificate.rejected",
        "program.changed",
        "station.removed",
    ]
    assert [one.priority % 8 for one in second] == [4, 4, 2, 4]
