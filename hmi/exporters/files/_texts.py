"""Texts in files that a spreadsheet may open: never a formula, and always the same text again for a program.

``guarded``: a text that begins with a sign by which a spreadsheet knows a formula (OWASP, CSV Injection: = + - @, tab,
carriage return, line feed, and the wide forms of the four) or with an apostrophe gets an apostrophe before it. The way
back: of a text that begins with an apostrophe exactly one is taken off. ``spelled`` (XLSX only, ECMA-376 22.9.2.19):
a character that XML cannot hold is ``_xHHHH_`` of its UTF-16 code, and so is the ``_`` of a text that looks like one.
The way back: each ``_xHHHH_`` is that character; then the apostrophe is taken off.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = frozenset("=+-@\t\r\n＝＋－＠'")
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def guarded(text: str) -> str:
    return f"'{text}" if text[:1] in _SIGNS else text


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def spelled(text: str) -> str:
    return _NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
