"""A tag and the one that it is compared with, thinned together: where their distance turns nothing, nobody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.alarms.what_if._track import Piece, Seen, Track, zones_of
from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, bad
from hmi.project.plant import AlarmDef

_EXACT: Final = 2.0**53
"""Whole numbers below it are themselves as floats."""
NOTHING: Final = -1
"""Place of what stands for no sample: nothing is known from there on."""
Ints = NDArray[np.int64]


def edges_of_distance(alarm: AlarmDef) -> tuple[float, ...]:
    """Distances at which the comparator of a deviation or a discrepancy may turn; empty for other alarms."""
    if alarm.kind == "deviation":
        return alarm.limit, alarm.limit - alarm.deadband
    return (alarm.tolerance,) if alarm.kind == "discrepancy" else ()


@dataclass(slots=True)
class _Stretch:
    """Samples of one tag in order; ``places`` in ``piece``, ``odd``: more than a Good value among Good ones."""

    piece: Piece
    places: Ints
    at: Ints
    numbers: NDArray[np.float64]
    statuses: NDArray[np.uint32]
    odd: NDArray[np.bool_]

    def part(self, begin: int, end: int) -> _Stretch:
        cut = slice(begin, end)
        return _Stretch(
            self.piece, self.places[cut], self.at[cut], self.numbers[cut], self.statuses[cut], self.odd[cut]
        )

    def values(self, chosen: Ints) -> list[DataValue]:
        """Of some of them, by their number."""
        places = self.places[chosen]
        stored = iter(self.piece.take(places[places != NOTHING]).values())
        return [
            bad(quality.BAD_NO_DATA, at) if place == NOTHING else next(stored)
            for place, at in zip(places.tolist(), self.at[chosen].tolist(), strict=True)
        ]


@dataclass(slots=True)
class Pair:
    """``own`` and the set point or command ``goal``. A sample is passed over when both are Good, the goal stays as it
    was and the distance lies between the same two edges as before: the engine would say what it said.

    What is passed over is told with the next sample of the goal that counts, so that the engine has the newest.
    """

    own: Track
    goal: Track
    edges: tuple[float, ...]
    _zone: int = -2
    _own_last: float = np.nan
    _goal_last: float = np.nan
    _own_status: int = quality.BAD
    _goal_status: int = quality.BAD
    _untold: DataValue | None = None
    _sorted: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self._sorted = np.array(sorted(set(self.edges)), np.float64)

    def seen(self, own: Iterable[Piece], goal: Iterable[Piece]) -> Iterator[Seen]:
        """Of both, in order of time."""
        streams = _stretches(self.own, own), _stretches(self.goal, goal)
        held = [next(stream, None) for stream in streams]
        while known := [one for one in held if one is not None]:
            until = min(int(one.at[-1]) for one in known)
            parts: list[_Stretch | None] = [None, None]
            for side, stretch in enumerate(held):
                if stretch is None:
                    continue
                count = int(np.searchsorted(stretch.at, until, "right"))
                parts[side] = stretch.part(0, count) if count else None
                rest = stretch.part(count, len(stretch.at))
                held[side] = rest if len(rest.at) else next(streams[side], None)
            yield from self._of(*parts)

    def _of(self, own: _Stretch | None, goal: _Stretch | None) -> Iterator[Seen]:
        """What counts of samples up to the same instant."""
        own_at, goal_at = (np.empty(0, np.int64) if one is None else one.at for one in (own, goal))
        instants = np.unique(np.concatenate((own_at, goal_at)))
        counts = self._counts(own, goal, instants)
        own_of, goal_of = np.searchsorted(instants, own_at), np.searchsorted(instants, goal_at)
        own_chosen, goal_chosen = np.flatnonzero(counts[own_of]), np.flatnonzero(counts[goal_of])
        told = [*_told(own, self.own.handle, own_chosen), *self._caught_up(own, instants[counts])]
        told += _told(goal, self.goal.handle, goal_chosen)
        if own is not None:
            last = len(own.at) - 1
            self._untold = None if counts[own_of[last]] else own.values(np.array([last]))[0]
        told.sort(key=lambda one: one.at)
        yield from told

    def _counts(self, own: _Stretch | None, goal: _Stretch | None, instants: Ints) -> NDArray[np.bool_]:
        """Whether the engine may notice what came at each instant."""
        own_numbers, own_statuses, own_odd = _held(own, instants, self._own_last, self._own_status)
        numbers, statuses, odd = _held(goal, instants, self._goal_last, self._goal_status)
        is_plain = (
            (own_statuses == 0) & (statuses == 0) & (abs(own_numbers) < _EXACT) & (abs(numbers) < _EXACT)
        )
        zones = np.where(is_plain, zones_of(self._sorted, abs(own_numbers - numbers)), -1)
        before = np.concatenate(([self._zone], zones[:-1]))
        goal_before = np.concatenate(([self._goal_last], numbers[:-1]))
        self._zone, self._own_last, self._goal_last = (
            int(zones[-1]),
            float(own_numbers[-1]),
            float(numbers[-1]),
        )
        self._own_status, self._goal_status = int(own_statuses[-1]), int(statuses[-1])
        return (zones != before) | (zones < 0) | (numbers != goal_before) | own_odd | odd

    def _caught_up(self, own: _Stretch | None, instants: Ints) -> Iterator[Seen]:
        """The newest sample of the tag that was passed over, at each instant that counts and has none of its own."""
        own_at = np.empty(0, np.int64) if own is None else own.at
        newest = np.searchsorted(own_at, instants, "right") - 1
        missing = (
            (newest < 0) | (own_at[newest] != instants) if len(own_at) else np.ones(len(instants), np.bool_)
        )
        wanted = np.flatnonzero(missing)
        held = newest[wanted]
        values = iter(own.values(held[held >= 0]) if own is not None else ())
        for at, place in zip(instants[wanted].tolist(), held.tolist(), strict=True):
            value = next(values) if place >= 0 else self._untold
            if value is not None:
                yield Seen(at, self.own.handle, value)


def _told(stretch: _Stretch | None, handle: int, chosen: Ints) -> Iterator[Seen]:
    if stretch is not None and len(chosen):
        for at, value in zip(stretch.at[chosen].tolist(), stretch.values(chosen), strict=True):
            yield Seen(at, handle, value)


def _held(
    stretch: _Stretch | None, instants: Ints, number: float, status: int
) -> tuple[NDArray[np.float64], NDArray[np.uint32], NDArray[np.bool_]]:
    """What a tag has after each instant, from what it had before; and whether something odd came in it."""
    if stretch is None:
        count = len(instants)
        return np.full(count, number), np.full(count, status, np.uint32), np.zeros(count, np.bool_)
    newest = np.searchsorted(stretch.at, instants, "right")
    odd = np.zeros(len(instants), np.bool_)
    odd[np.searchsorted(instants, stretch.at[stretch.odd])] = True
    numbers = np.concatenate(([number], stretch.numbers))[newest]
    statuses = np.concatenate((np.array([status], np.uint32), stretch.statuses))[newest]
    return numbers, statuses, odd


def _stretches(track: Track, pieces: Iterable[Piece]) -> Iterator[_Stretch]:
    """With what stands for gaps put in: right after the last value nothing is known."""
    before_at, before_status = 0, quality.BAD
    for piece, at in track.pieces(pieces):
        is_mark = (piece.flags & int(SampleFlag.MARK)) != 0
        statuses = np.where(is_mark, piece.statuses | np.uint32(quality.BAD), piece.statuses)
        gaps = (piece.flags & int(SampleFlag.GAP_BEFORE)) != 0
        at_before = np.concatenate(([before_at], at[:-1]))
        was_known = np.concatenate(([before_status], statuses[:-1])) < quality.BAD
        before_at, before_status = int(at[-1]), int(statuses[-1])
        places = np.where(is_mark, NOTHING, np.arange(len(at)))
        lost = np.flatnonzero(gaps & was_known)
        yield _Stretch(
            piece,
            np.insert(places, lost, NOTHING),
            np.insert(at, lost, np.minimum(at_before[lost] + 1, at[lost])),
            np.insert(piece.numbers(), lost, np.nan),
            np.insert(statuses, lost, np.uint32(quality.BAD_NO_DATA)),
            np.insert((statuses != 0) | gaps, lost, True),
        )
