"""The certificate with which a runtime shows itself to stations on other machines: an authority of its own, or files
that somebody else made. TLS 1.2 and newer.

Everything lies in ``tls/`` of the data folder, the keys for their owner alone.
"""

from __future__ import annotations

import ipaddress
import os
import secrets as random
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hmi.core.aside import within
from hmi.core.errors import ConfigurationError, UsageError
from hmi.core.texts import tr
from hmi.security.certificates import BACK_DATED, COMPANY, utc
from hmi.security.secrets import Secrets
from hmi.security.trust import host_names

FOLDER = "tls"
CA_FILE, CA_KEY, SERVER_FILE, SERVER_KEY = "ca.pem", "ca-key.pem", "server.pem", "server-key.pem"
PASSPHRASE = "tls-key"
"""Name of the secret that opens a key somebody else made."""
AUTHORITY_VALID, SERVER_VALID = timedelta(days=3_650), timedelta(days=397)
KEY_STORE_S = 10.0
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What a person is shown. ``authority``: the file that stations need, None where somebody else signed."""

    names: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime
    sha256: str
    issuer: str
    authority: Path | None


class TlsFolder:
    """The files of one runtime."""

    def __init__(self, data: Path) -> None:
        self._data, self.folder = data, data / FOLDER

    @property
    def authority(self) -> Path:
        """The file that stations are given; nothing in it is secret."""
        return self.folder / CA_FILE

    @property
    def is_ready(self) -> bool:
        """Whether there is a certificate with its key."""
        return all((self.folder / name).exists() for name in (SERVER_FILE, SERVER_KEY))

    def state(self) -> tuple[int, ...]:
        """Another one after each change of the files."""
        files = [self.folder / SERVER_FILE, self.folder / SERVER_KEY]
        return tuple(file.stat().st_mtime_ns for file in files if file.exists())

    def init(self, hosts: Sequence[str], now_ns: int | None = None) -> ServerCertificate:
        """A new authority and a server certificate of it; UsageError when there is one already."""
        if self.is_ready or self.authority.exists():
            raise UsageError(
                tr(
                    "{folder}: there is a certificate already; a new one of the same authority: hmi tls PLANT renew",
                    folder=self.folder,
                )
            )
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed_authority(key, utc(now_ns))
        self._put(CA_KEY, _private(key))
        self._put(CA_FILE, certificate.public_bytes(_PEM))
        return self._issue(certificate, key, list(hosts) or own_hosts(), now_ns)

    def renew(self, hosts: Sequence[str] = (), now_ns: int | None = None) -> ServerCertificate:
        """A new key and certificate of the same authority, for the same names when none are given."""
        try:
            authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
            key = serialization.load_pem_private_key((self.folder / CA_KEY).read_bytes(), password=None)
        except FileNotFoundError:
            raise UsageError(
                tr(
                    "{folder}: there is no authority of this runtime; make one with: hmi tls PLANT init",
                    folder=self.folder,
                )
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(
                tr("the authority cannot be read: {why}", why=error), file=str(self.folder)
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigurationError(
                tr("the key of the authority is none of ours"), file=str(self.folder / CA_KEY)
            )
        return self._issue(authority, key, list(hosts) or list(self.show().names), now_ns)

    def use(self, certificate: Path, key: Path, passphrase: str = "") -> ServerCertificate:
        """Take a certificate (with its chain) and key that somebody else made; nothing is kept when they do not fit."""
        try:
            chain, private = certificate.read_bytes(), key.read_bytes()
            leaf = x509.load_pem_x509_certificates(chain)[0]
        except OSError as error:
            raise UsageError(
                tr("{file}: cannot be read ({why})", file=error.filename, why=error.strerror)
            ) from None
        except (ValueError, IndexError):
            raise UsageError(tr("{file}: this is no certificate in PEM form", file=certificate)) from None
        _check_pair(leaf, private, key, passphrase)
        secrets = Secrets(self._data)
        if passphrase:
            secrets.put(PASSPHRASE, passphrase)
        elif PASSPHRASE in secrets.names():
            secrets.delete(PASSPHRASE)
        self._put(SERVER_KEY, private)
        self._put(SERVER_FILE, chain)
        for name in (CA_FILE, CA_KEY):  # an authority that signed nothing here any more
            (self.folder / name).unlink(missing_ok=True)
        return self.show()

    def show(self) -> ServerCertificate:
        """The certificate that stations see; UsageError when there is none."""
        try:
            leaf = x509.load_pem_x509_certificates((self.folder / SERVER_FILE).read_bytes())[0]
        except FileNotFoundError:
            raise UsageError(
                tr("{folder}: there is no certificate; make one with: hmi tls PLANT init", folder=self.folder)
            ) from None
        except (OSError, ValueError, IndexError) as error:
            raise ConfigurationError(
                tr("the certificate cannot be read: {why}", why=error), file=str(self.folder / SERVER_FILE)
            ) from None
        names, addresses = host_names(leaf)
        return ServerCertificate(
            names=(*names, *addresses),
            valid_from=leaf.not_valid_before_utc,
            valid_to=leaf.not_valid_after_utc,
            sha256=leaf.fingerprint(hashes.SHA256()).hex().upper(),
            issuer=leaf.issuer.rfc4514_string(),
            authority=self.authority if self.authority.exists() else None,
        )

    def context(self) -> ssl.SSLContext:
        """What a server needs; ConfigurationError in one sentence when the files cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        self.load(context)
        return context

    def load(self, context: ssl.SSLContext) -> None:
        """Put the present files into a context; connections that come later use them."""
        key = self.folder / SERVER_KEY
        self._keep_others_out(key)
        try:
            context.load_cert_chain(self.folder / SERVER_FILE, key, self._passphrase)
        except (OSError, ssl.SSLError, UsageError) as error:
            raise ConfigurationError(
                tr("certificate and key cannot be used: {why}", why=error),
                file=str(self.folder),
                do=tr("make them again with hmi tls PLANT renew, or give others with hmi tls PLANT use"),
            ) from None

    def _passphrase(self) -> str:
        """Asked for only where the key is locked; a key store that asks a person may not answer."""
        try:
            return within(partial(Secrets(self._data).get, PASSPHRASE), KEY_STORE_S)
        except TimeoutError:
            raise UsageError(tr("the key store of the system does not answer; unlock it")) from None

    def _issue(
        self,
        authority: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        hosts: list[str],
        now_ns: int | None,
    ) -> ServerCertificate:
        own = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed_server(authority, key, own.public_key(), hosts, utc(now_ns))
        self._put(SERVER_KEY, _private(own))
        self._put(SERVER_FILE, certificate.public_bytes(_PEM) + authority.public_bytes(_PEM))
        return self.show()

    def _put(self, name: str, content: bytes) -> None:
        """Readable by its owner alone from the first byte on, and whole."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.folder / f"{name}.{random.token_hex(4)}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as out:
            out.write(content)
        draft.replace(self.folder / name)

    def _keep_others_out(self, key: Path) -> None:
        if os.name == "posix" and key.exists() and key.stat().st_mode & 0o077:
            raise ConfigurationError(
                tr("others can read this key"), file=str(key), do=tr("run: chmod 600 {file}", file=key)
            )


def own_hosts() -> list[str]:
    """The names under which this machine is certainly reached."""
    return list(dict.fromkeys([socket.gethostname(), "localhost", "127.0.0.1"]))


def _signed_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name(f"{COMPANY} authority of {socket.gethostname()}")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _builder(name, name, key.public_key(), now, AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _signed_server(
    authority: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    hosts: Sequence[str],
    now: datetime,
) -> x509.Certificate:
    valid = min(SERVER_VALID, authority.not_valid_after_utc - now)
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        _builder(_name(f"{COMPANY}@{hosts[0]}"), authority.subject, public, now, valid)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(name) for name in hosts]), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, valid: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACK_DATED)
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, COMPANY),
        ]
    )


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode("ascii"))
    except ValueError:
        raise UsageError(tr("{name} is no host name", name=repr(name))) from None


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _check_pair(leaf: x509.Certificate, private: bytes, file: Path, passphrase: str) -> None:
    try:
        key = serialization.load_pem_private_key(private, passphrase.encode() or None)
    except TypeError:
        why = (
            tr("this key needs no passphrase")
            if passphrase
            else tr("this key is locked; give --passphrase-stdin")
        )
        raise UsageError(f"{file}: {why}") from None
    except ValueError:
        why = tr("the passphrase does not open this key") if passphrase else tr("this is no key in PEM form")
        raise UsageError(f"{file}: {why}") from None
    if key.public_key() != leaf.public_key():
        raise UsageError(tr("{file}: certificate and key do not belong together", file=file))
    if leaf.not_valid_after_utc <= utc():
        raise UsageError(tr("this certificate ended on {day}", day=f"{leaf.not_valid_after_utc:%Y-%m-%d}"))
    if not any(host_names(leaf)):
        raise UsageError(tr("this certificate names no host; stations would refuse it"))
