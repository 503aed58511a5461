"""What is done as the disk fills up (reliability, row 28): alarm, room is made, recording stops; and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_SHARE: Final = 50
_MOST: Final = 1_000_000_000
_PRUNE: Final = 2.5
_WARN: Final = 5.0
_BACK: Final = 1.1
"""A rung is left when so many times its room is free: the ladder does not swing."""


class Rung(IntEnum):
    """How full the disk is; each one does what those before it do."""

    WELL = 0
    WARN = 1
    """An alarm stands."""
    PRUNE = 2
    """Oldest days go, and what is optional rests."""
    STOP = 3
    """The ballast is given back; where that is not enough, nothing is recorded and what is lost is counted."""


@dataclass(frozen=True, slots=True)
class Room:
    """Of the file system of the archive, in bytes."""

    total: int
    free: int


def reserve_of(total: int, min_free: int) -> int:
    """Bytes below which nothing is recorded: what is asked for, else 2 percent, at most 1 GB."""
    return min_free or min(total // _SHARE, _MOST)


class Ladder:
    """Knows where it stands. With the usual reserve of 2 percent the rungs are at 10, 5 and 2 percent."""

    def __init__(self) -> None:
        self.rung = Rung.WELL

    def look(self, room: Room, min_free: int = 0) -> Rung:
        """The rung for what is free now; ``min_free`` in bytes, 0: the usual reserve."""
        reserve = reserve_of(room.total, min_free)
        limits = {Rung.STOP: reserve, Rung.PRUNE: reserve * _PRUNE, Rung.WARN: reserve * _WARN}
        found = Rung.WELL
        for rung in (Rung.STOP, Rung.PRUNE, Rung.WARN):
            if room.free < limits[rung] * (_BACK if self.rung >= rung else 1):
                found = rung
                break
        self.rung = found
        return found
