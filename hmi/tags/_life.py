"""PLC life counters: a link that is up proves nothing about a scan that stands still (reliability row 9)."""

from __future__ import annotations

from hmi.core.values import DataValue, Value
from hmi.project.plant import Plant

NS_PER_MS = 1_000_000


class LifeCounters:
    """One counter per connection that names one; it has to change within max(2 s, 3 periods)."""

    def __init__(self, plant: Plant) -> None:
        self.watched: dict[int, str] = {}
        self.stopped: set[str] = set()
        self._limit_ns: dict[str, int] = {}
        self._last: dict[str, tuple[Value, int]] = {}
        for connection in plant.connections.values():
            tag = plant.by_name.get(connection.life_counter)
            if tag is not None:
                period = plant.scan_classes[tag.scan].period_ms if tag.scan in plant.scan_classes else 1_000
                self.watched[tag.handle] = connection.name
                self._limit_ns[connection.name] = max(2_000, 3 * period) * NS_PER_MS

    def seen(self, handle: int, value: DataValue, mono_ns: int) -> None:
        """The counter changed: the scan runs."""
        if value.is_good:
            connection = self.watched[handle]
            self._last[connection] = (value.value, mono_ns)
            self.stopped.discard(connection)

    def reset(self, connection: str) -> None:
        """The link is down: judging starts anew with the first value."""
        self._last.pop(connection, None)
        self.stopped.discard(connection)

    def newly_stopped(self, mono_ns: int) -> list[str]:
        """Connections whose counter has just been found standing still."""
        found = [
            name
            for name, (_, at) in self._last.items()
            if name not in self.stopped and mono_ns - at > self._limit_ns[name]
        ]
        self.stopped.update(found)
        return found
