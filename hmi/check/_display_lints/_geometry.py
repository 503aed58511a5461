"""Rules of places: inside the display, not on top of each other, large enough to hit, far enough apart."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from hmi.check._display_lints._view import UNFOLDED, Box, Doubt, Spot, View, box_of, subjects
from hmi.core.commands import CommandClass
from hmi.mimics import DEFAULT_SIZE

_SLACK: Final = 1.0  # pixels that a hairline or a rounded edge may stand out
_SHARED: Final = 2.0  # pixels by which two neighbours may touch
TARGET: Final = 24.0  # least side of a click target (standards 2.9)
APART: Final = 10.0  # 3 mm on a 27 inch screen of 1,920 pixels
_CELL, _MOST_ACROSS, _MOST_IN_CELL = 64.0, 64, 100
_WEIGHTY: Final = (CommandClass.SIGNIFICANT, CommandClass.CRITICAL)


def outside(view: View) -> Iterator[Doubt]:
    """Elements beyond the edges of the display."""
    width, height = view.display.size
    said: set[str] = set()
    for element in view.display.elements:
        box = x, y, w, h = box_of(element)
        if x >= -_SLACK and y >= -_SLACK and x + w <= width + _SLACK and y + h <= height + _SLACK:
            continue
        top = view.top(element.id)
        if top in said:
            continue
        said.add(top)
        if x >= width or y >= height or x + w <= 0 or y + h <= 0:
            seen = element.definition is not None and (
                element.definition.is_dynamic or element.definition.clickable
            )
            yield Doubt(top, f"element {top}: stands outside the display and is never seen",
                        f"move it inside {width} × {height}, or remove it", grave=seen)  # fmt: skip
        else:
            yield Doubt(top, f"element {top}: reaches {_beyond(box, width, height)}",
                        f"move it inside {width} × {height}")  # fmt: skip


def _beyond(box: Box, width: float, height: float) -> str:
    x, y, w, h = box
    edges = {"left": -x, "upper": -y, "right": x + w - width, "lower": y + h - height}
    edge = max(edges, key=lambda name: edges[name])
    return f"{edges[edge]:g} pixels beyond the {edge} edge"


def larger(view: View) -> Iterator[Doubt]:
    """Levels 1 to 3 never scroll: they fit the design size."""
    (width, height), (most_w, most_h) = view.display.size, DEFAULT_SIZE
    if view.display.level <= 3 and (width > most_w or height > most_h):
        share = min(most_w / width, most_h / height)
        what = (
            f"the display is {width} × {height} pixels, larger than {most_w} × {most_h}: it would have to scroll,"
            f" and its texts shrink to {share:.0%}"
        )
        yield Doubt("", what, "split it, or make it a display of level 4")


def overlap(view: View) -> Iterator[Doubt]:
    """What can be clicked and shares ground with something else that can."""
    said: set[tuple[str, str]] = set()
    for lower, upper in _pairs(view.spots, 0.0):
        wide, high = _common(lower.box, upper.box)
        if wide <= _SHARED or high <= _SHARED or subjects(lower.element) & subjects(upper.element):
            continue
        if (found := _clash(lower, upper, wide * high)) and (lower.top, upper.top) not in said:
            said.add((lower.top, upper.top))
            yield found


def _clash(lower: Spot, upper: Spot, area: float) -> Doubt | None:
    """Controls share nothing; anything else may stand wholly on something larger."""
    what = f"element {upper.top}"
    other = f"element {lower.top}" if lower.top != upper.top else "another copy of it"
    if lower.is_control and upper.is_control:
        said = f"{what}: lies on {other}; a press may reach the wrong one"
        return Doubt(upper.top, said, "move them apart", grave=True)
    if _inside(lower.box, upper.box):
        said = f"{what}: covers {other}, which can then not be clicked"
        return Doubt(upper.top, said, "move it, or put it behind", grave=True)
    if lower.is_control or upper.is_control or not _inside(upper.box, lower.box):
        share = area / max(min(lower.box[2] * lower.box[3], upper.box[2] * upper.box[3]), 1.0)
        return Doubt(
            upper.top, f"{what}: lies on {other} with {share:.0%} of the smaller one", "move them apart"
        )
    return None


def small_target(view: View) -> Iterator[Doubt]:
    """Controls, and links or values in a crowd, that are smaller than a finger or a shaky mouse needs.

    A small target alone on its ground is widened by the station, so nothing is said of it.
    """
    crowded = {
        id(s) for pair in _pairs(view.spots, TARGET) for s in pair if _meet(_grown(pair[0]), _grown(pair[1]))
    }
    said: set[str] = set()
    for spot in view.spots:
        width, height = spot.box[2], spot.box[3]
        if (choices := _segments(view, spot)) > 1:
            width /= choices
        if min(width, height) >= TARGET or spot.top in said:
            continue
        if (spot.is_control or id(spot) in crowded) and not _of_an_embedded_display(view, spot):
            said.add(spot.top)
            each = " for each state" if choices > 1 else ""
            what = f"element {spot.top}: is {width:g} × {height:g} pixels{each}, with neighbours that can be clicked"
            if spot.is_control:
                what = f"element {spot.top}: is {width:g} × {height:g} pixels{each}, small for a control"
            yield Doubt(spot.top, what, "make it 24 × 24, or leave 24 pixels from middle to middle")


def _segments(view: View, spot: Spot) -> int:
    """How many places side by side the element has."""
    tag = view.main_tag(spot.element)
    if spot.element.properties.get("style") != "segments" or tag is None:
        return 1
    return len(tag.states) or 2


def too_near(view: View) -> Iterator[Doubt]:
    """Controls of significant or critical commands keep 3 mm from every other control."""
    controls = tuple(s for s in view.spots if s.is_control)
    for first, second in _pairs(controls, APART):
        wide, high = _common(first.box, second.box)
        if wide > 0 and high > 0:
            continue  # said as an overlap
        gap = math.hypot(max(-wide, 0.0), max(-high, 0.0))
        weighty = next((s for s in (second, first) if _is_weighty(view, s)), None)
        if weighty is not None and gap < APART:
            other = first if weighty is second else second
            what = f"element {weighty.top}: stands {gap:.3g} pixels from the control {other.top}"
            do = f"leave {APART:g} pixels (3 mm): a slip of the hand must not reach it"
            yield Doubt(weighty.top, what, do)


def _is_weighty(view: View, spot: Spot) -> bool:
    tag = view.main_tag(spot.element)
    return tag is not None and tag.command is not None and tag.command.klass in _WEIGHTY


def _pairs(spots: tuple[Spot, ...], reach: float) -> Iterator[tuple[Spot, Spot]]:
    """Pairs whose boxes come closer than ``reach`` pixels, the lower one first.

    What stands together in one embedded display is left to that display. In a heap only the first of it is
    compared, so that no display takes long.
    """
    cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    side = max([_CELL, *(max(spot.box[2:]) / _MOST_ACROSS for spot in spots)])
    for number, spot in enumerate(spots):
        near: set[int] = set()
        for place in _cells(spot.box, reach, side):
            cell = cells[place]
            near.update(cell)
            if len(cell) < _MOST_IN_CELL:
                cell.append(number)
        for other in sorted(near):
            lower = spots[other]
            if lower.cell == spot.cell and spot.cell:
                continue
            wide, high = _common(lower.box, spot.box)
            if wide > -reach and high > -reach:
                yield lower, spot


def _cells(box: Box, reach: float, side: float) -> Iterator[tuple[int, int]]:
    x, y, w, h = box
    rows = range(int((y - reach) // side), int((y + h + reach) // side) + 1)
    for column in range(int((x - reach) // side), int((x + w + reach) // side) + 1):
        yield from ((column, row) for row in rows)


def _of_an_embedded_display(view: View, spot: Spot) -> bool:
    top = view.own.get(spot.top)
    return top is not None and top.type in UNFOLDED and bool(spot.cell)


def _common(a: Box, b: Box) -> tuple[float, float]:
    """Width and height that two boxes have in common; negative for the distance between them."""
    return (
        min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]),
        min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]),
    )


def _inside(inner: Box, outer: Box) -> bool:
    wide, high = _common(inner, outer)
    return wide >= inner[2] and high >= inner[3]


def _meet(a: Box, b: Box) -> bool:
    wide, high = _common(a, b)
    return wide > _SHARED and high > _SHARED


def _grown(spot: Spot) -> Box:
    """The box as the station widens it for the pointer."""
    x, y, w, h = spot.box
    grow_x, grow_y = max(0.0, (TARGET - w) / 2), max(0.0, (TARGET - h) / 2)
    return x - grow_x, y - grow_y, w + 2 * grow_x, h + 2 * grow_y
