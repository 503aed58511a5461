"""The room of the history on its disk: how much there is, and the ballast that is given back when it runs out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from hmi.historian.care import Room

BALLAST_FILE: Final = "ballast"
_MB: Final = 1_000_000
_SHARE: Final = 100
_PIECE: Final = b"\0" * 65_536


class Ballast:
    """A file that only takes room: at most a hundredth of the disk. Its calls touch the disk; OSError."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / BALLAST_FILE

    @property
    def size(self) -> int:
        """Bytes, 0 without one."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def give_back(self) -> None:
        self._path.unlink(missing_ok=True)

    def set_aside(self, megabytes: int, room: Room, keep_free: float) -> None:
        """Make it so large, where ``keep_free`` bytes stay free beside it."""
        wanted = min(megabytes * _MB, room.total // _SHARE)
        if wanted == self.size:
            return
        self.give_back()
        if not wanted or room.free - wanted < keep_free:
            return
        fresh = self._path.with_suffix(".new")
        try:
            _filled(fresh, wanted)
            fresh.replace(self._path)
        finally:
            fresh.unlink(missing_ok=True)


def room_of(folder: Path) -> Room:
    disk = shutil.disk_usage(folder)
    return Room(disk.total, disk.free)


def _filled(path: Path, size: int) -> None:
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        for begin in range(0, size, len(_PIECE)):
            file.write(_PIECE[: size - begin])
