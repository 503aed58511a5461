"""The tree of a calculated tag: every part with its value, through any number of calculated inputs, bounded."""

from __future__ import annotations

from collections.abc import Mapping

from hmi.client.why import WhyPart
from hmi.core.values import WAITING, DataValue
from hmi.expressions import Part, explain_expression
from hmi.project.plant import Plant, TagDef
from hmi.runtime._why_words import plain

MOST_LEVELS, MOST_PARTS = 6, 400


def tree_of(plant: Plant, tag: TagDef, values: Mapping[str, DataValue]) -> WhyPart:
    """The expression of ``tag``; below each tag that is calculated itself stands its own expression."""
    return _Tree(plant, values).part(explain_expression(tag.expression, values), 0)


class _Tree:
    def __init__(self, plant: Plant, values: Mapping[str, DataValue]) -> None:
        self._plant, self._values = plant, values
        self._left = MOST_PARTS

    def part(self, found: Part, level: int) -> WhyPart:
        self._left -= 1
        parts, cut = [], False
        tag = self._plant.by_name.get(found.tag)
        below = list(found.parts)
        if tag is not None and tag.expression:
            cut = level >= MOST_LEVELS
            below = [] if cut else [explain_expression(tag.expression, self._values)]
            level += 1
        for one in below:
            if self._left <= 0:
                cut = True
                break
            parts.append(self.part(one, level))
        time = self._values.get(found.tag, WAITING).source_time if found.tag else 0
        return WhyPart(found.text, plain(found.value), found.status, time, found.tag, found.used, cut, parts)
