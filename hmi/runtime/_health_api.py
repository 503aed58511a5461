"""GET /v1/health: whether the runtime does what it is there for. It says nothing of the plant and names nothing."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hmi.core.clock import monotonic_ns, wall_ns
from hmi.core.errors import StorageError
from hmi.core.principal import Mode, Principal, Role
from hmi.core.texts import tr
from hmi.export import EXPORTS_FOLDER, JobCondition, is_fresh, standing
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import Raw, Verb

HEALTH_PATH: Final = "/v1/health"
"""Answered also before the runtime has taken over from the one before."""
OK, DEGRADED, FAILING = "ok", "degraded", "failing"
LATE_S: Final = 1.0
KEPT_NS: Final = 1_000_000_000
_IN_ORDER: Final = (OK, DEGRADED, FAILING)
_BAD_JOBS: Final = frozenset((JobCondition.UNAVAILABLE, JobCondition.REFUSED))
_MB: Final = 1_000_000


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at. ``text`` is a sentence for people."""

    name: str
    status: str
    text: str


class Health(msgspec.Struct, frozen=True):
    """``status``: the worst of ``checks``. ``at``: when it was looked at, UTC ns by the wall clock."""

    status: str
    at: int
    checks: list[Check]


class HealthApi:
    """Looks once a second at most, however many ask."""

    def __init__(self, runtime: Runtime, *, monotonic: Callable[[], int] = monotonic_ns) -> None:
        self._runtime, self._monotonic = runtime, monotonic
        self._looking = asyncio.Lock()
        self._known: Health | None = None
        self._known_at = 0

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", HEALTH_PATH, Role.VIEW, self._health,
                "Whether the runtime does its work: `ok` or `degraded` (200), `failing` (503), check by check.",
            ),
        )  # fmt: skip

    async def _health(self, principal: Principal, given: Mapping[str, Any]) -> Raw:
        async with self._looking:
            if self._known is None or self._monotonic() - self._known_at >= KEPT_NS:
                self._known, self._known_at = await self._looked(), self._monotonic()
        found = self._known
        return Raw(msgspec.json.encode(found), "application/json", 503 if found.status == FAILING else 200)

    async def _looked(self) -> Health:
        checks = [self._of_runtime(), self._of_journal(), self._of_history(), self._of_links()]
        checks += await asyncio.to_thread(lambda: [self._of_disk(), self._of_exports()])
        worst = max((one.status for one in checks), key=_IN_ORDER.index)
        return Health(worst, wall_ns(), checks)

    def _of_runtime(self) -> Check:
        if not self._runtime.has_taken_over.is_set():
            return Check("runtime", FAILING, tr("it is starting"))
        if self._runtime.pulse.last_lag_s > LATE_S:
            return Check("runtime", DEGRADED, tr("it is late with its work"))
        return Check("runtime", OK, tr("it runs"))

    def _of_journal(self) -> Check:
        if self._runtime.services.journal.is_failing:
            return Check("journal", FAILING, tr("records cannot be kept; the log says why"))
        return Check("journal", OK, tr("records are kept"))

    def _of_history(self) -> Check:
        if self._runtime.services.history.problem:
            return Check("history", FAILING, tr("samples cannot be stored; the log says why"))
        return Check("history", OK, tr("samples are stored"))

    def _of_links(self) -> Check:
        acquisition = self._runtime.acquisition
        states = [link.state for link in acquisition.links.values()] if acquisition else []
        away = sum(state != "up" for state in states)
        if away:
            return Check(
                "links",
                DEGRADED,
                tr("{away} of {count} connections are not up", away=away, count=len(states)),
            )
        return Check("links", OK, tr("all {count} connections are up", count=len(states)))

    # ------------------------------------------------------------------ on a thread

    def _of_disk(self) -> Check:
        s = self._runtime.services
        try:
            free = shutil.disk_usage(s.data.path).free
        except OSError:
            return Check("disk", DEGRADED, tr("the room on the disk is not known"))
        if free < s.plant.history.min_free_mb * _MB:
            return Check("disk", DEGRADED, tr("the disk is nearly full"))
        return Check("disk", OK, tr("there is room on the disk"))

    def _of_exports(self) -> Check:
        s, now = self._runtime.services, wall_ns()
        jobs = [one for one in s.plant.exports if one.enabled and (s.mode is Mode.PLANT or one.simulator)]
        if not jobs:
            return Check("exports", OK, tr("nothing is to be delivered"))
        try:
            told = standing(s.data.path / EXPORTS_FOLDER)
        except StorageError:
            return Check("exports", DEGRADED, tr("what is delivered is not known"))
        if not is_fresh(told.life, now):
            return Check("exports", DEGRADED, tr("the process that delivers is not running"))
        figures = [told.jobs.get(one.name) for one in jobs]
        away = sum(one is None or not one.is_fresh(now) or one.condition in _BAD_JOBS for one in figures)
        if away:
            return Check(
                "exports", DEGRADED, tr("{away} of {count} jobs do not deliver", away=away, count=len(jobs))
            )
        return Check("exports", OK, tr("all {count} jobs deliver", count=len(jobs)))
