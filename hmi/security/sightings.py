"""Which server showed which certificate: a small file for each endpoint in ``seen`` of the pki folder.

A connection runs in a process of its own; it leaves its sightings here, and the runtime and ``hmi trust`` read them.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from pathlib import Path

import msgspec

from hmi.core.clock import NS_PER_S, wall_ns
from hmi.security.trust import load_chain, thumbprints

log = logging.getLogger(__name__)
FOLDER = "seen"
MOST_FILES, MOST_BYTES = 500, 32_768
AGAIN_NS = 60 * NS_PER_S
"""How old ``last_seen`` may get while a connection is tried every few seconds."""


class Sighting(msgspec.Struct, frozen=True):
    """``der`` is the chain as it was sent; ``before`` the SHA-256 of the certificate shown before it. Times UTC ns."""

    connection: str
    endpoint: str
    host: str
    application_uri: str
    der: bytes
    policy: str = ""
    first_seen: int = 0
    last_seen: int = 0
    before: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server's own certificate; empty when it cannot be read."""
        chain = load_chain(self.der)
        return thumbprints(chain[0])[1] if chain else ""


def record(folder: Path, seen: Sighting, now_ns: int | None = None) -> None:
    """Keep what a server showed just now. A disk that takes nothing costs the line of the list, not the link."""
    if len(seen.der) > MOST_BYTES or not load_chain(seen.der):
        return
    now = wall_ns() if now_ns is None else now_ns
    file = folder / FOLDER / _name(seen)
    last = _read(file)
    is_same = last is not None and last.fingerprint == seen.fingerprint
    if last is not None and is_same:
        same = msgspec.structs.replace(last, policy=seen.policy, application_uri=seen.application_uri)
        if same == last and 0 <= now - last.last_seen < AGAIN_NS:
            return
        kept = msgspec.structs.replace(same, der=seen.der, last_seen=now)
    else:
        before = last.fingerprint if last else ""
        kept = msgspec.structs.replace(seen, first_seen=now, last_seen=now, before=before)
    try:
        _write(file, msgspec.json.encode(kept))
    except OSError as error:
        log.warning("%s: what the server showed cannot be kept: %s", seen.connection, error)


def sightings(folder: Path) -> list[Sighting]:
    """All that are kept; a file that is none is passed over."""
    files = sorted((folder / FOLDER).glob("*.json"))[:MOST_FILES]
    return [found for file in files if (found := _read(file)) is not None]


def forget(folder: Path, fingerprint: str) -> None:
    """Drop every sighting of a certificate."""
    for file in (folder / FOLDER).glob("*.json"):
        found = _read(file)
        if found is not None and found.fingerprint == fingerprint:
            file.unlink(missing_ok=True)


def _name(seen: Sighting) -> str:
    place = hashlib.sha256(f"{seen.connection} {seen.endpoint}".encode()).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', seen.connection)[:60]}-{place}.json"


def _read(file: Path) -> Sighting | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Sighting)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".new{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(file)
