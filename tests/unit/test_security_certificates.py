"""Own certificates and the trust list: every fault has its own message."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hmi.core.errors import ConfigurationError
from hmi.security import certificates
from hmi.security.trust import Fault, TrustList, is_authority, load_chain

NOW = 1_800_000_000 * 10**9
DAY = 86_400 * 10**9
URI, HOST = "urn:plc:maker:device", "plc.example"
KEYS = {bits: rsa.generate_private_key(public_exponent=65_537, key_size=bits) for bits in (1024, 2048)}
OTHER = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def made(
    *,
    uri: str = URI,
    host: str = HOST,
    bits: int = 2048,
    days: tuple[int, int] = (-1, 100),
    name: str = "device",
    issuer: str = "",
    signed_by: rsa.RSAPrivateKey | None = None,
    ca: bool = False,
    usage: bool = True,
) -> x509.Certificate:
    """A certificate of a server, good unless told otherwise."""
    now = certificates.utc(NOW)
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)])
    flags: dict[str, Any] = dict.fromkeys(
        ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False
    )
    flags |= {"key_cert_sign": ca, "crl_sign": ca}
    flags |= dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), usage
    )
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName(host)]
    return (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by)
        .public_key(KEYS[bits].public_key())
        .serial_number(4711)
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**flags), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signed_by or KEYS[bits], hashes.SHA256())
    )


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def put(folder: Path, *found: x509.Certificate) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for place, certificate in enumerate(found):
        (folder / f"{place}.der").write_bytes(der(certificate))


def revocations(key: rsa.RSAPrivateKey, issuer: str, *, serial: int | None, days: int = 10) -> bytes:
    now = certificates.utc(NOW)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .last_update(now - timedelta(days=20))
        .next_update(now + timedelta(days=days))
    )
    if serial is not None:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def store(tmp_path: Path) -> TrustList:
    found = TrustList(tmp_path)
    found.prepare()
    return found


def judge(store: TrustList, *chain: x509.Certificate, overrides: tuple[Fault, ...] = ()) -> Any:
    return store.check(
        b"".join(map(der, chain)), host=HOST, application_uri=URI, overrides=overrides, now_ns=NOW
    )


def faults(verdict: Any) -> set[Fault]:
    return {found.fault for found in verdict.faults}


def test_own_certificate_is_no_authority_back_dated_and_strong(tmp_path: Path) -> None:
    own = certificates.create(tmp_path, uri=URI, host="127.0.0.1", now_ns=NOW)
    assert not is_authority(own.certificate)
    assert own.key.key_size == 3072
    assert own.certificate.not_valid_before_utc == certificates.utc(NOW) - timedelta(days=1)
    assert 2 * 365 <= certificates.days_left(own.certificate, NOW) <= 5 * 365
    assert certificates.san_uri(own.certificate) == URI
    if sys.platform != "win32":
        assert os.stat(own.key_file).st_mode & 0o777 == 0o600
    again = certificates.load_or_create(tmp_path)
    assert again.certificate == own.certificate


def test_own_certificate_with_a_foreign_key_is_refused(tmp_path: Path) -> None:
    own = certificates.create(tmp_path, uri=URI, host=HOST)
    own.certificate_file.write_bytes(der(made()))
    with pytest.raises(ConfigurationError, match="do not belong together"):
        certificates.load(tmp_path)
    own.key_file.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        certificates.load_or_create(tmp_path)


def test_new_pair_keeps_the_old_one_beside_it(tmp_path: Path) -> None:
    first = certificates.create(tmp_path, uri=URI, host=HOST)
    second = certificates.create(tmp_path, uri=URI, host=HOST)
    assert first.certificate != second.certificate
    assert (tmp_path / "key.pem.old").exists()


@pytest.mark.parametrize(("left", "step"), [(61, None), (59, 60), (29, 30), (6, 7), (-1, 7)])
def test_UA_16_expiry_is_announced_in_three_steps(left: int, step: int | None) -> None:
    certificate = made(days=(-1, left))
    assert certificates.expiry_step(certificate, NOW) == step


def test_trusted_certificate_passes_every_step(store: TrustList, tmp_path: Path) -> None:
    put(tmp_path / "trusted/certs", made())
    assert judge(
        store, made_again := load_chain((tmp_path / "trusted/certs/0.der").read_bytes())[0]
    ).is_trusted
    assert certificates.facts(made_again).uri == URI


FAULTY = {
    Fault.EXPIRED: {"days": (-10, -1)},
    Fault.NOT_YET: {"days": (1, 10)},
    Fault.HOST: {"host": "other.example"},
    Fault.URI: {"uri": "urn:other"},
    Fault.WEAK: {"bits": 1024},
    Fault.USAGE: {"usage": False},
}


@pytest.mark.parametrize("fault", FAULTY)
def test_UA_10_each_fault_is_refused_with_its_own_message(
    store: TrustList, tmp_path: Path, fault: Fault
) -> None:
    certificate = made(**FAULTY[fault])  # type: ignore[arg-type]
    put(tmp_path / "trusted/certs", certificate)
    verdict = judge(store, certificate)
    assert faults(verdict) == {fault}
    assert len(store.rejected()) == 1


def test_UA_10_messages_differ(store: TrustList, tmp_path: Path) -> None:
    texts = set()
    for place, options in enumerate(FAULTY.values()):
        certificate = made(**options)  # type: ignore[arg-type]
        put(tmp_path / f"trusted{place}", certificate)
        (tmp_path / "trusted/certs/one.der").write_bytes(der(certificate))
        texts.add(judge(store, certificate).text)
    texts.add(judge(store, made(name="stranger")).text)
    texts.add(store.check(b"rubbish", host=HOST, application_uri=URI).text)
    assert len(texts) == len(FAULTY) + 2


def test_UA_10_untrusted_is_kept_and_can_be_trusted(store: TrustList) -> None:
    certificate = made()
    assert faults(judge(store, certificate)) == {Fault.UNTRUSTED}
    assert store.rejected() == (certificate,)
    store.trust(certificates.facts(certificate).sha1)
    assert judge(store, certificate).is_trusted


def test_UA_10_revoked_by_a_list_with_a_valid_signature(store: TrustList, tmp_path: Path) -> None:
    root = made(name="root", ca=True)
    device = made(issuer="root", signed_by=KEYS[2048])
    put(tmp_path / "trusted/certs", root)
    assert faults(judge(store, device)) == {Fault.REVOCATION_UNKNOWN}
    crl = tmp_path / "trusted/crl/root.crl"
    crl.write_bytes(revocations(OTHER, "root", serial=4711))
    assert faults(judge(store, device)) == {Fault.REVOCATION_UNKNOWN}
    crl.write_bytes(revocations(KEYS[2048], "root", serial=4711))
    assert faults(judge(store, device)) == {Fault.REVOKED}
    crl.write_bytes(revocations(KEYS[2048], "root", serial=None))
    assert judge(store, device).is_trusted
    crl.write_bytes(revocations(KEYS[2048], "root", serial=None, days=-1))
    assert faults(judge(store, device)) == {Fault.REVOCATION_UNKNOWN}


def test_trusted_application_certificate_vouches_for_nobody_else(store: TrustList, tmp_path: Path) -> None:
    put(tmp_path / "trusted/certs", made(name="application"))
    other = made(issuer="application", signed_by=KEYS[2048])
    assert Fault.UNTRUSTED in faults(judge(store, other))


def test_chain_through_the_issuer_folder_needs_a_trusted_root(store: TrustList, tmp_path: Path) -> None:
    root = made(name="root", ca=True)
    device = made(issuer="root", signed_by=KEYS[2048])
    put(tmp_path / "issuer/certs", root)
    assert Fault.UNTRUSTED in faults(judge(store, device, root))


def test_UA_10_override_is_limited_and_reported(store: TrustList, tmp_path: Path) -> None:
    certificate = made(days=(-10, -1))
    put(tmp_path / "trusted/certs", certificate)
    verdict = judge(store, certificate, overrides=(Fault.EXPIRED, Fault.UNTRUSTED))
    assert verdict.is_trusted
    assert [found.fault for found in verdict.overridden] == [Fault.EXPIRED]
    stranger = judge(store, made(name="stranger"), overrides=(Fault.UNTRUSTED, Fault.WEAK))
    assert faults(stranger) == {Fault.UNTRUSTED}
    assert replace(verdict, faults=stranger.faults).text == stranger.text
