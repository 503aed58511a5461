"""What stands in the place of a display that cannot be drawn: a mark, and a sentence."""

from __future__ import annotations

from typing import Final

from hmi.mimics._as_written import Plan
from hmi.mimics._document import Element

NOTICE: Final = "notice"


def notice(size: tuple[int, int], said: str, text: Plan | None) -> tuple[Element, ...]:
    """Its elements on a display of ``size`` pixels; ``text`` is how text elements are read, None without them."""
    width, height = size
    mark = Element(NOTICE, NOTICE, 24.0, 24.0, 40.0, 40.0)
    if text is None:
        return (mark,)
    properties, w = {**text.defaults, "text": said}, max(width - 104.0, 40.0)
    h = min(40.0, float(height))
    return (
        mark,
        Element("notice-text", "text", 80.0, 24.0, w, h, properties, {}, text.definition),
    )
