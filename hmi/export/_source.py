"""Where the rows of a job come from: the change feed of the archive, and the archive itself for what is older."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.export._progress import Head, Piece
from hmi.export.port import Event, ExportTag, Rows
from hmi.historian.port import ArchiveReader, Commit, CommitKind
from hmi.historian.samples import Samples, ValueKind, joined

MOST_ROWS: Final = 500_000
"""Rows of one package, but never less than one commit."""
PAST_NS: Final = 3_600 * NS_PER_S
"""Of the past an hour at once, and of so many series that they fit at one sample a second: each chunk is read once."""
ALL: Final = slice(None)
FAR: Final = 2**62
"""Later than everything, UTC ns."""
MARGIN_S: Final = 60.0
LIVE_ROWS: Final = 20_000
"""Of one package where the newest values go beside it: they wait for its end."""
_PAGE: Final = 64
_FIRST_PAGE: Final = 4
"""Often the new commits are few, or few of them fill a package: what is read for nothing costs as much."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was read: ``last`` is the newest commit in it, made at ``last_time`` (UTC ns). ``missing``: pairs of
    commits that cannot be read any more. ``rest``: times that were too much at once, to be read out of the archive.
    """

    last: int
    last_time: int
    rows: Rows | None = None
    events: tuple[Event, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    rest: tuple[tuple[int, int], ...] = ()


class Source(Protocol):
    """One kind of content. StorageError where it cannot be read now."""

    series: tuple[ExportTag, ...]
    piece: Piece
    margin: int
    """A sample may be so much older than the commit that brings it (ns)."""

    def head(self) -> Head: ...

    def time_of(self, seq: int) -> int:
        """When the first commit from ``seq`` on was made (UTC ns); 0 where there is none."""
        ...

    def time_at(self, seq: int) -> int:
        """When exactly this commit was made (UTC ns); 0 where it is not there any more."""
        ...

    def earliest(self, since: int) -> int:
        """When the first content from ``since`` on was (UTC ns); 0 where there is none."""
        ...

    def past_end(self, head: Head) -> int:
        """Before that (UTC ns) lies all that commits up to ``head`` have brought."""
        ...

    def settled(self, at: int) -> int:
        """Up to when the content is whole that is made of what was recorded by ``at`` (UTC ns)."""
        ...

    def read(self, first: int, last: int) -> Part:
        """The content of commits, whole, from the first one on; ends early where it would be too much."""
        ...

    def read_past(self, start: int, end: int, places: slice = ALL) -> Part:
        """What the archive holds with start <= source time < end of these series, as it is now."""
        ...

    def newest(self) -> Rows | None:
        """The newest sample of each series; None for events."""
        ...


class SampleSource:
    """Recorded samples with their corrections."""

    def __init__(self, reader: ArchiveReader, series: Sequence[ExportTag], most: int = MOST_ROWS) -> None:
        self.series = tuple(series)
        self._reader, self._most = reader, most
        self.margin = int((MARGIN_S + max((tag.held_s for tag in series), default=0.0)) * NS_PER_S)
        self.piece = Piece(PAST_NS, len(self.series), max(1, most * NS_PER_S // PAST_NS))
        self._place = {tag.key: place for place, tag in enumerate(self.series)}
        self._numbers: dict[int, int] = {}
        """Number in the archive to place; those that are not wanted have -1."""

    def head(self) -> Head:
        return head_of(self._reader)

    def time_of(self, seq: int) -> int:
        found = self._reader.feed(seq - 1, 1)
        return found[0].time if found else 0

    def time_at(self, seq: int) -> int:
        return time_at(self._reader, seq)

    def past_end(self, head: Head) -> int:
        numbers = self._reader.tags()
        known = [numbers[tag.key] for tag in self.series if tag.key in numbers]
        newest = (self._reader.before(number, FAR) for number in known)
        return max((int(one.times[-1]) + 1 for one in newest if len(one)), default=head.until)

    def settled(self, at: int) -> int:
        return at

    def earliest(self, since: int) -> int:
        return earliest_of(self._reader, (tag.key for tag in self.series), since)

    def read(self, first: int, last: int) -> Part:
        chosen: list[Commit] = []
        count, after = 0, first - 1
        size = _FIRST_PAGE
        while after < last and (not chosen or count < self._most):
            page = [one for one in self._reader.feed(after, size) if one.seq <= last]
            if not page:
                break
            size = min(2 * size, _PAGE)
            for commit in page:
                if chosen and count + len(commit.batch) > self._most:
                    after = last
                    break
                chosen.append(commit)
                count += len(commit.batch)
                after = commit.seq
        return self._part(chosen, first, last)

    def _part(self, commits: Sequence[Commit], first: int, last: int) -> Part:
        if not commits:
            return Part(last, 0, no_rows(self.series), missing=((first, last),))
        places, samples, revisions, deleted = [], [], [], []
        for commit in commits:
            place = self._places(commit.batch.tags)
            mask = place >= 0
            places.append(place[mask])
            samples.append(commit.batch.samples.take(mask))
            revisions.append(np.full(int(mask.sum()), commit.seq, np.int64))
            deleted.append(np.full(int(mask.sum()), commit.kind is CommitKind.DELETE, np.bool_))
        rows = Rows(
            self.series,
            np.concatenate(places).astype(np.int32),
            without_bad_values(joined(samples)),
            np.concatenate(revisions),
            np.concatenate(deleted),
        )
        return Part(commits[-1].seq, commits[-1].time, rows, missing=tuple(_missing(commits, first)))

    def read_past(self, start: int, end: int, places: slice = ALL) -> Part:
        head = self.head()
        numbers = self._reader.tags()
        found, samples = [], []
        for place in range(len(self.series))[places]:
            tag = self.series[place]
            number = numbers.get(tag.key)
            if number is None:
                continue
            for piece in self._reader.blocks(number, start, end - 1):
                found.append(np.full(len(piece), place, np.int32))
                samples.append(piece)
        if not samples:
            return Part(0, end, no_rows(self.series))
        return Part(0, end, self._rows(np.concatenate(found), joined(samples), head.seq))

    def newest(self) -> Rows:
        numbers = self._reader.tags()
        known = [numbers[tag.key] for tag in self.series if tag.key in numbers]
        head = self.head()
        batch = self._reader.at(known, head.until)
        return self._rows(self._places(batch.tags), batch.samples, head.seq)

    def _rows(self, places: np.ndarray, samples: Samples, revision: int) -> Rows:
        count = len(samples)
        return Rows(
            self.series,
            places.astype(np.int32),
            without_bad_values(samples),
            np.full(count, revision, np.int64),
            np.zeros(count, np.bool_),
        )

    def _places(self, numbers: np.ndarray) -> np.ndarray:
        """Place in ``series`` of each number of the archive, -1 for a tag that is not delivered."""
        distinct, inverse = np.unique(numbers, return_inverse=True)
        if any(number not in self._numbers for number in distinct.tolist()):
            known = {number: self._place.get(key, -1) for key, number in self._reader.tags().items()}
            self._numbers = known
        found = np.array([self._numbers.get(number, -1) for number in distinct.tolist()], np.int64)
        return found[inverse] if len(distinct) else np.zeros(0, np.int64)


def _missing(commits: Sequence[Commit], first: int) -> Iterator[tuple[int, int]]:
    expected = first
    for commit in commits:
        if commit.seq > expected:
            yield expected, commit.seq - 1
        expected = commit.seq + 1


def head_of(reader: ArchiveReader) -> Head:
    """The state of the feed of an archive."""
    coverage = reader.coverage()
    newest = reader.feed(coverage.seq - 1, 1) if coverage.seq else []
    return Head(coverage.seq, newest[0].time if newest else 0, coverage.first_seq, coverage.until)


def time_at(reader: ArchiveReader, seq: int) -> int:
    """When exactly this commit was made (UTC ns); 0 where it is not there."""
    found = reader.feed(seq - 1, 1) if seq > 0 else []
    return found[0].time if found and found[0].seq == seq else 0


def earliest_of(reader: ArchiveReader, keys: Iterable[str], since: int) -> int:
    """Source time of the first sample of these tags from ``since`` on (UTC ns); 0 where there is none."""
    numbers = reader.tags()
    firsts = (reader.after(numbers[key], since - 1) for key in keys if key in numbers)
    return min((int(first.times[0]) for first in firsts if len(first)), default=0)


def no_rows(series: Sequence[ExportTag]) -> Rows:
    return Rows(
        tuple(series), np.zeros(0, np.int32), Samples.empty(), np.zeros(0, np.int64), np.zeros(0, np.bool_)
    )


def without_bad_values(samples: Samples) -> Samples:
    """A Bad sample has its status and no value: a receiver must never take what was known last for a value."""
    bad = samples.is_bad() & (samples.kinds != ValueKind.NONE)
    if not bool(bad.any()):
        return samples
    kinds, bits = samples.kinds.copy(), samples.bits.copy()
    kinds[bad], bits[bad] = ValueKind.NONE, 0
    return Samples(
        samples.times, bits, kinds, samples.statuses, samples.receives, samples.flags, samples.versions,
        samples.runs, samples.objects,
    )  # fmt: skip


def taken(rows: Rows, chosen: np.ndarray) -> Rows:
    """The rows that a mask or an index chooses."""
    return Rows(
        rows.tags,
        rows.places[chosen],
        rows.samples.take(chosen),
        rows.revisions[chosen],
        rows.deleted[chosen],
    )


def without(rows: Rows, places: Iterable[int]) -> Rows:
    """All but the rows at these places."""
    keep = np.ones(len(rows), np.bool_)
    keep[list(places)] = False
    return taken(rows, keep)
