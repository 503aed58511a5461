"""One display as the lint rules see it, and what all displays of a plant share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from hmi.check._display_lints._near import Box, Pair, Spot, pairs
from hmi.check._display_lints._palette import Palette
from hmi.check._names import FolderNames
from hmi.core.identity import TagRef
from hmi.mimics import Display, Element, tag_names
from hmi.project.plant import AlarmDef, TagDef

TARGET = 24.0  # least side of a click target in pixels (standards 2.9)
UNFOLDED = ("embed", "repeat")


class Doubt(NamedTuple):
    """What a rule finds: the element (its id in the unfolded display, empty for the whole), what, what to do.

    ``grave`` makes an error of it where the rule is a warning.
    """

    element: str
    what: str
    do: str = ""
    grave: bool = False


@dataclass(frozen=True)
class Facts:
    """The plant behind the displays: its names, the alarms of each tag by its name, the themes."""

    names: FolderNames
    alarms: Mapping[str, tuple[AlarmDef, ...]]
    palettes: tuple[Palette, ...]
    has_areas: bool = False

    @property
    def tags(self) -> Mapping[str, TagDef]:
        return self.names.tags


@dataclass
class View:
    """One display, unfolded, with what the plant knows of it."""

    display: Display
    document: Mapping[str, Any]
    facts: Facts

    @cached_property
    def own(self) -> Mapping[str, Element]:
        """The elements of this file by id."""
        return {element.id: element for element in self.display.own}

    @cached_property
    def takes_arguments(self) -> bool:
        """True where the display shows nothing by itself; it may be as small as a card."""
        return any(parameter.required for parameter in self.display.parameters.values())

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """What can be clicked, from back to front."""
        return tuple(
            Spot(element, box_of(element), self.top(element.id), element.id.rpartition("/")[0])
            for element in self.display.elements
            if leads_anywhere(element)
        )

    @cached_property
    def neighbours(self) -> tuple[Pair, ...]:
        """What can be clicked less than a click target away from something else that can."""
        return tuple(pairs(self.spots, TARGET))

    @cached_property
    def grounds(self) -> tuple[tuple[int, Element, Box, str], ...]:
        """What is painted over an area: place in the order, element, box and theme role."""
        found: list[tuple[int, Element, Box, str]] = []
        for number, element in enumerate(self.display.elements):
            ground = element.definition.ground if element.definition is not None else None
            if ground is not None and (role := ground(element)):
                found.append((number, element, box_of(element), role))
        return tuple(found)

    def top(self, identity: str) -> str:
        """The id of the element of this file that an unfolded element stands in, or its own."""
        if identity in self.own:
            return identity
        at = identity.find("/")
        while at >= 0:
            if identity[:at] in self.own:
                return identity[:at]
            at = identity.find("/", at + 1)
        return identity

    def tag(self, element: Element, name: str) -> TagDef | None:
        """The tag of a property or signal role: written, or that of the instance. None for a binding, or none."""
        written = element.properties.get(name)
        if isinstance(written, str) and written:
            return self.facts.tags.get(written)
        if name in element.bindings or element.definition is None:
            return None
        signal = next((s for s in element.definition.signals if s.role == name), None)
        instance = self.facts.names.instances.get(str(element.properties.get("instance") or ""))
        if signal is None or instance is None:
            return None
        found = (instance.signals.get(candidate) for candidate in signal.candidates)
        return self.facts.tags.get(next(filter(None, found), ""))

    def main_tag(self, element: Element) -> TagDef | None:
        """The tag that the element is about."""
        return self.tag(element, "tag")


def box_of(element: Element) -> Box:
    """Left, top, width, height of what is drawn, without marks; that of its points where it has some."""
    points = element.properties.get("points")
    if isinstance(points, list) and points:
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
    return element.x, element.y, element.w, element.h


def leads_anywhere(element: Element) -> bool:
    """True when a click on it does something."""
    definition = element.definition
    if definition is None or not definition.clickable:
        return False
    return definition.lists_alarms or bool(subject(element))


def subject(element: Element) -> str:
    """Where a click leads: the display of a link, else the equipment of its first tag. Empty for nowhere."""
    for name in ("display", "instance"):
        if isinstance(written := element.properties.get(name), str) and written:
            return written
    first = next((tag for _, tag in tag_names(element)), "") or next(_tags_of_lists(element), "")
    return TagRef.parse(first).name.partition(".")[0] if first else ""


def _tags_of_lists(element: Element) -> Iterator[str]:
    for name in element.definition.named("list") if element.definition is not None else ():
        for row in rows_of(element, name):
            tags = row.get("tags")
            yield from (
                tag for tag in (tags if isinstance(tags, list) else ()) if isinstance(tag, str) and tag
            )


def rows_of(element: Element, name: str = "rows") -> Iterator[Mapping[str, Any]]:
    """The members of a list property that are objects."""
    for row in element.properties.get(name) or ():
        if isinstance(row, Mapping):
            yield row


def tags_of_row(row: Mapping[str, Any], facts: Facts) -> list[TagDef]:
    """The known tags of one row."""
    tags = row.get("tags")
    names = tags if isinstance(tags, list) else []
    return [facts.tags[name] for name in names if isinstance(name, str) and name in facts.tags]
