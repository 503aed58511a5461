"""Which points of a connection live and die together: one source group for each scan period; pure and light.

The runtime asks for them without the library, whose place is the worker process.
"""

from __future__ import annotations

from collections.abc import Sequence

from hmi.acquisition.port import Group, Point


def by_period(points: Sequence[Point]) -> dict[int, list[Point]]:
    """Points by scan period in ms, fastest first."""
    periods: dict[int, list[Point]] = {}
    for point in points:
        periods.setdefault(point.period_ms, []).append(point)
    return {period: periods[period] for period in sorted(periods)}


def name_of(period_ms: int) -> str:
    """What the group of a scan period is called."""
    return f"{period_ms} ms"


def groups_of(points: Sequence[Point]) -> tuple[Group, ...]:
    """The source groups of these points."""
    return tuple(
        Group(name_of(period), "", period, tuple(point.handle for point in own))
        for period, own in by_period(points).items()
    )
