"""How long each part of a day is kept (standards 7.2): first every sample, then finer and coarser rollups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from hmi.historian.rollups import HOUR
from hmi.project.plant import HistoryRules

DAY: Final = 24 * HOUR
_GB: Final = 1_000_000_000


class Tier(IntEnum):
    """What is left of a closed day; a higher one holds less."""

    RAW = 0
    ROLLUPS = 1
    HOURS = 2
    MARK = 3
    """Only which tags had samples: what lies before and behind is not joined over it."""
    GONE = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Ages in days of 24 h, none below the one before; ``quota`` in bytes, 0: none."""

    raw_days: int
    minute_days: int
    hour_days: int
    quota: int = 0

    def tier(self, day: int, now: int) -> Tier:
        """What is to be left of a day (days since the epoch) at ``now`` (UTC ns); its age counts from its end."""
        age = now - (day + 1) * DAY
        for days, tier in (
            (self.hour_days, Tier.GONE),
            (self.minute_days, Tier.HOURS),
            (self.raw_days, Tier.ROLLUPS),
        ):
            if age > days * DAY:
                return tier
        return Tier.RAW

    def first_kept(self, now: int) -> int:
        """UTC ns: of days before it that are not held nothing is kept at ``now``, not even rollups."""
        return (-(-now // DAY) - self.hour_days - 1) * DAY


def limits_of(rules: HistoryRules) -> Limits:
    """A coarser level is kept at least as long as a finer one."""
    minute = max(rules.minute_days, rules.raw_days)
    return Limits(rules.raw_days, minute, max(rules.hour_days, minute), int(rules.quota_gb * _GB))
