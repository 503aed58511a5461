"""Tags and instances of a plant that a query names (``hmi.core.query``): for exports, repeaters, lists. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from hmi.core.principal import lineage_of
from hmi.core.query import Facts, Query, query
from hmi.project.plant import Area, ComponentType, Instance, TagDef

__all__ = ["Chooser", "instances_of", "query", "tags_of"]


class Readable(Protocol):
    """What is needed of a plant; one that is only read as far as it could be will do."""

    @property
    def instances(self) -> Mapping[str, Instance]: ...
    @property
    def types(self) -> Mapping[str, ComponentType]: ...


class Chooser:
    """Answers queries over one plant; types and areas above each one are looked up once."""

    def __init__(self, plant: Readable, areas: Iterable[Area]) -> None:
        self._plant = plant
        self._parents = {area.path: area.parent for area in areas}
        self._above: dict[str, frozenset[str]] = {}
        self._kinds: dict[str, frozenset[str]] = {}

    def of_tag(self, tag: TagDef) -> Facts:
        """What a query asks of a tag; its type is that of its instance."""
        instance = self._plant.instances.get(tag.instance)
        marks = (
            ("writable", tag.command is not None),
            ("recorded", tag.history),
            ("calculated", bool(tag.expression) or tag.calculation is not None),
            ("entered", tag.manual),
        )
        return Facts(
            tag.name,
            self._types(instance.type) if instance else (),
            self.areas_of(tag.area),
            tag.signal,
            tag.unit,
            tag.connection,
            tag.scan,
            tag.description,
            tuple(name for name, holds in marks if holds),
        )

    def of_instance(self, instance: Instance) -> Facts:
        """What a query asks of an instance; it has no signal, unit or connection of its own."""
        return Facts(
            instance.name,
            self._types(instance.type),
            self.areas_of(instance.area),
            text=instance.description,
        )

    def tags(self, texts: Iterable[str]) -> Callable[[TagDef], bool]:
        """True for a tag that one of the queries names; ConfigurationError for a text that is none."""
        queries = [query(text) for text in texts]
        return lambda tag: _any(queries, self.of_tag(tag))

    def instances(self, text: str) -> tuple[Instance, ...]:
        """The instances that a query names, by name."""
        asked = query(text)
        found = (one for one in self._plant.instances.values() if asked.takes(self.of_instance(one)))
        return tuple(sorted(found, key=lambda one: one.name))

    def _types(self, name: str) -> frozenset[str]:
        if name not in self._kinds:
            chain: list[str] = []
            above = name
            while above and above not in chain:
                chain.append(above)
                kind = self._plant.types.get(above)
                above = kind.extends if kind else ""
            self._kinds[name] = frozenset(chain)
        return self._kinds[name]

    def areas_of(self, path: str) -> frozenset[str]:
        """An area and all above it."""
        if path not in self._above:
            self._above[path] = frozenset(lineage_of(self._parents, path)) - {""}
        return self._above[path]


def _any(queries: Iterable[Query], facts: Facts) -> bool:
    return any(one.takes(facts) for one in queries)


class _WholePlant(Readable, Protocol):
    @property
    def areas(self) -> Iterable[Area]: ...
    @property
    def tags(self) -> Iterable[TagDef]: ...


def tags_of(plant: _WholePlant, *texts: str) -> tuple[TagDef, ...]:
    """Tags that one of the queries names, in the order of the plant; all of them without a query."""
    if not texts:
        return tuple(plant.tags)
    wanted = Chooser(plant, plant.areas).tags(texts)
    return tuple(tag for tag in plant.tags if wanted(tag))


def instances_of(plant: _WholePlant, text: str) -> tuple[Instance, ...]:
    """Instances that a query names, by name."""
    return Chooser(plant, plant.areas).instances(text)
