"""What a job tells of itself: on the page, at the command line, as tags and as metrics."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from hmi.core.clock import NS_PER_S

SILENT_S: Final = 10.0
"""What was told longer ago says nothing of how it is now."""


class JobCondition(Enum):
    """In words on the page; the numbers are what a tag shows."""

    STOPPED = "stopped"
    RUNNING = "running"
    CATCHING_UP = "catching up"
    UNAVAILABLE = "unavailable"
    """The target does not answer; it is tried again."""
    REFUSED = "refused"
    """The target says no until somebody changes something; it is tried again from time to time."""
    PAUSED = "paused"
    NOT_ALLOWED = "not allowed"
    """A simulated plant delivers only where ``simulator = true``."""

    @property
    def number(self) -> int:
        return list(JobCondition).index(self)


class JobFigures(msgspec.Struct, kw_only=True):
    """Times are UTC ns, ``since`` is when the condition began; 0: the job has not come to work, nothing is measured.

    ``lag_s``: age of the oldest live commit that the target does not have. ``backlog_s``: age of the oldest thing that
    waits. ``rate``: rows a second over the last minute. ``complete_until``: everything before is delivered.
    """

    job: str
    to: str
    what: str
    condition: JobCondition = JobCondition.STOPPED
    text: str = ""
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

    @property
    def is_measured(self) -> bool:
        """False: the job has never come to work, its figures are no measurements."""
        return self.since > 0

    def is_fresh(self, now: int) -> bool:
        """Whether it was told a moment ago; ``now`` is UTC ns by the wall clock."""
        return is_fresh(self.told, now)


def is_fresh(told: int, now: int) -> bool:
    """Whether a sign of life is one still; both are UTC ns by the wall clock."""
    return abs(now - told) <= SILENT_S * NS_PER_S
