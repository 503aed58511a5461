"""What a job tells of itself: on the page, at the command line, as tags and as metrics."""

from __future__ import annotations

from enum import Enum

import msgspec


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
    """Times are UTC ns, ``since`` is when the condition began. ``lag_s``: age of the oldest live commit that the
    target does not have. ``backlog_s``: age of the oldest thing that waits. ``rate``: rows a second over the last
    minute. ``complete_until``: everything before is delivered.
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
