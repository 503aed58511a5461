"""The manifest of a backup: what it is of, and size and SHA-256 of each of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from hmi.core.errors import StorageError
from hmi.core.texts import tr

MANIFEST_FILE: Final = "manifest.json"
FORMAT: Final = 1
_PIECE: Final = 1 << 20


class BackupFile(msgspec.Struct, frozen=True):
    """``path`` below the backup with slashes; ``size`` in bytes."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """``made``: UTC ns. ``archive``: folder of the history below the backup, '' without one; ``seq``, ``until``: its
    newest commit and up to when it holds everything. ``records``: of the journal. ``damaged``: what was known of
    damage.
    """

    format: int
    program: str
    made: int
    plant_id: str
    plant: str
    revision: str
    runtime_id: str
    archive: str
    seq: int
    until: int
    tags: int
    records: int
    damaged: list[str]
    files: list[BackupFile]

    @property
    def bytes(self) -> int:
        return sum(one.size for one in self.files)


def read_manifest(folder: Path) -> Manifest:
    """StorageError with one sentence for what is no backup, was cut off, or is of a newer version of this program."""
    path = folder / MANIFEST_FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise StorageError(tr("{path}: this is no backup, or it was never completed", path=folder)) from None
    except (OSError, msgspec.MsgspecError) as error:
        raise StorageError(
            tr("{path}: the manifest cannot be read ({error})", path=path, error=error)
        ) from error
    if manifest.format > FORMAT:
        raise StorageError(
            tr("{path}: made by a newer version of this program; update it first", path=folder)
        )
    for one in manifest.files:
        parts = PurePosixPath(one.path).parts
        if not parts or PurePosixPath(one.path).is_absolute() or ".." in parts or "\\" in one.path:
            raise StorageError(tr("{path}: the manifest names a file outside of the backup", path=path))
    return manifest


def sha256_of(path: Path, progress: Callable[[int], None]) -> str:
    """OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
            progress(len(piece))
    return found.hexdigest()
