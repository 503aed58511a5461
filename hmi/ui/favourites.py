"""The displays behind F1 to F12: the plant's order, and over it what the user pinned."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Signal

from hmi.client.port import PlantInfo
from hmi.mimics import display_of_address
from hmi.ui.navigation import key_displays
from hmi.ui.settings import Settings

SECTION: Final = "favourites"
KEYS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12)
"""Numbers of the function keys; F11 is the full screen wherever people have used a computer."""


class Favourites(QObject):
    """Addresses of displays by function key. ``changed`` comes when any of them is another one."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._names: frozenset[str] = frozenset()
        self._order: list[str] = []
        settings.changed.connect(self.changed)
        settings.kept.connect(self._kept)

    def set_plant(self, plant: PlantInfo) -> None:
        self._names = frozenset(display.name for display in plant.displays)
        self._order = key_displays(plant)
        self.changed.emit()

    def address(self, number: int) -> str:
        """What F<number> opens; empty for nothing. A pin to a display that is gone counts no more."""
        return self._pinned(number) or self._default(number)

    def is_pinned(self, number: int) -> bool:
        return bool(self._pinned(number))

    def pin(self, number: int, address: str) -> bool:
        """Pin an address to a key, or take the pin back when it is there already; True when it is pinned now."""
        pins = dict(self._settings.get(SECTION))
        key, before = f"F{number}", self._pinned(number)
        pins.pop(key, None)
        if before != address:
            pins[key] = address
        self._settings.put(SECTION, pins)
        return before != address

    def _kept(self, section: str) -> None:
        """Another window of the station may have pinned it."""
        if section == SECTION:
            self.changed.emit()

    def key_of(self, address: str) -> int:
        """The key that an address is pinned to, else the first that opens it; 0 when it has none."""
        own = [number for number in KEYS if self.address(number) == address]
        return next((number for number in own if self.is_pinned(number)), next(iter(own), 0))

    def free_key(self) -> int:
        """The first key with nothing behind it, else the last one that is not pinned; 0 when all are."""
        empty = [number for number in KEYS if not self.address(number)]
        loose = [number for number in reversed(KEYS) if not self.is_pinned(number)]
        return next(iter([*empty, *loose]), 0)

    def _pinned(self, number: int) -> str:
        found = self._settings.get(SECTION).get(f"F{number}")
        known = isinstance(found, str) and display_of_address(found)[0] in self._names
        return str(found) if known else ""

    def _default(self, number: int) -> str:
        at = KEYS.index(number) if number in KEYS else len(self._order)
        return self._order[at] if at < len(self._order) else ""
