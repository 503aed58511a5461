"""Decides whether the certificate of another party is trusted, one step and one message at a time.

Folders: ``trusted/certs`` ``trusted/crl`` ``issuer/certs`` ``issuer/crl``, ``rejected`` (waits for a decision) and
``denied`` (a person decided). A trusted application certificate vouches for itself alone; only a certificate that is an
authority vouches for others, and for none that is denied.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from hmi.core.texts import tr
from hmi.security.certificates import san_uri, utc

MIN_BITS, MAX_BITS = 2048, 4096
MAX_CHAIN = 8
MAX_REJECTED = 100
PKI_FOLDER: Final = "pki"
"""Inside the data folder of a runtime."""
PLACES: Final = {
    "trusted": "trusted/certs",
    "issuer": "issuer/certs",
    "rejected": "rejected",
    "denied": "denied",
}
LIST_PLACES: Final = {"trusted": "trusted/crl", "issuer": "issuer/crl"}
_DER = serialization.Encoding.DER


class Fault(Enum):
    """What can be wrong with a certificate; the value is the word used in settings and in the journal."""

    STRUCTURE = "structure"
    SIGNATURE = "signature"
    UNTRUSTED = "untrusted"
    DENIED = "denied"
    EXPIRED = "expired"
    NOT_YET = "not-yet-valid"
    HOST = "host"
    URI = "uri"
    USAGE = "usage"
    WEAK = "weak-key"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"


SUPPRESSIBLE = frozenset({Fault.EXPIRED, Fault.HOST, Fault.REVOCATION_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed step with its sentence."""

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``faults`` refuse the certificate; ``overridden`` were accepted by setting and belong in the journal."""

    faults: tuple[Finding, ...]
    overridden: tuple[Finding, ...] = ()

    @property
    def is_trusted(self) -> bool:
        return not self.faults

    @property
    def text(self) -> str:
        """All faults in one line."""
        return "; ".join(found.text for found in self.faults)

    def has(self, fault: Fault) -> bool:
        """Whether that is among the faults."""
        return any(found.fault is fault for found in self.faults)


@dataclass(frozen=True, slots=True)
class Stored:
    """A certificate in a file; ``place`` is one of ``PLACES``."""

    place: str
    file: Path
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class StoredList:
    """A revocation list in a file; ``place`` is one of ``LIST_PLACES``."""

    place: str
    file: Path
    revoked: x509.CertificateRevocationList


class TrustList:
    """The trust list in a folder, read afresh for each check so that a change needs no restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rejected = folder / "rejected"

    def prepare(self) -> None:
        """Make the folders, so that a person finds them."""
        for part in (*PLACES.values(), *LIST_PLACES.values()):
            (self._folder / part).mkdir(parents=True, exist_ok=True)

    def check(
        self,
        der: bytes,
        *,
        host: str | None,
        application_uri: str | None,
        overrides: Collection[Fault] = (),
        now_ns: int | None = None,
        is_client: bool = False,
    ) -> Verdict:
        """As ``verdict``; a certificate that is refused is kept in ``rejected`` until a person has decided."""
        verdict = self.verdict(
            der,
            host=host,
            application_uri=application_uri,
            overrides=overrides,
            now_ns=now_ns,
            is_client=is_client,
        )
        chain = load_chain(der)
        if chain and not verdict.is_trusted and not verdict.has(Fault.DENIED):
            self._keep_rejected(chain[0])
        return verdict

    def verdict(
        self,
        der: bytes,
        *,
        host: str | None,
        application_uri: str | None,
        overrides: Collection[Fault] = (),
        now_ns: int | None = None,
        is_client: bool = False,
    ) -> Verdict:
        """All steps of standards 3.7 without a trace in the folder; None leaves the host or the application out.

        ``is_client``: the certificate is that of a client, and has to be made for one.
        """
        chain = load_chain(der)
        if not chain:
            text = tr("the certificate cannot be read; ask for a new one")
            return Verdict((Finding(Fault.STRUCTURE, text),))
        findings = [
            *_validity(chain[0], utc(now_ns)),
            *(_host(chain[0], host) if host is not None else ()),
            *(_uri(chain[0], application_uri) if application_uri is not None else ()),
            *_usage(chain[0], is_client=is_client),
            *_strength(chain[0]),
            *self._trust(chain, utc(now_ns)),
        ]
        allowed = SUPPRESSIBLE & set(overrides)
        faults = tuple(found for found in findings if found.fault not in allowed)
        return Verdict(faults, tuple(found for found in findings if found.fault in allowed))

    def trust(self, thumbprint: str) -> Path:
        """Move a rejected certificate to the trusted ones; the caller has checked the right to do so."""
        source = self._rejected / f"{thumbprint}.der"
        target = self._folder / PLACES["trusted"] / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        return source.replace(target)

    def rejected(self) -> tuple[x509.Certificate, ...]:
        """Certificates that wait for a decision."""
        return tuple(_load_all(self._rejected))

    def stored(self) -> list[Stored]:
        """Every certificate of every place."""
        return [
            Stored(place, file, certificate)
            for place, part in PLACES.items()
            for file, certificate in _certificates_in(self._folder / part)
        ]

    def lists(self) -> list[StoredList]:
        """Every revocation list."""
        return [
            StoredList(place, file, revoked)
            for place, part in LIST_PLACES.items()
            for file, revoked in _lists_in(self._folder / part)
        ]

    def put(self, place: str, certificate: x509.Certificate) -> Path:
        """Keep a certificate in a place, named by its thumbprint."""
        file = self._folder / PLACES[place] / f"{thumbprints(certificate)[0]}.der"
        return _written(file, certificate.public_bytes(_DER))

    def put_list(self, place: str, revoked: x509.CertificateRevocationList) -> Path:
        """Keep a revocation list in a place, named by its SHA-1."""
        file = self._folder / LIST_PLACES[place] / f"{revoked.fingerprint(hashes.SHA1()).hex()}.crl"
        return _written(file, revoked.public_bytes(_DER))

    def _keep_rejected(self, certificate: x509.Certificate) -> None:
        self._rejected.mkdir(parents=True, exist_ok=True)
        file = self._rejected / f"{certificate.fingerprint(hashes.SHA1()).hex()}.der"
        if not file.exists() and len(list(self._rejected.iterdir())) < MAX_REJECTED:
            file.write_bytes(certificate.public_bytes(_DER))

    # --- the chain ------------------------------------------------------------------------------------

    def _trust(self, sent: Sequence[x509.Certificate], now: datetime) -> list[Finding]:
        """From the certificate to one that is trusted, with revocation at each step."""
        if sent[0] in _load_all(self._folder / PLACES["denied"]):
            return [Finding(Fault.DENIED, tr("the certificate was rejected; accept it if that was wrong"))]
        trusted, issuers = (_load_all(self._folder / PLACES[place]) for place in ("trusted", "issuer"))
        lists = [found.revoked for found in self.lists()]
        current, findings = sent[0], list[Finding]()
        pool = [*trusted, *issuers, *sent[1:]]
        for _step in range(MAX_CHAIN):
            if is_self_signed(current):
                break
            issuer = next((one for one in pool if _is_issued_by(current, one)), None)
            if issuer is None:
                break
            findings += _revocation(current, issuer, lists, now)
            findings += _validity(issuer, now)
            if current in trusted or issuer in trusted:
                return findings
            current = issuer
        if current in trusted:
            return findings
        if is_self_signed(current) and not _signed_by(current, current):
            return [Finding(Fault.SIGNATURE, tr("the signature of the certificate is wrong"))]
        subject = sent[0].subject.rfc4514_string()
        text = tr(
            "the certificate of {subject} is not trusted; compare its thumbprint and trust it",
            subject=subject,
        )
        return [*findings, Finding(Fault.UNTRUSTED, text)]


