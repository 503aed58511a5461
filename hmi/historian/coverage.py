"""What is known of a tag between two instants, told apart from what is not (design 2b.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.historian.samples import Samples

MOST_GAPS: Final = 1_000
_STEPS: Final = 64
_LOSSES: Final = (
    quality.BAD_NO_COMMUNICATION,
    quality.BAD_NOT_CONNECTED,
    quality.BAD_TIMEOUT,
    quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE,
)
_LINK: Final = np.array([code >> 16 for code in _LOSSES], np.uint32)
_LOST: Final = np.array([0x809D, 0x809E], np.uint32)
"""BadDataLost and BadDataUnavailable."""


class GapReason(IntFlag):
    """Why nothing is known; 0: the history does not say."""

    LINK = 1
    """The link to the source was lost."""
    RECORDER = 2
    """Nothing was recorded: the runtime did not run, or did not record."""
    LOST = 4
    """Samples were there and are lost: a queue ran over, or a block is damaged."""

    @property
    def words(self) -> list[str]:
        """``link``, ``recorder``, ``lost``."""
        return [str(one.name).lower() for one in GapReason if one in self]


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing is known with start <= time < end (UTC ns); ``is_open``: it goes on beyond what was asked for."""

    start: int
    end: int
    reason: GapReason
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Gaps:
    """``until``: up to there (UTC ns) they are all told; earlier than asked for where there are too many."""

    gaps: tuple[Gap, ...]
    until: int


def gaps_of(
    before: Samples,
    pieces: Iterable[Samples],
    start: int,
    end: int,
    collector: Sequence[int],
    stop: Callable[[], bool] = lambda: False,
    *,
    most: int = MOST_GAPS,
) -> Gaps:
    """The gaps of a tag in [start, end]. ``before``: its newest sample before start, or none, which is a gap from
    start on; ``pieces``: what comes then, in time order; ``collector``: when recording began or ended.
    """
    walk = _Walk(start, collector)
    walk.take(before)
    if not len(before):
        walk.open(start, GapReason(0))
    for piece in pieces:
        if stop():
            break
        walk.take(piece)
        if len(walk.gaps) >= most:
            return Gaps(tuple(walk.gaps[:most]), walk.gaps[most - 1].end)
    if walk.since is not None:
        walk.close(end, is_open=True)
    return Gaps(tuple(walk.gaps), end)


class Source(Protocol):
    """The samples of one tag; StorageError where they cannot be read."""

    def samples(self, start: int, end: int) -> Iterator[Samples]: ...

    def before(self, at: int) -> Samples: ...

    def after(self, at: int) -> Samples: ...


def holes_of(
    source: Source,
    since: int,
    end: int,
    earliest: int,
    stop: Callable[[], bool] = lambda: False,
) -> list[Gap]:
    """Gaps in [since, end] behind something that is known, whose source may know what was in them.

    One that began before ``since`` is told whole, but from ``earliest`` on; one behind an overflow is left out, for
    nothing says how long it was.
    """
    first = source.before(since)
    for _ in range(_STEPS):
        if not len(first) or not bool(is_unknown(first)[-1]) or int(first.times[-1]) <= earliest:
            break
        first = source.before(int(first.times[-1]))
    if not len(first):
        first = source.after(max(since, earliest) - 1)
        if not len(first):
            return []
    begin = max(int(first.times[-1]), earliest)
    found = gaps_of(first, source.samples(begin, end), begin, end, (), stop)
    return [one for one in found.gaps if one.reason != GapReason.LOST]


def is_unknown(piece: Samples) -> NDArray[np.bool_]:
    """Which samples say that nothing is known from them on."""
    return _judged(piece)[0] != 0


class _Walk:
    def __init__(self, start: int, collector: Sequence[int]) -> None:
        self.gaps: list[Gap] = []
        self.since: int | None = None
        self._start, self._collector = start, np.array(sorted(collector), np.int64)
        self._why = GapReason(0)
        self._last = start

    def open(self, at: int, why: GapReason) -> None:
        self.since, self._why = max(at, self._start), why

    def close(self, at: int, *, is_open: bool = False) -> None:
        since, self.since = self.since, None
        if since is None or at <= since:
            return
        low, high = np.searchsorted(self._collector, (since - 1, at))
        why = self._why | (GapReason.RECORDER if high > low else GapReason(0))
        self.gaps.append(Gap(since, at, why, is_open))

    def take(self, piece: Samples) -> None:
        """Only the samples at which something begins or ends are looked at one by one."""
        if not len(piece):
            return
        unknown, why = _judged(piece)
        known = unknown == 0
        broken = (piece.flags & np.uint16(SampleFlag.GAP_BEFORE)) != 0
        turns = np.flatnonzero(~known | broken | np.append(self.since is not None, ~known[:-1]))
        for place in turns.tolist():
            at, reason = int(piece.times[place]), GapReason(int(why[place]))
            if broken[place] and self.since is None:
                self.open((int(piece.times[place - 1]) if place else self._last) + 1, reason)
            if not known[place]:
                if self.since is None:
                    self.open(at, reason)
                self._why |= reason
            else:
                self._why |= reason
                self.close(at)
        self._last = int(piece.times[-1])


def _judged(piece: Samples) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(not 0 where nothing is known from the sample on, what it says of why)."""
    codes = piece.statuses >> np.uint32(16)
    is_mark = (piece.flags & np.uint16(SampleFlag.MARK)) != 0
    is_gap = is_mark & (piece.statuses == np.uint32(quality.BAD_NO_DATA))
    is_link, is_lost = np.isin(codes, _LINK), np.isin(codes, _LOST)
    overflown = (piece.flags & np.uint16(SampleFlag.OVERFLOW)) != 0
    why = is_link * np.uint8(GapReason.LINK) | (is_lost | overflown) * np.uint8(GapReason.LOST)
    return (is_gap | is_link | is_lost).astype(np.uint8), why.astype(np.uint8)
