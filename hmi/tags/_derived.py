"""Derived tags: compiled once, in dependency order; a cycle is refused when the plant is built."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from hmi.core.errors import ConfigurationError
from hmi.core.values import DataValue
from hmi.expressions import Expression, compile_expression
from hmi.project.plant import Plant, TagDef


@dataclass(frozen=True, slots=True)
class Derived:
    """One calculated tag; ``inputs`` are the (name, handle) pairs it reads."""

    handle: int
    expression: Expression
    inputs: tuple[tuple[str, int], ...]

    def evaluate(self, latest: Sequence[DataValue], now_ns: int) -> DataValue:
        values = {name: latest[handle] for name, handle in self.inputs}
        return self.expression.evaluate(values, now_ns)


class DerivedTags:
    """``closure[handle]`` lists the positions in ``order`` that may change when that tag does."""

    def __init__(self, plant: Plant) -> None:
        found = {tag.handle: _compiled(tag, plant.by_name) for tag in plant.tags if tag.expression}
        self.order: tuple[Derived, ...] = tuple(found[handle] for handle in _sorted(found, plant))
        self._by_handle = found
        self.closure: dict[int, tuple[int, ...]] = _closures(self.order)

    def sources(self, derived: Derived, entered: Collection[int] = ()) -> set[int]:
        """Handles of the tags that a derived one rests on: from devices, or with a value that a person ``entered``."""
        found: set[int] = set()
        waiting = [derived]
        while waiting:
            for _, handle in waiting.pop().inputs:
                if handle in self._by_handle and handle not in entered:
                    waiting.append(self._by_handle[handle])
                else:
                    found.add(handle)
        return found


def _compiled(tag: TagDef, by_name: Mapping[str, TagDef]) -> Derived:
    file, line = tag.source.file, tag.source.line
    expression = compile_expression(tag.expression, file=file, line=line)
    for name in expression.names:
        if name not in by_name:
            raise ConfigurationError(
                f"{tag.name}: the expression reads {name!r}, which is not a tag",
                file=file,
                line=line,
                do="correct the name",
            )
    return Derived(tag.handle, expression, tuple((name, by_name[name].handle) for name in expression.names))


def _sorted(found: Mapping[int, Derived], plant: Plant) -> list[int]:
    graph = {h: [i for _, i in one.inputs if i in found] for h, one in found.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        ring: list[int] = error.args[1]
        tag = plant.by_handle[ring[0]]
        raise ConfigurationError(
            f"derived tags read each other in a circle: {' → '.join(plant.by_handle[h].name for h in ring)}",
            file=tag.source.file,
            line=tag.source.line,
            do="take one of them out of the other's expression",
        ) from None


def _closures(order: Sequence[Derived]) -> dict[int, tuple[int, ...]]:
    reached: dict[int, set[int]] = {}
    for position in range(len(order) - 1, -1, -1):
        own = {position} | reached.get(order[position].handle, set())
        for _, handle in order[position].inputs:
            reached.setdefault(handle, set()).update(own)
    return {handle: tuple(sorted(positions)) for handle, positions in reached.items()}
