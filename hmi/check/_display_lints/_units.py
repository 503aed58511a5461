"""Rules of units: a number is never shown with a unit that is not its own, nor beside one of another unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from hmi.check._display_lints._view import Doubt, View, rows_of, tags_of_row
from hmi.mimics import Element
from hmi.project.plant import TagDef

# (a value, what it is drawn against) on one scale or in one place
_TOGETHER: Final = (
    ("setpoint", "tag"), ("limit_high", "tag"), ("limit_low", "tag"), ("blanket", "level"), ("setpoint", "dose"),
    ("sp", "pv"),
)  # fmt: skip
_BESIDE: Final = 64.0  # pixels between bars that are read as one group


def unit(view: View) -> Iterator[Doubt]:
    """A unit written by hand that is not the unit of the tag: nothing is converted."""
    for element in view.display.elements:
        written = element.properties.get("unit")
        tag = view.main_tag(element)
        if not isinstance(written, str) or not written or tag is None or not tag.unit:
            continue
        if written != tag.unit:
            what = f"element {element.id}: shows {tag.name} as {written!r}, which is in {tag.unit!r}"
            yield Doubt(element.id, what, "leave unit out, or make a derived tag in that unit")


def units_together(view: View) -> Iterator[Doubt]:
    """A set point, limit or second value drawn on a scale of another unit; rows and columns of mixed units."""
    for element in view.display.elements:
        if element.definition is None:
            continue
        for name, against in _TOGETHER:
            if name not in element.properties and not element.definition.signals:
                continue
            own = view.tag(element, name)
            other = view.tag(element, against) if own is not None else None
            if own is not None and other is not None and _differ(own, other):
                yield _clash(element, f"{name} {_told(own)}", _told(other))
        yield from _deviations(view, element)
        yield from _table(view, element)


def bare_bars(view: View) -> Iterator[Doubt]:
    """Bars without a name, and so without a unit, side by side on scales of different units."""
    bars = [
        (e, t)
        for e in view.display.elements
        if _is_bare(e) and (t := view.main_tag(e)) is not None and t.unit
    ]
    bars.sort(key=lambda pair: (pair[0].y, pair[0].h, pair[0].x))
    for (left, first), (right, second) in pairwise(bars):
        aligned = (left.y, left.h) == (right.y, right.h) and right.x - left.x - left.w <= _BESIDE
        if aligned and _differ(first, second):
            yield _clash(right, f"the bar of {_told(second)}", f"the bar of {_told(first)}")


def _is_bare(element: Element) -> bool:
    return element.type == "bar" and not element.get("label") and element.get("direction") == "vertical"


def _differ(one: TagDef, other: TagDef) -> bool:
    return bool(one.unit and other.unit and one.unit != other.unit)


def _told(tag: TagDef) -> str:
    return f"{tag.name} in {tag.unit}"


def _clash(element: Element, one: str, other: str) -> Doubt:
    what = f"element {element.id}: {one} stands against {other}"
    return Doubt(element.id, what, "bring both to one unit, for instance with a derived tag")


def _deviations(view: View, element: Element) -> Iterator[Doubt]:
    """The two tags of a row are subtracted from each other."""
    if element.type != "deviation":
        return
    for row in rows_of(element):
        tags = tags_of_row(row, view.facts)
        if len(tags) > 1 and _differ(tags[0], tags[1]):
            yield _clash(element, _told(tags[1]), _told(tags[0]))


def _table(view: View, element: Element) -> Iterator[Doubt]:
    """The unit of a row or column is written once, for all of it."""
    where: Any = element.get("units")
    if element.type != "table" or where not in ("row", "column"):
        return
    rows = [_cells(view, row) for row in rows_of(element)]
    longest = max((len(row) for row in rows), default=0)
    columns = [[row[n] for row in rows if n < len(row)] for n in range(longest)]
    for line in rows if where == "row" else columns:
        yield from _one_unit(element, line)


def _cells(view: View, row: Any) -> list[TagDef | None]:
    tags = row.get("tags")
    names = tags if isinstance(tags, list) else []
    return [view.facts.tags.get(name) if isinstance(name, str) else None for name in names]


def _one_unit(element: Element, line: Sequence[TagDef | None]) -> Iterator[Doubt]:
    first = line[0] if line else None
    for other in line[1:]:
        if first is not None and other is not None and _differ(first, other):
            yield _clash(element, _told(other), _told(first))
            return
