"""Min/max decimation of one pen: two points a column, columns aligned to absolute time, gaps kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def decimate(times: Floats, values: Floats, start: float, end: float, columns: int) -> tuple[Floats, Floats]:
    """The curve between two instants; NaN values are gaps and stay gaps, a single spike stays a spike.

    Columns begin at whole multiples of their width, so that a scrolling curve does not shimmer. One sample
    before and after the window is kept, so that lines run to the edge.
    """
    first = max(int(np.searchsorted(times, start)) - 1, 0)
    last = min(int(np.searchsorted(times, end, side="right")) + 1, len(times))
    t, v = times[first:last], values[first:last]
    if len(t) <= 2 * columns:
        return t, v
    width = (end - start) / columns
    good = np.isfinite(v)
    runs = np.cumsum(~good)[good]
    t, v = t[good], v[good]
    if not len(t):
        return t, v
    buckets = np.floor(t / width).astype(np.int64)
    begins = np.flatnonzero(np.concatenate(([True], (np.diff(buckets) != 0) | (np.diff(runs) != 0))))
    return _points(t, v, runs, begins)


def _points(
    t: Floats, v: Floats, runs: NDArray[np.int64], begins: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    ends = np.concatenate((begins[1:], [len(t)])) - 1
    low, high = np.minimum.reduceat(v, begins), np.maximum.reduceat(v, begins)
    rising = v[begins] <= v[ends]
    out_t = np.empty(2 * len(begins))
    out_v = np.empty(2 * len(begins))
    out_t[0::2], out_t[1::2] = t[begins], t[ends]
    out_v[0::2] = np.where(rising, low, high)
    out_v[1::2] = np.where(rising, high, low)
    breaks = np.flatnonzero(np.diff(runs[begins])) + 1
    where = 2 * breaks
    return np.insert(out_t, where, out_t[where - 1]), np.insert(out_v, where, np.nan)


def pieces(values: Floats) -> list[tuple[int, int]]:
    """Ranges [begin, end) of unbroken values."""
    good = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(np.diff(good.astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[0::2], edges[1::2], strict=True)]


def nice_scale(low: float, high: float, steps: int = 5) -> tuple[float, float, float]:
    """A round scale that holds ``low`` to ``high``: lower end, upper end, step."""
    span = high - low
    if not np.isfinite(span) or span <= 0:
        span = abs(high) * 0.1 or 1.0
        low, high = low - span / 2, high + span / 2
    raw = span / steps
    size = 10.0 ** np.floor(np.log10(raw))
    step = float(next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw * 0.999))
    bottom, top = np.floor(low / step + 1e-9) * step, np.ceil(high / step - 1e-9) * step
    return min(round(float(bottom), 12), low), max(round(float(top), 12), high), step
