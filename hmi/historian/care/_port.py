"""What care asks of an archive beside writing and reading; the writing process calls it."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hmi.historian.care._limits import Limits, Tier
from hmi.historian.port import ArchiveReader, Damage
from hmi.historian.samples import Times


@dataclass(frozen=True, slots=True)
class Removal:
    """What went of a day (days since the epoch): ``left`` says what stays, ``bytes`` how much room that gave."""

    day: int
    file: str
    left: Tier
    bytes: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of stored blocks found."""

    files: int = 0
    blocks: int = 0
    damage: tuple[Damage, ...] = ()
    names: tuple[str, ...] = ()
    """Files that were read to their end."""


Stop = Callable[[], bool]


class CheckedReader(ArchiveReader, Protocol):
    """A reader that can read all of its blocks again."""

    def check_days(self, pause_s: float = 0, stop: Stop = ..., *, open_too: bool = False) -> Checked:
        """Read every block of closed days, with a pause between two pieces of a megabyte; ``open_too``: of all days."""
        ...


@runtime_checkable
class Cared(Protocol):
    """An archive that can be cared for; StorageError where its files cannot be used."""

    def retain(self, limits: Limits, now: int, held: Container[int], stop: Stop) -> list[Removal]:
        """Remove whole parts of closed days beyond the limits; never of a day in ``held``."""
        ...

    def prune(self, room: int, keep_from: int, held: Container[int]) -> list[Removal]:
        """Remove oldest closed days before the day ``keep_from`` until they made so many bytes of room."""
        ...

    def without_samples(self, times: Times) -> list[int]:
        """Days of these times (UTC ns) of which only rollups are kept: nothing can be put in there."""
        ...

    def keep_feed(self, feed_ns: int, feed_bytes: int) -> None:
        """How much of the change feed stays with the next compaction."""
        ...

    def check_days(self, pause_s: float, stop: Stop) -> Checked:
        """Read every block of closed days again, with a pause between two pieces of a megabyte."""
        ...
