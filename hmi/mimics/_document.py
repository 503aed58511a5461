"""A display as typed elements, ready to become a scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hmi.expressions import Expression
from hmi.mimics._definition import ElementDefinition
from hmi.mimics._notes import DisplayFinding
from hmi.mimics._parameters import Parameter


class Element(
    msgspec.Struct, frozen=True
):  # a data class would take a fifth of the time of reading a display
    """One element.

    ``properties`` holds every property (what is not written has its default), ``bindings`` the compiled
    expressions by property; ``unknown`` keeps what this version does not know. A type that does not exist
    has no definition. The id of an element of an embedded display is ``outer/inner``.
    """

    id: str
    type: str
    x: float
    y: float
    w: float
    h: float
    properties: Mapping[str, Any] = msgspec.field(default_factory=dict)
    bindings: Mapping[str, Expression] = msgspec.field(default_factory=dict)
    definition: ElementDefinition | None = None
    unknown: Mapping[str, Any] = msgspec.field(default_factory=dict)
    tooltip: str = ""

    def get(self, name: str) -> Any:
        """The literal value of a property or its default; None for a property that the type lacks."""
        return self.properties.get(name)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, width, height of everything it may draw, marks included."""
        left, top, right, bottom = self.definition.margin if self.definition else (4, 4, 4, 4)
        x, y, w, h = self.x, self.y, self.w, self.h
        if self.definition is not None and self.definition.place is not None:
            x, y, w, h = self.definition.place(self)
        return x - left, y - top, w + left + right, h + top + bottom


@dataclass(frozen=True, slots=True)
class Display:
    """A display ready to become a scene, with what was found wrong in it.

    ``elements`` are flat: those of embedded displays stand at their places with resolved properties.
    ``own`` are the elements as this one file writes them, embedded displays unopened. ``arguments`` are the
    values of its ``parameters`` in effect.
    """

    id: str
    name: str
    title: str
    level: int
    area: str
    size: tuple[int, int]
    elements: tuple[Element, ...]
    findings: tuple[DisplayFinding, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict)
    own: tuple[Element, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


def tag_names(element: Element) -> Iterator[tuple[str, str]]:
    """(property, tag name) of every tag an element names itself, bindings included."""
    if element.definition is None:
        return
    tags = {p.name for p in element.definition.properties if p.type == "tag"}
    tags |= {s.role for s in element.definition.signals}
    for name, value in element.properties.items():
        if name in tags and value:
            yield name, value
    for name, expression in element.bindings.items():
        for tag in expression.names:
            if not tag.startswith("$"):
                yield name, tag


def tags_in(rows: list[Any]) -> list[str]:
    """Tag names inside a list property: keys ``tag`` and the lists under ``tags`` of its rows."""
    found: list[str] = []
    for row in rows:
        if isinstance(row, Mapping):
            if isinstance(row.get("tag"), str) and row["tag"]:
                found.append(row["tag"])
            if isinstance(row.get("tags"), list):
                found += [tag for tag in row["tags"] if isinstance(tag, str) and tag]
    return found
