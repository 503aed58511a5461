"""How the plant is now: the newest value of each series, and who wants to hear of changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from hmi.core import quality
from hmi.core.values import DataValue, bad
from hmi.export.figures import SILENT_S

_WAITING: Final = bad(quality.BAD_WAITING_FOR_INITIAL_DATA, 0)


class Lane:
    """What one client has not been told yet of the series it wants: the newest of each, so it never grows."""

    def __init__(self, places: Iterable[int]) -> None:
        self.places = frozenset(places)
        self._changed: set[int] = set()
        self._skipped = 0

    def note(self, places: Collection[int]) -> None:
        """These series have changed; what had changed before and was not told is skipped."""
        own = self.places.intersection(places)
        self._skipped += len(own & self._changed)
        self._changed |= own

    def take(self) -> tuple[list[int], int]:
        """(series to be told in order, how many values nobody told)."""
        found, skipped = sorted(self._changed), self._skipped
        self._changed.clear()
        self._skipped = 0
        return found, skipped


class Board:
    """Written by the loop of the server alone; reading single values is for any thread.

    ``hears``: whether the job hears the running plant, or a job that lives would vouch for what nobody tells.
    """

    def __init__(
        self,
        count: int,
        monotonic: Callable[[], float] = time.monotonic,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        self._values: list[DataValue] = [_WAITING] * count
        self._simulated = [False] * count
        self._monotonic, self._hears = monotonic, hears
        self._heard = monotonic()
        self._lanes: set[Lane] = set()

    def take(self, places: Sequence[int], values: Sequence[DataValue], simulated: Sequence[bool]) -> None:
        """Newest values."""
        for place, value, is_simulated in zip(places, values, simulated, strict=True):
            self._values[place], self._simulated[place] = value, is_simulated
        self._heard = self._monotonic()
        for lane in self._lanes:
            lane.note(places)

    def heard(self) -> None:
        """The job lives; nothing has changed."""
        self._heard = self._monotonic()

    @property
    def is_live(self) -> bool:
        """False: what it holds says nothing of how the plant is now."""
        return self._monotonic() - self._heard < SILENT_S and self._hears()

    def value(self, place: int, now: int) -> tuple[DataValue, bool]:
        """(value, whether it is simulated); Bad while the job or the runtime is silent. ``now``: UTC ns."""
        found = self._values[place]
        if not self.is_live:
            found = bad(quality.BAD_NO_COMMUNICATION, now)
        elif found is _WAITING:
            found = bad(quality.BAD_WAITING_FOR_INITIAL_DATA, now)
        return found, self._simulated[place]

    def enter(self, lane: Lane) -> None:
        self._lanes.add(lane)

    def leave(self, lane: Lane) -> None:
        self._lanes.discard(lane)
