"""One writing process per archive: a lock on a file that the operating system lets go when the process ends."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import IO, Any, Final

from hmi.core.errors import StorageError
from hmi.core.texts import tr

LOCK_FILE: Final = "writer.lock"
_TRIES: Final = 10
_PAUSE_S: Final = 0.05


def locked(folder: Path) -> IO[bytes]:
    """The open file that holds the lock of a folder, which is made; StorageError where another process writes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_FILE).open("ab")
    except OSError as error:
        raise StorageError(
            tr("{path}: the history cannot be opened ({error})", path=folder, error=error)
        ) from error
    # a reader that asks whether somebody writes holds the lock for a moment
    if not any(_try_lock(file) or time.sleep(_PAUSE_S) for _ in range(_TRIES)):
        file.close()
        raise StorageError(
            tr("{path}: another process writes this history; stop it first, or only read", path=folder)
        )
    return file


def is_locked(folder: Path) -> bool:
    """Whether a process writes the archive of a folder now."""
    try:
        file = (folder / LOCK_FILE).open("rb+")
    except OSError:
        return False
    with file:
        return not _try_lock(file)


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            # written from the documentation, never run
            msvcrt: Any = importlib.import_module("msvcrt")
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
