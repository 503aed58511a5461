"""A runtime on another machine: what a station remembers of it, how it is reached, and why it was refused.

A remembered runtime is a folder of the station (``remote.json``, ``ca.pem``, its token in the key store). Everything
that takes the data folder of a runtime on this machine takes such a folder too.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from hmi.client.keystore import KeyStore
from hmi.core.errors import CommunicationError, StorageError, UsageError
from hmi.core.texts import tr

REMOTE_FILE, CA_FILE = "remote.json", "ca.pem"
TOKEN = "station-token"
_LIMIT = 1_000_000
_EXPIRED, _TOO_EARLY, _HOSTS, _UNKNOWN = 10, 9, (62, 63, 64), (18, 19, 20, 21)
"""Codes of X.509 checks."""


@dataclass(frozen=True, slots=True)
class RemoteEndpoint:
    """``ca``: the only authority that is trusted, empty = those of the system. ``token`` is never printed."""

    host: str
    port: int
    token: str = field(default="", repr=False)
    ca: str = ""

    @property
    def address(self) -> str:
        """``HOST:PORT``, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class RemoteRefused(CommunicationError):
    """The two ends do not take each other: a certificate or a token. Trying again does not help."""


def is_remote(url: str) -> bool:
    """Whether what a person wrote is the address of a runtime on another machine."""
    return "://" in url


def parse_url(url: str) -> tuple[str, int]:
    """Host and port; UsageError in one sentence."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    if parts.scheme != "https":
        raise UsageError(tr("{url}: a runtime on another machine is reached as https://HOST:PORT", url=url))
    if not host or not port or parts.username or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(tr("{url}: write https://HOST:PORT and nothing more", url=url))
    return host, port


def folder_name(host: str, port: int) -> str:
    """The folder of a remembered runtime, below those of the station."""
    return f"{host.replace(':', '-')}_{port}"


def remember(folder: Path, host: str, port: int, *, ca: Path | None = None, token: str = "") -> None:
    """Keep how a runtime is reached; what is not given stays as it was. UsageError for an unusable file."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if ca is not None:
        _keep_authority(folder, ca)
    if token:
        KeyStore(folder).put(TOKEN, token)
    content = json.dumps({"host": host, "port": port})
    draft = folder / (REMOTE_FILE + ".new")
    draft.write_text(content, encoding="utf-8")
    draft.replace(folder / REMOTE_FILE)  # last: whoever reads the token again does so when this changes


def has_token(folder: Path) -> bool:
    """Whether a token is remembered."""
    return TOKEN in KeyStore(folder).names()


def is_remembered(folder: Path) -> bool:
    """Whether a folder stands for a runtime on another machine."""
    return (folder / REMOTE_FILE).exists()


def remote_endpoint(folder: Path) -> RemoteEndpoint:
    """How a remembered runtime is reached; blocks. CommunicationError when that cannot be read."""
    try:
        state = (folder / REMOTE_FILE).stat().st_mtime_ns
        return _read(folder, state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommunicationError(
            tr("{file} cannot be read: {why}", file=folder / REMOTE_FILE, why=error)
        ) from error
    except StorageError as error:
        raise CommunicationError(str(error)) from error


@lru_cache(maxsize=32)
def _read(folder: Path, state: int) -> RemoteEndpoint:
    """Once for each state of the file: a key store is slow."""
    content = json.loads((folder / REMOTE_FILE).read_text(encoding="utf-8"))
    ca = folder / CA_FILE
    token = KeyStore(folder).get(TOKEN) or ""
    return RemoteEndpoint(str(content["host"]), int(content["port"]), token, str(ca) if ca.exists() else "")


def tls_context(endpoint: RemoteEndpoint) -> ssl.SSLContext:
    """Certificate and host name are always checked; with an authority of its own no other one is trusted."""
    try:
        context = ssl.create_default_context(cafile=endpoint.ca or None)
    except (OSError, ssl.SSLError) as error:
        raise RemoteRefused(
            tr("{file}: no authority can be read from it ({why})", file=endpoint.ca, why=error)
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def wrong_token(endpoint: RemoteEndpoint) -> RemoteRefused:
    """The runtime does not know the token."""
    return RemoteRefused(
        tr(
            "{address} does not take the token of this station; get a new one there (hmi station PLANT add NAME) "
            "and open again with --token-stdin",
            address=endpoint.address,
        )
    )


def refusal(error: BaseException, endpoint: RemoteEndpoint) -> RemoteRefused | None:
    """The sentence for a certificate that is not taken; None for any other fault."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLCertVerificationError):
        found = found.__cause__ or found.__context__
    return None if found is None else RemoteRefused(_why(found, endpoint))


def _why(error: ssl.SSLCertVerificationError, endpoint: RemoteEndpoint) -> str:
    code, address = error.verify_code, endpoint.address
    if code == _EXPIRED:
        return tr(
            "the certificate of {address} has ended; renew it there: hmi tls PLANT renew", address=address
        )
    if code == _TOO_EARLY:
        return tr(
            "the certificate of {address} is not valid yet; check the clocks of both machines",
            address=address,
        )
    if code in _HOSTS:
        return tr(
            "the certificate of {address} is for another host; use its name, or make one with this name there: "
            "hmi tls PLANT renew --host {host}",
            address=address,
            host=endpoint.host,
        )
    if code in _UNKNOWN:
        return tr(
            "the certificate of {address} is from an authority that this station does not trust; compare with "
            "hmi tls PLANT show there, and open with --ca FILE",
            address=address,
        )
    return tr("the certificate of {address} is refused: {why}", address=address, why=error.verify_message)


def _keep_authority(folder: Path, ca: Path) -> None:
    try:
        content = ca.read_bytes()
        if len(content) > _LIMIT or b"PRIVATE KEY" in content:
            raise UsageError(tr("{file}: this is not the file of an authority; take ca.pem", file=ca))
        ssl.create_default_context(cadata=content.decode("ascii"))
    except (ssl.SSLError, ValueError):  # the former is an OSError too
        raise UsageError(tr("{file}: this is no certificate in PEM form", file=ca)) from None
    except OSError as error:
        raise UsageError(tr("{file}: cannot be read ({why})", file=ca, why=error.strerror)) from None
    draft = folder / (CA_FILE + ".new")
    draft.write_bytes(content)
    draft.replace(folder / CA_FILE)
