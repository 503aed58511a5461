"""Makes and reads the certificates of this product: no authority, valid since yesterday, key for its owner only."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import ConfigurationError

KEY_BITS = 3072
BACK_DATED = timedelta(days=1)
VALID = timedelta(days=3 * 365)
WARN_DAYS = (7, 30, 60)
COMPANY = "Watchkeeper"
_BACKED_UP, _ASIDE = ".old", ".aside"


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The certificate of this product with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person compares before a certificate is trusted."""

    subject: str
    uri: str
    sha1: str
    sha256: str
    valid_from: datetime
    valid_to: datetime


def utc(now_ns: int | None = None) -> datetime:
    """A moment as certificates state it."""
    return datetime.fromtimestamp((wall_ns() if now_ns is None else now_ns) / NS_PER_S, UTC)


def application_uri(host: str = "", product: str = "runtime") -> str:
    """``urn:<host>:<company>:<product>`` (standards 3.7)."""
    return f"urn:{host or socket.gethostname()}:{COMPANY}:{product}"


def facts(certificate: x509.Certificate) -> Facts:
    """Subject, URI, thumbprints and validity."""
    return Facts(
        certificate.subject.rfc4514_string(),
        san_uri(certificate),
        certificate.fingerprint(hashes.SHA1()).hex(),
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def san_uri(certificate: x509.Certificate) -> str:
    """First URI of the alternative names; empty when there is none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")


def days_left(certificate: x509.Certificate, now_ns: int | None = None) -> int:
    """Whole days until the certificate expires; negative when it has."""
    return (certificate.not_valid_after_utc - utc(now_ns)).days


def expiry_step(certificate: x509.Certificate, now_ns: int | None = None) -> int | None:
    """7, 30 or 60 when fewer days are left than that, else None (standards 3.7)."""
    left = days_left(certificate, now_ns)
    return next((step for step in WARN_DAYS if left <= step), None)


def create(folder: Path, *, uri: str, host: str, now_ns: int | None = None) -> OwnCertificate:
    """A new self-signed certificate and key in ``folder``; an older pair is kept beside it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    certificate = _sign(key, uri, host, utc(now_ns))
    certificate_file, key_file = _files(folder)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for file in (certificate_file, key_file):
        if file.exists():
            file.replace(file.with_name(file.name + _BACKED_UP))
    _write_private(key_file, private)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    return OwnCertificate(certificate, key, certificate_file, key_file)


def renew(folder: Path, *, uri: str = "", host: str = "", now_ns: int | None = None) -> OwnCertificate:
    """A new pair for the same application; the one before it is kept for ``return_former``."""
    host = host or socket.gethostname()
    return create(folder, uri=uri or application_uri(host), host=host, now_ns=now_ns)


def has_former(folder: Path) -> bool:
    """Whether the pair before the last renewal is kept."""
    return all(file.with_name(file.name + _BACKED_UP).exists() for file in _files(folder))


def return_former(folder: Path) -> None:
    """Use the pair of before again; the present one is kept in its place."""
    for file in _files(folder):
        former, aside = file.with_name(file.name + _BACKED_UP), file.with_name(file.name + _ASIDE)
        file.replace(aside)
        former.replace(file)
        aside.replace(former)


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / "certificate.der", folder / "key.pem"


def _sign(key: rsa.RSAPrivateKey, uri: str, host: str, now: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Watchkeeper@{host}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, COMPANY),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), _host_name(host)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACK_DATED)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(names, critical=False)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_private(file: Path, content: bytes) -> None:
    """Readable by the owner from its first byte on."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)


def load(folder: Path) -> OwnCertificate:
    """The pair in ``folder``; ConfigurationError when it is missing or does not fit together."""
    certificate_file, key_file = _files(folder)
    try:
        certificate = x509.load_der_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"the own certificate cannot be read: {error}",
            file=str(folder),
            do="remove both files; a new pair is made",
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey) or certificate.public_key() != key.public_key():
        raise ConfigurationError(
            "the own certificate and the key do not belong together",
            file=str(folder),
            do="remove both files; a new pair is made",
        )
    return OwnCertificate(certificate, key, certificate_file, key_file)


def load_or_create(folder: Path, *, uri: str = "", host: str = "") -> OwnCertificate:
    """The pair in ``folder``, made when there is none."""
    if any(file.exists() for file in _files(folder)):
        return load(folder)
    return renew(folder, uri=uri, host=host)
