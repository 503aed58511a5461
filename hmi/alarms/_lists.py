"""Counts of the active list by area and priority; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hmi.core.alarms import AlarmRow, AlarmState, Priority

_UNACKED = frozenset({AlarmState.UNACK, AlarmState.RTNUN, AlarmState.LATCH_UNACK})


@dataclass(frozen=True, slots=True)
class Counts:
    """Alarms of one area and priority that are in the active list."""

    unacknowledged: int = 0
    acknowledged: int = 0

    @property
    def total(self) -> int:
        return self.unacknowledged + self.acknowledged


def counted(rows: Iterable[AlarmRow]) -> dict[str, dict[Priority, Counts]]:
    """Only areas and priorities that have alarms appear."""
    found: dict[str, dict[Priority, Counts]] = {}
    for row in rows:
        area = found.setdefault(row.area, {})
        old, open_ = area.get(row.priority, Counts()), row.state in _UNACKED
        area[row.priority] = Counts(old.unacknowledged + open_, old.acknowledged + (not open_))
    return found
