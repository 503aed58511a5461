"""What the tag engine looks up for one plant revision; made without touching an engine, on any thread."""

from __future__ import annotations

from operator import attrgetter

from hmi.project.plant import Plant, TagDef
from hmi.tags._ages import LifeCounter, limit_ms
from hmi.tags._deadband import deadbands
from hmi.tags._derived import DerivedTags
from hmi.tags._scale import Convert, converter

_OPTIONS = attrgetter("options")


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
        handles = tuple(map(attrgetter("handle"), plant.tags))
        self.by_name = dict(zip(map(attrgetter("name"), plant.tags), handles, strict=True))
        self.by_id = dict(zip(map(attrgetter("id"), plant.tags), handles, strict=True))
        self.of_connection = {
            name: [tag.handle for tag in tags] for name, tags in plant.by_connection.items()
        }
        # equal cells of a plant are one object, so that a few conversions serve all of its tags
        shared: dict[tuple[int, ...], Convert | None] = {}
        cells = (map(id, map(attrgetter(name), plant.tags)) for name in ("scaling", "range", "type"))
        live = (bool(options and options.get("live_zero")) for options in map(_OPTIONS, plant.tags))
        for tag, handle, key in zip(plant.tags, handles, zip(*cells, live, strict=True), strict=True):
            if key not in shared:
                shared[key] = converter(tag)
            self.convert[handle] = shared[key]
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
