"""``hmi trust`` without a runtime and beside one that runs (CR 1.8, UA-10)."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, command
from cryptography.hazmat.primitives import serialization
from opcua_plant import free_port
from secured_plant import APPLICATION, HOST, issue, make_authority, plant_of, secured_server, session

from hmi.project import new_plant
from hmi.security import certificates
from hmi.security.sightings import Sighting, record
from hmi.security.trust import TrustList

no_socket = pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket")


@pytest.fixture
def hmi(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(capfd, monkeypatch)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    new_plant(tmp_path / "plant")
    return tmp_path / "plant"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def met(data: Path, own: certificates.OwnCertificate) -> certificates.Facts:
    """A connection has met a server that nobody knows."""
    der = own.certificate.public_bytes(serialization.Encoding.DER)
    TrustList(data / "pki").check(der, host=HOST, application_uri=APPLICATION)
    record(data / "pki", Sighting("plc", "opc.tcp://127.0.0.1:4840", HOST, APPLICATION, der))
    return certificates.facts(own.certificate)


def listed(hmi: CommandLine, plant: Path, data: Path) -> dict[str, Any]:
    result = hmi("trust", plant, "list", "--data", data, "--json")
    assert result.code == 0
    return json.loads(result.out)


def test_CR_1_8_list_accept_reject_remove_without_a_runtime(
    hmi: CommandLine, plant: Path, data: Path, tmp_path: Path
) -> None:
    facts = met(data, certificates.create(tmp_path / "server", uri=APPLICATION, host=HOST))
    (row,) = listed(hmi, plant, data)["certificates"]
    assert (row["state"], row["fingerprint"]) == ("waiting", facts.sha256)
    assert row["offers"][0]["connection"] == "plc"

    def state() -> str:
        return listed(hmi, plant, data)["certificates"][0]["state"]

    accepted = hmi("trust", plant, "accept", facts.sha256, "--reason", "compared", "--data", data)
    assert accepted.code == 0
    assert accepted.sentence == f"{facts.subject} is trusted ({facts.sha256})"
    assert state() == "trusted"
    again = hmi("trust", plant, "accept", facts.sha256, "--data", data)
    assert (again.code, again.sentence) == (1, "this certificate is trusted already")
    # the beginning of its SHA-1 as people read it is enough
    short = ":".join(facts.sha1.upper()[place : place + 2] for place in range(0, 16, 2))
    assert hmi("trust", plant, "reject", short, "--data", data).code == 0
    assert state() == "rejected"
    assert hmi("trust", plant, "remove", facts.sha256, "--data", data).code == 0
    assert listed(hmi, plant, data)["certificates"] == []
    notes = [json.loads(file.read_text()) for file in sorted((data / "pki" / "notes").glob("*.json"))]
    assert [note["act"] for note in notes] == ["accept", "reject", "remove"]
    assert notes[0]["reason"] == "compared"


def test_CR_1_8_own_certificate_is_made_shown_renewed_and_returned(
    hmi: CommandLine, plant: Path, data: Path
) -> None:
    first = json.loads(hmi("trust", plant, "own", "--data", data, "--json").out)
    assert Path(first["file"]).exists()
    assert first["key_bits"] == 3072
    shown = hmi("trust", plant, "own", "--data", data).out
    assert first["fingerprint"][:4].upper() in shown
    assert hmi("trust", plant, "return", "--data", data).code == 1
    assert hmi("trust", plant, "renew", "--data", data).code == 0
    second = json.loads(hmi("trust", plant, "own", "--data", data, "--json").out)
    assert second["fingerprint"] != first["fingerprint"]
    assert second["uri"] == first["uri"]
    assert hmi("trust", plant, "return", "--data", data).code == 0
    assert json.loads(hmi("trust", plant, "own", "--data", data, "--json").out) == first


def test_CR_1_9_authorities_and_revocation_lists_are_imported(
    hmi: CommandLine, plant: Path, data: Path, tmp_path: Path
) -> None:
    authority = make_authority()
    own = issue(tmp_path / "server", authority)
    facts = met(data, own)
    pem, crl = tmp_path / "authority.pem", tmp_path / "list.crl"
    pem.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    crl.write_bytes(authority.revocations(own.certificate.serial_number))

    taken = hmi("trust", plant, "import", pem, "--data", data)
    assert "and with it every certificate it issued" in taken.sentence
    states = {row["fingerprint"]: row["state"] for row in listed(hmi, plant, data)["certificates"]}
    assert states[facts.sha256] == "rejected"  # its revocation list is missing
    assert hmi("trust", plant, "crl", crl, "--data", data).code == 0
    found = listed(hmi, plant, data)
    states = {row["fingerprint"]: row["state"] for row in found["certificates"]}
    assert states[facts.sha256] == "revoked"
    assert found["lists"][0]["revoked"] == 1
    assert hmi("trust", plant, "remove", found["lists"][0]["fingerprint"], "--data", data).code == 0
    assert listed(hmi, plant, data)["lists"] == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("burn",), "hmi trust does not know 'burn'; write one of:"),
        (("accept",), "accept needs more; write: hmi trust PLANT accept FINGERPRINT"),
        (("list", "x"), "list takes nothing more than the plant, not 'x'"),
        (("accept", "ab:cd"), "is too short; write at least 8 digits"),
        (("renew", "--json"), "--json goes with list and own"),
        (("reject", "ab" * 8, "--issuer"), "--issuer goes with import"),
        (("import", "/nowhere.der"), "/nowhere.der: this file cannot be read"),
        (("list", "--reason", "x"), "--reason does not go with list"),
    ],
)
def test_wrong_use_is_one_sentence(
    hmi: CommandLine, plant: Path, data: Path, asked: tuple[str, ...], sentence: str
) -> None:
    result = hmi("trust", plant, *asked, "--data", data)
    assert result.code == 2
    assert sentence in result.sentence


def test_a_file_that_is_none_of_them_is_one_sentence(
    hmi: CommandLine, plant: Path, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "x.der"
    file.write_bytes(b"-----BEGIN nonsense")
    for verb, word in (("import", "no certificate"), ("crl", "no revocation list")):
        result = hmi("trust", plant, verb, file, "--data", data)
        assert result.code == 2
        assert word in result.sentence
    unknown = hmi("trust", plant, "accept", "ab" * 32, "--data", data)
    assert unknown.code == 1
    assert "there is no certificate with the fingerprint" in unknown.sentence


async def ran(*arguments: str | Path) -> str:
    """A call in a process of its own, as beside a running runtime."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out
    return out.decode()


@no_socket
@pytest.mark.asyncio
async def test_CR_1_8_a_running_runtime_follows_and_journals_who_did_it(
    plant: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificates.create(tmp_path / "server", uri=APPLICATION, host=HOST)
    async with (
        secured_server(free_port(), own) as server,
        session(plant_of(server.url), data, monkeypatch) as s,
    ):
        found = await s.until_state("waiting")
        more = ("--reason", "compared", "--data", data)
        await ran("trust", plant, "accept", found.fingerprint, *more)
        await s.until_link("up")
        rows = json.loads(await ran("trust", plant, "list", "--json", "--data", data))["certificates"]
        assert rows[0]["offers"][0]["state"] == "up"
        await ran("trust", plant, "reject", found.fingerprint, *more)
        await s.until_link("down", "was rejected")

        async def journalled() -> bool:
            return len(await s.audit()) >= 2

        await s.until(journalled)
        records = await s.audit()
        assert [one["event"] for one in records] == ["certificate.accepted", "certificate.rejected"]
        assert {one["payload"]["reason"] for one in records} == {"compared"}
        assert all(one["actor"] for one in records)
        assert not list((data / "pki" / "notes").glob("*.json"))
