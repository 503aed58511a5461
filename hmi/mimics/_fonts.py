"""The roles of texts on displays: how large and how heavy each is. Painters and the linter read the same table."""

from __future__ import annotations

from typing import Final

# role -> (pixel size at 100 %, weight). 14 px capitals are 16 arc-minutes on a 27 inch screen at 0.6 m.
FONTS: Final[dict[str, tuple[int, int]]] = {
    "text": (14, 400),
    "text.label": (13, 400),
    "text.strong": (14, 600),
    "text.word": (13, 600),
    "text.small": (12, 400),
    "text.small.strong": (12, 600),
    "value": (18, 600),
    "value.small": (15, 600),
    "value.large": (22, 600),
    "unit": (13, 400),
    "kpi": (30, 600),
    "title": (16, 600),
    "heading": (20, 600),
    "badge": (10, 700),
    "mark": (12, 700),
}
