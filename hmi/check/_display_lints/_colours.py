"""Rules of colours: those of alarms are kept for alarms, texts and lines stand out, and there are few of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from hmi.check._display_lints._palette import (
    NEAR,
    PRIORITIES,
    Palette,
    Rgb,
    chroma_of,
    contrast,
    difference,
    lab_of,
    rgb_of,
)
from hmi.check._display_lints._texts import text_width
from hmi.check._display_lints._view import Box, Doubt, View, box_of
from hmi.mimics import Element

_OF_ALARMS: Final = ("alarm_mark", "alarm_summary")
_READ, _SEEN = 4.5, 3.0  # WCAG 1.4.3 for texts, 1.4.11 for lines
_LINES: Final = ("pipe", "pipe.minor", "outline", "outline.body")
MOST_HUES: Final = 8  # of all that means something, alarms included (standards 2.4)
_GRAY: Final = 18.0  # chroma up to which a colour is taken for gray
_DEPTH: Final = 6


def alarm_colour(view: View) -> Iterator[Doubt]:
    """Roles and colour codes that look like an alarm, on anything that is none."""
    for element in view.display.elements:
        if element.type in _OF_ALARMS:
            continue
        for name, value in _colour_values(element):
            for palette in view.facts.palettes:
                if priority := _reserved(palette, value):
                    what = (
                        f"element {element.id}: {name} {value!r} looks like an alarm of priority {priority}"
                    )
                    do = f"in the {palette.name} theme; take a gray role, colours are for alarms"
                    yield Doubt(element.id, what, do)
                    break


def _colour_values(element: Element) -> Iterator[tuple[str, str]]:
    """Properties that may name a colour: choices, and whatever this version does not know."""
    if element.definition is not None:
        for name in element.definition.named("choice"):
            if isinstance(value := element.properties.get(name), str):
                yield name, value
    for name, value in element.unknown.items():
        yield from ((name, text) for text in _texts_in(value))


def _texts_in(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _DEPTH and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(inner, depth + 1)


def _reserved(palette: Palette, value: str) -> int:
    """The priority that a role or colour code would be taken for; 0 for none."""
    if priority := palette.reserved.get(value, 0):
        return priority
    rgb = rgb_of(value)
    return palette.alarm_like(rgb) if rgb is not None else 0


def contrast_of_display(view: View) -> Iterator[Doubt]:
    """Texts and lines that do not stand out from what they lie on, in either theme."""
    for number, element in enumerate(view.display.elements):
        for color, ground, at, least in _pairs(element):
            under = ground or _ground_at(view, number, at)
            for palette in view.facts.palettes:
                ratio = _ratio(palette, color, under)
                if ratio is not None and ratio < least:
                    what = (
                        f"element {element.id}: {color} on {under} has a contrast of {ratio:.1f} in the"
                        f" {palette.name} theme, below {least:g}"
                    )
                    yield Doubt(element.id, what, "take another role, or move it to another ground")
                    break


def _pairs(element: Element) -> Iterator[tuple[str, str, tuple[float, float], float]]:
    """(colour, own ground or empty, where, least contrast) of what an element draws in a fixed role."""
    definition = element.definition
    if definition is None:
        return
    x, y, w, h = box_of(element)
    for text in definition.texts(element) if definition.texts else ():
        if text.text:
            wide = min(text_width(text.text, text.font), w)
            yield text.color, text.on, (x + wide / 2, y + h / 2), _READ
    shows_value = bool(element.bindings or element.properties.get("tag"))
    if shows_value and definition.group == "values" and definition.ground is None:
        yield "value", "", (x + w / 2, y + h / 2), _READ
    for name in ("role", "edge"):
        if (role := element.properties.get(name)) in _LINES and definition.texts is None:
            yield role, "", (x + w / 2, y + h / 2), _SEEN


def _ground_at(view: View, number: int, at: tuple[float, float]) -> str:
    """The role of the topmost area below an element at a point."""
    found = "background"
    for order, _, box, role in view.grounds:
        if order >= number:
            break
        if _holds(box, at):
            found = role
    return found


def _holds(box: Box, at: tuple[float, float]) -> bool:
    return box[0] <= at[0] < box[0] + box[2] and box[1] <= at[1] < box[1] + box[3]


def _ratio(palette: Palette, color: str, ground: str) -> float | None:
    """None where the theme has no such role."""
    first, second = palette.colors.get(color), palette.colors.get(ground)
    return _contrast(first, second) if first is not None and second is not None else None


@cache
def _contrast(first: Rgb, second: Rgb) -> float:
    return contrast(first, second)


def colours(view: View) -> Iterator[Doubt]:
    """More hues than people keep apart; colours that cannot be told from each other count once."""
    codes = {value for element in view.display.elements for _, value in _colour_values(element)}
    for palette in view.facts.palettes:
        used = [palette.colors.get(code) or rgb_of(code) for code in sorted(codes)]
        hues = len(PRIORITIES) + 1 + _hues(palette, [rgb for rgb in used if rgb is not None])
        if hues > MOST_HUES:
            what = f"{hues} colours in the {palette.name} theme, those of alarms and values included"
            yield Doubt("", what, f"people keep {MOST_HUES} apart: use gray, shape and position instead")
            return


def _hues(palette: Palette, used: list[Rgb]) -> int:
    """Colours among them that are neither gray nor near one counted before."""
    seen = [*palette.alarms.values(), lab_of(palette.colors["value"])]
    before = len(seen)
    for rgb in used:
        lab = lab_of(rgb)
        if chroma_of(lab) > _GRAY and all(difference(lab, other) >= NEAR for other in seen):
            seen.append(lab)
    return len(seen) - before
