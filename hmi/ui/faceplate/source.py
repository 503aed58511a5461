"""One object of a faceplate at this moment: its readings by role, its alarms, the state of its equipment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hmi.client.port import AlarmInfo
from hmi.mimics import DRIVE_SIGNALS, Equipment, Reading, TagAlarm, equipment, worst_of
from hmi.ui.faceplate.content import Content
from hmi.ui.station import Station


class ObjectSource:
    """Reads the station and nothing else; an ``EquipmentSource``, so that states look as they do on displays."""

    def __init__(self, station: Station, content: Content) -> None:
        self.station, self.content = station, content
        found = {role: self._tag_of(names) for role, names in DRIVE_SIGNALS.items()}
        self._signals = {role: tag for role, tag in found.items() if tag}

    def _tag_of(self, candidates: Iterable[str]) -> str:
        signals = self.content.signals
        return next((signals[name] for name in candidates if name in signals), "")

    @property
    def signals(self) -> Mapping[str, str]:
        return self._signals

    def tag(self, name: str) -> Reading:
        return self.station.reading(name)

    def signal(self, *candidates: str) -> Reading | None:
        """The reading of the first of these signals that the object has; None when it has none."""
        name = self._tag_of(candidates)
        return self.station.reading(name) if name else None

    def owns(self, tag: str) -> bool:
        """True for the tags of this object."""
        return tag == self.content.name or tag.startswith(f"{self.content.name}.")

    @property
    def alarm(self) -> TagAlarm | None:
        found = [alarm for tag, alarm in self.station.tag_alarms.items() if self.owns(tag)]
        return worst_of(found) if found else None

    @property
    def alarms(self) -> list[AlarmInfo]:
        """The alarms of this object in the order of their priority, the oldest first."""
        rows = [row for row in self.station.alarms.values() if self.owns(row.tag_name)]
        return sorted(rows, key=lambda row: (row.priority, row.alarm_time))

    @property
    def alarms_heard(self) -> bool:
        """False while what is known of the alarms is old."""
        return self.station.hears(self.content.area)

    def state(self, on_word: str, off_word: str) -> Equipment:
        return equipment(self, on_word=on_word, off_word=off_word)
