"""A small file that its owner alone can read and that several processes change: one at a time, and whole."""

from __future__ import annotations

import contextlib
import os
import secrets as random
import sys
from collections.abc import Iterator
from pathlib import Path

from hmi.core.errors import StorageError
from hmi.core.texts import tr


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Against two changes at once; on Windows the replaced file is whole all the same. Makes the folder.

    StorageError where this user may not.
    """
    try:
        lock = _ready(path)
    except OSError as error:
        raise StorageError(tr("{path}: cannot be locked ({why})", path=path, why=error.strerror)) from error
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with os.fdopen(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _ready(path: Path) -> int:
    """The open lock; it and folders that are made belong to whom the folder above belongs."""
    folder = path.parent
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for made in reversed(missing):
        _give_to_owner(made)
    if sys.platform == "win32":
        return -1
    lock = path.with_name(path.name + ".lock")
    found = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        _give_to_owner(lock)
    except OSError:
        os.close(found)
        raise
    return found


def put(path: Path, content: bytes) -> None:
    """Durable, in the place of what was there; StorageError where it cannot be written."""
    draft = path.with_name(f"{path.name}.{random.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        _give_to_owner(draft)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageError(tr("{path}: cannot be written ({why})", path=path, why=error.strerror)) from error


def _give_to_owner(made: Path) -> None:
    """What root makes in the folder of another user belongs to that user, or his runtime could not read it."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    folder = made.parent.stat()
    os.chown(made, folder.st_uid, folder.st_gid)
