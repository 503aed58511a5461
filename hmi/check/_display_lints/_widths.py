"""How wide a text is, from the widths of the bundled fonts (``hmi generate`` writes them); without Qt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from hmi.mimics import FONTS
from hmi.project.shipped import shipped_path

_WIDEST: Final = 1.0  # em of a character that the table does not hold


@cache
def _tables() -> Mapping[int, tuple[Mapping[str, int], float]]:
    """By weight: the width of each character, and the units of an em."""
    path = shipped_path("resources") / "fonts" / "widths.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {int(key): (one["widths"], one["units_per_em"]) for key, one in document["weights"].items()}


@lru_cache(maxsize=65_536)
def text_width(text: str, font: str) -> float:
    """Pixels at 100 % of one line of text in a font role (a key of ``FONTS``), without kerning."""
    pixels, weight = FONTS[font]
    widths, em = _tables()[weight]
    return sum(widths.get(letter, em * _WIDEST) for letter in text) * pixels / em
