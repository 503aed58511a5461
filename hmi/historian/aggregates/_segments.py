"""What holds between neighbouring samples: segments, their pieces per interval, and bounding values at the edges.

Both ways of bounding (Part 13 3.1.8 and 3.1.9) end in the same columns, so that all time-based aggregates are sums
over pieces that lie in one interval each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.values import Value
from hmi.historian.aggregates._status import (
    BAD_CLASS,
    GOOD_CLASS,
    INTERPOLATED,
    UNCERTAIN_CLASS,
    of_class,
    with_bits,
)
from hmi.historian.samples import Floats, Samples, Times

Classes = NDArray[np.uint8]
Places = NDArray[np.int64]


class Bound(NamedTuple):
    """A bounding value: ``number`` is NaN where it is none, ``usable`` as the configuration says."""

    value: Value
    status: int
    number: float
    usable: bool


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """One row for each stretch from a sample to the next. ``first``, ``last``: value at its two ends.

    ``at_begin``: class of the sample. ``inside``: class of the stretch, and of a bound within it. ``rows``: the sample
    of each begin; ``exact``: that sample is the bound at its own instant; ``sloped``: a line, else the value stands.
    """

    begins: Times
    ends: Times
    first: Floats
    last: Floats
    at_begin: Classes
    inside: Classes
    rows: Samples
    exact: NDArray[np.bool_]
    sloped: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Stretches that lie in one interval each, in time order. ``starts``: class of the value each begins with;
    ``classes``: of the stretch. ``lengths`` in ns.
    """

    intervals: Places
    lengths: Times
    first: Floats
    last: Floats
    starts: Classes
    classes: Classes


def pieces_of(segments: Segments, edges: Times, bad_bounds: bool) -> Pieces:
    """Cut at the edges. ``bad_bounds``: an Uncertain bound counts as Bad for the piece that it begins."""
    kept = np.flatnonzero(
        (segments.ends > segments.begins) & (segments.ends > edges[0]) & (segments.begins < edges[-1])
    )
    begins, ends = segments.begins[kept], segments.ends[kept]
    low, high = np.maximum(begins, edges[0]), np.minimum(ends, edges[-1])
    inner = np.searchsorted(edges, low, side="right")
    counts = np.searchsorted(edges, high, side="left") - inner + 1
    of = np.repeat(np.arange(len(kept)), counts)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = inner[of] + nth
    start = np.where(nth == 0, low[of], edges[at - 1])
    end = np.where(nth == counts[of] - 1, high[of], edges[np.minimum(at, len(edges) - 1)])
    rise = (segments.last[kept] - segments.first[kept]) / (ends - begins)
    first = segments.first[kept]
    is_bound = (nth > 0) | (low > begins)[of]
    inside = segments.inside[kept][of]
    classes = np.where(is_bound & bad_bounds & (inside == UNCERTAIN_CLASS), BAD_CLASS, inside)
    return Pieces(
        np.searchsorted(edges, start, side="right") - 1,
        end - start,
        first[of] + rise[of] * (start - begins[of]),
        first[of] + rise[of] * (end - begins[of]),
        np.where(is_bound, inside, segments.at_begin[kept][of]).astype(np.uint8),
        classes.astype(np.uint8),
    )


def bounds_of(segments: Segments, edges: Times, usable_class: int) -> dict[int, Bound]:
    """Bounding values at the edges that lie in a segment or at its begin, by place of the edge."""
    low = np.searchsorted(edges, segments.begins, side="left")
    counts = np.maximum(np.searchsorted(edges, segments.ends, side="left") - low, 0)
    of = np.repeat(np.arange(len(counts)), counts)
    places = low[of] + np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    if not len(of):
        return {}
    values = segments.rows.take(of).values()
    columns = [
        one.tolist()
        for one in (
            edges[places] == segments.begins[of],
            segments.exact[of],
            segments.sloped[of],
            segments.inside[of],
            segments.at_begin[of],
            _at(segments, of, edges[places]),
            segments.first[of],
        )
    ]
    found: dict[int, Bound] = {}
    for place, value, on_sample, exact, sloped, inside, at_begin, line, held in zip(
        places.tolist(), values, *columns, strict=True
    ):
        if on_sample and exact:
            content = None if value.is_bad else value.value
            found[place] = Bound(content, value.status, held, at_begin <= usable_class)
        elif inside == BAD_CLASS:
            found[place] = NO_BOUND
        else:
            status = with_bits(of_class(inside), INTERPOLATED)
            number = line if sloped else held
            found[place] = Bound(line if sloped else value.value, status, number, inside <= usable_class)
    return found


NO_BOUND = Bound(None, quality.BAD_NO_DATA, float("nan"), False)


def _at(segments: Segments, of: Places, times: Times) -> Floats:
    lengths = np.maximum(segments.ends - segments.begins, 1)[of]
    share = (times - segments.begins[of]) / lengths
    return segments.first[of] + share * (segments.last[of] - segments.first[of])


def classes_of(samples: Samples, numeric: bool) -> Classes:
    """Severity of each sample; where numbers are needed anything else is Bad."""
    classes = np.where(samples.is_bad(), BAD_CLASS, np.where(samples.is_good(), GOOD_CLASS, UNCERTAIN_CLASS))
    if numeric:
        classes[np.isnan(samples.numbers())] = BAD_CLASS
    return classes.astype(np.uint8)
