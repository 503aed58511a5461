"""A tag engine and an alarm engine on one clock, for tests of what alarms do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hmi.acquisition.port import Batch
from hmi.alarms import AlarmChange, AlarmEngine, AlarmTables
from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState, Priority
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef, Plant, TagDef
from hmi.tags import TagEngine, TagTables
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag


def alarm(kind: str = "high", limit: float = 10.0, tag: str = "a/x", **fields: Any) -> AlarmDef:
    given: dict[str, Any] = {"priority": Priority.P2, "message": kind, **fields}
    given.setdefault("id", f"a_{tag}.{kind}")
    return AlarmDef(tag_id=f"t_{tag}", name=kind, kind=kind, limit=limit, **given)


class Bench:
    """A tag engine and an alarm engine on one clock, driven second by second."""

    def __init__(self, alarms: Sequence[AlarmDef], tags: Sequence[TagDef] = ()) -> None:
        self.clock = ManualClock()
        plant = make_plant(tags or [make_tag("a/x")], alarms)
        self.tags = TagEngine(plant, self.clock)
        self.alarms = AlarmEngine(plant, self.tags.latest, self.tags.values)
        self.changes: list[AlarmChange] = []

    def put(self, value: Any, handle: int = 0) -> list[AlarmChange]:
        new = value if isinstance(value, DataValue) else good(value)
        updates = self.tags.ingest(Batch("g", [(handle, new)]))
        return self.note(self.alarms.evaluate(updates.changes, updates.now_ns))

    def wait(self, seconds: float) -> list[AlarmChange]:
        self.clock.advance(seconds)
        return self.note(self.alarms.tick(self.clock.now_ns()))

    def take(self, plant: Plant) -> list[AlarmChange]:
        """Another revision, as the runtime gives it to both."""
        updates = self.tags.apply(TagTables(plant, self.tags.plant))
        changes = self.alarms.apply(AlarmTables(plant), self.tags.values, updates.now_ns)
        return self.note(changes)

    def note(self, changes: Sequence[AlarmChange]) -> list[AlarmChange]:
        self.changes += changes
        return list(changes)

    def row(self, alarm_id: str) -> AlarmRow:
        found = self.alarms.row(alarm_id)
        assert found is not None
        return found

    @property
    def events(self) -> list[AlarmEvent]:
        return [change.event for change in self.changes]

    @property
    def state(self) -> AlarmState:
        rows = self.alarms.active()
        return rows[0].state if rows else AlarmState.NORM
