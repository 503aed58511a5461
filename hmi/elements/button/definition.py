"""A button: one value when it is pressed, or the other one of two states."""

from __future__ import annotations

from hmi.mimics import (
    Element,
    ElementDefinition,
    FixedText,
    Inputs,
    Property,
    Shown,
    choices,
    is_pulse,
    note,
    show,
    state_shown,
)


def look(inputs: Inputs) -> tuple[object, ...]:
    reading, control = inputs.reading("tag"), inputs.control
    info = reading.info
    text = inputs.text("text")
    if not text and info is not None:
        text = choices(info)[0].text if is_pulse(info) else info.description
    if inputs.get("action") == "toggle":
        return text, state_shown(reading), reading.truth, control, note(control)
    shown = (
        Shown("")
        if info is not None and is_pulse(info) and not reading.is_bad
        else _mark_alone(show(reading))
    )
    return text, shown, None, control, note(control)


def _mark_alone(shown: Shown) -> Shown:
    """A press shows no value, only that the one behind it is in doubt."""
    return Shown("", "", shown.role, shown.mark, "", shown.alarm, shown.unacked)


INSET, SWITCH = 12.0, 40.0
_STATE = 60.0  # the word of a toggle beside its switch


def texts(element: Element) -> tuple[FixedText, ...]:
    beside = SWITCH + _STATE if element.get("action") == "toggle" else 0.0
    room = element.w - 2 * INSET - beside
    return (FixedText("text", element.get("text"), "text.word", room, on="button"),)


DEFINITION = ElementDefinition(
    name="button",
    title="Button",
    properties=(
        Property("tag", "tag", "", "what it writes; a tag that takes commands"),
        Property("text", "string", "", "what it says, instead of the name of the command"),
        Property(
            "action",
            "choice",
            "press",
            "press sends `value`; toggle sends the other one of two states and shows the present one",
            ("press", "toggle"),
        ),
        Property("value", "number", 1, "what a press sends; 1 and 0 are on and off"),
        Property(
            "confirm",
            "choice",
            "class",
            "class: asks as the command class says, class R sends at once; always: asks in any case",
            ("class", "always"),
        ),
    ),
    look=look,
    size=(170, 54),
    margin=(10, 8, 60, 8),
    clickable=True,
    control="value",
    group="controls",
    texts=texts,
)
