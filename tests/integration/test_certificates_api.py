"""Certificates through a whole runtime: unknown, accepted, rejected, revoked, expired, changed (UA-10, CR 1.8, D10)."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from foreign_server import ForeignServer, Installed
from opcua_plant import free_port
from secured_plant import (
    APPLICATION,
    HOST,
    LOOKER,
    act_as,
    issue,
    make_authority,
    plant_of,
    secured_server,
    session,
)

from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import AccessRefused, CommunicationError, StorageError
from hmi.project.exports import ExportDef
from hmi.security import certificates
from hmi.security.tls import TlsFolder
from hmi.security.trust import TrustList
from hmi.security.trust_desk import TrustDesk

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
DAY_NS = 86_400 * NS_PER_S
REASON = "compared with the panel of the server"


@pytest.fixture
def own(tmp_path: Path) -> certificates.OwnCertificate:
    return certificates.create(tmp_path / "server", uri=APPLICATION, host=HOST)


async def test_UA_10_unknown_is_listed_accepted_by_the_api_and_comes_up_without_a_restart(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    async with (
        secured_server(port, own) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        found = await s.until_state("waiting")
        assert "is not trusted" in (await s.until_link("down", "not trusted")).text
        facts = certificates.facts(own.certificate)
        assert (found.fingerprint, found.sha1, found.uri) == (facts.sha256, facts.sha1, APPLICATION)
        assert (found.hosts, found.key_bits, found.place) == ([HOST], 3072, "rejected")
        assert [offer.connection for offer in found.offers] == ["plc"]
        assert found.offers[0].endpoint == server.url
        assert found.offers[0].first_seen > 0
        await s.until_counts({"waiting": 1})

        answer = await s.client.trust("accept", found.fingerprint, REASON)

        assert (answer.text, answer.refusal) == (f"{found.subject} is trusted", "")
        await s.until_link("up")
        trusted = await s.only()
        assert (trusted.state, trusted.place, trusted.text) == ("trusted", "trusted", "")
        await s.until_counts({})
        (record,) = await s.audit()
        assert (record["event"], record["actor"]) == ("certificate.accepted", "keeper")
        assert record["payload"]["fingerprint"] == found.fingerprint
        assert record["payload"]["reason"] == REASON


async def test_CR_1_8_rejecting_takes_a_live_connection_down_and_keeps_it_down(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    async with (
        secured_server(port, own) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        found = await s.until_state("waiting")
        await s.client.trust("accept", found.fingerprint, REASON)
        await s.until_link("up")

        await s.client.trust("reject", found.fingerprint, "the key was stolen")

        assert (await s.link()).state == "down"
        await s.until_link("down", "was rejected")
        assert (await s.only()).state == "rejected"
        again = await s.client.trust("reject", found.fingerprint, "twice")
        assert again.refusal == "this certificate is rejected already"
        await s.client.trust("accept", found.fingerprint, "it was not")
        await s.until_link("up")
        await s.client.trust("remove", found.fingerprint, "decide afresh")
        await s.until_state("waiting")
        assert (await s.link()).state == "down"
        events = [record["event"] for record in await s.audit()]
        assert events == [
            "certificate.accepted", "certificate.rejected", "certificate.refused", "certificate.accepted",
            "certificate.removed",
        ]  # fmt: skip


async def test_CR_1_8_nobody_decides_without_the_right_and_the_try_is_journalled(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    async with (
        secured_server(port, own) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        found = await s.until_state("waiting")
        act_as(LOOKER)
        for act in ("accept", "reject", "remove", "renew", "return"):
            with pytest.raises(AccessRefused, match="looker has no right to security"):
                await s.client.trust(act, found.fingerprint, REASON)
        assert (await s.only()).state == "waiting"
        records = await s.audit()
        assert {record["event"] for record in records} == {"certificate.refused"}
        assert [record["actor"] for record in records] == ["looker"] * 5


async def test_CR_1_8_an_act_needs_a_reason_and_a_whole_fingerprint(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session(plant_of("opc.tcp://127.0.0.1:9/x"), tmp_path / "d", monkeypatch) as s:
        with pytest.raises(CommunicationError, match="64 hexadecimal digits"):
            await s.client.trust("accept", "ab12", REASON)
        assert "a reason is needed" in (await s.client.trust("accept", "a" * 64, " ")).refusal
        assert "there is no certificate" in (await s.client.trust("accept", "a" * 64, REASON)).refusal
        assert "there is no earlier" in (await s.client.trust("return", "", REASON)).refusal


async def test_UA_10_another_certificate_of_the_same_server_is_shown_as_changed(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    async with session(plant_of(f"opc.tcp://{HOST}:{port}/plant/"), tmp_path / "d", monkeypatch) as s:
        async with secured_server(port, own):
            first = await s.until_state("waiting")
            await s.client.trust("accept", first.fingerprint, REASON)
            await s.until_link("up")
        other = certificates.create(tmp_path / "other", uri=APPLICATION, host=HOST)
        async with secured_server(port, other):
            second = await s.until_state("waiting")
            assert second.fingerprint != first.fingerprint
            assert second.subject == first.subject
            assert second.changed_from == first.fingerprint
            assert second.offers[0].before == first.fingerprint


async def test_UA_10_an_expired_certificate_is_refused_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = certificates.create(
        tmp_path / "server", uri=APPLICATION, host=HOST, now_ns=wall_ns() - 4 * 365 * DAY_NS
    )
    port = free_port()
    async with (
        secured_server(port, old) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        found = await s.until_state("expired")
        assert "the certificate expired on" in found.text
        answer = await s.client.trust("accept", found.fingerprint, REASON)
        assert "is accepted, but still refused: the certificate expired on" in answer.text
        await s.until_link("down", "the certificate expired on")


async def test_UA_10_a_wrong_application_is_refused_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = certificates.create(tmp_path / "server", uri="urn:somebody:else", host=HOST)
    port = free_port()
    async with (
        secured_server(port, foreign) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        found = await s.until_state("rejected")
        assert "names the application urn:somebody:else, the server says urn:test:secured" in found.text


async def test_CR_1_9_a_revocation_list_takes_a_live_connection_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_authority()
    own = issue(tmp_path / "server", authority)
    port = free_port()
    async with (
        secured_server(port, own) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        await s.until_state("waiting")
        store = TrustList(s.pki)
        store.put("trusted", authority.certificate)
        (s.pki / "trusted" / "crl" / "a.crl").write_bytes(authority.revocations())
        await s.until_link("up")

        (s.pki / "trusted" / "crl" / "a.crl").write_bytes(
            authority.revocations(own.certificate.serial_number)
        )

        await s.until_link("down", "was revoked by its issuer")
        found = await s.until_state("revoked")
        assert found.fingerprint == certificates.facts(own.certificate).sha256
        (listed,) = (await s.client.certificates()).lists
        assert (listed.revoked, listed.current) == (1, True)

        async def is_told() -> bool:
            return any(record["event"] == "certificate.changed" for record in await s.audit())

        await s.until(is_told)  # the authority came into the folder by hand


async def test_D10_a_server_that_offers_no_encryption_any_more_is_refused(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyncua import ua
    from opcua_plant import Plant as Server

    port = free_port()
    async with session(plant_of(f"opc.tcp://{HOST}:{port}/plant/"), tmp_path / "d", monkeypatch) as s:
        async with secured_server(port, own, plain_too=True):
            found = await s.until_state("waiting")
            await s.client.trust("accept", found.fingerprint, REASON)
            await s.until_link("up")
        plain = Server(port)
        await plain.start([ua.SecurityPolicyType.NoSecurity])
        async with plain.server:
            await s.until_link("down", "does not offer Basic256Sha256")


async def test_UA_16_the_certificate_that_stations_see_raises_an_alarm_until_it_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "d"
    tls = TlsFolder(data)
    made = tls.init([HOST])
    lasts_ns = int((made.valid_to - made.valid_from).total_seconds()) * NS_PER_S
    tls.renew(now_ns=wall_ns() - lasts_ns + 5 * DAY_NS)
    async with session(plant_of(f"opc.tcp://{HOST}:{free_port()}"), data, monkeypatch) as s:

        async def state() -> str:
            rows = {row.alarm_id: row.state for row in await s.client.alarms()}
            return rows.get("certificate:stations/7", "")

        async def raised() -> bool:
            return await state() == "UNACK"

        async def over() -> bool:
            return await state() in {"", "RTNUN"}

        await s.until(raised)
        tls.renew()
        await s.until(over)


async def test_UA_16_certificates_that_end_soon_raise_one_alarm_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = certificates.VALID.days
    soon = wall_ns() - (ends - 20) * DAY_NS
    own = certificates.create(tmp_path / "server", uri=APPLICATION, host=HOST, now_ns=soon)
    data = tmp_path / "d"
    certificates.create(data / "pki" / "own", uri="urn:own", host="here", now_ns=soon - 16 * DAY_NS)
    port = free_port()
    async with secured_server(port, own) as server, session(plant_of(server.url), data, monkeypatch) as s:
        found = await s.until_state("waiting")
        await s.client.trust("accept", found.fingerprint, REASON)
        assert (await s.only()).state == "expiring"

        async def alarms() -> dict[str, int]:
            return {
                row.alarm_id: row.priority for row in await s.client.alarms() if "certificate" in row.alarm_id
            }

        async def both() -> bool:
            return await alarms() == {"certificate:own/7": 2, "certificate:link/plc/30": 3}

        await s.until(both)
        await s.until_counts({"expiring": 2})
        answer = await s.client.trust("renew", "", "it ends")
        assert answer.text == "the own certificate is new; trust it in the servers"

        async def own_is_well() -> bool:
            rows = {row.alarm_id: row.state for row in await s.client.alarms()}
            return rows.get("certificate:own/7", "RTNUN") == "RTNUN"

        await s.until(own_is_well)


async def test_UA_16_the_certificate_of_a_server_of_the_exports_is_told_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, soon = tmp_path / "d", wall_ns() - (certificates.VALID.days - 20) * DAY_NS
    own = data / "exports" / "opcua-server" / "own"
    certificates.create(own, uri="urn:server", host="here", now_ns=soon)
    job = ExportDef("office", "opcua_server", settings={"pki": "opcua-server"})
    plant = replace(plant_of("opc.tcp://127.0.0.1:9/x"), exports=(job,))
    async with session(plant, data, monkeypatch) as s:

        async def state() -> str:
            return {row.alarm_id: row.state for row in await s.client.alarms()}.get(
                "certificate:export/office/30", ""
            )

        async def is_told() -> bool:
            return await state() == "UNACK"

        async def is_over() -> bool:
            return await state() == "RTNUN"

        await s.until(is_told)
        await s.until_counts({"expiring": 1})
        certificates.renew(own, uri="urn:server", host="here")
        await s.until(is_over)
        await s.until_counts({})


async def test_CR_1_8_renewal_keeps_the_old_key_and_returns_to_it(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "d"
    first = certificates.create(data / "pki" / "own", uri="urn:own:x", host="here")
    async with session(plant_of("opc.tcp://127.0.0.1:9/x"), data, monkeypatch) as s:
        await s.client.trust("renew", "", "yearly")
        found = await s.client.certificates()
        assert found.own is not None
        assert found.own.uri == "urn:own:x"
        assert found.own.fingerprint != certificates.facts(first.certificate).sha256
        assert found.returnable
        assert certificates.load(data / "pki" / "own").key.private_numbers() != first.key.private_numbers()
        await s.client.trust("return", "", "the server does not know it yet")
        back = (await s.client.certificates()).own
        assert back is not None
        assert back.fingerprint == certificates.facts(first.certificate).sha256
        events = [record["event"] for record in await s.audit()]
        assert events == ["certificate.renewed", "certificate.returned"]


async def test_UA_10_another_maker_s_server_is_accepted_by_the_api(
    node_opcua: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForeignServer(node_opcua, tmp_path / "server") as server:
        async with session(plant_of(server.url), tmp_path / "d", monkeypatch) as s:
            found = await s.until_state("waiting")
            assert found.text.endswith("is not trusted; compare its thumbprint and trust it")
            await s.client.trust("accept", found.fingerprint, REASON)
            await s.until_link("down", "it may not trust our certificate yet")
            await asyncio.to_thread(server.ask, trust="application")
            await s.until_link("up")
            await s.client.trust("reject", found.fingerprint, "test")
            await s.until_link("down", "was rejected")


async def test_CR_1_8_what_the_desk_sees_does_not_change_the_folder(tmp_path: Path) -> None:
    desk = TrustDesk(tmp_path / "pki")
    assert desk.look().certificates == []
    assert not (tmp_path / "pki").exists()


async def test_D7_nothing_is_decided_while_the_audit_trail_cannot_be_written(
    tmp_path: Path, own: certificates.OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        secured_server(free_port(), own) as server,
        session(plant_of(server.url), tmp_path / "d", monkeypatch) as s,
    ):
        found = await s.until_state("waiting")

        async def full(*_entries: object) -> None:
            raise StorageError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(s.runtime.services.journal, "append", full)
            with pytest.raises(CommunicationError, match="the disk is full"):
                await s.client.trust("accept", found.fingerprint, REASON)
        assert (await s.only()).state == "waiting"
