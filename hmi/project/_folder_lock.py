"""One writer at a time in a plant folder: two imports, or an import and a rollback, cannot mix their files.

The system holds the lock of a file and lets go of it when its process ends, however that ends. On a drive that has
no locks a second file stands for it; who it belonged to is told when it stays behind.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError

LOCK_FILE: Final = ".watchkeeper.lock"
MARK_FILE: Final = ".watchkeeper.taken"
WAIT_S: Final = 5.0
_LOOK_S: Final = 0.05
_BYTE: Final = 1 << 30
"""Windows locks a byte beyond the text, so that others can still read who holds it."""
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


@contextlib.contextmanager
def folder_lock(folder: Path, what: str, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder; ConfigurationError names who has it after ``wait_s``. ``what``: such as ``hmi import``."""
    path = folder / LOCK_FILE
    until = time.monotonic() + wait_s
    while (file := _taken(path, what)) is None:
        if time.monotonic() >= until:
            raise _is_taken(folder, path)
        time.sleep(_LOOK_S)
    try:
        yield
    finally:
        _let_go(path, file)


def _taken(path: Path, what: str) -> int | None:
    """Its descriptor, or None while somebody else has it."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    except PermissionError as error:
        if sys.platform == "win32":  # it is being taken away at this moment
            return None
        raise _no_lock(path, error) from error
    except OSError as error:
        raise _no_lock(path, error) from error
    try:
        if not _locked(file) or not _is_the_one(path, file):
            os.close(file)
            return None
    except OSError as error:
        os.close(file)
        if error.errno not in _NO_LOCKS:
            raise _no_lock(path, error) from error
        return _marked(path, what)
    _sign(file, what)
    return file


def _locked(file: int) -> bool:
    if sys.platform == "win32":
        return _locked_on_windows(file)
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_on_windows(file: int) -> bool:
    """Written from the documentation, never run."""
    import importlib

    msvcrt: Any = importlib.import_module("msvcrt")
    os.lseek(file, _BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except PermissionError:
        return False
    return True


def _is_the_one(path: Path, file: int) -> bool:
    """Whoever had it may have taken the file away between our opening and our locking."""
    try:
        return sys.platform == "win32" or os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _marked(path: Path, what: str) -> int | None:
    """On a drive without locks: who makes the second file has it."""
    mark = path.with_name(MARK_FILE)
    try:
        file = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return None
    except OSError as error:
        raise _no_lock(mark, error) from error
    _sign(file, what)
    return file


def _sign(file: int, what: str) -> None:
    text = f"{what} of {_person()} at {platform.node()} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n"
    with contextlib.suppress(OSError):  # without it only the sentence for others is poorer
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, text.encode())


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody"


def _let_go(path: Path, file: int) -> None:
    """The file goes first: whoever locks it after that sees that it is not the one any more."""
    mark = path.with_name(MARK_FILE)
    held = next((one for one in (mark, path) if _is_at(one, file)), path)
    if sys.platform == "win32":  # an open file cannot be taken away there
        os.close(file)
        with contextlib.suppress(OSError):
            held.unlink()
        return
    with contextlib.suppress(OSError):
        held.unlink()
        if held == mark:
            path.unlink()
    os.close(file)


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _is_taken(folder: Path, path: Path) -> ConfigurationError:
    mark = path.with_name(MARK_FILE)
    stands = mark if mark.exists() else path
    try:
        who = stands.read_text(encoding="utf-8", errors="replace").strip() or "somebody"
    except OSError:
        who = "somebody"
    do = "wait until it has ended, then do it again"
    if stands == mark:
        do += f"; if it does not run any more, remove {mark}"
    return ConfigurationError(f"is being written by {who}", file=str(folder), do=do)


def _no_lock(path: Path, error: OSError) -> ConfigurationError:
    what = f"cannot be made ({error.strerror or error})"
    return ConfigurationError(what, file=str(path), do="the plant folder has to be writable")
