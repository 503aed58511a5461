"""What one token can see of the plant, and which of that a query chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from hmi.core.aggregates import AGGREGATE_NAMES
from hmi.core.errors import ConfigurationError
from hmi.export.digest import schema_digest
from hmi.export.port import ExportTag, Schema
from hmi.exporters.rest._problem import bad_request
from hmi.project.plant import Plant
from hmi.project.query import tags_of

_REMEMBERED: Final = 256
_MANY: Final = frozenset("*?[")
MOST_PATTERNS: Final = 200
"""Each is held against every tag."""


class View:
    """The series of a job through the eyes of tokens; from any thread."""

    def __init__(self, plant: Plant, schema: Schema, *, is_simulated: bool) -> None:
        self.plant, self.schema, self.is_simulated = plant, schema, is_simulated
        self.tags = schema.tags
        self._lineages = [frozenset(plant.lineage(tag.area)) for tag in schema.tags]
        self.visible = lru_cache(_REMEMBERED)(self._visible)
        self.chosen = lru_cache(_REMEMBERED)(self._chosen)
        self.digest = lru_cache(_REMEMBERED)(self._digest)
        self.listed = lru_cache(_REMEMBERED)(self._listed)

    def sees(self, areas: Sequence[str], area: str) -> bool:
        """Whether something of an area is for who may see these areas (none: all)."""
        return not areas or not set(areas).isdisjoint(self.plant.lineage(area))

    def _visible(self, areas: tuple[str, ...]) -> tuple[int, ...]:
        wanted = frozenset(areas)
        return tuple(
            place
            for place, lineage in enumerate(self._lineages)
            if not wanted or not wanted.isdisjoint(lineage)
        )

    def _chosen(self, texts: tuple[str, ...], areas: tuple[str, ...]) -> tuple[int, ...]:
        """Places of the series that one of the queries names; Problem 400 for one that cannot be read."""
        if not texts:
            return self.visible(areas)
        if sum(map(_costly, texts)) > MOST_PATTERNS:
            raise bad_request(
                f"tags: at most {MOST_PATTERNS} patterns at once; names without * are not counted"
            )
        try:
            keys = {tag.id for tag in tags_of(self.plant, *texts)}
        except ConfigurationError as error:
            raise bad_request(f"tags: {error.what}; {error.do}") from None
        return tuple(place for place in self.visible(areas) if self.tags[place].key in keys)

    def series(self, places: Sequence[int]) -> tuple[ExportTag, ...]:
        return tuple(self.tags[place] for place in places)

    def _listed(self, texts: tuple[str, ...], areas: tuple[str, ...]) -> tuple[tuple[ExportTag, ...], str]:
        """The series that one of the queries names, and the digest of that list."""
        found = self.series(self.chosen(texts, areas))
        return found, schema_digest(found)

    def _digest(self, areas: tuple[str, ...]) -> str:
        """Names what can be seen of the list of series."""
        return schema_digest(self.series(self.visible(areas)))

    def plant_content(self, areas: tuple[str, ...]) -> Mapping[str, Any]:
        """The plant in a few words, with the areas that can be seen."""
        plant, schema = self.plant, self.schema
        return {
            "id": plant.id, "name": plant.name, "title": plant.title, "zone": plant.zone,
            "revision": plant.revision, "simulated": self.is_simulated, "stream": schema.stream,
            "schema": self.digest(areas), "quality_rule": schema.quality_rule, "tags": len(self.visible(areas)),
            "areas": [
                {"path": area.path, "title": area.title, "parent": area.parent}
                for area in plant.areas if self.sees(areas, area.path)
            ],
            "aggregates": list(AGGREGATE_NAMES),
        }  # fmt: skip


def _costly(text: str) -> int:
    """How many values of a query are more than names to be looked up."""
    values = text.replace(",", " ").split()
    return len(values) if ":" in text else sum(not _MANY.isdisjoint(value) for value in values)


def tag_content(tag: ExportTag) -> Mapping[str, Any]:
    """One series."""
    is_ranged = tag.low is not None and tag.high is not None
    return {
        "id": tag.key, "name": tag.name, "path": list(tag.path), "area": tag.area, "type": tag.type.value,
        "unit": tag.unit, "unit_code": tag.unit_code, "range": [tag.low, tag.high] if is_ranged else None,
        "description": tag.description, "states": {str(number): text for number, text in tag.states.items()},
        "stepped": tag.is_stepped, "compressed": tag.is_compressed,
    }  # fmt: skip
