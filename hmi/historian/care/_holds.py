"""The book of legal holds: ranges of the history that nothing removes until a person takes the hold away."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.care._limits import DAY

HOLDS_FILE: Final = "holds.json"


class Hold(msgspec.Struct, frozen=True):
    """A range (UTC ns, both ends included) that is held, by whom, why and since when (UTC ns)."""

    id: str
    start: int
    end: int
    reason: str
    user: str
    made: int


class HoldBook:
    """One small file beside the archive; a file that cannot be read holds everything. Safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HOLDS_FILE
        self._lock = threading.Lock()

    def all(self) -> list[Hold]:
        """In order of their ranges; StorageError when the file cannot be read: then nothing may be removed."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(self._path, error) from error
        try:
            return sorted(msgspec.json.decode(data, type=list[Hold]), key=lambda one: (one.start, one.id))
        except msgspec.MsgspecError as error:
            raise _unusable(self._path, error) from error

    def add(self, hold: Hold) -> None:
        """Durable when it returns."""
        with self._lock:
            self._write([*self.all(), hold])

    def remove(self, hold_id: str) -> None:
        """The range is removed with the next retention, where its time has come."""
        with self._lock:
            self._write([one for one in self.all() if one.id != hold_id])

    def _write(self, holds: list[Hold]) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(holds)))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise _unusable(self._path, error) from error


def days_of_holds(holds: Iterable[Hold]) -> set[int]:
    """Days since the epoch that no retention touches: those of the ranges, and one before each of them."""
    return {day for one in holds for day in range(one.start // DAY - 1, one.end // DAY + 1)}


def _unusable(path: Path, error: Exception) -> StorageError:
    return StorageError(tr("{path}: the list of holds cannot be used ({error})", path=path, error=error))
