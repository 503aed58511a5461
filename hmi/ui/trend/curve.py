"""One pen's past as columns of numbers, joined with what arrived live since; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.client.history import TrendSeries
from hmi.core.clock import NS_PER_S
from hmi.core.quality import BAD, BAD_NO_DATA, CODE_MASK, UNCERTAIN
from hmi.core.values import DataValue
from hmi.mimics import number_of

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Statuses = NDArray[np.uint32]
Flags = NDArray[np.bool_]
ROOM: Final = 256
SEAM: Final = 10 * NS_PER_S
KEPT: Final = 20_000
"""Live samples of one pen; the oldest half leaves when there are more."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Samples or rows in time order (times UTC ns); NaN where nothing can be drawn.

    ``breaks``: nothing may be drawn from the one before. ``width_ns``: how long a row is, 0 for samples, which have
    one number each. ``problem`` is one sentence when the runtime could not read it.
    """

    times: Times
    first: Floats
    last: Floats
    low: Floats
    high: Floats
    statuses: Statuses
    breaks: Flags
    stepped: bool = False
    width_ns: int = 0
    problem: str = ""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def is_exact(self) -> bool:
        """Samples, not rows."""
        return self.width_ns == 0

    def part(self, begin: int, end: int) -> Curve:
        cut = slice(begin, end)
        return Curve(
            self.times[cut], self.first[cut], self.last[cut], self.low[cut], self.high[cut], self.statuses[cut],
            self.breaks[cut], self.stepped, self.width_ns, self.problem,
        )  # fmt: skip

    def window(self, start: int, end: int) -> Curve:
        """What is drawn between two instants, with one more at each end so that lines run to the edge."""
        begin = int(np.searchsorted(self.times, start, side="right")) - 1
        return self.part(max(begin, 0), int(np.searchsorted(self.times, end)) + 1)

    def at(self, instant: int) -> tuple[float, int, int] | None:
        """Number, status and time of what held at an instant; None before the first, NaN in a gap."""
        index = int(np.searchsorted(self.times, instant, side="right")) - 1
        if index < 0:
            return None
        return float(self.last[index]), int(self.statuses[index]), int(self.times[index])

    def drawn_at(self, instant: int) -> float:
        """The number where the curve passes an instant: on the line between two samples, or held; NaN in a gap."""
        index = int(np.searchsorted(self.times, instant, side="right")) - 1
        if index < 0:
            return float("nan")
        here = float(self.last[index])
        if self.stepped or index + 1 >= len(self) or self.breaks[index + 1]:
            return here
        there, span = float(self.first[index + 1]), int(self.times[index + 1] - self.times[index])
        if not np.isfinite(there) or span <= 0:
            return here
        return here + (there - here) * (instant - int(self.times[index])) / span

    def extent(self, start: int, end: int) -> tuple[float, float] | None:
        """Least and greatest number in a window."""
        seen = self.window(start, end)
        good = np.isfinite(seen.low)
        if not good.any():
            return None
        return float(seen.low[good].min()), float(seen.high[good].max())


def curve_of(series: TrendSeries) -> Curve:
    """The columns of an answer, without copying them."""
    times = np.frombuffer(series.times, "<i8")
    first = np.frombuffer(series.first, "<f8")
    if series.exact:
        last = low = high = first
    else:
        last, low, high = (np.frombuffer(data, "<f8") for data in (series.last, series.low, series.high))
    return Curve(
        times, first, last, low, high, np.frombuffer(series.statuses, "<u4"),
        np.frombuffer(series.breaks, np.uint8).astype(bool), series.stepped,
        0 if series.exact else max(series.level_ns, 1), series.problem,
    )  # fmt: skip


def curve_from(
    times: Times,
    values: Floats,
    statuses: Statuses | None = None,
    *,
    stepped: bool = False,
) -> Curve:
    """Samples as they are; a NaN ends the line before it."""
    if statuses is None:
        statuses = np.where(np.isfinite(values), 0, BAD_NO_DATA).astype(np.uint32)
    return Curve(times, values, values, values, values, statuses, np.zeros(len(times), bool), stepped)


EMPTY: Final = curve_from(np.empty(0, np.int64), np.empty(0))


class Tail:
    """What arrived live of one pen, in time order."""

    def __init__(self) -> None:
        self._times = np.empty(ROOM, np.int64)
        self._values = np.empty(ROOM)
        self._statuses = np.empty(ROOM, np.uint32)
        self._count = self._changes = self._trims = 0

    def __len__(self) -> int:
        return self._count

    def seen(self, edge: int) -> int:
        """How many samples a picture up to ``edge`` (UTC ns; 0: all) needs: those up to it and the next one."""
        if not edge or not self._count or edge >= self._times[self._count - 1]:
            return self._count
        upto = int(np.searchsorted(self.times, edge, side="right"))
        return upto + 1 if upto else 0

    def state(self, seen: int) -> tuple[int, int, int]:
        """Another one as soon as one of the first ``seen`` samples is another one."""
        return seen, self._trims, self._changes if seen == self._count else -1

    @property
    def times(self) -> Times:
        return self._times[: self._count]

    @property
    def values(self) -> Floats:
        return self._values[: self._count]

    @property
    def statuses(self) -> Statuses:
        return self._statuses[: self._count]

    @property
    def has_value(self) -> bool:
        """The newest sample is a number."""
        return self._count > 0 and bool(np.isfinite(self._values[self._count - 1]))

    def clear(self) -> None:
        if self._count:
            self._count = 0
            self._trims += 1

    def append(self, data: DataValue, now_ns: int) -> bool:
        """A live value; one that is older than the newest is left to the history. True when it was taken."""
        at = min(data.source_time or now_ns, now_ns)
        if self._count and at <= self._times[self._count - 1]:
            if at < self._times[self._count - 1]:
                return False
            self._count -= 1
        self._make_room()
        number = number_of(data)
        self._times[self._count], self._statuses[self._count] = at, data.status
        self._values[self._count] = float("nan") if number is None else number
        self._count += 1
        self._changes += 1
        return True

    def end(self, now_ns: int) -> bool:
        """Nothing is known from here on until the next value; True when the line was open."""
        return self.has_value and self.append(DataValue(None, BAD_NO_DATA, now_ns, now_ns), now_ns)

    def forget_before(self, instant: int) -> None:
        """The history has what is older; one sample before stays: it says that the value was live then."""
        begin = max(int(np.searchsorted(self.times, instant)) - 1, 0)
        if not begin:
            return
        for data in (self._times, self._values, self._statuses):
            data[: self._count - begin] = data[begin : self._count].copy()
        self._count -= begin
        self._trims += 1

    def _make_room(self) -> None:
        if self._count >= KEPT:
            self.forget_before(int(self._times[self._count // 2]))
        if self._count < len(self._times):
            return
        for name in ("_times", "_values", "_statuses"):
            old = getattr(self, name)
            fresh = np.empty(2 * len(old), old.dtype)
            fresh[: len(old)] = old
            setattr(self, name, fresh)


def joined(curve: Curve, tail: Tail, until: int = 0, seen: int | None = None) -> Curve:
    """The past, then the first ``seen`` samples of what came live after it (all by default).

    ``until`` (UTC ns, 0: nobody knows): how far the past was read. Where more than a moment lies between that and the
    first live value, and the value was not live all the time, a gap begins there.
    """
    times, values, statuses = tail.times[:seen], tail.values[:seen], tail.statuses[:seen]
    begin = int(np.searchsorted(times, curve.times[-1], side="right")) if len(curve) else 0
    if begin >= len(times):
        return curve
    was_live = begin > 0 and bool(np.isfinite(values[begin - 1]))
    times, values, statuses = times[begin:], values[begin:], statuses[begin:]
    if len(curve) and not was_live and int(times[0]) - until > SEAM:
        times = np.concatenate(([max(until, int(curve.times[-1]) + 1)], times))
        values = np.concatenate(([np.nan], values))
        statuses = np.concatenate((np.array([BAD_NO_DATA], np.uint32), statuses))
    return Curve(
        np.concatenate((curve.times, times)),
        np.concatenate((curve.first, values)), np.concatenate((curve.last, values)),
        np.concatenate((curve.low, values)), np.concatenate((curve.high, values)),
        np.concatenate((curve.statuses, statuses)),
        np.concatenate((curve.breaks, np.zeros(len(times), bool))),
        curve.stepped, curve.width_ns, curve.problem,
    )  # fmt: skip


def shifted(curve: Curve, shift_ns: int) -> Curve:
    """The same, later by ``shift_ns``: another period laid over this one."""
    return Curve(
        curve.times + shift_ns, curve.first, curve.last, curve.low, curve.high, curve.statuses, curve.breaks,
        curve.stepped, curve.width_ns, curve.problem,
    )  # fmt: skip


def is_gap(statuses: Statuses) -> Flags:
    """Nothing was recorded, so nothing is known; not the same as a value that its source calls Bad."""
    return (statuses & CODE_MASK) == BAD_NO_DATA


def is_doubtful(statuses: Statuses) -> Flags:
    return (statuses >= UNCERTAIN) & (statuses < BAD)


def is_bad(statuses: Statuses) -> Flags:
    return (statuses >= BAD) & ~is_gap(statuses)
