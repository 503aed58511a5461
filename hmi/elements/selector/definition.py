"""A selector: one of several states, from a list or side by side."""

from __future__ import annotations

from typing import Any

from hmi.mimics import (
    Element,
    ElementDefinition,
    FixedText,
    Grip,
    Inputs,
    Property,
    choices,
    control_face,
    note,
    state_shown,
)


def look(inputs: Inputs) -> tuple[object, ...]:
    reading, control = inputs.reading("tag"), inputs.control
    info = reading.info
    label = inputs.text("label") or (info.description if info else "")
    found = choices(info) if info else ()
    held = -1
    if not reading.is_bad:
        held = next((n for n, choice in enumerate(found) if choice.value == reading.data.value), -1)
    asked = -1
    if control.is_target_shown:
        asked = next((n for n, choice in enumerate(found) if _same(choice.value, control.target)), -1)
    return label, state_shown(reading), tuple(c.text for c in found), held, asked, control, note(control)


def _same(value: Any, target: float | None) -> bool:
    return target is not None and float(value) == target


def grip(element: Element, look: tuple[Any, ...], x: float, y: float) -> Grip | None:
    """The state under the pointer, where they stand side by side."""
    label, _, texts, *_ = look
    if element.get("style") != "segments" or not texts:
        return None
    top, bottom, _ = control_face(element.h, head=bool(label))
    if not (top <= y - element.y <= bottom and 0 <= x - element.x < element.w):
        return None
    return Grip("choice", int((x - element.x) * len(texts) / element.w))


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("label", element.get("label"), "text.label", element.w, "text.label"),)


DEFINITION = ElementDefinition(
    name="selector",
    title="Selector",
    properties=(
        Property("tag", "tag", "", "what it shows and writes; a tag with states that takes commands"),
        Property("label", "string", "", "line above, instead of the description of the tag"),
        Property(
            "style", "choice", "list", "a list that opens, or all states side by side", ("list", "segments")
        ),
    ),
    look=look,
    size=(200, 70),
    margin=(10, 8, 60, 8),
    clickable=True,
    control="choice",
    grip=grip,
    group="controls",
    texts=texts,
)
