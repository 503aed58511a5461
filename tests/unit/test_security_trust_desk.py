"""What servers showed, what people decided, and what hostile files cannot do (CR 1.8, D10)."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from hmi.client.certificates import CertificateInfo
from hmi.core.clock import NS_PER_S
from hmi.security import certificates, sightings, trust_notes
from hmi.security.certificates import OwnCertificate
from hmi.security.sightings import AGAIN_NS, Sighting, record
from hmi.security.trust import Fault, TrustList
from hmi.security.trust_desk import TrustDesk, plain_hex

URI, HOST = "urn:plc", "plc"
NOW = 1_800_000_000 * NS_PER_S


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[OwnCertificate, OwnCertificate]:
    """Two certificates of the same server."""
    first, second = (
        certificates.create(tmp_path_factory.mktemp("server"), uri=URI, host=HOST, now_ns=NOW) for _ in "ab"
    )
    return first, second


def der(own: OwnCertificate) -> bytes:
    return own.certificate.public_bytes(serialization.Encoding.DER)


def shown(own: OwnCertificate, name: str = "p", endpoint: str = "opc.tcp://plc:4840") -> Sighting:
    return Sighting(name, endpoint, HOST, URI, der(own))


def meet(folder: Path, own: OwnCertificate, now_ns: int = NOW) -> str:
    TrustList(folder).check(der(own), host=HOST, application_uri=URI, now_ns=now_ns)
    record(folder, shown(own), now_ns)
    return certificates.facts(own.certificate).sha256


def only(desk: TrustDesk, now_ns: int = NOW) -> CertificateInfo:
    (found,) = desk.look(now_ns).certificates
    return found


def test_a_sighting_keeps_first_and_last_and_writes_seldom(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    own = shown(pairs[0])
    record(tmp_path, own, NOW)
    (file,) = (tmp_path / sightings.FOLDER).iterdir()
    before = file.stat().st_mtime_ns
    record(tmp_path, own, NOW + AGAIN_NS - 1)
    assert file.stat().st_mtime_ns == before
    record(tmp_path, own, NOW + AGAIN_NS)
    (found,) = sightings.sightings(tmp_path)
    assert (found.first_seen, found.last_seen, found.before) == (NOW, NOW + AGAIN_NS, "")
    record(tmp_path, shown(pairs[1]), NOW + AGAIN_NS + 1)
    (found,) = sightings.sightings(tmp_path)
    assert found.first_seen == NOW + AGAIN_NS + 1
    assert found.before == certificates.facts(pairs[0].certificate).sha256


def test_each_endpoint_has_its_own_sighting_and_names_make_no_paths(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    for name, url in (("../../x", "opc.tcp://a:1"), ("p", "opc.tcp://a:1"), ("p", "opc.tcp://b:1")):
        record(tmp_path / "pki", shown(pairs[0], name, endpoint=url), NOW)
    assert len(list((tmp_path / "pki" / sightings.FOLDER).iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["pki"]


def test_what_is_no_certificate_or_too_large_is_not_kept(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    good = shown(pairs[0])
    for bad in (b"", b"\x30\x03abc", der(pairs[0]) + bytes(sightings.MOST_BYTES)):
        record(tmp_path, msgspec.structs.replace(good, der=bad), NOW)
    assert sightings.sightings(tmp_path) == []
    (tmp_path / sightings.FOLDER).mkdir()
    (tmp_path / sightings.FOLDER / "x.json").write_bytes(b'{"connection": 1}')
    (tmp_path / sightings.FOLDER / "y.json").write_bytes(b"\x00" * 100)
    assert sightings.sightings(tmp_path) == []
    assert TrustDesk(tmp_path).look(NOW).certificates == []


def test_D10_a_denied_certificate_is_refused_although_an_override_is_set(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    desk, fingerprint = TrustDesk(tmp_path), meet(tmp_path, pairs[0])
    assert only(desk).state == "waiting"
    desk.act("accept", fingerprint)
    assert only(desk).state == "trusted"
    desk.act("reject", fingerprint)
    store = TrustList(tmp_path)
    verdict = store.check(der(pairs[0]), host=HOST, application_uri=URI, overrides=tuple(Fault), now_ns=NOW)
    assert [found.fault for found in verdict.faults] == [Fault.DENIED]
    assert store.rejected() == ()  # it waits for nobody: somebody has decided
    assert desk.look(NOW).waiting == 0
    assert desk.no_longer_trusted(NOW) == {"p": verdict.text}


def test_CR_1_8_remove_leaves_nothing_and_the_next_contact_waits_again(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    desk, fingerprint = TrustDesk(tmp_path), meet(tmp_path, pairs[0])
    for before in ("accept", "reject"):
        desk.act(before, fingerprint)
        assert desk.act("remove", fingerprint).fields["connections"] == ["p"]
        assert desk.look(NOW).certificates == []
        meet(tmp_path, pairs[0])
        assert only(desk).state == "waiting"


def test_UA_10_the_same_subject_with_other_bytes_is_another_certificate(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    desk, first = TrustDesk(tmp_path), meet(tmp_path, pairs[0])
    desk.act("accept", first)
    second = meet(tmp_path, pairs[1])
    states = {one.fingerprint: one for one in desk.look(NOW).certificates}
    assert states[second].state == "waiting"
    assert states[second].changed_from == first
    assert states[first].changed_from == ""
    desk.act("accept", second)
    assert {one.changed_from for one in desk.look(NOW).certificates} == {""}


def test_UA_16_states_follow_the_date(tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]) -> None:
    desk, fingerprint = TrustDesk(tmp_path), meet(tmp_path, pairs[0])
    desk.act("accept", fingerprint)
    end = int(pairs[0].certificate.not_valid_after_utc.timestamp()) * NS_PER_S
    day = 86_400 * NS_PER_S
    for left, state in ((31, "trusted"), (29, "expiring"), (0, "expiring"), (-1, "expired")):
        assert only(desk, end - left * day).state == state
    # a connection that is up is not cut by a date
    assert desk.no_longer_trusted(end + day) == {}


def test_fingerprints_are_found_however_they_are_written(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    desk, fingerprint = TrustDesk(tmp_path), meet(tmp_path, pairs[0])
    sha1 = certificates.facts(pairs[0].certificate).sha1
    for written in (fingerprint, fingerprint.upper(), sha1, f"{sha1[:2]}:{sha1[2:4]} {sha1[4:12]}"):
        assert desk.find(written) == [fingerprint]
    assert desk.find("") == []
    assert plain_hex(" AB:cd-EF ") == "abcdef"


def test_notes_come_in_order_and_a_torn_one_is_told_apart(tmp_path: Path) -> None:
    for number in range(3):
        trust_notes.leave(tmp_path, "accept", str(number), "why", {"subject": "x"})
    (tmp_path / trust_notes.FOLDER / "0.json").write_text("{")
    found = [note for _, note in trust_notes.waiting(tmp_path)]
    assert found[0] is None
    assert [note.fingerprint for note in found[1:] if note] == ["0", "1", "2"]
    assert all(note.user for note in found if note)


def test_a_check_never_meets_half_a_file(
    tmp_path: Path, pairs: tuple[OwnCertificate, OwnCertificate]
) -> None:
    store, stop = TrustList(tmp_path), threading.Event()
    store.put("trusted", pairs[0].certificate)
    faults: set[Fault] = set()

    def look() -> None:
        while not stop.is_set():
            verdict = store.verdict(der(pairs[0]), host=HOST, application_uri=URI, now_ns=NOW)
            faults.update(found.fault for found in verdict.faults)

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(200):
        store.put("trusted", pairs[0].certificate)
    stop.set()
    thread.join()
    assert faults == set()


def test_return_swaps_the_pairs_and_back(tmp_path: Path) -> None:
    first = certificates.create(tmp_path, uri=URI, host=HOST)
    assert not certificates.has_former(tmp_path)
    second = certificates.renew(tmp_path, uri=URI, host=HOST)
    for expected in (first, second, first):
        certificates.return_former(tmp_path)
        assert certificates.load(tmp_path).certificate == expected.certificate
