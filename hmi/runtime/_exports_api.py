"""GET /v1/exports and what an engineer asks of a job. The process that delivers runs beside; its file is read here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from hmi.client.exports import EXPORT_ACTS, RESTING, ExportAnswer, ExportInfo, Exports, QuarantinedRow
from hmi.core.clock import wall_ns
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.export import EXPORTS_FOLDER, Asked, JobFigures, ask, is_fresh, quarantined, series_of, standing
from hmi.journal import record_dict
from hmi.project.exports import ExportDef
from hmi.project.plant import Plant
from hmi.runtime._export_notes import entry_of
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, NotFound, Verb

REASON_LIMIT: Final = 500
ROWS, MOST_ROWS = 200, 1_000


class ExportsApi:
    """Everybody may look. What is asked of a job is journalled before it is left for it; nothing here waits for it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._series: tuple[str, dict[str, int]] = ("", {})

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb(
                "GET", "/v1/exports", Role.VIEW, self._list,
                "The export jobs of the plant, each with its figures, and whether the process that delivers is alive.",
            ),
            Verb(
                "GET", "/v1/exports/{job}/quarantine", Role.VIEW, self._quarantine,
                "Rows that the target of a job did not take, newest first, each with the reason.",
                {"job": "path", "limit": "integer"},
            ),
            Verb(
                "POST", "/v1/exports/{job}/ask", Role.ENGINEER, self._ask,
                "Ask a job to `pause`, `resume` or `replay` what is recorded from start to end (UTC ns).",
                {"job": "path", "act": "string", "reason": "string", "start": "integer", "end": "integer"},
            ),
        )  # fmt: skip

    @property
    def _folder(self) -> Path:
        return self._runtime.services.data.path / EXPORTS_FOLDER

    async def _list(self, principal: Principal, given: Mapping[str, Any]) -> Exports:
        return await asyncio.to_thread(self._look, self._runtime.plant)

    def _look(self, plant: Plant) -> Exports:
        """Reads a file and walks all tags: on a thread."""
        life, told = standing(self._folder)
        now = wall_ns()
        revision, numbers = self._series
        if revision != plant.revision:
            numbers = {job.name: len(series_of(plant, job)) for job in plant.exports}
            self._series = plant.revision, numbers
        jobs = [_info(job, numbers[job.name], told.get(job.name), now) for job in plant.exports]
        return Exports(now, is_fresh(life, now), life, jobs)

    async def _quarantine(self, principal: Principal, given: Mapping[str, Any]) -> list[QuarantinedRow]:
        job, limit = _job(self._runtime.plant, given["job"]), given["limit"]
        if limit < 0:
            raise BadRequest(f"limit={limit} is negative")
        most = min(limit or ROWS, MOST_ROWS)
        rows = await asyncio.to_thread(quarantined, self._folder, job.name, most)
        return [QuarantinedRow(*row) for row in rows]

    async def _ask(self, principal: Principal, given: Mapping[str, Any]) -> ExportAnswer:
        plant, act, reason = self._runtime.plant, given.get("act"), given.get("reason", "")
        job = _job(plant, given["job"])
        if act not in EXPORT_ACTS:
            raise BadRequest(f"there is no act {str(act)[:40]!r}; use one of: {', '.join(EXPORT_ACTS)}")
        if not isinstance(reason, str) or len(reason) > REASON_LIMIT:
            raise BadRequest(f"reason is a text of at most {REASON_LIMIT} characters")
        span = _span(given, self._runtime.services.clock.now_ns()) if act == "replay" else (0, 0)
        found = await asyncio.to_thread(self._look, plant)
        if refusal := _why_not(found, job, act, reason):
            return ExportAnswer(refusal=refusal)
        asked = Asked(0, job.name, act, *span, principal.user, reason.strip())
        await self._note(principal, asked)
        await asyncio.to_thread(ask, self._folder, asked)
        return ExportAnswer(_ASKED[act](job.name))

    async def _note(self, principal: Principal, asked: Asked) -> None:
        runtime = self._runtime
        entry = entry_of(asked, principal, runtime.services.clock.now_ns())
        (record,) = await runtime.services.journal.append(entry)
        runtime.tell("journal", record_dict(record))


def _job(plant: Plant, name: str) -> ExportDef:
    for job in plant.exports:
        if job.name == name:
            return job
    raise NotFound(f"there is no export {name[:80]!r}")


_ASKED: Final = {
    "pause": lambda job: tr("{job} is asked to pause", job=job),
    "resume": lambda job: tr("{job} is asked to go on", job=job),
    "replay": lambda job: tr("{job} is asked to send this range again", job=job),
}


def _info(job: ExportDef, series: int, told: JobFigures | None, now: int) -> ExportInfo:
    defined: dict[str, Any] = {
        "name": job.name, "to": job.to, "what": job.what.value, "enabled": job.enabled, "every_s": job.every_s,
        "series": series, "tags": list(job.tags), "aggregates": list(job.aggregates), "quota_s": job.quota_s,
    }  # fmt: skip
    if told is None:
        return ExportInfo(**defined)
    figures = msgspec.structs.asdict(told)
    for name in ("job", "to", "what", "condition"):
        del figures[name]
    return ExportInfo(
        **defined, **figures, condition=told.condition.value, is_fresh=told.is_fresh(now),
        is_measured=told.is_measured,
    )  # fmt: skip


def _why_not(found: Exports, job: ExportDef, act: str, reason: str) -> str:
    """Why nothing is asked, in one sentence: a request is never left for later, when nobody thinks of it any more."""
    info = next(one for one in found.jobs if one.name == job.name)
    if not reason.strip():
        return tr("a reason is needed; it is kept in the journal")
    if not found.alive:
        return tr("the process that delivers is not running; nothing is asked of it")
    if info.condition in RESTING:
        return tr("{job} does not run: {why}", job=job.name, why=info.text or tr("it has not begun yet"))
    if act == "pause" and info.condition == "paused":
        return tr("{job} is paused already", job=job.name)
    if act == "resume" and info.condition != "paused":
        return tr("{job} is not paused", job=job.name)
    return ""


def _span(given: Mapping[str, Any], now: int) -> tuple[int, int]:
    """The range to send again, in plant time; what lies ahead is left out."""
    start, end = given.get("start", 0), given.get("end", 0)
    for name, at in (("start", start), ("end", end)):
        if type(at) is not int or not 0 <= at < 2**63:
            raise BadRequest(f"{name} is a time, UTC ns")
    end = min(end or now, now)
    if not start:
        raise BadRequest("start is missing: from when on it is sent again, UTC ns")
    if start >= end:
        raise BadRequest("the range ends before it begins")
    return start, end
