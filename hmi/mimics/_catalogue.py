"""What a scene knows of the plant's tags and equipment: looked up by name, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from hmi.client.port import InstanceInfo, PlantInfo, TagInfo, TypeInfo


class TagAlarm(NamedTuple):
    """The most urgent active alarm of a tag; ``further`` are the other ones as (priority, unacked)."""

    priority: int
    unacked: bool
    name: str = ""
    further: tuple[tuple[int, bool], ...] = ()


def worst_of(alarms: Sequence[TagAlarm]) -> TagAlarm:
    """One alarm for all that a tag has: the most urgent, unacknowledged ones first, with the others behind it."""
    worst, *others = sorted(alarms, key=lambda alarm: (alarm.priority, not alarm.unacked))
    return worst._replace(further=tuple((alarm.priority, alarm.unacked) for alarm in others))


class AlarmCount(NamedTuple):
    """How many alarms of one priority stand, and whether one of them is unacknowledged."""

    priority: int
    count: int
    unacked: bool


class DisplaySource(NamedTuple):
    """A display as written, and the file that messages name."""

    document: Mapping[str, Any]
    file: str = ""


class HasUnit(Protocol):
    """What an argument of type ``tag`` is held against."""

    @property
    def unit(self) -> str: ...


class PlantNames(Protocol):
    """What the displays of a plant may refer to. ``broken`` names are wrong where they are defined."""

    @property
    def tags(self) -> Mapping[str, HasUnit]: ...
    @property
    def instances(self) -> Mapping[str, InstanceInfo]: ...
    @property
    def types(self) -> Mapping[str, TypeInfo]: ...
    @property
    def displays(self) -> Mapping[str, DisplaySource]: ...
    @property
    def broken(self) -> frozenset[str]: ...


class Catalogue:
    """Tags, instances, types and displays by name."""

    broken: frozenset[str] = frozenset()

    def __init__(
        self,
        tags: Iterable[TagInfo] = (),
        instances: Iterable[InstanceInfo] = (),
        types: Iterable[TypeInfo] = (),
        displays: Mapping[str, DisplaySource] | None = None,
    ) -> None:
        self.tags: Mapping[str, TagInfo] = {tag.name: tag for tag in tags}
        self.instances: Mapping[str, InstanceInfo] = {instance.name: instance for instance in instances}
        self.types: Mapping[str, TypeInfo] = {kind.name: kind for kind in types}
        self.displays: Mapping[str, DisplaySource] = displays or {}

    @staticmethod
    def of(plant: PlantInfo) -> Catalogue:
        displays = {d.name: DisplaySource(d.document, f"displays/{d.name}.json") for d in plant.displays}
        return Catalogue(plant.tags, plant.instances, plant.types, displays)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name of each tag and instance by its id; made when first asked for."""
        return {one.id: one.name for one in (*self.tags.values(), *self.instances.values())}

    @cached_property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """The equipment that is directly inside of other equipment, by the outer one; in the order of the plant."""
        found: dict[str, list[str]] = {}
        for one in self.instances.values():
            if one.parent:
                found.setdefault(one.parent, []).append(one.name)
        return {outer: tuple(names) for outer, names in found.items()}

    def types_of(self, tag: str) -> tuple[str, ...]:
        """The type of the equipment that a tag belongs to, and all that it extends; empty for a tag of none."""
        known = self.tags.get(tag)
        instance = self.instances.get(known.instance) if known is not None else None
        found: list[str] = []
        kind = instance.type if instance is not None else ""
        while kind and kind not in found:
            found.append(kind)
            kind = self.types[kind].extends if kind in self.types else ""
        return tuple(found)

    def signal(self, instance: str, candidates: Iterable[str]) -> str:
        """The tag name of the first candidate signal that the instance has; empty when it has none."""
        known = self.instances.get(instance)
        for signal in candidates:
            if known is not None and signal in known.signals:
                return known.signals[signal]
            if (name := f"{instance}.{signal}") in self.tags:
                return name
        return ""
