"""The look that a user chose: light or dark, and how large texts are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hmi.ui.theme import SCALES, THEMES, Theme

SECTION: Final = "look"
VERSION: Final = 1


class Look(NamedTuple):
    """A theme by name and the size of texts in per cent; '' and 0: not chosen."""

    theme: str = ""
    percent: int = 0

    def over(self, other: Look) -> Look:
        """This one, with what it leaves open taken from another."""
        return Look(self.theme or other.theme, self.percent or other.percent)

    def loaded(self) -> Theme:
        """ConfigurationError when there is no such theme or size."""
        return Theme.load(self.theme or THEMES[0], self.percent or SCALES[0])

    def other_theme(self) -> Look:
        return self._replace(theme=THEMES[1 - THEMES.index(self.theme or THEMES[0])])

    def larger(self, steps: int) -> Look:
        """So many sizes on, within those there are."""
        now = SCALES.index(self.percent or SCALES[0])
        return self._replace(percent=SCALES[min(max(now + steps, 0), len(SCALES) - 1)])


def look_of(theme: Theme) -> Look:
    return Look(theme.name, theme.percent)


def to_section(look: Look) -> dict[str, Any]:
    return {"version": VERSION, "theme": look.theme, "percent": look.percent}


def from_section(section: Mapping[str, Any]) -> Look:
    """What was kept; what cannot be read counts as not chosen."""
    if section.get("version") != VERSION:
        return Look()
    theme, percent = section.get("theme"), section.get("percent")
    return Look(
        theme if theme in THEMES else "", percent if type(percent) is int and percent in SCALES else 0
    )
