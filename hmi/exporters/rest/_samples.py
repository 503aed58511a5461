"""Recorded samples in pages by tag and time, and aggregates of them. Blocks: called by a working thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import msgspec
import numpy as np

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import ReadProcessed, SampleFlag
from hmi.core.values import DataValue, Value, ValueType
from hmi.export import without_bad_values
from hmi.export.port import ExportTag
from hmi.exporters.rest._problem import bad_request, busy, gone
from hmi.exporters.rest._query import time_text
from hmi.exporters.rest._stamps import stamps
from hmi.exporters.rest._texts import fitting, sound, sound_samples
from hmi.historian.aggregates import ArchiveSource, ReadStopped, processed
from hmi.historian.port import ArchiveReader
from hmi.historian.samples import Samples, unpack

BUDGET_S: Final = 2.0
"""A page ends after that, however few rows it has."""
LONGEST_S: Final = 15.0
"""One aggregate over one page of intervals may take so long."""
MOST_BYTES: Final = 8_000_000
"""About so long is a page at most, or one row."""
TEXTS_AT_ONCE: Final = 100
FAR: Final = 2**62


class Sample(msgspec.Struct, omit_defaults=True):
    """One row. ``flags`` as in the history; ``version``: of several at one instant."""

    tag: str
    time: str
    value: Value
    status: int
    flags: int = 0
    version: int = 0
    simulated: bool = False


class SamplePlace(msgspec.Struct, array_like=True):
    """Behind which row a page ended; ``version`` -1: before all rows of ``time``. ``until``: end of the answer."""

    schema: str
    key: str
    time: int
    version: int
    until: int


class AggregatePlace(msgspec.Struct, array_like=True):
    """``number`` of the calculated series (by tag, then by aggregate) and ``time`` of its next row.

    ``start``: where the intervals begin.
    """

    schema: str
    number: int
    time: int
    until: int
    start: int = 0


class Computed(msgspec.Struct):
    """One row of an aggregate; ``time`` is the begin of its interval."""

    tag: str
    aggregate: str
    time: str
    value: Value
    status: int


@dataclass(frozen=True, slots=True)
class Range:
    """[start, end) in UTC ns, and how many rows at most."""

    start: int
    end: int
    limit: int


@dataclass(frozen=True, slots=True)
class Page:
    """``until``: what is told goes up to there (UTC ns), and was complete when the first page was made."""

    rows: Sequence[Any]
    tags: tuple[ExportTag, ...]
    next: Any
    until: int


def check_schema(at: SamplePlace | AggregatePlace | None, schema: str) -> None:
    """Problem 410 where the list of tags is another one than a cursor was made for."""
    if at is not None and at.schema != schema:
        raise gone("the list of tags has changed since the page before; begin without the cursor")


def samples_page(
    reader: ArchiveReader, series: Sequence[ExportTag], asked: Range, at: SamplePlace | None, schema: str
) -> Page:
    """The next rows, tag by tag in time order. What was recorded after the first page is in none of them."""
    check_schema(at, schema)
    until = at.until if at else min(asked.end, reader.coverage().until + 1)
    numbers, deadline = reader.tags(), time.monotonic() + BUDGET_S
    rows: list[Sample] = []
    told: dict[str, ExportTag] = {}
    room = MOST_BYTES
    for tag in _from(series, at):
        is_within = at is not None and tag.key == at.key
        place = at if is_within else SamplePlace(schema, tag.key, asked.start, -1, until)
        number = numbers.get(tag.key)
        while number is not None and place is not None and place.time < until:
            left = asked.limit - len(rows)
            if time.monotonic() > deadline or (rows and (room <= 0 or not left)):
                return Page(rows, tuple(told.values()), place, until)
            most = min(left, TEXTS_AT_ONCE) if tag.type is ValueType.STRING else left
            found = _read(reader, number, place, most)
            count, size = fitting(found.take(slice(0, most)), room)
            if count:
                told[tag.key] = tag
                rows += sample_rows(tag.key, found.take(slice(0, count)))
                room -= size
            place = _behind(found, count, place) if len(found) > count else None
    return Page(rows, tuple(told.values()), None, until)


def _read(reader: ArchiveReader, number: int, place: SamplePlace, most: int) -> Samples:
    """The rows behind a place, and one more where there are more than ``most``."""
    begin, version = place.time, place.version
    found = reader.read(number, begin, place.until - 1, most + version + 2)
    if version < 0:
        return found
    # the page before ended within or right before this instant
    return found.take((found.times > begin) | (found.versions.astype(np.int64) > version))


def _from(series: Sequence[ExportTag], at: SamplePlace | None) -> Sequence[ExportTag]:
    if at is None:
        return series
    place = next((place for place, tag in enumerate(series) if tag.key == at.key), None)
    if place is None:
        raise gone("the tag of the cursor is not there any more; begin without the cursor")
    return series[place:]


def _behind(found: Samples, told: int, begin: SamplePlace) -> SamplePlace:
    """Behind the last row that is told of a tag; its begin where there is none."""
    if not told:
        return begin
    time_ns, version = int(found.times[told - 1]), int(found.versions[told - 1])
    return SamplePlace(begin.schema, begin.key, time_ns, version, begin.until)


def sample_rows(key: str, samples: Samples) -> list[Sample]:
    """Samples of one tag as they are told."""
    samples = sound_samples(without_bad_values(samples))
    texts = stamps(samples.times)
    values, statuses = unpack(samples.bits, samples.kinds, samples.objects), samples.statuses.tolist()
    if not samples.flags.any() and not samples.versions.any():
        return list(map(Sample, repeat(key), texts, values, statuses))
    simulated = (samples.flags & np.uint16(SampleFlag.SIMULATED) != 0).tolist()
    flags, versions = samples.flags.tolist(), samples.versions.tolist()
    return list(map(Sample, repeat(key), texts, values, statuses, flags, versions, simulated))


def aggregates_page(
    reader: ArchiveReader,
    series: Sequence[ExportTag],
    names: Sequence[str],
    interval_s: int,
    asked: Range,
    at: AggregatePlace | None,
    schema: str,
    *,
    stop: Callable[[], bool],
) -> Page:
    """The next rows: tag by tag, in each the aggregates, in each the intervals.

    They begin at ``start``, without one at a whole number of intervals before the first sample.
    """
    check_schema(at, schema)
    until = at.until if at else min(asked.end, reader.coverage().until + 1)
    numbers, deadline, step = reader.tags(), time.monotonic() + BUDGET_S, interval_s * NS_PER_S
    rows: list[Computed] = []
    told: dict[str, ExportTag] = {}
    start = at.start if at and at.start else asked.start or _first(reader, series) // step * step
    number, begin = (at.number, at.time) if at else (0, start)
    while number < len(series) * len(names):
        tag, name = series[number // len(names)], names[number % len(names)]
        left = asked.limit - len(rows)
        if begin < until and tag.key in numbers:
            if not left or (rows and time.monotonic() > deadline):
                return Page(
                    rows, tuple(told.values()), AggregatePlace(schema, number, begin, until, start), until
                )
            high = min(begin + left * step, begin + -(-(until - begin) // step) * step)
            told[tag.key] = tag
            source = ArchiveSource(reader, numbers[tag.key])
            rows += _computed(source, tag, ReadProcessed(tag.key, begin, high, step, name), until, stop)
            begin = high
            if begin < until:
                continue
        number, begin = number + 1, start
    return Page(rows, tuple(told.values()), None, until)


def _first(reader: ArchiveReader, series: Sequence[ExportTag]) -> int:
    """Time of the first sample there is (UTC ns); ``FAR`` where there is none."""
    numbers = reader.tags()
    found = (reader.after(numbers[tag.key], -1) for tag in series if tag.key in numbers)
    return min((int(one.times[0]) for one in found if len(one)), default=FAR)


def _computed(
    source: ArchiveSource, tag: ExportTag, request: ReadProcessed, until: int, stop: Callable[[], bool]
) -> list[Computed]:
    deadline = time.monotonic() + LONGEST_S
    try:
        found = processed(
            source,
            request,
            tag.is_stepped,
            known_until=until,
            stop=lambda: stop() or time.monotonic() > deadline,
        )
    except ReadStopped:
        raise busy("this takes too long; ask for a shorter range or fewer rows", 10) from None
    except ValueError as error:
        raise bad_request(f"{request.aggregate} of {tag.name} cannot be calculated: {error}") from None
    times = range(request.start, request.end, request.interval_ns)
    return [
        Computed(tag.key, request.aggregate, time_text(at), plain(one), one.status)
        for at, one in zip(times, found, strict=True)
    ]


def plain(value: DataValue) -> Value:
    """Bad is no value."""
    return None if value.status >= quality.BAD else sound(value.value)
