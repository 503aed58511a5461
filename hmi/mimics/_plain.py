"""Texts of plant files and devices made safe to draw: plain, in one direction, of a bounded length."""

from __future__ import annotations

import re
from typing import Any, Final

MOST_CHARACTERS: Final = 4_000
_IN_MESSAGES: Final = 80
_SPACE: Final = re.compile(r"[\t\n\r]+")
# control characters, marks that turn the direction of text, line separators, halves of surrogate pairs
_NOT_DRAWN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def drawn(text: str) -> str:
    """The text as it is drawn: what is no visible character is replaced, and what is too long is cut."""
    if len(text) <= MOST_CHARACTERS and text.isprintable():
        return text  # nearly every text, and much quicker than looking for what is not drawn
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - 1] + "…"
    if _NOT_DRAWN.search(text) is None:
        return text
    return _NOT_DRAWN.sub("\ufffd", _SPACE.sub(" ", text))


def quoted(value: Any) -> str:
    """A value for a message, in quotes where it is a text; never long, whatever a file holds."""
    if isinstance(value, str):
        return repr(drawn(value) if len(value) <= _IN_MESSAGES else drawn(value[:_IN_MESSAGES]) + "…")
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 100:
        return "a very long number"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else repr(value)
