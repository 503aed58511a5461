"""What a station asks of the history beyond raw samples, and the records it gets back (wire format, version 1)."""

from __future__ import annotations

from typing import Final

import msgspec

RAW_PER_PIXEL: Final = 2
"""Up to so many samples per pixel a trend is answered with the samples themselves."""
MOST_PENS: Final = 16
MOST_PIXELS: Final = 8_000


class TrendQuery(msgspec.Struct, frozen=True):
    """What a chart of ``pixels`` columns needs of its tags (ids or names) from ``start`` to ``end`` (UTC ns)."""

    tags: list[str]
    start: int
    end: int
    pixels: int


class TrendSeries(msgspec.Struct, frozen=True):
    """One pen, in columns of one length as little-endian bytes.

    ``exact``: every stored sample (``first`` only; the other numbers are empty), with the one that held at ``start``
    and the one after ``end``. Otherwise one row per column of the chart that holds samples: minimum, maximum, first
    and last of it, so that a spike of one sample is never lost. ``times``: int64, UTC ns, of the sample or of the
    begin of the row. ``first`` … ``mean``: float64, NaN where nothing can be drawn. ``statuses``: uint32, the worst
    of the row. ``breaks``: uint8, 1 where nothing may be drawn from the sample before. ``texts``: texts of the states
    by number. ``stepped``: a value holds until the next one.
    """

    tag_id: str
    exact: bool
    stepped: bool
    level_ns: int
    times: bytes
    first: bytes
    last: bytes
    low: bytes
    high: bytes
    mean: bytes
    statuses: bytes
    breaks: bytes
    problem: str = ""


class TrendAnswer(msgspec.Struct, frozen=True):
    """The pens in the order asked for. ``until``: what is later may still change (UTC ns)."""

    start: int
    end: int
    until: int
    series: list[TrendSeries]


class RangeFigures(msgspec.Struct, frozen=True):
    """One tag between two instants (Part 13 aggregates of the same names); None where there is no Good value.

    ``average`` is time-weighted. ``percent_good`` is of the time; ``seconds_bad`` what is missing of it.
    """

    tag_id: str
    start: int
    end: int
    minimum: float | None = None
    minimum_at: int = 0
    maximum: float | None = None
    maximum_at: int = 0
    average: float | None = None
    deviation: float | None = None
    first: float | None = None
    last: float | None = None
    count: int = 0
    percent_good: float = 0.0
    seconds_bad: float = 0.0


class AnnotationInfo(msgspec.Struct, frozen=True):
    """A remark of a person on a tag at an instant (UTC ns)."""

    id: str
    tag_id: str
    time: int
    text: str
    user: str
    made: int
    deleted: bool = False


class HistoryState(msgspec.Struct, frozen=True):
    """How the history is: newest commit, until when all is durable, what is damaged and what recording says of itself.

    ``problem`` is one sentence while samples are not kept.
    """

    seq: int = 0
    until: int = 0
    compacted: int = 0
    first: int = 0
    bytes: int = 0
    free_bytes: int = 0
    damaged: list[str] = []
    problem: str = ""
