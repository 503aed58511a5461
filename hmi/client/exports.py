"""Export jobs as they go over the wire: what each one delivers, how it does, what its target did not take.

Times are UTC ns. Those of the exporting process (``at``, ``told``, ``since``, ``last_error_time`` and that of a row in
quarantine) are of the wall clock, ``complete_until`` is of the plant.
"""

from __future__ import annotations

from typing import Final

import msgspec

EXPORT_ACTS: Final = ("pause", "resume", "replay")
RESTING: Final = frozenset(("", "stopped", "not allowed"))
"""Conditions of a job that nothing can be asked of; empty: it never ran."""
HIGH_WATER: Final = 0.7
"""Of the quota: from there on an alarm stands (standards 7.4)."""


class ExportInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A job of the plant. ``condition`` in words; empty: it never ran. ``text`` says why.

    ``is_fresh``: it was told a moment ago; without that nothing here says how the job is now. ``is_measured``: the job
    has come to work; without that ``rate`` and all that is behind are no measurements. ``lag_s``: age of the
    oldest live commit that the target does not have. ``backlog_s``: age of the oldest thing that waits. ``rate``:
    rows a second over the last minute. ``complete_until``: everything before is delivered. ``quota_used``: share of
    ``quota_s`` that is waiting. ``series``: how many the job delivers.
    """

    name: str
    to: str
    what: str
    enabled: bool
    every_s: float
    series: int
    tags: list[str]
    aggregates: list[str]
    quota_s: float
    condition: str = ""
    text: str = ""
    is_fresh: bool = False
    is_measured: bool = False
    since: int = 0
    told: int = 0
    packages: int = 0
    rows: int = 0
    rate: float = 0.0
    lag_s: float = 0.0
    backlog_commits: int = 0
    backlog_s: float = 0.0
    quota_used: float = 0.0
    complete_until: int = 0
    dropped: int = 0
    quarantined: int = 0
    retries: int = 0
    last_error: str = ""
    last_error_time: int = 0
    digest: str = ""


class Exports(msgspec.Struct, frozen=True):
    """All jobs of a plant in its order. ``alive``: the process that delivers gave a sign of life within 10 s before
    ``at``; ``life`` is the last one (0: none).
    """

    at: int
    alive: bool
    life: int
    jobs: list[ExportInfo]


class QuarantinedRow(msgspec.Struct, frozen=True):
    """What a target did not take, and why. ``package``: the one it was in; ``time``: when it was refused."""

    package: int
    time: int
    reason: str
    row: str


class ExportAnswer(msgspec.Struct, frozen=True):
    """What came of a request in one sentence: ``text`` when it was left for the job, ``refusal`` when not."""

    text: str = ""
    refusal: str = ""
