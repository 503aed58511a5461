"""Rules of the head of a display: people find their way by title, level and area."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.check._display_lints._view import Doubt, View


def title(view: View) -> Iterator[Doubt]:
    """Without a title, lists and tabs show the name of the file."""
    if not str(view.document.get("title") or "").strip():
        yield Doubt("", "the display has no title", 'write "title": what operators call it')


def level(view: View) -> Iterator[Doubt]:
    """Without a level the way up, down and the rules for its size are guessed."""
    if view.document.get("level") is None:
        yield Doubt(
            "", "the display has no level", 'write "level": 1 overview, 2 unit, 3 detail, 4 diagnosis'
        )


def area(view: View) -> Iterator[Doubt]:
    """Without an area a display has no tab and no way up. A display with arguments has that of its equipment."""
    wants = view.facts.has_areas and view.display.level == 2 and not view.takes_arguments
    if wants and not view.document.get("area"):
        yield Doubt("", "the display is of level 2 and has no area", 'write "area": a path of plant.toml')