def thumbprints(certificate: x509.Certificate) -> tuple[str, str]:
    """SHA-1 and SHA-256 as hex."""
    return certificate.fingerprint(hashes.SHA1()).hex(), certificate.fingerprint(hashes.SHA256()).hex()


def load_chain(der: bytes) -> list[x509.Certificate]:
    """Certificates that stand one after the other; empty when the first cannot be read."""
    found: list[x509.Certificate] = []
    while der and len(found) < MAX_CHAIN:
        length = _der_length(der)
        try:
            certificate = x509.load_der_x509_certificate(der[:length])
            _ = certificate.extensions, certificate.public_key()
        except (ValueError, TypeError, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
            return found
        found.append(certificate)
        der = der[length:]
    return found


def _der_length(der: bytes) -> int:
    """Length of the first DER object, header included."""
    if len(der) < 2:
        return len(der)
    count = der[1] & 0x7F
    if not der[1] & 0x80:
        return 2 + count
    return 2 + count + int.from_bytes(der[2 : 2 + count], "big")


def is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Name, authority flag and signature; an application certificate is never an issuer."""
    return certificate.issuer == issuer.subject and is_authority(issuer) and _signed_by(certificate, issuer)


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign other certificates."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


# --- the steps ----------------------------------------------------------------------------------------


def _validity(certificate: x509.Certificate, now: datetime) -> list[Finding]:
    last, first = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now > last:
        text = tr("the certificate expired on {day}", day=f"{last:%Y-%m-%d %H:%M} UTC")
        return [Finding(Fault.EXPIRED, text)]
    if now < first:
        text = tr(
            "the certificate is valid only from {day}; check the clocks", day=f"{first:%Y-%m-%d %H:%M} UTC"
        )
        return [Finding(Fault.NOT_YET, text)]
    return []


def host_names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    """DNS names and addresses."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    return (
        names.get_values_for_type(x509.DNSName),
        [str(address) for address in names.get_values_for_type(x509.IPAddress)],
    )


