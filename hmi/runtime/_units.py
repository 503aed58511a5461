"""Which devices behind a connection answer: health of each unit, from the batches of its source groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hmi.acquisition.port import Group
from hmi.core.clock import NS_PER_S

SILENT_NS = 5 * NS_PER_S
UNKNOWN, UP, MISSED, SILENT = "unknown", "up", "missed", "silent"


@dataclass(slots=True)
class Unit:
    """One device: ``state`` is unknown, up, missed (the last request) or silent; ``since_ns`` monotonic."""

    connection: str
    name: str
    handles: tuple[int, ...]
    state: str = UNKNOWN
    since_ns: int = 0


class UnitHealth:
    """Pure. A unit is silent when for 5 s after an unanswered request none of its groups gave a sign of life.

    One lost answer is no alarm, and a whole connection that is lost says so itself within that time.
    """

    def __init__(self) -> None:
        self._units: dict[tuple[str, str], Unit] = {}
        self._of_group: dict[str, Unit] = {}
        self._missed: set[tuple[str, str]] = set()

    def follow(self, connection: str, groups: Sequence[Group]) -> None:
        """The groups of a connection that goes on with other points: units that stay keep what is known of them."""
        before = {key: (unit.state, unit.since_ns) for key, unit in self._units.items()}
        missed = set(self._missed)
        self.learn(connection, groups)
        for key, unit in self._units.items():
            unit.state, unit.since_ns = before.get(key, (unit.state, unit.since_ns))
        self._missed |= missed & self._units.keys()

    def learn(self, connection: str, groups: Sequence[Group]) -> None:
        """The groups of a connection that is about to open, by their full names; replaces what was known."""
        self.forget(connection)
        handles: dict[str, list[int]] = {}
        for group in groups:
            if group.unit:
                handles.setdefault(group.unit, []).extend(group.handles)
        for name, own in handles.items():
            self._units[connection, name] = Unit(connection, name, tuple(own))
        self._of_group |= {g.name: self._units[connection, g.unit] for g in groups if g.unit}

    def forget(self, connection: str) -> None:
        """The connection is not part of the plant any more."""
        gone = {key for key in self._units if key[0] == connection}
        self._of_group = {
            name: unit for name, unit in self._of_group.items() if unit.connection != connection
        }
        self._missed -= gone
        for key in gone:
            del self._units[key]

    def heard(self, group: str, *, alive: bool, now_ns: int) -> Unit | None:
        """Take note of one batch; the unit when it answers for the first time or again."""
        unit = self._of_group.get(group)
        if unit is None or (alive and unit.state == UP):
            return None
        key = unit.connection, unit.name
        if alive:
            unit.state, unit.since_ns = UP, now_ns
            self._missed.discard(key)
            return unit
        if unit.state in (UNKNOWN, UP):
            unit.state, unit.since_ns = MISSED, now_ns
            self._missed.add(key)
        return None

    def fallen_silent(self, now_ns: int) -> list[Unit]:
        """Units that are silent from now on."""
        found = [self._units[key] for key in self._missed]
        found = [unit for unit in found if now_ns - unit.since_ns >= SILENT_NS]
        for unit in found:
            unit.state = SILENT
            self._missed.discard((unit.connection, unit.name))
        return sorted(found, key=lambda unit: (unit.connection, unit.name))

    def lost(self, connection: str) -> None:
        """Nothing is known of the units behind a connection that is down."""
        for key, unit in self._units.items():
            if key[0] == connection:
                unit.state = UNKNOWN
                self._missed.discard(key)

    def of_group(self, group: str) -> Unit | None:
        """The device that a source group belongs to; None where the connection has no units."""
        return self._of_group.get(group)

    def of(self, connection: str) -> dict[str, str]:
        """State of each unit by name."""
        return {name: unit.state for (owner, name), unit in self._units.items() if owner == connection}

    def since(self, connection: str) -> dict[str, int]:
        """When the state of each unit began, monotonic ns; 0 where nothing is known of it yet."""
        return {name: unit.since_ns for (owner, name), unit in self._units.items() if owner == connection}
