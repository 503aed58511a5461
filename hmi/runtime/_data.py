"""The data folder of a runtime: one runtime at a time, its ids, its life sign."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import IO, Any

from hmi.core.errors import UsageError

LOCK_FILE = "runtime.lock"
LIFE_FILE = "runtime.life"
IDENTITY_FILE = "runtime.json"


class DataFolder:
    """Owner-only folder, locked while open; ``runtime_id`` is made once and kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        self._beats = 0
        self.runtime_id = ""

    def open(self) -> None:
        """Lock it; UsageError when another runtime has it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform != "win32":
            self.path.chmod(0o700)
        lock = (self.path / LOCK_FILE).open("a+", encoding="ascii")
        if not _try_lock(lock):
            lock.close()
            raise UsageError(
                f"{self.path}: another runtime has this data folder; open a station on it with: hmi open {self.path}"
            )
        self._lock = lock
        self.runtime_id = self._identity()

    def close(self) -> None:
        """Release the folder and take the life sign away."""
        (self.path / LIFE_FILE).unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let others have the folder; its life sign is not ours."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def beat(self) -> None:
        """Rewrite the life sign: a number that grows."""
        self._beats += 1
        temporary = self.path / (LIFE_FILE + ".new")
        temporary.write_text(f"{os.getpid()} {self._beats}", encoding="ascii")
        temporary.replace(self.path / LIFE_FILE)

    def _identity(self) -> str:
        file = self.path / IDENTITY_FILE
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["runtime_id"])
        except (OSError, ValueError, KeyError):
            runtime_id = "r_" + secrets.token_hex(8)
            file.write_text(json.dumps({"runtime_id": runtime_id}), encoding="utf-8")
            return runtime_id


def _try_lock(file: IO[str]) -> bool:
    if sys.platform == "win32":
        return _try_lock_windows(file)
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _try_lock_windows(file: IO[str]) -> bool:
    """Written from the documentation, never run."""
    import importlib

    msvcrt: Any = importlib.import_module("msvcrt")
    try:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
