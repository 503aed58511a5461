"""Numbers for the points of one connection: what comes late for a point that was moved or removed is nobody's.

Inside the driver a point goes by its number, which is also the client handle of its item. It is the handle of the
point until a change of the plant takes the point from its place; a number that was given back is never used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from hmi.acquisition.port import Point
from hmi.core.values import DataValue

FIRST_SPARE = 0x8000_0000
"""Beyond all handles of points, and below the numbers of the driver's own items."""
NONE = -1


@dataclass(frozen=True, slots=True)
class Change:
    """Numbers that were given back, and points that are asked for from here on, each with its number as handle."""

    gone: frozenset[int]
    fresh: tuple[Point, ...]


class Numbers:
    """``points`` are those that are asked for now, by number and with the number as their handle."""

    def __init__(self, points: Iterable[Point]) -> None:
        self.points: dict[int, Point] = {}
        self._by_handle: dict[int, Point] = {}
        self._number_of: dict[int, int] = {}
        self._handle_of: dict[int, int] = {}
        self._used: set[int] = set()
        self._spare = count(FIRST_SPARE)
        self._is_plain = True
        self.change_to(points)

    def change_to(self, points: Iterable[Point]) -> Change:
        """Other points: one that is there as it was keeps its number."""
        before, after = self._by_handle, {point.handle: point for point in points}
        gone = [self._number_of.pop(handle) for handle, point in before.items() if after.get(handle) != point]
        for number in gone:
            del self.points[number], self._handle_of[number]
        self._is_plain = self._is_plain and not gone
        fresh = [self._enter(point) for handle, point in after.items() if before.get(handle) != point]
        self._by_handle = after
        return Change(frozenset(gone), tuple(fresh))

    def _enter(self, point: Point) -> Point:
        number = next(self._spare) if point.handle in self._used else point.handle
        self._used.add(point.handle)
        self._number_of[point.handle], self._handle_of[number] = number, point.handle
        self.points[number] = found = point if number == point.handle else replace(point, handle=number)
        return found

    def of(self, handle: int) -> int:
        """The number of a point; ``NONE`` when it is not asked for."""
        return self._number_of.get(handle, NONE)

    def some(self, handles: Iterable[int]) -> list[int]:
        """Numbers of those of the points that are asked for."""
        return [self._number_of[handle] for handle in handles if handle in self._number_of]

    def handle(self, number: int) -> int:
        """The handle of the point with this number; ``NONE`` when it was given back."""
        return self._handle_of.get(number, NONE)

    def told(self, updates: Sequence[tuple[int, DataValue]]) -> Sequence[tuple[int, DataValue]]:
        """Updates by handle; what belongs to a number that was given back is left out."""
        if self._is_plain:
            return updates
        known = self._handle_of
        return [(known[number], value) for number, value in updates if number in known]
