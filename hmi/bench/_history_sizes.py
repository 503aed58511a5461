"""How much of everything one run of ``hmi bench history`` takes: minutes for the full one, seconds for a smoke."""

from __future__ import annotations

import os
from dataclasses import dataclass

DAYS = 360


@dataclass(frozen=True, slots=True)
class Sizes:
    """``tags`` of the plant, ``days`` of 1 s data of eight pens, ``scans`` of every tag for each store."""

    tags: int = 10_000
    days: int = DAYS
    scans: int = 100
    report_tags: int = 500
    """Tags of a whole day by exception."""
    core_scans: int = 3_600
    """Seconds of recording that are compacted: chunks of less than an hour cost more for each sample."""
    backfill_days: int = 4
    """Days of eight pens that are back-filled."""
    repeats: int = 15
    reads: int = 150
    """Reads beside a recorder, and as many without one."""

    @property
    def month(self) -> int:
        """Days of the trend that is also asked of DuckDB."""
        return min(30, self.days)


SMOKE = Sizes(tags=100, days=1, scans=5, report_tags=20, core_scans=30, backfill_days=1, repeats=2, reads=3)


def asked() -> Sizes:
    """``WATCHKEEPER_BENCH_ROWS``: tags of the plant; ``WATCHKEEPER_BENCH_DAYS``: days of the trends."""
    rows = os.environ.get("WATCHKEEPER_BENCH_ROWS", "")
    days = int(os.environ.get("WATCHKEEPER_BENCH_DAYS", DAYS))
    return Sizes(tags=int(rows), days=days) if rows else Sizes(days=days)
