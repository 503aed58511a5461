"""Holds back changes of a value that are too small to count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hmi.core.values import DataValue, ValueType
from hmi.project.plant import AlarmDef, Plant, TagDef

_NUMBERS: Final = frozenset((ValueType.INT64, ValueType.UINT64, ValueType.FLOAT32, ValueType.FLOAT64))


@dataclass(frozen=True, slots=True)
class Deadband:
    """``size``: a change up to it does not count, in the tag's unit. ``edges``: where alarms begin and end.

    Only a change of the number alone can be held back. A change of status, a Bad value and what is no number
    always pass, and so does a value on the other side of an edge: an alarm is never late by a deadband.
    """

    size: float
    edges: tuple[float, ...] = ()

    def holds_back(self, passed: DataValue, new: DataValue) -> bool:
        """Compares with the value that ``passed`` last, so that many small steps in one direction add up."""
        if new.status != passed.status or new.is_bad:
            return False
        old, now = passed.value, new.value
        if not isinstance(old, int | float) or not isinstance(now, int | float):
            return False
        if abs(now - old) > self.size:
            return False
        return all((old < edge) == (now < edge) and (old > edge) == (now > edge) for edge in self.edges)


def deadbands(plant: Plant) -> dict[int, Deadband]:
    """By handle, for the tags that have one. What is written passes always: its change is what was asked for."""
    banded = {tag.id: tag for tag in plant.tags if has_deadband(tag)}
    edges: dict[str, set[float]] = {}
    for alarm in plant.alarms:
        if alarm.tag_id in banded:
            edges.setdefault(alarm.tag_id, set()).update(_edges(alarm))
    return {
        tag.handle: Deadband(tag.deadband, tuple(sorted(edges.get(tag.id, ())))) for tag in banded.values()
    }


def has_deadband(tag: TagDef) -> bool:
    """Whether its deadband holds anything back: only that of a measured number that nobody writes."""
    return tag.deadband > 0 and tag.command is None and tag.type in _NUMBERS and not tag.states


def _edges(alarm: AlarmDef) -> Iterable[float]:
    """The values at which a limit alarm begins and ends, under every state that chooses its limit."""
    for limit in (alarm.limit, *(limit for _, limit in alarm.limits_when)):
        yield from (limit, limit - alarm.deadband, limit + alarm.deadband)
