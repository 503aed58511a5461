"""Legal tag names from the names of other programs, by one rule.

Accents are taken off. ``/``, ``\\`` and ``.`` part a name, and what stands behind the last dot becomes the signal
where that can be one. In each part every run of other characters becomes one ``_``; parts that are empty then (such
as ``..``) are left out, a part is cut at 64 letters, and what is deeper than eight parts is joined with ``_``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from hmi.core.identity import is_tag_name

MOST_PARTS: Final = 8
MOST_LETTERS: Final = 64
_SPELLED: Final = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa",
    "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "ł": "l", "Ł": "L", "µ": "u", "μ": "u", "°": "deg", "%": "pct",
})  # fmt: skip
_OTHERS: Final = re.compile(r"[^A-Za-z0-9_-]+")
_PARTED: Final = re.compile(r"[/\\.]")
_SIGNAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def legal_part(text: str) -> str:
    """One part of a name; empty when nothing of it can stay."""
    spelled = unicodedata.normalize("NFC", text).translate(_SPELLED)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c))
    return _OTHERS.sub("_", plain).strip("_-")[:MOST_LETTERS].rstrip("_-")


def legal_name(text: str) -> str:
    """The name itself when it is legal, else one made by the rule; empty when nothing of it can stay."""
    if is_tag_name(text):
        return text
    *above, last = _PARTED.split(text)
    dot = text.rfind(".")
    is_signal = dot >= 0 and text[dot + 1 :] == last
    parts = [made for part in above if (made := legal_part(part))]
    signal = legal_part(last).replace("-", "_")
    if is_signal and parts and _SIGNAL.fullmatch(signal):
        return f"{_path(parts)}.{signal}"
    if made := legal_part(last):
        parts.append(made)
    return _path(parts)


def _path(parts: list[str]) -> str:
    if len(parts) > MOST_PARTS:
        rest = "_".join(parts[MOST_PARTS - 1 :])
        parts = [*parts[: MOST_PARTS - 1], rest[:MOST_LETTERS].rstrip("_-")]
    return "/".join(parts)


def placed(name: str, area: str, areas: Iterable[str]) -> str:
    """The name with ``area/`` before it, unless it begins with an area of the plant (or there is no ``area``)."""
    if not area or any(name.startswith(f"{path}/") for path in (area, *areas)):
        return name
    return f"{area}/{name}"
