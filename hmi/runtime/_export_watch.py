"""Alarms of the export jobs: a target that does not take its data, a quota that fills, data that fell out of it.

Also says whether the process that delivers is wanted, and journals what was asked of jobs at the command line.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns
from hmi.core.errors import StorageError
from hmi.export import (
    EXPORTS_FOLDER,
    HIGH_WATER,
    WANTED_FILE,
    JobCondition,
    JobFigures,
    Standing,
    is_fresh,
    standing,
)
from hmi.journal import record_dict
from hmi.project.plant import Plant
from hmi.runtime._export_notes import take_notes
from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)
LOOK_S: Final = 2.0
PATIENCE_NS: Final = 60 * NS_PER_S
"""A target, or the process itself, may be away so long before anybody is told."""
LOW_WATER: Final = 0.6
"""The alarm of a quota ends below that, so that it does not come and go at one mark."""
TellFailing = Callable[[str, bool], None]
TakeNotes = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class _Seen:
    """What is known of a job. Times are monotonic ns; 0 = not so now."""

    away_since: int = 0
    dropped: int = -1
    dropped_at: int = 0
    is_full: bool = False


class ExportWatch:
    """``tell_failing(name, is_so)`` hears of ``exports`` (the process does not run) and of ``export/FAULT/JOB``, each
    time one begins or ends. ``folder``: where the jobs tell how they do; it is read beside the loop.
    """

    def __init__(
        self,
        plant: Callable[[], Plant],
        folder: Path,
        tell_failing: TellFailing,
        *,
        take_notes: TakeNotes | None = None,
        monotonic: Callable[[], int] = monotonic_ns,
        wall: Callable[[], int] = wall_ns,
    ) -> None:
        self._plant, self._folder, self._tell_failing = plant, folder, tell_failing
        self._take_notes, self._monotonic, self._wall = take_notes, monotonic, wall
        self._seen: dict[str, _Seen] = {}
        self._told: dict[str, bool] = {}
        self._silent_since = 0
        self._problem = self._unsaid = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                # The border to what another process left in a file: a fault in it must not end the runtime.
                log.exception("The exports cannot be looked after.")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Judge what is known now."""
        plant = self._plant()
        await self._say(plant)
        jobs = _that_may_run(plant)
        if not jobs and not self._told:
            return
        try:
            found = await asyncio.to_thread(standing, self._folder)
            self._problem = ""
        except (StorageError, OSError) as error:
            found = Standing(0, {})  # nobody can tell whether anything is delivered
            if str(error) != self._problem:
                self._problem = str(error)
                log.error("%s", error)
        self._forget(jobs, [job.name for job in plant.exports])
        for name, is_so in self._judged(found, jobs):
            if self._told.get(name) is not is_so:
                self._told[name] = is_so
                self._tell_failing(name, is_so)

    async def _say(self, plant: Plant) -> None:
        """To the supervisor and the journal; what stands in the way of that is no reason not to look after the jobs."""
        try:
            await asyncio.to_thread(_mark, self._folder, is_wanted=bool(plant.exports))
            if self._take_notes is not None:
                await self._take_notes()
            self._unsaid = ""
        except (StorageError, OSError) as error:
            if str(error) != self._unsaid:
                self._unsaid = str(error)
                log.error("Supervisor and journal cannot be told of the exports yet: %s", error)

    def _forget(self, jobs: Collection[str], known: Collection[str]) -> None:
        """Alarms of jobs that rest now end; with a job that is gone the plant has lost them."""
        for name in [name for name in self._told if name != "exports"]:
            job = name.rpartition("/")[2]
            if job not in jobs and self._told.pop(name) and job in known:
                self._tell_failing(name, False)

    def _judged(self, found: Standing, jobs: list[str]) -> Iterator[tuple[str, bool]]:
        now = self._monotonic()
        self._seen = {job: self._seen.get(job, _Seen()) for job in jobs}
        is_alive = is_fresh(found.life, self._wall())
        self._silent_since = 0 if is_alive or not jobs else self._silent_since or now
        yield "exports", bool(self._silent_since) and now - self._silent_since > PATIENCE_NS
        if not is_alive:
            return  # what was said of each job stays
        for job, seen in self._seen.items():
            figures = found.jobs.get(job)
            yield f"export/target/{job}", self._is_away(seen, figures, now)
            if figures is not None:
                yield f"export/quota/{job}", _is_full(seen, figures)
                yield f"export/dropped/{job}", _is_dropping(seen, figures, now)

    def _is_away(self, seen: _Seen, figures: JobFigures | None, now: int) -> bool:
        """A refusal needs a person at once; all else may pass by itself."""
        condition = figures.condition if figures is not None and figures.is_fresh(self._wall()) else None
        if condition not in (None, JobCondition.UNAVAILABLE, JobCondition.REFUSED):
            seen.away_since = 0
            return False
        seen.away_since = seen.away_since or now
        return condition is JobCondition.REFUSED or now - seen.away_since > PATIENCE_NS


def _is_full(seen: _Seen, figures: JobFigures) -> bool:
    if figures.is_measured:
        seen.is_full = figures.quota_used >= (LOW_WATER if seen.is_full else HIGH_WATER)
    return seen.is_full


def _is_dropping(seen: _Seen, figures: JobFigures, now: int) -> bool:
    """For a minute after each loss; the list keeps it until somebody has seen it. What stood before is no news."""
    if figures.is_measured:
        if 0 <= seen.dropped < figures.dropped:
            seen.dropped_at = now
        seen.dropped = figures.dropped
    return bool(seen.dropped_at) and now - seen.dropped_at <= PATIENCE_NS


def _mark(folder: Path, *, is_wanted: bool) -> None:
    """For the supervisor of a session, which starts and ends the process that delivers."""
    file = folder / WANTED_FILE
    if is_wanted == os.path.exists(file):
        return
    if is_wanted:
        folder.mkdir(parents=True, exist_ok=True)
        file.touch()
    else:
        file.unlink(missing_ok=True)


def _that_may_run(plant: Plant) -> list[str]:
    return [job.name for job in plant.exports if job.enabled and (job.simulator or not plant.simulated)]


def export_watch(runtime: Runtime) -> ExportWatch:
    """The one of a runtime; its alarms are those of the product itself."""

    def tell_failing(name: str, is_so: bool) -> None:
        services = runtime.services
        runtime.alarms.service.put(services.alarms.system_is(name, is_so, services.clock.now_ns()))

    async def noted() -> None:
        for record in await take_notes(folder, runtime.services.journal):
            runtime.tell("journal", record_dict(record))

    folder = runtime.services.data.path / EXPORTS_FOLDER
    return ExportWatch(lambda: runtime.plant, folder, tell_failing, take_notes=noted)
