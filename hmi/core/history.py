"""Requests to the history in the words of OPC UA Part 11 and what they return."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntFlag

from hmi.core.values import DataValue

PAGE = 10_000


class SampleFlag(IntFlag):
    """What is known of one stored sample besides its status (standards 7.2)."""

    BACKFILL = 1
    """Came after the fact, out of the history of its source or of a person."""
    LATE = 2
    """Came with an older source time than one recorded before it."""
    EDITED = 4
    SIMULATED = 8
    OVERFLOW = 16
    """The queue of its source ran over before it: samples are missing."""
    GAP_BEFORE = 32
    """Nothing is known between the sample before and this one: never draw or integrate across."""
    ANNOTATED = 64
    RECEIVED_TIME = 128
    """The source gave no time: the source time is the receive time."""
    MARK = 256
    """No value of the plant: the collector started, stopped, or lost its source."""


@dataclass(frozen=True, slots=True)
class ReadRaw:
    """Stored samples of one tag between two instants (UTC ns); ``limit`` 0 = the usual page.

    ``start > end`` reads backwards; ``bounds`` adds the values at or next to the ends. ``modified`` asks for the
    versions that were replaced or deleted instead (ReadModified, Part 11 6.4.3). ``continued``: ``start`` is where an
    earlier page said that this one begins, so that the bound before it is known.
    """

    tag_id: str
    start: int
    end: int
    limit: int = 0
    bounds: bool = False
    modified: bool = False
    continued: bool = False


@dataclass(frozen=True, slots=True)
class ReadAtTime:
    """Values at exact instants (UTC ns)."""

    tag_id: str
    times: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AggregateConfiguration:
    """How an aggregate judges quality (Part 13 4.2.1.2); the defaults of the standard."""

    treat_uncertain_as_bad: bool = True
    percent_bad: int = 100
    percent_good: int = 100
    sloped_extrapolation: bool = False


@dataclass(frozen=True, slots=True)
class ReadProcessed:
    """An aggregate of Part 13 by its standard name over intervals of ``interval_ns`` (0: one, the whole range).

    ``stepped`` None takes the tag's own way between two samples. ``start > end`` runs backwards.
    """

    tag_id: str
    start: int
    end: int
    interval_ns: int
    aggregate: str
    stepped: bool | None = None
    configuration: AggregateConfiguration = field(default_factory=AggregateConfiguration)


@dataclass(frozen=True, slots=True)
class Modification:
    """Who replaced or deleted a stored sample, when (UTC ns) and why (Part 11 ModificationInfo)."""

    user: str
    time: int
    reason: str
    act: str
    """insert, replace or delete."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Samples in time order; ``continuation`` is the start of the next page, 0 at the end.

    ``flags`` (``SampleFlag``) and ``modifications`` are as long as ``samples``, or empty where nothing is to be told.
    """

    tag_id: str
    samples: tuple[DataValue, ...]
    continuation: int = 0
    flags: tuple[int, ...] = ()
    modifications: tuple[Modification, ...] = ()


def page_of(samples: Sequence[DataValue], request: ReadRaw) -> HistoryPage:
    """The answer to ``request`` from all ``samples`` of its tag, which are ordered by source time.

    At most ``limit`` samples (``PAGE`` without one), more only where one instant holds more.
    """
    low, high = sorted((request.start, request.end))
    first = bisect_left(samples, low, key=source_time)
    last = bisect_right(samples, high, key=source_time)
    if request.bounds:
        first, last = max(first - 1, 0), min(last + 1, len(samples))
    chosen = samples[first:last]
    if request.start > request.end:
        chosen = chosen[::-1]
    cut = _cut(chosen, request.limit or PAGE)
    following = chosen[cut].source_time if len(chosen) > cut else 0
    return HistoryPage(request.tag_id, tuple(chosen[:cut]), following)


def source_time(value: DataValue) -> int:
    """What samples are ordered by."""
    return value.source_time


def _cut(chosen: Sequence[DataValue], limit: int) -> int:
    """Where a page ends: between two instants, so that the next one repeats and loses nothing.

    Samples of one instant stay together, also when they are more than ``limit``.
    """
    cut = min(limit, len(chosen))
    while 0 < cut < len(chosen) and chosen[cut].source_time == chosen[cut - 1].source_time:
        cut -= 1
    if cut:
        return cut
    first = chosen[0].source_time if chosen else 0
    return next((i for i, one in enumerate(chosen) if one.source_time != first), len(chosen))
