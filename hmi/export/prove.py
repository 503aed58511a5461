"""What a receiver has to have: the end of the chain, and of each series up to when it is final and where it has gaps.

Told apart are a gap (nothing is known, with the reason), what compression left out on purpose (``compressed``), and
what is not final yet (``final_until``): design 2b.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from hmi.core.clock import NS_PER_S
from hmi.export._aggregates import SETTLE_NS
from hmi.export._progress import Progress
from hmi.export._source import head_of
from hmi.export.digest import schema_digest
from hmi.export.port import ExportTag
from hmi.historian import COLLECTOR
from hmi.historian.aggregates import ArchiveSource
from hmi.historian.coverage import gaps_of
from hmi.historian.port import ArchiveReader

FORMAT: Final = "watchkeeper-statement/1"


def statement(
    stream: str,
    progress: Progress,
    series: Sequence[ExportTag],
    reader: ArchiveReader | None,
    span: tuple[int, int],
    *,
    made: int,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """The statement as JSON content. ``span``: UTC ns between which gaps are told; ``reader`` None: of events."""
    waiting = [[one.first, one.last] for one in progress.waiting]
    past = [[one.start, one.end] for one in progress.past]
    return {
        "format": FORMAT,
        "stream": stream,
        "number": progress.number,
        "digest": progress.digest,
        "delivered_until": progress.live_time,
        "waiting": waiting,
        "waiting_past": past,
        "dropped": progress.dropped_total,
        "quarantined": progress.quarantined,
        "schema": schema_digest(series),
        "from": span[0],
        "to": span[1],
        "made": made,
        "series": list(_series(series, reader, span, stop)) if reader is not None else [],
    }


def _series(
    series: Sequence[ExportTag], reader: ArchiveReader, span: tuple[int, int], stop: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    numbers, until = reader.tags(), reader.coverage().until
    marks = _marks(reader, numbers.get(COLLECTOR, 0), span)
    start, end = span[0], min(span[1], until)
    for tag in series:
        number = numbers.get(tag.key.partition("/")[0], 0)
        if not number or end <= start:
            yield {
                "key": tag.key,
                "name": tag.name,
                "final_until": 0,
                "compressed": tag.is_compressed,
                "gaps": [],
            }
            continue
        source = ArchiveSource(reader, number)
        found = gaps_of(source.before(start), source.samples(start, end), start, end, marks, stop)
        yield {
            "key": tag.key,
            "name": tag.name,
            "final_until": _final(reader, number, tag, end),
            "compressed": tag.is_compressed,
            "gaps": [
                {"start": one.start, "end": one.end, "reasons": one.reason.words, "open": one.is_open}
                for one in found.gaps
            ],
            "told_until": found.until,
        }


def _final(reader: ArchiveReader, number: int, tag: ExportTag, end: int) -> int:
    """What is held back of a compressed series may still become a sample: it is final up to its newest stored one."""
    if tag.aggregate:
        return min(_ended(tag, end), _settled(reader, number, tag))
    return _newest(reader, number, end) if tag.is_compressed else end


def _settled(reader: ArchiveReader, number: int, tag: ExportTag) -> int:
    """The end of the last interval that is delivered and that no sample to come is a part of: the next one of a
    compressed series may have been before now, and a line is drawn to the next one when it is there.
    """
    head = head_of(reader)
    ended = _ended(tag, max(0, min(head.time, head.until) - SETTLE_NS))
    if tag.was_stepped and not tag.was_compressed:
        return ended
    return min(ended, _ended(tag, _newest(reader, number, head.until)))


def _ended(tag: ExportTag, at: int) -> int:
    interval = tag.interval_s * NS_PER_S
    return at // interval * interval


def _newest(reader: ArchiveReader, number: int, end: int) -> int:
    found = reader.before(number, end + 1)
    return int(found.times[-1]) if len(found) else 0


def _marks(reader: ArchiveReader, number: int, span: tuple[int, int]) -> list[int]:
    """When the recorder began and ended."""
    if not number:
        return []
    return [at for piece in reader.blocks(number, *span) for at in piece.times.tolist()]
