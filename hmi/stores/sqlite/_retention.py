"""Removes closed days beyond their limits: the live file forgets a day first, then its file goes (HI-14)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from hmi.core.errors import StorageError
from hmi.historian.blocks import BlockDamaged
from hmi.historian.care import Limits, Removal, Tier
from hmi.stores.sqlite._connect import told
from hmi.stores.sqlite._days import DAY, closed_name, day_named
from hmi.stores.sqlite._marks import mark_of
from hmi.stores.sqlite._thinning import thinned
from hmi.stores.sqlite._tiers import tier_of_file

log = logging.getLogger(__name__)


@dataclass
class Keeper:
    """Works in the writing process, beside no compaction. ``gone``: is told of each file that is none any more."""

    folder: Path
    live: apsw.Connection
    gone: Callable[[str], None]
    held: Container[int]
    removals: list[Removal] = field(default_factory=list[Removal])

    def retain(self, limits: Limits, now: int, stop: Callable[[], bool]) -> None:
        """Bring every closed day down to what its age allows, then the oldest ones to the quota."""
        for day in self._closed_days():
            if stop():
                return
            wanted = limits.tier(day, now)
            if wanted is not Tier.RAW and day not in self.held:
                self._reduce(day, wanted)
        if limits.quota:
            self.make_room(self._size() - limits.quota, max(self._closed_days(), default=0))

    def make_room(self, room: int, keep_from: int) -> None:
        """Remove oldest days that are not held, before the day ``keep_from``, until so many bytes are free."""
        for day in self._closed_days():
            if room <= 0 or day >= keep_from:
                return
            if day not in self.held:
                room -= self._reduce(day, Tier.GONE)

    def _reduce(self, day: int, wanted: Tier) -> int:
        """Bytes that were freed."""
        path = self.folder / closed_name(day)
        if self._is_awaited(day):
            return 0
        if wanted is Tier.GONE and (day - 1) in self.held and (self.folder / closed_name(day - 1)).exists():
            wanted = Tier.MARK
        try:
            with told(path):
                before = path.stat().st_size
                if wanted is Tier.GONE:
                    self._remove(day, path)
                elif wanted > tier_of_file(path):
                    self._thin(day, path, wanted)
                else:
                    return 0
        except (StorageError, BlockDamaged) as error:
            log.error("%s stays: %s", path.name, error)
            return 0
        freed = before - (path.stat().st_size if path.exists() else 0)
        self.removals.append(Removal(day, path.name, wanted, freed))
        return freed

    def _is_awaited(self, day: int) -> bool:
        """Something was committed of the day that the next compaction brings into its file."""
        mark = mark_of(self.live)
        query = "select 1 from commits where (seq > ? or last >= ?) and first < ? and last >= ? limit 1"
        span = (mark.seq, mark.until, (day + 1) * DAY, day * DAY)
        return self.live.execute(query, span).fetchone() is not None

    def _remove(self, day: int, path: Path) -> None:
        with self.live:
            self.live.execute("delete from days where day = ?", (day,))
            self.live.execute("delete from modified where day = ?", (day,))
            self.live.execute("delete from damage where file = ?", (path.name,))
        self.gone(path.name)
        path.unlink()

    def _thin(self, day: int, path: Path, tier: Tier) -> None:
        self.gone(path.name)  # where a file that is open cannot be replaced
        head = thinned(self.folder, path.name, tier)
        with self.live:
            self.live.execute("update days set change = ? where day = ?", (head.change, day))
            self.live.execute("delete from damage where file = ? and tag != 0", (path.name,))
        self.gone(path.name)

    def _closed_days(self) -> list[int]:
        """Oldest first. A file that nobody names any more is what an interrupted run left: it goes like the others."""
        return sorted(self._files())

    def _files(self) -> Iterator[int]:
        for path in self.folder.glob("day-*.db"):
            day = day_named(path.name)
            if day is not None and path.name == closed_name(day):
                yield day

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob("*.db*") if path.is_file())
