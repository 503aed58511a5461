"""What the tag engine looks up for one plant revision; made without touching an engine, on any thread."""

from __future__ import annotations

from hmi.project.plant import Plant, TagDef
from hmi.tags._ages import LifeCounter, limit_ms
from hmi.tags._deadband import deadbands
from hmi.tags._derived import DerivedTags
from hmi.tags._scale import Convert, converter


class TagTables:
    """Lists and keys are handles. ConfigurationError when the derived tags of the plant do not work.

    With the plant that runs as ``previous``, ``gone`` are the handles of its tags that are no more, and
    ``other`` of those whose values would mean something else now.
    """

    def __init__(self, plant: Plant, previous: Plant | None = None) -> None:
        self.plant = plant
        self.derived = DerivedTags(plant)
        self.deadbands = deadbands(plant)
        self.convert: list[Convert | None] = [None] * plant.slots
        self.by_name = {tag.name: tag.handle for tag in plant.tags}
        self.by_id = {tag.id: tag.handle for tag in plant.tags}
        self.of_connection = {
            name: [tag.handle for tag in tags] for name, tags in plant.by_connection.items()
        }
        shared: dict[tuple[int, int, int, bool], Convert | None] = {}
        for tag in plant.tags:
            # equal cells of a plant are one object, so that a few conversions serve all of its tags
            key = id(tag.scaling), id(tag.range), id(tag.type), bool(tag.options.get("live_zero"))
            if key not in shared:
                shared[key] = converter(tag)
            self.convert[tag.handle] = shared[key]
        before = previous.tags if previous else ()
        self.gone = tuple(tag.handle for tag in before if tag.id not in self.by_id)
        both = [(tag, plant.by_id[tag.id]) for tag in before if tag.id in self.by_id]
        self.other = tuple(old.handle for old, new in both if not _converts_alike(old, new))

    def life_counters(self) -> list[LifeCounter]:
        """Fresh ones: one for each connection that has a life counter."""
        found: list[LifeCounter] = []
        for connection in self.plant.connections.values():
            tag = self.plant.by_name.get(connection.life_counter)
            if tag is not None:
                scan = self.plant.scan_classes.get(tag.scan)
                limit = limit_ms(scan.period_ms if scan else 1_000)
                found.append(LifeCounter(connection.name, tag.handle, limit))
        return found


def _converts_alike(old: TagDef, new: TagDef) -> bool:
    """Whether a value of the old definition is the same value under the new one."""
    return _conversion(old) == _conversion(new)


def _conversion(tag: TagDef) -> tuple[object, ...]:
    return tag.type, tag.scaling, tag.range, tag.options.get("live_zero"), tag.connection, tag.expression
