"""GET /v1/metrics: what the runtime says of itself to Prometheus. No label names a tag: their number has no bound."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hmi.core import quality
from hmi.core.alarms import Priority
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.commands import CommandState
from hmi.core.errors import StorageError
from hmi.core.principal import Principal, Role
from hmi.export import EXPORTS_FOLDER, JobCondition, JobFigures, Standing, is_fresh, standing
from hmi.runtime._history_folder import HISTORY_FOLDER
from hmi.runtime._metrics import MEDIA, Family, Histogram, counter, gauge, rendered
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import Raw, Verb

BACKUP, BACKUP_OBJECT = "process.backup", "hmi"
"""What ``hmi backup`` leaves in the journal."""
LINK_STATES: Final = ("connecting", "up", "down", "refused", "closed")
WALK_S: Final = 10.0
"""The size of the history is as old as that at most."""
_BACKUPS_SEEN: Final = 20
Families = Iterator[Family | Histogram]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What takes time to look at. ``bytes`` of the history; ``exports`` None: not to be read."""

    qualities: Mapping[str, int]
    commits: int
    bytes: int
    free: int
    exports: Standing | None


class MetricsApi:
    """One look at a time, on a thread; whoever asks meanwhile waits."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._looking = asyncio.Lock()
        self._bytes, self._walked_at = 0, -WALK_S

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", "/v1/metrics", Role.VIEW, self._metrics,
                "Figures of the runtime itself as text for Prometheus (exposition format 0.0.4).",
            ),
        )  # fmt: skip

    async def _metrics(self, principal: Principal, given: Mapping[str, Any]) -> Raw:
        async with self._looking:
            seen = await asyncio.to_thread(self._look)
        backup = await self._backup()
        families = [*self._of_runtime(), *self._of_plant(seen), *self._of_history(seen, backup)]
        families += [*self._of_exports(seen.exports), *_of_process(self._runtime.pulse.started_s)]
        return Raw(rendered(families).encode(), MEDIA)

    # ------------------------------------------------------------------ what takes time

    def _look(self) -> _Seen:
        s = self._runtime.services
        latest = s.tags.latest
        counted = Counter(quality.class_of(latest[tag.handle].status).name.lower() for tag in s.plant.tags)
        commits = 0
        with contextlib.suppress(StorageError):
            commits = s.history.coverage().seq
        told: Standing | None = None
        if s.plant.exports:
            with contextlib.suppress(StorageError):
                told = standing(s.data.path / EXPORTS_FOLDER)
        free = shutil.disk_usage(s.data.path).free
        if time.monotonic() - self._walked_at >= WALK_S:
            self._bytes, self._walked_at = _bytes_below(s.data.path / HISTORY_FOLDER), time.monotonic()
        return _Seen(counted, commits, self._bytes, free, told)

    async def _backup(self) -> int:
        """UTC ns of the newest backup; 0: none is known."""
        journal = self._runtime.services.journal
        found = await journal.last(_BACKUPS_SEEN, kind="system", object_id=BACKUP_OBJECT)
        return max((one.event_time for one in found if one.event == BACKUP), default=0)

    # ------------------------------------------------------------------ families

    def _of_runtime(self) -> Families:
        runtime, s = self._runtime, self._runtime.services
        info = gauge("watchkeeper_info", "Always 1; what runs here.")
        info.add(1, version=_version(), mode=s.mode.value, plant=s.plant.id, revision=s.plant.revision[:12])
        yield info
        yield gauge(
            "watchkeeper_up", "1: the runtime has taken over.", float(runtime.has_taken_over.is_set())
        )
        yield counter("watchkeeper_values_total", "Changes of tags passed on.", runtime.pulse.values)
        commands = counter("watchkeeper_commands_total", "Commands by how they were answered.")
        for state in CommandState:
            commands.add(runtime.pulse.commands[state.value], result=state.value)
        yield commands
        yield counter("watchkeeper_journal_records_total", "Number of the newest record.", s.journal.head[0])
        yield gauge(
            "watchkeeper_journal_lag_seconds",
            "Age of the oldest record that is not durable yet.",
            s.journal.lag_s,
        )
        yield gauge("watchkeeper_journal_failing", "1: records cannot be kept.", float(s.journal.is_failing))
        yield runtime.pulse.lag

    def _of_plant(self, seen: _Seen) -> Families:
        tags = gauge("watchkeeper_tags", "Tags by the quality of their newest value.")
        for name in ("good", "uncertain", "bad"):
            tags.add(seen.qualities.get(name, 0), quality=name)
        yield tags
        yield from self._of_links()
        active = gauge(
            "watchkeeper_alarms_active", "Alarms of the active list by priority (5: journal only)."
        )
        open_ = gauge("watchkeeper_alarms_unacknowledged", "Those of them that nobody has acknowledged.")
        areas = self._runtime.alarms.book.counts().areas.values()
        for priority in Priority:
            pairs = [area[str(int(priority))] for area in areas if str(int(priority)) in area]
            active.add(sum(map(sum, pairs)), priority=str(int(priority)))
            open_.add(sum(pair[0] for pair in pairs), priority=str(int(priority)))
        yield active
        yield open_

    def _of_links(self) -> Families:
        states = gauge(
            "watchkeeper_connection_state", "1 for the state that a connection is in, 0 for the others."
        )
        trips = gauge(
            "watchkeeper_connection_round_trip_seconds",
            "Time of the last request, of connections that are polled.",
        )
        acquisition = self._runtime.acquisition
        for link in acquisition.links.values() if acquisition else ():
            for state in LINK_STATES:
                states.add(float(link.state == state), connection=link.name, state=state)
            trip = link.figures().get("round_trip_ms")
            if link.state == "up" and isinstance(trip, int | float):
                trips.add(trip / 1_000, connection=link.name)
        yield states
        yield trips

    def _of_history(self, seen: _Seen, backup: int) -> Families:
        s = self._runtime.services
        counts = s.history.counts
        yield counter("watchkeeper_history_commits_total", "Number of the newest commit.", seen.commits)
        yield counter(
            "watchkeeper_history_samples_total", "Samples that came to be recorded.", counts.samples
        )
        yield counter(
            "watchkeeper_history_lost_samples_total", "Samples that could not be stored.", counts.lost
        )
        yield gauge(
            "watchkeeper_history_failing", "1: samples cannot be stored.", float(bool(s.history.problem))
        )
        yield gauge("watchkeeper_history_bytes", "Size of the history on the disk.", seen.bytes)
        yield gauge("watchkeeper_disk_free_bytes", "Free room on the disk of the data folder.", seen.free)
        age = max(0.0, (wall_ns() - backup) / NS_PER_S) if backup else None
        yield gauge(
            "watchkeeper_last_backup_age_seconds", "Age of the newest backup; none: none is known.", age
        )

    def _of_exports(self, told: Standing | None) -> Families:
        """A job that has fallen silent keeps what it has counted; how it is now nobody knows."""
        plant, now = self._runtime.plant, wall_ns()
        if not plant.exports:
            return
        alive = told is not None and is_fresh(told.life, now)
        yield gauge("watchkeeper_export_process_up", "1: the process that delivers is alive.", float(alive))
        jobs = told.jobs if told is not None else {}
        known = [(job.name, jobs.get(job.name)) for job in plant.exports]
        yield _export_states(
            [(job, one if one and alive and one.is_fresh(now) else None) for job, one in known]
        )
        for name, help_, field in _EXPORT_GAUGES:
            now_so = gauge(name, help_)
            for job, one in known:
                if one is not None and alive and one.is_fresh(now) and one.is_measured:
                    now_so.add(float(getattr(one, field)), job=job)
            yield now_so
        for name, help_, field in _EXPORT_COUNTERS:
            total = counter(name, help_)
            for job, one in known:
                if one is not None:
                    total.add(float(getattr(one, field)), job=job)
            yield total


_EXPORT_GAUGES: Final = (
    (
        "watchkeeper_export_lag_seconds",
        "Age of the oldest live commit that the target does not have.",
        "lag_s",
    ),
    ("watchkeeper_export_backlog_seconds", "Age of the oldest thing that waits.", "backlog_s"),
    ("watchkeeper_export_backlog_commits", "Commits that wait.", "backlog_commits"),
    (
        "watchkeeper_export_quota_used_ratio",
        "Share of the quota that is used; at 1 data is dropped.",
        "quota_used",
    ),
)
_EXPORT_COUNTERS: Final = (
    ("watchkeeper_export_rows_total", "Rows delivered.", "rows"),
    ("watchkeeper_export_packages_total", "Packages delivered.", "packages"),
    ("watchkeeper_export_retries_total", "Tries that failed, since the process began.", "retries"),
    ("watchkeeper_export_dropped_commits_total", "Commits that fell out of the quota.", "dropped"),
    ("watchkeeper_export_quarantined_rows_total", "Rows that the target does not take.", "quarantined"),
)


def _export_states(known: list[tuple[str, JobFigures | None]]) -> Family:
    found = gauge("watchkeeper_export_state", "1 for the state that a job is in, 0 for the others.")
    for job, one in known:
        state = one.condition.value if one is not None else "silent"
        for name in (*(condition.value for condition in JobCondition), "silent"):
            found.add(float(name == state), job=job, state=name)
    return found


def _of_process(started_s: float) -> Families:
    """By the names that Prometheus gives to every process."""
    yield counter("process_cpu_seconds_total", "Processor time of the runtime.", time.process_time())
    yield gauge("process_start_time_seconds", "When the runtime began, UTC since 1970.", started_s)
    yield gauge("process_resident_memory_bytes", "Memory of the runtime.", _resident_bytes())


def _resident_bytes() -> int | None:
    if sys.platform != "linux":
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _bytes_below(folder: Path) -> int:
    """Files may go while they are counted."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(path, name)).st_size
    return total


def _version() -> str:
    try:
        return importlib.metadata.version("watchkeeper")
    except importlib.metadata.PackageNotFoundError:
        return ""
