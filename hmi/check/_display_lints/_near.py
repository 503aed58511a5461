"""Which clickable elements of a display come near each other: a grid, so that large displays take no time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from hmi.mimics import Element

Box = tuple[float, float, float, float]
_CELL: Final = 64.0  # pixels
_MOST_ACROSS: Final = 64  # cells that the largest element lies in, each way
_MOST_IN_CELL: Final = 100


class Spot(NamedTuple):
    """An element that can be clicked, where it is, and how it came there.

    ``cell`` is what its id has in front of that of its own display, ``top`` the element of this display that it
    stands in or is.
    """

    element: Element
    box: Box
    top: str
    cell: str

    @property
    def is_control(self) -> bool:
        """True for what writes to the plant."""
        return self.element.definition is not None and bool(self.element.definition.control)


class Pair(NamedTuple):
    """Two neighbours, the lower one first; ``wide`` and ``high`` are what they share, below zero their distance."""

    lower: Spot
    upper: Spot
    wide: float
    high: float


def pairs(spots: Sequence[Spot], reach: float) -> Iterator[Pair]:
    """Pairs whose boxes come closer than ``reach`` pixels.

    What stands together in one embedded display is left to that display. In a heap only the first of it is
    compared, so that no display takes long.
    """
    cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    side = max([_CELL, *(max(spot.box[2:]) / _MOST_ACROSS for spot in spots)])
    for number, spot in enumerate(spots):
        near: set[int] = set()
        for place in _cells(spot.box, reach, side):
            cell = cells[place]
            near.update(cell)
            if len(cell) < _MOST_IN_CELL:
                cell.append(number)
        for other in sorted(near):
            lower = spots[other]
            if lower.cell == spot.cell and spot.cell:
                continue
            wide, high = common(lower.box, spot.box)
            if wide > -reach and high > -reach:
                yield Pair(lower, spot, wide, high)


def _cells(box: Box, reach: float, side: float) -> Iterator[tuple[int, int]]:
    """Where an element lies; half of the reach is enough, for the other one has its half too."""
    x, y, w, h = box
    half = reach / 2
    rows = range(int((y - half) // side), int((y + h + half) // side) + 1)
    for column in range(int((x - half) // side), int((x + w + half) // side) + 1):
        yield from ((column, row) for row in rows)


def common(a: Box, b: Box) -> tuple[float, float]:
    """Width and height that two boxes have in common; negative for the distance between them."""
    return (
        min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]),
        min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]),
    )


def inside(inner: Box, outer: Box) -> bool:
    wide, high = common(inner, outer)
    return wide >= inner[2] and high >= inner[3]
