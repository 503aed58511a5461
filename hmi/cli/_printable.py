"""Texts of lists and devices, made fit for a terminal: nothing of them moves the cursor or hides what stands there."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    r"""On one line; control characters, and those that turn the direction of reading, as ``\x1b`` and ``\u202e``."""
    return _UNSEEN.sub(_told, text) if _UNSEEN.search(text) else text


def _told(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] in "\t\n\r":
        return " "
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
