"""From a curve to lines in pixels: least and greatest of every pixel column, gaps open, doubtful parts apart; pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.ui.trend.curve import Curve, Flags, Floats, Times, is_bad, is_doubtful, is_gap
from hmi.ui.trend.scale import Scale

PER_PIXEL: Final = 2.0
FAR: Final = 20_000.0
"""Pixels beyond which a painter needs no more of a line."""


class Stroke(NamedTuple):
    """An unbroken line in pixels; a doubtful one is drawn dashed."""

    x: Floats
    y: Floats
    doubtful: bool = False


class Frame(NamedTuple):
    """A window of time (UTC ns) on a box of pixels."""

    start: int
    end: int
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def foot(self) -> float:
        return self.top + self.height

    @property
    def ns_per_px(self) -> float:
        return (self.end - self.start) / max(self.width, 1.0)

    def x_of(self, times: np.ndarray) -> Floats:
        """Exact for any instant: the difference is taken before it becomes a float."""
        return self.left + (times - self.start).astype(np.float64) / self.ns_per_px

    def x_at(self, instant: int) -> float:
        return self.left + (instant - self.start) / self.ns_per_px

    def instant_at(self, x: float) -> int:
        return self.start + round((x - self.left) * self.ns_per_px)


def by_pixel(curve: Curve, frame: Frame) -> Curve:
    """One row for each pixel column that holds something, columns at whole multiples of their width in time, so
    that a curve that scrolls does not shimmer; gaps and changes of quality begin a row of their own.
    """
    seen = curve.window(frame.start, frame.end)
    if len(seen) <= PER_PIXEL * frame.width:
        return seen
    width = max(round(frame.ns_per_px), 1)
    begins = _columns(seen.times, width)
    if seen.breaks.any() or seen.statuses.any() or not np.isfinite(seen.low).all():
        begins = np.union1d(begins, _turns(seen))
    ends = np.concatenate((begins[1:], [len(seen)])) - 1
    return Curve(
        seen.times[begins], seen.first[begins], seen.last[ends],
        np.minimum.reduceat(seen.low, begins), np.maximum.reduceat(seen.high, begins),
        np.maximum.reduceat(seen.statuses, begins), seen.breaks[begins], seen.stepped, width,
    )  # fmt: skip


def _columns(times: Times, width: int) -> NDArray[np.intp]:
    """Where each column of so many ns begins; the samples before and after the window are columns of their own.

    The edges are looked up in the samples: there are far fewer of them than samples.
    """
    inner = times[1:-1]
    edges = np.arange(inner[0] // width + 1, inner[-1] // width + 1) * width
    begins = np.searchsorted(inner, edges) + 1
    return np.unique(np.concatenate(([0, 1], begins, [len(times) - 1])))


def _turns(seen: Curve) -> NDArray[np.intp]:
    """Where a gap or a doubtful part begins or ends."""
    known, doubt = np.isfinite(seen.low), is_doubtful(seen.statuses)
    turns = (np.diff(known) != 0) | seen.breaks[1:] | ((np.diff(doubt) != 0) & known[1:])
    return np.flatnonzero(turns) + 1


def strokes(curve: Curve, frame: Frame, scale: Scale, *, until: int | None = None) -> list[Stroke]:
    """The lines of a curve in a frame. ``until``: the last value holds up to there."""
    rows = by_pixel(curve, frame)
    if not len(rows):
        return []
    x = frame.x_of(rows.times)
    if not rows.is_exact:
        x += min(rows.width_ns, frame.ns_per_px) / frame.ns_per_px / 2
    x = np.clip(x, frame.left - FAR, frame.right + FAR)
    known = np.isfinite(rows.low)  # a row that is Bad in part has numbers all the same
    doubt = is_doubtful(rows.statuses) & known
    found: list[Stroke] = []
    for begin, end in _runs(known, rows.breaks):
        part = rows.part(begin, end)
        close = frame.x_at(until) if until is not None and end == len(rows) else None
        if close is None and rows.stepped and end < len(rows) and not known[end]:
            close = float(x[end])  # a held value is known until the sample that says it is not
        found += _run(part, x[begin:end], doubt[begin:end], frame, scale, close)
    return found


def _runs(known: Flags, breaks: Flags) -> Iterator[tuple[int, int]]:
    """Ranges [begin, end) over which a line may go."""
    starts = known & np.concatenate(([True], ~known[:-1] | breaks[1:]))
    begins = np.flatnonzero(starts)
    stops = known & np.concatenate((~known[1:] | starts[1:], [True]))
    ends = np.flatnonzero(stops) + 1
    return zip(begins.tolist(), ends.tolist(), strict=True)


def _run(
    part: Curve, x: Floats, doubt: Flags, frame: Frame, scale: Scale, close: float | None
) -> Iterator[Stroke]:
    """One unbroken line in parts that are doubtful or not; each part begins where the one before ends."""
    turns = np.flatnonzero(np.diff(doubt)) + 1
    edges = [0, *turns.tolist(), len(x)]
    for begin, end in pairwise(edges):
        lead = 1 if end < len(x) else 0  # a line reaches the sample that ends it
        piece = part.part(begin, end + lead)
        px, values = _points(piece, x[begin : end + lead])
        if end == len(x) and close is not None and close > px[-1]:
            px, values = np.append(px, close), np.append(values, part.last[-1])
        y = frame.foot - scale.place(values) * frame.height
        good = np.isfinite(y)
        if not good.all():
            px, y = px[good], y[good]
        yield Stroke(px, np.clip(y, frame.top - FAR, frame.foot + FAR), bool(doubt[begin]))


def _points(part: Curve, x: Floats) -> tuple[Floats, Floats]:
    """The corners of a line. A step holds the value before; a row goes through its least and greatest value."""
    if part.stepped:
        return _steps(part, x)
    if part.is_exact:
        return x, part.first
    rising = part.first <= part.last
    px = np.repeat(x, 2)
    values = np.empty(len(px))
    values[0::2] = np.where(rising, part.low, part.high)
    values[1::2] = np.where(rising, part.high, part.low)
    return px, values


def _steps(part: Curve, x: Floats) -> tuple[Floats, Floats]:
    before = np.concatenate((part.first[:1], part.last[:-1]))
    if part.is_exact:
        values = np.column_stack((before, part.first)).ravel()
        return np.repeat(x, 2), values
    values = np.column_stack((before, part.low, part.high, part.last)).ravel()
    return np.repeat(x, 4), values


class Band(NamedTuple):
    """From one pixel to another."""

    left: float
    right: float


def bad_bands(curve: Curve, frame: Frame, until: int) -> list[Band]:
    """Where the source called the value Bad."""
    return _bands(curve, frame, until, bad=True)


def gap_bands(curve: Curve, frame: Frame, until: int) -> list[Band]:
    """Where nothing was recorded."""
    return _bands(curve, frame, until, bad=False)


def _bands(curve: Curve, frame: Frame, until: int, *, bad: bool) -> list[Band]:
    seen = curve.window(frame.start, frame.end)
    if not len(seen):
        return []
    hit = is_bad(seen.statuses) if bad else is_gap(seen.statuses)
    if not hit.any():
        return []
    ends = np.concatenate((seen.times[1:], [max(until, int(seen.times[-1]))]))
    held = ends
    if not seen.is_exact:  # a row that has numbers too is Bad for its own length only
        held = np.where(np.isfinite(seen.low), np.minimum(ends, seen.times + seen.width_ns), ends)
    left = np.clip(frame.x_of(seen.times[hit]), frame.left, frame.right)
    right = np.clip(frame.x_of(held[hit]), frame.left, frame.right)
    bands: list[Band] = []
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if bands and a <= bands[-1].right + 0.5:
            bands[-1] = Band(bands[-1].left, max(b, bands[-1].right))
        elif b > a or a > frame.left:
            bands.append(Band(a, max(b, a + 1.0)))
    return bands
