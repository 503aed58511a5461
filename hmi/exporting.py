"""The process that delivers: all jobs of a plant, each in a thread, beside the runtime and never inside of it.

It reads the archive and the journal as any other reader does, so that a target that hangs, floods or crashes a library
cannot touch what runs the plant.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import apsw

from hmi.client.socket import SocketClient
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import StorageError, UsageError, WatchkeeperError
from hmi.core.texts import tr
from hmi.export import (
    EXPORTS_FOLDER,
    ExportContext,
    Exporter,
    JobCondition,
    JobFigures,
    JobRunner,
    JobState,
    LiveTap,
    Plain,
    Source,
    Stored,
    source_of,
    turn_in,
)
from hmi.historian.port import ArchiveReader
from hmi.journal import JournalReader
from hmi.plugins.discovery import part
from hmi.project import exporter_definition, open_plant, settings_in
from hmi.project.exports import ExportDef, ExportWhat
from hmi.project.plant import Plant
from hmi.runtime import newest_archive, plant_of_revision
from hmi.security.secrets import Secrets
from hmi.stores.sqlite import open_reader

log = logging.getLogger(__name__)
JOURNAL_FILE: Final = "journal.sqlite"
LOOK_S: Final = 1.0
BEAT_S: Final = 0.4
END_S: Final = 10.0
AGAIN_S: Final = 5.0
"""Between two tries of a job that cannot even begin; less than what counts as silence."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """``jobs``: names, none = all. ``once``: end when all there is now has been delivered. ``life``: file for a life
    sign; with ``parent_pipe`` the process ends when its standard input closes.
    """

    plant: Path
    data: Path
    jobs: tuple[str, ...] = ()
    once: bool = False
    life: Path | None = None


class StuckJob(WatchkeeperError):
    """A thread of a job does not end: only the end of the process ends it."""


class ExportProcess:
    """``run`` until ``stop`` is set; starts all jobs again where the plant or the archive has become another one."""

    def __init__(self, options: ExportOptions, stop: threading.Event) -> None:
        self._options, self._stop = options, stop
        self.folder = options.data / EXPORTS_FOLDER
        self._beats = 0
        self._life: JobState | None = None
        self._kept: apsw.Connection | None = None

    def run(self) -> None:
        """UsageError for a job that the plant does not have, before anything starts; StuckJob: end the process."""
        check_jobs(open_plant(self._options.plant), self._options.jobs)
        turn = self._waited_for()
        try:
            self._run()
        except StuckJob:
            self._kept, turn = turn, None  # until the process ends: its thread may still deliver
            raise
        finally:
            if self._life is not None:
                self._life.close()
            if turn is not None:
                turn.close()

    def _waited_for(self) -> apsw.Connection | None:
        """The turn of this process; None when it is to end before that. What is delivered twice at once is wrong."""
        is_told = False
        while not self._stop.is_set():
            turn = turn_in(self.folder)
            if turn is not None:
                return turn
            if not is_told:
                log.warning("Another process delivers the exports of %s; waiting for its end", self.folder)
                is_told = True
            self._wait(LOOK_S)
        return None

    def _run(self) -> None:
        while not self._stop.is_set():
            found = self._present()
            if found is None:
                self._rest(LOOK_S)
                continue
            plant, archive = found
            end = threading.Event()
            crew = _Crew(self._options, plant, archive, self.folder, end, self._beat)
            crew.start()
            try:
                while not self._stop.is_set() and self._is_present(plant, archive):
                    crew.tell_resting()
                    self._rest(LOOK_S)
            finally:
                crew.end()

    def once(self, told: Callable[[JobFigures], None]) -> None:
        """Deliver all there is now, one job after the other; what stands in the way is raised."""
        plant = open_plant(self._options.plant)
        check_jobs(plant, self._options.jobs)
        archive = newest_archive(self._options.data)
        if archive is None:
            raise UsageError(tr("{folder}: nothing is recorded there yet", folder=self._options.data))
        turn = turn_in(self.folder)
        if turn is None:
            text = "a session delivers the exports of {folder} already; end it, or let it: hmi export PLANT status"
            raise UsageError(tr(text, folder=self._options.data))
        try:
            crew = _Crew(self._options, plant, archive, self.folder, self._stop)
            crew.finish(told)
        finally:
            turn.close()

    def _present(self) -> tuple[Plant, Path] | None:
        archive = newest_archive(self._options.data)
        if archive is None:
            return None
        try:
            return self._plant(), archive
        except (StorageError, UsageError) as error:
            log.warning("%s", error)
            return None

    def _plant(self) -> Plant:
        """The revision that the runtime goes by, which may not be what the folder holds at the moment."""
        plant = open_plant(self._options.plant)
        applied = applied_revision(self._options.data)
        if applied in ("", plant.revision):
            return plant
        return plant_of_revision(self._options.data, applied)

    def _is_present(self, plant: Plant, archive: Path) -> bool:
        applied = applied_revision(self._options.data)
        return newest_archive(self._options.data) == archive and applied in ("", plant.revision)

    def _rest(self, seconds: float) -> None:
        self._sign()
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stop.is_set() and time.monotonic() < end:
            self._beat()
            self._stop.wait(min(BEAT_S, max(0.0, end - time.monotonic())))

    def _sign(self) -> None:
        """For the runtime and its stations: what the jobs told last is still so."""
        try:
            self._life = self._life or JobState(self.folder)
            self._life.live(wall_ns())
        except StorageError as error:
            log.warning("%s", error)

    def _beat(self) -> None:
        if self._options.life is None:
            return
        self._beats += 1
        try:
            self._options.life.write_text(str(self._beats), encoding="ascii")
        except OSError as error:
            log.error("The life sign cannot be written: %s", error)


class _Crew:
    """The jobs of one plant revision on one archive."""

    def __init__(
        self,
        options: ExportOptions,
        plant: Plant,
        archive: Path,
        folder: Path,
        stop: threading.Event,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._options, self._plant, self._archive, self._stop = options, plant, archive, stop
        self._beat = beat
        self._state = JobState(folder)
        self._secrets = Secrets(options.data)
        self._readers: list[ArchiveReader] = []
        self._journals: list[JournalReader] = []
        self._threads: list[threading.Thread] = []
        self._resting: list[JobFigures] = []

    def jobs(self) -> list[ExportDef]:
        """Those that are wanted; those that may not run are told."""
        wanted = [
            job for job in self._plant.exports if not self._options.jobs or job.name in self._options.jobs
        ]
        self._state.forget_others([job.name for job in self._plant.exports])
        found: list[ExportDef] = []
        for job in wanted:
            if why := why_not(self._plant, job):
                figures = JobFigures(
                    job=job.name,
                    to=job.to,
                    what=job.what.value,
                    condition=why[0],
                    text=why[1],
                )
                self._resting.append(figures)
            else:
                found.append(job)
        self.tell_resting()
        return found

    def tell_resting(self) -> None:
        """Jobs that may not run say so as long as the process lives."""
        for figures in self._resting:
            figures.told = wall_ns()
            try:
                self._state.tell(figures)
            except StorageError as error:
                log.warning("%s", error)

    def start(self) -> None:
        for job in self.jobs():
            thread = threading.Thread(target=self._work, args=(job,), name=f"export {job.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, job: ExportDef) -> None:
        """The border of a thread: what cannot even begin is tried again like everything else."""
        while not self._stop.is_set():
            try:
                runner = self._runner(job)
            except Exception as error:
                log.warning("Export %s cannot begin: %s", job.name, error)
                figures = JobFigures(
                    job=job.name, to=job.to, what=job.what.value, condition=JobCondition.REFUSED, text=str(error),
                    told=wall_ns(), last_error=str(error), last_error_time=wall_ns(),
                )  # fmt: skip
                with contextlib.suppress(StorageError):
                    self._state.tell(figures)
                self._stop.wait(AGAIN_S)
                continue
            runner.run()

    def finish(self, told: Callable[[JobFigures], None]) -> None:
        try:
            jobs = self.jobs()
            for figures in self._resting:
                told(figures)
            for job in jobs:
                runner = self._runner(job, live=False)
                try:
                    runner.finish()
                finally:
                    told(runner.figures)
            if self._options.jobs and self._resting:
                raise UsageError(
                    tr("export {job}: {why}", job=self._resting[0].job, why=self._resting[0].text)
                )
        finally:
            self.end()

    def end(self) -> None:
        """StuckJob where a library holds a thread back: beside one that goes on, nothing is to be started again."""
        self._stop.set()
        end = time.monotonic() + END_S
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < end:
                self._beat()
                thread.join(BEAT_S)
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            raise StuckJob(tr("{name} does not end; the process is started again", name=", ".join(stuck)))
        self._state.close()
        for reader in (*self._readers, *self._journals):
            reader.close()

    def _runner(self, job: ExportDef, *, live: bool = True) -> JobRunner:
        """The exporter first: where it cannot be made, nothing is left open."""
        plant = self._plant
        stream = f"{plant.id}/{job.name}"
        taps: list[LiveTap] = []
        exporter = self._exporter(job, stream, lambda: any(tap.is_up for tap in taps))
        is_live = live and exporter_definition(job.to).live and job.what is ExportWhat.SAMPLES
        source = self._source(job, is_live=is_live)
        archive = self._archive.name if job.what.kind == "samples" else JOURNAL_FILE
        plain = Plain(stream, plant.name, plant.title, plant.zone, archive)
        tap = self._tap(job, source) if is_live else None
        taps += [tap] if tap is not None else []
        return JobRunner(job, plain, source, exporter, self._state, stop=self._stop, tap=tap)

    def _source(self, job: ExportDef, *, is_live: bool) -> Source:
        if job.what.kind == "events":
            journal = JournalReader(self._options.data / JOURNAL_FILE)
            self._journals.append(journal)
            return source_of(self._plant, job, journal=journal)
        reader = open_reader(self._archive)
        self._readers.append(reader)
        return source_of(self._plant, job, reader=reader, is_live=is_live)

    def _exporter(self, job: ExportDef, stream: str, hears: Callable[[], bool]) -> Exporter:
        context = ExportContext(
            job=job.name,
            stream=stream,
            site=self._plant.name,
            title=self._plant.title,
            is_simulated=self._plant.simulated,
            what=job.what.value,
            secret=self._secrets.get,
            now=lambda: datetime.fromtimestamp(wall_ns() / NS_PER_S, UTC),
            stop=self._stop.is_set,
            stored=self._stored() if exporter_definition(job.to).reads else None,
            hears=hears,
        )
        folders = {
            "plant": self._options.plant.absolute(),
            "data": self._options.data.absolute() / EXPORTS_FOLDER,
        }
        settings = settings_in(job, folders)
        return part("exporters", job.to, "exporter").create(settings, context)

    def _stored(self) -> Stored:
        return Stored(
            self._plant,
            self._options.data,
            self._archive.name,
            partial(open_reader, self._archive),
            partial(JournalReader, self._options.data / JOURNAL_FILE),
        )

    def _tap(self, job: ExportDef, source: Source) -> LiveTap:
        plant = self._plant
        tap = LiveTap(source.series, is_simulated=plant.simulated, revision=plant.revision)
        thread = threading.Thread(
            target=partial(_listen, self._options.data, tap, self._stop), name=f"live {job.name}", daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return tap


def _listen(data: Path, tap: LiveTap, stop: threading.Event) -> None:
    """A station without a window, until ``stop``; one that breaks is told as a lost link, and another one follows."""

    async def follow() -> None:
        client = SocketClient(data, tap)
        try:
            await client.subscribe(tap.names)
            await asyncio.to_thread(stop.wait)
        finally:
            await client.close()

    while not stop.is_set():
        try:
            asyncio.run(follow())
        except Exception as error:
            # The border of a thread: without it the values that it told last would stay.
            log.exception("The live values of an export are not heard.")
            tap.on_link(False, str(error))
            stop.wait(LOOK_S)


def why_not(plant: Plant, job: ExportDef) -> tuple[JobCondition, str] | None:
    """Why a job does not run at all, or None."""
    if not job.enabled:
        return JobCondition.STOPPED, tr("it is not enabled")
    if plant.simulated and not job.simulator:
        return JobCondition.NOT_ALLOWED, tr(
            "a simulated plant delivers only where the job says simulator = true"
        )
    return None


def check_jobs(plant: Plant, jobs: Sequence[str]) -> None:
    """UsageError for a name that is no job of the plant."""
    known = [job.name for job in plant.exports]
    for name in jobs:
        if name not in known:
            there = ", ".join(known) or tr("none")
            raise UsageError(tr("there is no export {name}; there is: {there}", name=repr(name), there=there))


def applied_revision(data: Path) -> str:
    """The plant revision under which the newest record of the journal stands; empty where there is none."""
    path = data / JOURNAL_FILE
    if not path.exists():
        return ""
    try:
        reader = JournalReader(path)
        try:
            found = reader.newest(1, "", "")
        finally:
            reader.close()
    except (apsw.Error, StorageError) as error:
        log.info("The journal cannot be read now: %s", error)
        return ""
    return found[0].plant_revision if found else ""
