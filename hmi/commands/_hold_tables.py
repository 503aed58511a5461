"""What holds are judged by for one plant revision; made without touching a service, on any thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hmi.expressions import expression_names
from hmi.project.plant import Plant, TagDef


@dataclass(frozen=True, slots=True)
class Thing:
    """What a control tag may hang on."""

    name: str
    area: str


class HoldTables:
    """Lookups by id. ``driving``: tags that an alarm or a condition of a command reads, also through others."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.things = {one.id: Thing(one.name, one.area) for one in plant.instances.values()}
        self.areas = frozenset(area.path for area in plant.areas)
        self.driving = _driving(plant)

    def thing(self, object_id: str) -> Thing | None:
        """An instance or a tag."""
        tag = self.plant.by_id.get(object_id)
        return Thing(tag.name, tag.area) if tag else self.things.get(object_id)

    def title(self, area: str) -> str:
        return next((one.title for one in self.plant.areas if one.path == area), area)


def conditions_of(tag: TagDef) -> tuple[str, ...]:
    """Texts of the conditions of a command that may be bypassed: never its modes, never local control."""
    rule = tag.command
    if rule is None:
        return ()
    modes = dict(rule.causes)
    return tuple(
        text for expression, text in (*rule.permissives, *rule.interlocks) if expression not in modes
    )


def _driving(plant: Plant) -> frozenset[str]:
    """Ids: from what alarms and commands read down through the expressions of derived tags."""
    waiting = [plant.by_id[alarm.tag_id].name for alarm in plant.alarms if alarm.tag_id in plant.by_id]
    waiting += [name for alarm in plant.alarms for name in alarm.partners]
    waiting += _names(text for alarm in plant.alarms for text, _ in alarm.expressions)
    rules = {id(tag.command): tag.command for tag in plant.tags if tag.command is not None}  # many share one
    for rule in rules.values():
        waiting += _names(text for text, _ in (*rule.permissives, *rule.interlocks))
        waiting += _names(state.when for state in rule.limits_when)
        waiting += _names((rule.feedback,) if rule.feedback else ())
    found: set[str] = set()
    while waiting:
        tag = plant.by_name.get(waiting.pop())
        if tag is not None and tag.id not in found:
            found.add(tag.id)
            if tag.expression:
                waiting += _names((tag.expression,))
    return frozenset(found)


def _names(texts: Iterable[str]) -> list[str]:
    return [name for text in texts for name in expression_names(text)]
