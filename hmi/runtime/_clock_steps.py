"""Somebody sets the system clock of a running plant: timers go on unmoved, and the journal says by how much."""

from __future__ import annotations

import asyncio
import logging

from hmi.alarms import AlarmEngine
from hmi.core.clock import NS_PER_S, Clock, PlantClock
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import SYSTEM
from hmi.runtime._alarms import AlarmDesk

log = logging.getLogger(__name__)


class ClockSteps:
    """``look`` is called with every tick, before anything is judged by the time."""

    def __init__(
        self, clock: Clock, engine: AlarmEngine, desk: AlarmDesk, journal: JournalWriter, plant_id: str
    ) -> None:
        self._clock, self._engine, self._desk = clock, engine, desk
        self._journal, self._plant_id = journal, plant_id
        self._noting: set[asyncio.Task[None]] = set()

    def look(self) -> None:
        """Stay with the system clock; a simulated plant has a clock of its own."""
        if not isinstance(self._clock, PlantClock):
            return
        before = self._clock.now_ns()
        if by_ns := self._clock.settle():
            self._engine.clock_stepped(by_ns)
            self._desk.begin_run()
            task = asyncio.get_running_loop().create_task(self._note(before, by_ns), name="clock step")
            self._noting.add(task)
            task.add_done_callback(self._noting.discard)

    async def _note(self, before: int, by_ns: int) -> None:
        seconds = round(by_ns / NS_PER_S, 3)
        log.warning("The system clock was set by %s s.", seconds)
        said = {
            "by_s": seconds,
            "from": before,
            "to": before + by_ns,
            "text": f"the system clock was set by {seconds} s",
        }
        try:
            await self._journal.append(
                Entry(Kind.SYSTEM, "clock.stepped", SYSTEM, self._plant_id, before + by_ns, said)
            )
        except StorageError as error:
            log.error("That the clock was set is not stored: %s", error)
