"""What holds do to the services of a runtime: values, alarms, counts, and what the stations are told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hmi.commands import LINK, HoldDesk, HoldTables, Surroundings
from hmi.core.holds import Bypass, Override
from hmi.project.plant import Plant
from hmi.tags import entered

if TYPE_CHECKING:
    from hmi.runtime._runtime import Runtime


class HoldEffects:
    """One for a runtime. Stations are told with the next tick, however much changed since the last one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._turned = False
        self._stations: Counter[str] = Counter()
        s = runtime.services
        around = Surroundings(s.beats.sent_at, self._overridden, self._changed)
        self.desk = HoldDesk(
            HoldTables(s.plant), clock=s.clock, journal=s.journal, around=around,
            required=s.plant.area_control_required,
        )  # fmt: skip

    def snapshot(self) -> list[tuple[str, Any]]:
        """The event that a station begins with."""
        return [("holds", self.desk.book.snapshot())]

    def flush(self) -> None:
        """Tell every station what changed since the last tick."""
        if self._turned:
            self._turned = False
            self._runtime.tell("holds", self.desk.book.snapshot())

    def apply(self, tables: HoldTables, other: frozenset[str]) -> None:
        """Another revision, after the tags and alarms took it. ``other``: ids of tags that mean something else now."""
        self.desk.apply(tables, required=tables.plant.area_control_required, other=other)
        self._judge_bypasses()

    # ---- positions: a station is here while it has a live connection

    def station_came(self, station: str) -> None:
        self._stations[station] += 1
        self.desk.station_here(station)

    def station_left(self, station: str) -> None:
        """One of its live connections ended; with the last one its time runs."""
        self._stations[station] -= 1
        if self._stations[station] <= 0:
            del self._stations[station]
            self.desk.station_gone(station, LINK)

    # ---- what the desk tells

    def _overridden(self, tag_id: str, override: Override | None, old: bool) -> None:
        runtime = self._runtime
        tag = runtime.plant.by_id.get(tag_id)
        if tag is None:
            return
        value = entered(override.value, override.time, old=old) if override else None
        tags = runtime.services.tags
        before = tag.handle in tags.overridden
        if value is None and before:
            runtime.points.forget(tag.handle)
        runtime.pass_on(tags.override(tag.handle, value))
        if before != (tag.handle in tags.overridden):
            for lane in runtime.lanes:
                lane.fresh = True  # whose age counts for the tag goes to the stations with a snapshot only

    def _changed(self) -> None:
        self._turned = True
        self._judge_bypasses()

    def _judge_bypasses(self) -> None:
        runtime, s = self._runtime, self._runtime.services
        bypasses = self.desk.book.snapshot().bypasses
        runtime.points.note_bypassed(len(bypasses))
        changes = s.alarms.bypasses_are(_conditions(bypasses, runtime.plant), s.clock.now_ns())
        if changes:
            runtime.alarms.service.put(changes)


def _conditions(bypasses: tuple[Bypass, ...], plant: Plant) -> set[tuple[str, str]]:
    return {(one.tag_id, one.condition) for one in bypasses if one.tag_id in plant.by_id}
