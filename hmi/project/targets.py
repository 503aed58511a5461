"""What a plant asks of its alarms: the target of each figure of standards 1.11, and what is still manageable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """``target``: very likely acceptable; ``limit``: manageable, the same as the target where there is none."""

    target: float
    limit: float


@dataclass(frozen=True, slots=True)
class AlarmTargets:
    """``[alarm_targets]`` of plant.toml, of one operator position. Shares and times in flood in percent.

    ``p1_share`` to ``p3_share``: of all alarms, configured and annunciated; off by up to ``share_margin``
    percentage points is manageable. ``ack_median_s``: median delay of the acknowledgement by priority in
    seconds, 0 = no target. ``shelve_max_h`` and ``p1_shelve_max_h``: a longer shelf is outside the rules.
    """

    per_10_min: Band = Band(1, 2)
    per_hour: Band = Band(6, 12)
    per_day: Band = Band(150, 300)
    busy_hours: Band = Band(1, 1)
    busy_bins: Band = Band(1, 1)
    peak_10_min: Band = Band(10, 10)
    flood_time: Band = Band(1, 1)
    top_10_share: Band = Band(1, 5)
    chattering: Band = Band(0, 0)
    chatter_index: Band = Band(0.05, 0.05)
    fleeting: Band = Band(0, 0)
    stale: Band = Band(5, 5)
    standing: Band = Band(10, 10)
    after_upset: Band = Band(10, 20)
    p1_share: float = 5.0
    p2_share: float = 15.0
    p3_share: float = 80.0
    share_margin: float = 5.0
    ack_median_s: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    shelve_max_h: float = 12.0
    p1_shelve_max_h: float = 1.0


BANDS = (
    "per_10_min", "per_hour", "per_day", "busy_hours", "busy_bins", "peak_10_min", "flood_time", "top_10_share",
    "chattering", "chatter_index", "fleeting", "stale", "standing", "after_upset",
)  # fmt: skip
"""The fields of AlarmTargets that have a target and a limit."""
