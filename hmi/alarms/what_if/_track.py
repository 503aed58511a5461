"""The stored samples of one tag as the values that the alarm engine saw, thinned where it would not notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import WAITING, DataValue, bad

NOT_KNOWN = WAITING._replace(source_time=1)
"""To an alarm that judges how good a value is a Bad one is known: this one object says that nothing is."""
_NOT_SEEN = int(SampleFlag.BACKFILL)
LOSSES = (quality.BAD_NO_COMMUNICATION, quality.BAD_NOT_CONNECTED, quality.BAD_TIMEOUT)
_OWN_TIME = int(SampleFlag.LATE | SampleFlag.EDITED)


class Piece(Protocol):
    """Stored samples of one tag in time order, as the historian keeps them; times UTC ns."""

    def __len__(self) -> int: ...

    @property
    def times(self) -> NDArray[np.int64]: ...

    @property
    def receives(self) -> NDArray[np.int64]: ...

    @property
    def statuses(self) -> NDArray[np.uint32]: ...

    @property
    def flags(self) -> NDArray[np.uint16]: ...

    def numbers(self) -> NDArray[np.float64]: ...

    def values(self) -> list[DataValue]: ...

    def take(self, chosen: Any) -> Piece: ...


class Seen(NamedTuple):
    """A value as the engine gets it; ``at``: session time, UTC ns."""

    at: int
    handle: int
    value: DataValue


@dataclass(slots=True)
class Track:
    """One tag. ``edges``: values at which an alarm of it may turn; None: every sample counts.

    ``turns``: of a tag whose quality is judged, when its link went or came (UTC ns): there every sample counts, in
    between only what is not Good, or all when the track is needed ``whole``. ``joined``: its history is a line of few
    points, on which the crossings of the edges are put in; with ``step`` and ``least_ns`` points that lie no further
    apart than the one in value and not nearer than the other in time, for who looks at its slope.

    Back-filled samples are left out and counted: no alarm ever saw them. The time of a value is when it was taken in,
    so that delays end as they did.
    """

    handle: int
    edges: tuple[float, ...] | None = None
    joined: bool = False
    turns: tuple[int, ...] | None = None
    whole: bool = False
    step: float = 0.0
    least_ns: int = 0
    left_out: int = 0
    samples: int = 0
    _at: int = 0
    _last: _Point | None = None
    _sorted: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self._sorted = np.array(sorted(set(self.edges or ())), np.float64)

    def seen(self, pieces: Iterable[Piece]) -> Iterator[Seen]:
        """In order of time."""
        for piece, at in self.pieces(pieces):
            yield from self._of(piece, at)

    def pieces(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, NDArray[np.int64]]]:
        """What an alarm saw of them, and when it was taken in (UTC ns)."""
        for piece in pieces:
            unseen = (piece.flags & _NOT_SEEN) != 0
            if unseen.any():
                self.left_out += int(unseen.sum())
                piece = piece.take(~unseen)
            if self.turns is not None:
                piece = piece.take(~_only_before_a_loss(piece))
            if len(piece):
                self.samples += len(piece)
                at = self._times(piece)
                self._at = int(at[-1])
                yield piece, at

    def _of(self, piece: Piece, at: NDArray[np.int64]) -> Iterator[Seen]:
        numbers = piece.numbers()
        is_mark = (piece.flags & int(SampleFlag.MARK)) != 0
        statuses = np.where(is_mark, piece.statuses | np.uint32(quality.BAD), piece.statuses)
        gaps = (piece.flags & int(SampleFlag.GAP_BEFORE)) != 0
        zones = self._zones(numbers, at)
        chosen = np.flatnonzero(self._counts(zones, statuses, gaps))

        def point(place: int) -> _Point | None:
            if place < 0:
                return self._last
            return _Point(int(at[place]), float(numbers[place]), int(statuses[place]), int(zones[place]))

        for place, value in zip(chosen.tolist(), piece.take(chosen).values(), strict=True):
            now = int(at[place])
            if gaps[place]:
                yield from self._lost(point(place - 1), now)
            elif self.joined:
                yield from self._crossings(point(place - 1), point(place))
            yield Seen(now, self.handle, self._nothing(now) if is_mark[place] else value)
        self._last = point(len(at) - 1)

    def _lost(self, before: _Point | None, now: int) -> Iterator[Seen]:
        """Nothing is known from right after the last value on."""
        if before is not None and (before.status < quality.BAD or self.turns is not None):
            at = min(before.at + 1, now)
            yield Seen(at, self.handle, self._nothing(at))

    def _nothing(self, at: int) -> DataValue:
        return bad(quality.BAD_NO_DATA, at) if self.turns is None else NOT_KNOWN

    def _times(self, piece: Piece) -> NDArray[np.int64]:
        """When each value was taken in; of one that came late its own time."""
        own = (piece.receives <= 0) | ((piece.flags & _OWN_TIME) != 0)
        at = np.where(own, piece.times, piece.receives)
        return np.maximum.accumulate(np.maximum(at, self._at))

    def _zones(self, numbers: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values between the same two edges, or on the same edge, have one number; what is no number has none."""
        if self.turns is not None:
            return np.searchsorted(np.array(self.turns, np.int64), at, "right")
        if self.edges is None:
            return np.zeros(len(numbers), np.int64)
        return zones_of(self._sorted, numbers)

    def _counts(
        self, zones: NDArray[np.int64], statuses: NDArray[np.uint32], gaps: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Whether the engine may notice each sample: one that is Good in the zone of the Good one before it is not."""
        if self.whole or (self.edges is None and self.turns is None):
            return np.ones(len(zones), np.bool_)
        last = self._last
        before = np.concatenate(([last.zone if last else -2], zones[:-1]))
        was = np.concatenate(([last.status if last else quality.BAD], statuses[:-1]))
        return (zones != before) | (statuses != 0) | (was != 0) | gaps | (zones < 0)

    def _crossings(self, before: _Point | None, now: _Point | None) -> Iterator[Seen]:
        """Just beyond each edge that the line between two Good samples crosses, at the time at which it does."""
        if before is None or now is None or before.status or now.status or min(before.zone, now.zone) < 0:
            return
        if self.step:
            yield from self._on_the_line(before, now)
            return
        low, high = sorted((before.number, now.number))
        between = [edge for edge in self._sorted.tolist() if low < edge < high]
        rising = now.number > before.number
        for edge in between if rising else reversed(between):
            share = (edge - before.number) / (now.number - before.number)
            at = before.at + int(share * (now.at - before.at))
            beyond = float(np.nextafter(edge, now.number))
            yield Seen(at, self.handle, DataValue(beyond, 0, at, at))

    def _on_the_line(self, before: _Point, now: _Point) -> Iterator[Seen]:
        rise, length = now.number - before.number, now.at - before.at
        pieces = int(min(abs(rise) / self.step + 1, length // self.least_ns)) if np.isfinite(rise) else 0
        for part in range(1, pieces):
            at = before.at + length * part // pieces
            value = before.number + rise * part / pieces
            yield Seen(at, self.handle, DataValue(value, 0, at, at))


def zones_of(edges: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Between which two of the sorted edges each number lies, or on which one; -1 for what is no number."""
    found = np.searchsorted(edges, numbers, "left") + np.searchsorted(edges, numbers, "right")
    return np.where(np.isnan(numbers), -1, found)


def _only_before_a_loss(piece: Piece) -> NDArray[np.bool_]:
    """Marks of the collector before a value that says that the link is lost: until then the one before held."""
    is_mark = (piece.flags & int(SampleFlag.MARK)) != 0
    is_loss = ~is_mark & np.isin(piece.statuses & np.uint32(quality.CODE_MASK), np.array(LOSSES, np.uint32))
    return is_mark & np.append(is_loss[1:], False)


class _Point(NamedTuple):
    at: int
    number: float
    status: int
    zone: int
