"""Rules of places: inside the display, not on top of each other, large enough to hit, far enough apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from hmi.check._display_lints._near import Box, Spot, common, inside
from hmi.check._display_lints._view import TARGET, UNFOLDED, Doubt, View, box_of, subject
from hmi.core.commands import CommandClass
from hmi.mimics import DEFAULT_SIZE

_SLACK: Final = 1.0  # pixels that a hairline or a rounded edge may stand out
_SHARED: Final = 2.0  # pixels by which two neighbours may touch
APART: Final = 10.0  # 3 mm on a 27 inch screen of 1,920 pixels
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
    for lower, upper, wide, high in view.neighbours:
        if wide <= _SHARED or high <= _SHARED or _lead_alike(lower, upper):
            continue
        if (found := _clash(lower, upper, wide * high)) and (lower.top, upper.top) not in said:
            said.add((lower.top, upper.top))
            yield found


def _lead_alike(one: Spot, other: Spot) -> bool:
    """True where a click on either opens the same faceplate or display, and neither writes."""
    if one.is_control or other.is_control:
        return False
    return subject(one.element) == subject(other.element) != ""


def _clash(lower: Spot, upper: Spot, area: float) -> Doubt | None:
    """Controls share nothing; anything else may stand wholly on something larger."""
    what = f"element {upper.top}"
    other = f"element {lower.top}" if lower.top != upper.top else "another copy of it"
    if lower.is_control and upper.is_control:
        said = f"{what}: lies on {other}; a press may reach the wrong one"
        return Doubt(upper.top, said, "move them apart", grave=True)
    if inside(lower.box, upper.box):
        said = f"{what}: covers {other}, which can then not be clicked"
        return Doubt(upper.top, said, "move it, or put it behind", grave=True)
    if lower.is_control or upper.is_control or not inside(upper.box, lower.box):
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
        id(spot)
        for pair in view.neighbours
        if _meet(_grown(pair.lower), _grown(pair.upper))
        for spot in (pair.lower, pair.upper)
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
    for first, second, wide, high in view.neighbours:
        if not (first.is_control and second.is_control) or (wide > 0 and high > 0):
            continue  # what lies on each other is said as an overlap
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


def _of_an_embedded_display(view: View, spot: Spot) -> bool:
    top = view.own.get(spot.top)
    return top is not None and top.type in UNFOLDED and bool(spot.cell)


def _meet(a: Box, b: Box) -> bool:
    wide, high = common(a, b)
    return wide > _SHARED and high > _SHARED


def _grown(spot: Spot) -> Box:
    """The box as the station widens it for the pointer."""
    x, y, w, h = spot.box
    grow_x, grow_y = max(0.0, (TARGET - w) / 2), max(0.0, (TARGET - h) / 2)
    return x - grow_x, y - grow_y, w + 2 * grow_x, h + 2 * grow_y
