"""Which alarm of a trip group came first: ranks by source time (standards 1.9); pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hmi.alarms._condition_state import Alarm
from hmi.core.clock import NS_PER_S
from hmi.project.plant import Plant


class FirstOut:
    """The ranked alarms of each group. Ranks stay until the group is reset, whatever the process does."""

    def __init__(self, plant: Plant, alarms: Iterable[Alarm]) -> None:
        self._plant = plant
        self._members: dict[str, list[Alarm]] = {}
        self._ranked: dict[str, list[Alarm]] = {}
        for alarm in alarms:
            if name := alarm.definition.first_out_group:
                self._members.setdefault(name, []).append(alarm)

    def take_up(self) -> None:
        """Rank again what was carried over or restored."""
        for name, members in self._members.items():
            ranked = [alarm for alarm in members if alarm.ranked_at]
            if ranked:
                self._ranked[name] = sorted(ranked, key=_time)
                self._rank(self._ranked[name])

    def raised(self, alarm: Alarm) -> list[Alarm]:
        """Take a raise into its group; the other alarms whose rank or neighbours it changed."""
        name = alarm.definition.first_out_group
        if not name or alarm.ranked_at:
            return []
        ranked = self._ranked.setdefault(name, [])
        window_ns = int(alarm.definition.first_out_window_s * NS_PER_S)
        if ranked and alarm.source_time > ranked[0].ranked_at + window_ns:
            return []
        alarm.ranked_at = alarm.source_time
        place = len(ranked)
        while place and ranked[place - 1].ranked_at > alarm.ranked_at:
            place -= 1
        ranked.insert(place, alarm)
        before = [(one, one.rank, one.within_ms) for one in ranked if one is not alarm]
        self._rank(ranked)
        return [one for one, rank, within in before if (one.rank, one.within_ms) != (rank, within)]

    def still_present(self, name: str) -> Alarm | None:
        """A member whose condition is present: the group cannot be reset."""
        return next((alarm for alarm in self._members.get(name, ()) if alarm.flags.active), None)

    def reset(self, name: str) -> list[Alarm]:
        """Take all ranks of the group away; the alarms that had one."""
        cleared = self._ranked.pop(name, [])
        for alarm in cleared:
            alarm.ranked_at = alarm.rank = alarm.within_ms = 0
        return cleared

    def _rank(self, ranked: list[Alarm]) -> None:
        for place, alarm in enumerate(ranked, 1):
            alarm.rank, alarm.within_ms = place, 0
        for first, second in pairwise(ranked):
            period_ms = max(self._period_ms(first), self._period_ms(second))
            if second.ranked_at - first.ranked_at < period_ms * 1_000_000:
                for alarm in (first, second):
                    alarm.within_ms = max(alarm.within_ms, period_ms)

    def _period_ms(self, alarm: Alarm) -> int:
        tag = self._plant.by_id.get(alarm.definition.tag_id)
        scan = self._plant.scan_classes.get(tag.scan) if tag is not None else None
        return scan.period_ms if scan is not None else 0


def _time(alarm: Alarm) -> int:
    return alarm.ranked_at