def _host(certificate: x509.Certificate, host: str) -> list[Finding]:
    dns, addresses = host_names(certificate)
    try:
        is_named = str(ipaddress.ip_address(host)) in addresses or host in dns
    except ValueError:
        is_named = host.lower() in (name.lower() for name in dns)
    if is_named:
        return []
    listed = ", ".join([*dns, *addresses]) or tr("no host")
    return [
        Finding(
            Fault.HOST, tr("the certificate is made for {listed}, not for {host}", listed=listed, host=host)
        )
    ]


def _uri(certificate: x509.Certificate, application_uri: str) -> list[Finding]:
    stated = san_uri(certificate)
    if stated and stated == application_uri:
        return []
    text = tr(
        "the certificate names the application {stated}, the server says {uri}",
        stated=stated or tr("nowhere"),
        uri=application_uri,
    )
    return [Finding(Fault.URI, text)]


def _usage(certificate: x509.Certificate, *, is_client: bool) -> list[Finding]:
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if is_client else ExtendedKeyUsageOID.SERVER_AUTH
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        is_usable = usage.digital_signature and usage.key_encipherment and usage.data_encipherment
    except x509.ExtensionNotFound:
        is_usable = False
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        is_for_it = purpose in purposes
    except x509.ExtensionNotFound:
        is_for_it = True
    if is_usable and is_for_it:
        return []
    if is_client:
        return [Finding(Fault.USAGE, tr("the certificate may not be used by a client to sign and encrypt"))]
    return [Finding(Fault.USAGE, tr("the certificate may not be used by a server to sign and encrypt"))]


def _strength(certificate: x509.Certificate) -> list[Finding]:
    key = certificate.public_key()
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
    if not MIN_BITS <= bits <= MAX_BITS:
        text = tr(
            "the key has {bits} bits; RSA with {low} to {high} is accepted",
            bits=bits,
            low=MIN_BITS,
            high=MAX_BITS,
        )
        return [Finding(Fault.WEAK, text)]
    if isinstance(certificate.signature_hash_algorithm, hashes.MD5 | hashes.SHA1):
        return [Finding(Fault.WEAK, tr("the certificate is signed with an outdated hash; SHA-256 is needed"))]
    return []


def _revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList],
    now: datetime,
) -> list[Finding]:
    """The list of the issuer, with a valid signature and not out of date."""
    own = [one for one in lists if one.issuer == issuer.subject and _list_is_signed(one, issuer)]
    if any(one.get_revoked_certificate_by_serial_number(certificate.serial_number) for one in own):
        return [Finding(Fault.REVOKED, tr("the certificate was revoked by its issuer"))]
    if any(one.next_update_utc is None or one.next_update_utc >= now for one in own):
        return []
    name = issuer.subject.rfc4514_string()
    text = tr("there is no current revocation list of {issuer}; add it to the crl folder", issuer=name)
    return [Finding(Fault.REVOCATION_UNKNOWN, text)]


def _list_is_signed(revoked: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    return isinstance(key, rsa.RSAPublicKey) and revoked.is_signature_valid(key)


# --- files --------------------------------------------------------------------------------------------


def read_certificate(content: bytes) -> x509.Certificate | None:
    """The first certificate of a file, DER or PEM; None when there is none."""
    try:
        if content.startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
    except ValueError:
        return None
    return next(iter(load_chain(content)), None)


def read_list(content: bytes) -> x509.CertificateRevocationList | None:
    """The revocation list of a file, DER or PEM; None when it is none."""
    load = x509.load_pem_x509_crl if content.startswith(b"-----BEGIN") else x509.load_der_x509_crl
    try:
        return load(content)
    except ValueError:
        return None


def _contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for file in sorted(folder.glob("*")) if folder.is_dir() else []:
        try:
            yield file, file.read_bytes()
        except OSError:
            continue


def _certificates_in(folder: Path) -> list[tuple[Path, x509.Certificate]]:
    found = ((file, read_certificate(content)) for file, content in _contents(folder))
    return [(file, certificate) for file, certificate in found if certificate is not None]


def _lists_in(folder: Path) -> list[tuple[Path, x509.CertificateRevocationList]]:
    found = ((file, read_list(content)) for file, content in _contents(folder))
    return [(file, revoked) for file, revoked in found if revoked is not None]


def _load_all(folder: Path) -> list[x509.Certificate]:
    return [certificate for _, certificate in _certificates_in(folder)]


def _written(file: Path, content: bytes) -> Path:
    """Whole or not at all: a check that reads meanwhile never sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_bytes(content)
    return temporary.replace(file)
