"""What a scene knows of the plant's tags and equipment: looked up by name, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hmi.client.port import InstanceInfo, PlantInfo, TagInfo


class TagAlarm(NamedTuple):
    """The most urgent active alarm of a tag."""

    priority: int
    unacked: bool
    name: str = ""


class Catalogue:
    """Tags and instances by name."""

    def __init__(self, tags: Iterable[TagInfo] = (), instances: Iterable[InstanceInfo] = ()) -> None:
        self.tags: Mapping[str, TagInfo] = {tag.name: tag for tag in tags}
        self.instances: Mapping[str, InstanceInfo] = {instance.name: instance for instance in instances}

    @staticmethod
    def of(plant: PlantInfo) -> Catalogue:
        return Catalogue(plant.tags, plant.instances)

    def signal(self, instance: str, candidates: Iterable[str]) -> str:
        """The tag name of the first candidate signal that the instance has; empty when it has none."""
        known = self.instances.get(instance)
        for signal in candidates:
            if known is not None and signal in known.signals:
                return known.signals[signal]
            if (name := f"{instance}.{signal}") in self.tags:
                return name
        return ""
