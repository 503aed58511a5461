"""Requests to the history in the words of OPC UA Part 11 and what they return."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.core.values import DataValue


@dataclass(frozen=True, slots=True)
class ReadRaw:
    """Stored samples of one tag between two instants (UTC ns); ``limit`` 0 = no limit.

    ``start > end`` reads backwards; ``bounds`` adds the values at or next to the ends.
    """

    tag_id: str
    start: int
    end: int
    limit: int = 0
    bounds: bool = False


@dataclass(frozen=True, slots=True)
class ReadAtTime:
    """Values at exact instants (UTC ns)."""

    tag_id: str
    times: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadProcessed:
    """An aggregate of Part 13 by its standard name over intervals of ``interval_ns``."""

    tag_id: str
    start: int
    end: int
    interval_ns: int
    aggregate: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Samples in time order; ``continuation`` is the start of the next page, 0 at the end."""

    tag_id: str
    samples: tuple[DataValue, ...]
    continuation: int = 0
