"""What a FakeClient says of the past: alarms that a test let turn at given times, and plants that were valid then."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from hmi.client.alarms import AlarmInfo
from hmi.client.past import PastChange, PastMoment, Timeline
from hmi.client.port import PlantInfo
from hmi.core.errors import CommunicationError


@dataclass
class FakeTravel:
    """``changes`` in order of time. ``plants``: (valid from, plant), oldest first; without one the present plant always
    was. ``begins``: before it nothing is known. ``problem``: what every question is answered with."""

    changes: list[PastChange] = field(default_factory=list[PastChange])
    plants: list[tuple[int, PlantInfo]] = field(default_factory=list[tuple[int, PlantInfo]])
    begins: int = 1
    problem: str = ""
    asked: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def turn(self, time: int, row: AlarmInfo, *, ends: bool = False) -> None:
        """An alarm stands as ``row`` from ``time`` (UTC ns) on, or in no list any more."""
        self.changes.append(PastChange(time, row.alarm_id, None if ends else row))
        self.changes.sort(key=lambda one: one.time)

    def plant_at(self, at: int, present: PlantInfo) -> PlantInfo:
        self._check()
        place = bisect_right([since for since, _ in self.plants], at)
        return self.plants[max(place - 1, 0)][1] if self.plants else present

    def moment(self, at: int, until: int, now: int, present: PlantInfo) -> PastMoment:
        self._check()
        self.asked.append((at, until))
        at = min(at, now)
        rows: dict[str, AlarmInfo] = {}
        for one in self.changes:
            if one.time <= at:
                rows.pop(one.alarm_id, None)
                if one.row is not None:
                    rows[one.alarm_id] = one.row
        later = [since for since, _ in self.plants if since > at]
        return PastMoment(
            at, now, self.plant_at(at, present).revision, min(later, default=0), at >= self.begins, True,
            list(rows.values()), [one for one in self.changes if at < one.time <= until], max(until, at),
        )  # fmt: skip

    def timeline(self, start: int, end: int, slots: int) -> Timeline:
        self._check()
        alarms, worst = [0] * slots, [0] * slots
        for one in self.changes:
            if one.row is not None and start <= one.time < end:
                slot = (one.time - start) * slots // (end - start)
                alarms[slot] += 1
                worst[slot] = min(worst[slot] or 9, one.row.priority)
        return Timeline(start, end, alarms, worst, [0] * slots, [], self.begins)

    def _check(self) -> None:
        if self.problem:
            raise CommunicationError(self.problem)
