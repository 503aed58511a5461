"""The export jobs of a runtime that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from hmi.client.exports import ExportAnswer, ExportInfo, Exports, QuarantinedRow
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError

AT_NS = 1_795_000_000 * NS_PER_S
_AFTER = {"pause": "paused", "resume": "running"}


def make_export(name: str = "lake", condition: str = "running", **more: Any) -> ExportInfo:
    """A job that does well; ``more`` overrides."""
    fields: dict[str, Any] = {
        "to": "files", "what": "samples", "enabled": True, "every_s": 5.0, "series": 812, "tags": ["area:intake"],
        "aggregates": [], "quota_s": 604_800.0, "is_fresh": True, "is_measured": condition not in {"", "not allowed"},
        "since": AT_NS - 3_600 * NS_PER_S, "told": AT_NS - NS_PER_S, "packages": 1_204, "rows": 4_812_330,
        "rate": 812.0, "lag_s": 1.2, "backlog_s": 1.2, "complete_until": AT_NS - 2 * NS_PER_S, "digest": "ab12" * 16,
    }  # fmt: skip
    return ExportInfo(name=name, condition=condition, **{**fields, **more})


class FakeExports:
    """``asked`` holds what was asked for; ``refusal`` refuses all of it."""

    def __init__(self) -> None:
        self.found = Exports(AT_NS, True, AT_NS, [])
        self.quarantined: dict[str, list[QuarantinedRow]] = {}
        self.asked: list[tuple[str, str, str, tuple[int, int]]] = []
        self.refusal = ""

    def replace_all(self, *jobs: ExportInfo, alive: bool = True) -> None:
        """Other jobs from now on."""
        self.found = Exports(AT_NS, alive, AT_NS, list(jobs))

    def rows_of(self, job: str) -> list[QuarantinedRow]:
        """What its target did not take."""
        if job not in {one.name for one in self.found.jobs}:
            raise CommunicationError(f"there is no export {job!r}")
        return self.quarantined.get(job, [])

    def ask(self, act: str, job: str, reason: str, span: tuple[int, int]) -> ExportAnswer:
        """As a job does it, at once."""
        self.asked.append((act, job, reason, span))
        if self.refusal:
            return ExportAnswer(refusal=self.refusal)
        jobs: Sequence[ExportInfo] = self.found.jobs
        changed = [
            replace(one, condition=_AFTER.get(act, one.condition)) if one.name == job else one for one in jobs
        ]
        self.replace_all(*changed, alive=self.found.alive)
        return ExportAnswer(f"{job} is asked to {act}")
