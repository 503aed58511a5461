"""From the severity of an OPC UA server to our priorities, by a table per connection (standards 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.alarms import SEVERITIES, SEVERITY_NAMES, Priority


class SeverityTable:
    """The lowest severity of P1 to P4; ``given`` (of plant.toml) replaces single ones of the five bands."""

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        default = dict(zip(SEVERITY_NAMES, SEVERITIES, strict=True))
        self._lowest = [int((given or {}).get(name, default[name])) for name in SEVERITY_NAMES]

    def priority(self, severity: int) -> Priority:
        """``severity`` from 1 to 1000; what lies below all bands is for the journal only."""
        for priority, lowest in enumerate(self._lowest, start=1):
            if severity >= lowest:
                return Priority(priority)
        return Priority.JOURNAL
