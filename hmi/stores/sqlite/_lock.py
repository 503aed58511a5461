"""One writing process per archive: a lock on a file that the operating system lets go when the process ends."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import IO, Any, Final

from hmi.core.errors import StorageError
from hmi.core.texts import tr

LOCK_FILE: Final = "writer.lock"


def locked(folder: Path) -> IO[bytes]:
    """The open file that holds the lock of a folder, which is made; StorageError where another process writes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_FILE).open("ab")
    except OSError as error:
        raise StorageError(tr("{path}: the history cannot be opened ({error})", path=folder, error=error)) from error
    if not _try_lock(file):
        file.close()
        raise StorageError(
            tr("{path}: another process writes this history; stop it first, or only read", path=folder)
        )
    return file


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
