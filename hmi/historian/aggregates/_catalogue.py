"""The aggregates of OPC UA Part 13 by name, and what each of them looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Bounds(Enum):
    """Which bounding values an aggregate uses (Part 13 3.1.8 and 3.1.9)."""

    NONE = "none"
    SIMPLE = "simple"
    INTERPOLATED = "interpolated"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``numeric``: works on numbers; anything else counts as Bad. ``partial``: marks incomplete intervals.

    ``stepped`` overrides the way between two samples of the tag (None: as the tag has it).
    """

    name: str
    bounds: Bounds
    numeric: bool = True
    partial: bool = True
    stepped: bool | None = None


_NONE, _SIMPLE, _INTERPOLATED = Bounds.NONE, Bounds.SIMPLE, Bounds.INTERPOLATED
AGGREGATES: Final = (
    Aggregate("Interpolative", _INTERPOLATED, numeric=False, partial=False),
    Aggregate("Average", _NONE, partial=False),
    Aggregate("TimeAverage", _INTERPOLATED, stepped=False),
    Aggregate("TimeAverage2", _SIMPLE),
    Aggregate("Total", _INTERPOLATED),
    Aggregate("Total2", _SIMPLE),
    Aggregate("Minimum", _NONE),
    Aggregate("Maximum", _NONE),
    Aggregate("MinimumActualTime", _NONE),
    Aggregate("MaximumActualTime", _NONE),
    Aggregate("Range", _NONE),
    Aggregate("Minimum2", _SIMPLE),
    Aggregate("Maximum2", _SIMPLE),
    Aggregate("MinimumActualTime2", _SIMPLE),
    Aggregate("MaximumActualTime2", _SIMPLE),
    Aggregate("Range2", _SIMPLE),
    Aggregate("AnnotationCount", _NONE, numeric=False, partial=False),
    Aggregate("Count", _NONE, numeric=False),
    Aggregate("DurationInStateZero", _SIMPLE, stepped=True),
    Aggregate("DurationInStateNonZero", _SIMPLE, stepped=True),
    Aggregate("NumberOfTransitions", _NONE, numeric=False),
    Aggregate("Start", _NONE, numeric=False, partial=False),
    Aggregate("End", _NONE, numeric=False, partial=False),
    Aggregate("Delta", _NONE),
    Aggregate("StartBound", _SIMPLE, numeric=False),
    Aggregate("EndBound", _SIMPLE, numeric=False),
    Aggregate("DeltaBounds", _SIMPLE),
    Aggregate("DurationGood", _SIMPLE, numeric=False),
    Aggregate("DurationBad", _SIMPLE, numeric=False),
    Aggregate("PercentGood", _SIMPLE, numeric=False),
    Aggregate("PercentBad", _SIMPLE, numeric=False),
    Aggregate("WorstQuality", _NONE, numeric=False),
    Aggregate("WorstQuality2", _SIMPLE, numeric=False),
    Aggregate("StandardDeviationSample", _NONE),
    Aggregate("VarianceSample", _NONE),
    Aggregate("StandardDeviationPopulation", _NONE),
    Aggregate("VariancePopulation", _NONE),
)
NAMES: Final = tuple(aggregate.name for aggregate in AGGREGATES)
_BY_KEY: Final = {aggregate.name.lower(): aggregate for aggregate in AGGREGATES}


def named(name: str) -> Aggregate:
    """By its standard name in any case, with or without blanks and the word Aggregate; ValueError for another one."""
    key = "".join(letter for letter in name.lower() if letter.isalnum())
    found = _BY_KEY.get(key) or _BY_KEY.get(key.removesuffix("aggregate"))
    if found is None:
        found = _BY_KEY.get(key.removeprefix("aggregatefunction"))
    if found is None:
        raise ValueError(f"there is no aggregate {name[:60]!r}; use one of: {', '.join(NAMES)}")
    return found
