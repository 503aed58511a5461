"""Where the windows of a station stood, as it is kept in the settings; and a place on the screens there are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize

SECTION: Final = "windows"
VERSION: Final = 1
MOST: Final = 8
"""Windows of one station; more on file are left out."""
NORMAL, MAXIMIZED, FULL = "normal", "maximized", "full"
_STATES: Final = frozenset((NORMAL, MAXIMIZED, FULL))
_LARGEST: Final = 100_000  # pixels; what is beyond cannot be a window


class Place(NamedTuple):
    """One window: the address of its display, its screen, and its box in pixels of the whole desktop."""

    display: str = ""
    screen: str = ""
    box: QRect = QRect()
    state: str = NORMAL


class Monitor(NamedTuple):
    """One screen that is there: its name and the room that windows may take."""

    name: str
    box: QRect


def to_section(places: Sequence[Place]) -> dict[str, Any]:
    """What is kept."""
    windows = [
        {
            "display": place.display,
            "screen": place.screen,
            "box": [place.box.x(), place.box.y(), place.box.width(), place.box.height()],
            "state": place.state,
        }
        for place in places
    ]
    return {"version": VERSION, "windows": windows}


def from_section(section: Mapping[str, Any]) -> list[Place]:
    """The windows that were kept; what cannot be read, or is of another version, counts as none."""
    kept = section.get("windows")
    if section.get("version") != VERSION or not isinstance(kept, list):
        return []
    found = [_place(entry) for entry in kept if isinstance(entry, Mapping)]
    return [place for place in found if place is not None][:MOST]


def _place(entry: Mapping[str, Any]) -> Place | None:
    box, state = entry.get("box"), entry.get("state")
    if not isinstance(box, list) or len(box) != 4 or state not in _STATES:
        return None
    if not all(type(number) is int and abs(number) < _LARGEST for number in box):
        return None
    if box[2] < 1 or box[3] < 1:
        return None
    return Place(str(entry.get("display") or ""), str(entry.get("screen") or ""), QRect(*box), str(state))


def settled(place: Place, monitors: Sequence[Monitor]) -> Place:
    """The place, wholly on a screen that is there.

    Its own screen by name, else the one that it covers most, else the first. A window that was full screen or
    maximized on a screen that is gone fills the screen it comes to.
    """
    if not monitors:
        return place
    named = [monitor for monitor in monitors if monitor.name == place.screen]
    most = max(monitors, key=lambda monitor: _shared(monitor.box, place.box))
    other = most if _shared(most.box, place.box) else monitors[0]
    home = named[0] if named else other
    return place._replace(screen=home.name, box=inside(place.box, home.box))


def inside(box: QRect, room: QRect) -> QRect:
    """A box no larger than a room, moved into it."""
    size = QSize(min(box.width(), room.width()), min(box.height(), room.height()))
    x = min(max(box.x(), room.left()), room.right() - size.width() + 1)
    y = min(max(box.y(), room.top()), room.bottom() - size.height() + 1)
    return QRect(QPoint(x, y), size)


def _shared(one: QRect, other: QRect) -> int:
    common = one.intersected(other)
    return common.width() * common.height() if not common.isEmpty() else 0
