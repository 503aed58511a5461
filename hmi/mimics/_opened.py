"""Displays that were called up before, as they were read: no values, so that nothing old can be shown."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final

from hmi.mimics._catalogue import Catalogue
from hmi.mimics._document import Display

MOST_ELEMENTS: Final = 20_000


class OpenedDisplays:
    """The latest displays by address, at most ``MOST_ELEMENTS`` elements in all; may be used from any thread.

    A display belongs to one document and one catalogue: a plant that was loaded anew is read anew.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[Mapping[str, Any], Catalogue, Display]] = OrderedDict()

    def display(
        self, address: str, document: Mapping[str, Any], catalogue: Catalogue, read: Callable[[], Display]
    ) -> Display:
        """What is kept for the address, else what ``read`` makes."""
        with self._lock:
            known = self._known.get(address)
            if known is not None and known[0] is document and known[1] is catalogue:
                self._known.move_to_end(address)
                return known[2]
        made = read()
        with self._lock:
            self._known[address] = document, catalogue, made
            self._known.move_to_end(address)
            while len(self._known) > 1 and self._elements() > MOST_ELEMENTS:
                self._known.popitem(last=False)
        return made

    def _elements(self) -> int:
        return sum(len(display.elements) for _, _, display in self._known.values())
