"""Cares for the archive while the runtime runs: how long it is kept, its room on the disk, whether it is sound."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hmi.core.clock import NS_PER_S, Clock, wall_ns
from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian import History
from hmi.historian.care import (
    Cared,
    Checked,
    HoldBook,
    Ladder,
    Removal,
    Room,
    Rung,
    damage_line,
    days_of_holds,
    limits_of,
    reserve_of,
)
from hmi.historian.rollups import HOUR
from hmi.project.plant import HistoryRules
from hmi.runtime._history_room import Ballast, room_of

log = logging.getLogger(__name__)

ROOM_S: Final = 10.0
RETAIN_S: Final = 3_600.0
DAMAGE_S: Final = 60.0
OPEN_S: Final = 0.5
CHECK_EVERY_S: Final = 7 * 86_400.0
CHECK_LOOK_S: Final = 3_600.0
CHECK_PAUSE_S: Final = 0.2
"""After each megabyte: 5 MB/s at most."""
CHECKED_FILE: Final = "checked"
KEPT_DAYS: Final = 7
"""A disk that others fill takes no newer days."""
_TOLD_MOST: Final = 100
_DAY: Final = 24 * HOUR
_MB: Final = 1_000_000

Note = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Journals a system event with its payload."""


class HistoryCare:
    """``folder``: where the archives of this runtime lie. A ``simulated`` plant sets no ballast aside. ``tell_failing``
    hears of ``history/damaged``.

    ``pause`` and ``resume`` of the history are called on the loop, like its ``append``.
    """

    def __init__(
        self,
        history: History,
        folder: Path,
        *,
        clock: Clock,
        rules: Callable[[], HistoryRules],
        note: Note,
        tell_failing: Callable[[str, bool], None],
        simulated: bool = False,
    ) -> None:
        self._history, self._folder, self._clock = history, folder, clock
        self._rules, self._note, self._tell_failing = rules, note, tell_failing
        self._simulated, self._looking = simulated, asyncio.Lock()
        self.holds = HoldBook(folder)
        self._ladder, self._ballast = Ladder(), Ballast(folder)
        self._is_damaged = self._is_ending = False
        self.room_s = ROOM_S

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_at_room(), name="room of the history")
                group.create_task(self._retain_each_hour(), name="retention of the history")
                group.create_task(self._look_for_damage(), name="damage of the history")
                group.create_task(self._check_each_week(), name="check of the history")
        finally:
            self._is_ending = True

    def _stop(self) -> bool:
        return self._is_ending

    async def _archive(self) -> Cared:
        """Waits until the archive is open, which a thread of its own does."""
        while True:
            archive = self._history.archive
            if isinstance(archive, Cared):
                return archive
            await asyncio.sleep(OPEN_S)

    # ------------------------------------------------------------------ how long

    async def _retain_each_hour(self) -> None:
        while True:
            await self.retain()
            await asyncio.sleep(RETAIN_S)

    async def retain(self) -> list[Removal]:
        """Remove what is older than the plant asks for; what went is journalled."""
        archive, rules = await self._archive(), self._rules()
        archive.keep_feed(rules.feed_days * _DAY, rules.feed_mb * _MB)
        now = self._clock.now_ns()

        def work() -> list[Removal]:
            return archive.retain(limits_of(rules), now, days_of_holds(self.holds.all()), self._stop)

        return await self._removed(work, "history.retained")

    async def _removed(self, work: Callable[[], list[Removal]], event: str) -> list[Removal]:
        try:
            removals = await asyncio.to_thread(work)
        except (StorageError, OSError) as error:
            log.error("Nothing is removed from the history: %s", error)
            return []
        if removals:
            await self._note(event, _payload_of(removals))
        return removals

    # ------------------------------------------------------------------ its room on the disk

    async def _look_at_room(self) -> None:
        while True:
            try:
                await self.look()
            except OSError as error:
                log.warning("The room on the disk of the history is not known: %s", error)
            await asyncio.sleep(self.room_s)

    async def look(self) -> Rung:
        """Do what the room on the disk asks for (reliability, row 28)."""
        async with self._looking:
            return await self._look()

    async def _look(self) -> Rung:
        before, rules = self._ladder.rung, self._rules()
        min_free = rules.min_free_mb * _MB
        room = await self._room()
        rung = self._ladder.look(room, min_free)
        if rung is Rung.STOP and await asyncio.to_thread(lambda: self._ballast.size):
            await asyncio.to_thread(self._ballast.give_back)
            room = await self._room()
            rung = self._ladder.look(room, min_free)
        reserve = reserve_of(room.total, min_free)
        if rung >= Rung.PRUNE and await self._prune(3 * reserve - room.free):
            room = await self._room()
            rung = self._ladder.look(room, min_free)
        if rung is not before:
            log.warning("Room on the disk of the history: %s, %d MB free.", rung.name, room.free // _MB)
            await self._note(
                "history.room", {"state": rung.name.lower(), "free": room.free, "total": room.total}
            )
        await self._record_or_not(rung, room)
        if rung is Rung.WELL and not self._simulated:
            await asyncio.to_thread(self._ballast.set_aside, rules.ballast_mb, room, 6 * reserve)
        return rung

    async def _room(self) -> Room:
        folder = self._folder
        return await asyncio.to_thread(lambda: room_of(folder if folder.exists() else folder.parent))

    async def _prune(self, room: int) -> list[Removal]:
        """Oldest days go before the disk is full; held ones and those of the last week never."""
        archive = self._history.archive
        if not isinstance(archive, Cared) or room <= 0:
            return []
        keep_from = self._clock.now_ns() // _DAY - KEPT_DAYS
        return await self._removed(
            lambda: archive.prune(room, keep_from, days_of_holds(self.holds.all())), "history.pruned"
        )

    async def _record_or_not(self, rung: Rung, room: Room) -> None:
        history = self._history
        if rung is Rung.STOP and not history.is_paused:
            why = tr("nothing is recorded: only {free} MB of the disk are free", free=room.free // _MB)
            history.pause(why)
            await self._note("history.stopped", {"text": why, "free": room.free})
        elif rung is not Rung.STOP and history.is_paused:
            lost = history.counts.lost
            history.resume()
            await self._note("history.resumed", {"lost": lost, "free": room.free})

    # ------------------------------------------------------------------ whether it is sound

    async def _look_for_damage(self) -> None:
        while True:
            await self._archive()
            try:
                damaged = await asyncio.to_thread(self._history.damaged)
            except StorageError as error:
                log.warning("Whether the history is sound is not known: %s", error)
            else:
                self._tell_damaged(bool(damaged))
            await asyncio.sleep(DAMAGE_S)

    def _tell_damaged(self, is_damaged: bool) -> None:
        if is_damaged != self._is_damaged:
            self._is_damaged = is_damaged
            self._tell_failing("history/damaged", is_damaged)

    async def _check_each_week(self) -> None:
        while True:
            await asyncio.sleep(CHECK_LOOK_S)
            try:
                if await asyncio.to_thread(_is_due, self._folder / CHECKED_FILE):
                    await self.check()
            except (StorageError, OSError) as error:
                log.warning("The history cannot be checked: %s", error)

    async def check(self, pause_s: float = CHECK_PAUSE_S) -> Checked:
        """Read all closed days again; StorageError, OSError. What is damaged is journalled and told as an alarm."""
        archive = await self._archive()
        found = await asyncio.to_thread(archive.check_days, pause_s, self._stop)
        await asyncio.to_thread((self._folder / CHECKED_FILE).write_text, f"{found.files}\n", "ascii")
        damage = [damage_line(one, self._history.tag_name(one.tag)) for one in found.damage[:_TOLD_MOST]]
        event = "history.damaged" if damage else "history.checked"
        payload = {"files": found.files, "blocks": found.blocks, "count": len(found.damage), "damage": damage}
        await self._note(event, payload)
        self._tell_damaged(bool(await asyncio.to_thread(self._history.damaged)))
        return found


def _payload_of(removals: Sequence[Removal]) -> dict[str, Any]:
    """Of a journal record: the first so many by name, all of them as figures."""
    files = [{"file": one.file, "left": one.left.name.lower()} for one in removals[:_TOLD_MOST]]
    return {"count": len(removals), "bytes": sum(one.bytes for one in removals), "files": files}


def _is_due(file: Path) -> bool:
    try:
        return wall_ns() / NS_PER_S - file.stat().st_mtime > CHECK_EVERY_S
    except FileNotFoundError:
        return True
