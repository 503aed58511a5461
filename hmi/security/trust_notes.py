"""What was decided about certificates at the command line, left for the journal of the runtime."""

from __future__ import annotations

import getpass
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hmi.core.clock import wall_ns

FOLDER, MOST = "notes", 1_000


class TrustNote(msgspec.Struct, frozen=True):
    """One act with the person who did it, UTC ns; ``fields`` as ``trust_desk.Done`` has them."""

    time: int
    user: str
    act: str
    fingerprint: str
    reason: str = ""
    fields: dict[str, Any] = {}


def leave(folder: Path, act: str, fingerprint: str, reason: str, fields: Mapping[str, Any]) -> None:
    """Each note is a file of its own, there at once and whole."""
    note = TrustNote(wall_ns(), _user(), act, fingerprint, reason, dict(fields))
    file = folder / FOLDER / f"{note.time:020d}-{secrets.token_hex(4)}.json"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(note))
    temporary.replace(file)


def waiting(folder: Path) -> list[tuple[Path, TrustNote | None]]:
    """Notes in their order with their files, which the reader removes; None for a file that is none."""
    files = sorted((folder / FOLDER).glob("*.json"))[:MOST]
    return [(file, _read(file)) for file in files]


def _read(file: Path) -> TrustNote | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=TrustNote)
    except (OSError, msgspec.MsgspecError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"
