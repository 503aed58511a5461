"""What one file holds: the rows of a package that are of one UTC day, in the order of readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.export.port import Event, Rows
from hmi.historian.samples import Samples

DAY_NS: Final = 86_400 * 10**9
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SamplePiece:
    """Rows of one day, sorted by key, time, version and revision. ``day``: since 1970-01-01.

    ``codes``: which of ``tags`` each row is of; these are places in the tags of ``rows``, sorted by key.
    """

    day: int
    rows: Rows
    tags: NDArray[np.int64]
    codes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def times(self) -> Ints:
        return self.rows.samples.times

    def texts(self, of: str) -> list[str]:
        """A field of each of ``tags``."""
        return [str(getattr(self.rows.tags[place], of)) for place in self.tags.tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class EventPiece:
    """Events of one day, sorted by number."""

    day: int
    events: tuple[Event, ...]

    def __len__(self) -> int:
        return len(self.events)

    @property
    def times(self) -> Ints:
        return np.array([event.time for event in self.events], np.int64)


Piece = SamplePiece | EventPiece


def date_of(day: int) -> str:
    """As ``YYYY-MM-DD``."""
    return str(np.datetime64(day, "D"))


def sample_pieces(rows: Rows) -> Iterator[SamplePiece]:
    """One for each day, ascending."""
    if not len(rows):
        return
    times = rows.samples.times
    first, last = int(times.min()) // DAY_NS, int(times.max()) // DAY_NS
    if first == last:
        yield _piece(first, rows)
        return
    days = times // DAY_NS
    for day in np.unique(days).tolist():
        yield _piece(day, _taken(rows, np.flatnonzero(days == day)))


def _piece(day: int, rows: Rows) -> SamplePiece:
    keys = [tag.key for tag in rows.tags]
    by_key = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    ranks = np.empty(len(keys), np.uint16 if len(keys) <= 2**16 else np.int64)
    ranks[by_key] = np.arange(len(keys))
    rank = ranks[rows.places]
    counts = np.bincount(rank, minlength=len(keys))
    present = np.flatnonzero(counts)
    codes = np.repeat(np.arange(len(present), dtype=np.int32), counts[present])
    # Rows come in commit order, so a stable sort by key alone (a radix sort for 16 bits) is mostly enough.
    ordered = _taken(rows, np.argsort(rank, kind="stable"))
    if not _is_in_time(ordered.samples.times, counts[present]):
        samples = rows.samples
        ordered = _taken(rows, np.lexsort((rows.revisions, samples.versions, samples.times, rank)))
    return SamplePiece(day, ordered, by_key[present], codes)


def _is_in_time(times: Ints, counts: NDArray[Any]) -> bool:
    """Whether the times of each series, ``counts`` rows after one another, ascend without a double."""
    ascends = times[1:] > times[:-1]
    ascends[np.cumsum(counts[:-1]) - 1] = True
    return bool(ascends.all())


def _taken(rows: Rows, chosen: NDArray[Any]) -> Rows:
    """These rows. Objects stay where they are, and what no file holds is left as it was."""
    samples = rows.samples
    return Rows(
        rows.tags,
        rows.places[chosen],
        Samples(
            samples.times[chosen], samples.bits[chosen], _each(samples.kinds, chosen),
            _each(samples.statuses, chosen), samples.receives[:0], _each(samples.flags, chosen),
            _each(samples.versions, chosen), samples.runs[:0], samples.objects,
        ),
        _each(rows.revisions, chosen),
        _each(rows.deleted, chosen),
    )  # fmt: skip


def _each(column: NDArray[Any], chosen: NDArray[Any]) -> NDArray[Any]:
    """As ``column[chosen]``, and faster where all are the same, as most flags and versions are."""
    if bool((column == column[0]).all()):
        return np.full(len(chosen), column[0], column.dtype)
    return column[chosen]


def event_pieces(events: Sequence[Event]) -> Iterator[EventPiece]:
    """One for each day, ascending."""
    days: dict[int, list[Event]] = {}
    for event in events:
        days.setdefault(event.time // DAY_NS, []).append(event)
    for day in sorted(days):
        yield EventPiece(day, tuple(sorted(days[day], key=lambda event: event.number)))
