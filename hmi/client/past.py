"""What a station may ask of an instant in the past: alarms and plant as they were then, and how a time was filled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hmi.client.alarms import ALARM_LISTS, AlarmDelta, AlarmInfo, is_unacked, list_of
from hmi.client.people import holds_of
from hmi.core.holds import Holds


class PastChange(msgspec.Struct, frozen=True):
    """One alarm turned at ``time`` (UTC ns): its row from then on, None when it stands in no list any more."""

    time: int
    alarm_id: str
    row: AlarmInfo | None = None


class HoldChange(msgspec.Struct, frozen=True):
    """From ``time`` (UTC ns) on people held this, as ``PastMoment.holds``."""

    time: int
    holds: dict[str, Any]

    @property
    def held(self) -> Holds:
        return _held(self.holds)


class PastMoment(msgspec.Struct, frozen=True):
    """What was true at ``at`` (UTC ns), which is never later than ``now``, the session time of the runtime.

    ``revision``: of the plant, valid then and up to ``revision_until`` (0: still). ``rows``: every alarm that stood in
    one of ``ALARM_LISTS``. ``changes`` and ``hold_changes`` in order are all up to ``until``. ``ran`` is False while no
    runtime ran, and ``known`` False before the first record: then nothing is known of alarms. Of several runtimes,
    ``silent`` names the further ones that did not answer and ``blank`` those without a record before: of their alarms
    nothing is known.
    """

    at: int
    now: int
    revision: str
    revision_until: int = 0
    known: bool = True
    ran: bool = True
    rows: list[AlarmInfo] = []
    changes: list[PastChange] = []
    until: int = 0
    holds: dict[str, Any] = {}
    silent: list[str] = []
    blank: list[str] = []
    hold_changes: list[HoldChange] = []

    @property
    def held(self) -> Holds:
        """Control tags, manual values, bypasses and who controlled which area."""
        return _held(self.holds)


def _held(said: dict[str, Any]) -> Holds:
    return holds_of(said) if said else Holds()


class TimelineMark(msgspec.Struct, frozen=True):
    """``event`` is runtime.started, runtime.stopped, plant.applied or run.started; ``at`` UTC ns."""

    at: int
    event: str
    revision: str = ""


class Timeline(msgspec.Struct, frozen=True):
    """Alarms raised and commands asked for in each equal part of the time from ``start`` to ``end`` (UTC ns), with the
    most urgent priority among the alarms (0: none). ``first``: the first record of all; 0 without one.
    ``outages``: from when and up to when no runtime ran.
    """

    start: int
    end: int
    alarms: list[int]
    worst: list[int]
    commands: list[int]
    marks: list[TimelineMark] = []
    first: int = 0
    outages: list[tuple[int, int]] = []


def counts_of(rows: Iterable[AlarmInfo], *, runtime: str = "") -> AlarmDelta:
    """Counts and areas of the lists that these rows stand in."""
    counts: dict[str, int] = dict.fromkeys(ALARM_LISTS, 0)
    areas: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        name = list_of(row)
        counts[name] += 1
        if name == "active":
            pair = areas.setdefault(row.area, {}).setdefault(str(row.priority), [0, 0])
            pair[not is_unacked(row)] += 1
    return AlarmDelta(counts=counts, areas=areas, floods=[], runtime=runtime)
