"""Where the samples of one tag come from, and how they are walked through in pieces of a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.errors import WatchkeeperError
from hmi.core.history import SampleFlag
from hmi.historian.port import ArchiveReader
from hmi.historian.samples import Samples, ValueKind, joined

SEARCH: Final = 200
"""How many samples that cannot be used are passed over on the way to a usable one outside the range."""


class ReadStopped(WatchkeeperError):
    """Whoever asked does not wait any more."""


class Source(Protocol):
    """The samples of one tag. Any way of keeping them can obey it."""

    def samples(self, start: int, end: int) -> Iterator[Samples]:
        """Those with start <= time <= end (UTC ns) in order of (time, version), in pieces of a bounded size."""
        ...

    def before(self, at: int) -> Samples:
        """The newest sample with time < at, or none."""
        ...

    def after(self, at: int) -> Samples:
        """The oldest sample with time > at, or none."""
        ...


class SamplesSource:
    """Samples that are all at hand, in time order; obeys Source."""

    def __init__(self, found: Samples, piece: int = 100_000) -> None:
        self._found, self._piece = found, piece

    def samples(self, start: int, end: int) -> Iterator[Samples]:
        inside = self._found.between(start, end)
        for begin in range(0, len(inside), self._piece):
            yield inside.take(slice(begin, begin + self._piece))

    def before(self, at: int) -> Samples:
        place = int(np.searchsorted(self._found.times, at, side="left"))
        return self._found.take(slice(max(place - 1, 0), place))

    def after(self, at: int) -> Samples:
        place = int(np.searchsorted(self._found.times, at, side="right"))
        return self._found.take(slice(place, place + 1))


class ArchiveSource:
    """One tag of an archive; obeys Source."""

    def __init__(self, reader: ArchiveReader, tag: int) -> None:
        self._reader, self._tag = reader, tag

    def samples(self, start: int, end: int) -> Iterator[Samples]:
        return self._reader.blocks(self._tag, start, end)

    def before(self, at: int) -> Samples:
        return self._reader.before(self._tag, at)

    def after(self, at: int) -> Samples:
        return self._reader.after(self._tag, at)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Neighbouring samples in time order. The first ``old`` of them were in the window before too, or lie before the
    range; ``tail``: so many at the end lie behind the range. ``last``: nothing follows.
    """

    samples: Samples
    old: int
    tail: int = 0
    last: bool = False

    @property
    def new(self) -> slice:
        """The samples of the range that no window before this one held."""
        return slice(self.old, len(self.samples) - self.tail)


Usable = Callable[[Samples], NDArray[np.bool_]]


def windows(
    source: Source, start: int, end: int, usable: Usable, stop: Callable[[], bool], *, wanted: int = 1
) -> Iterator[Window]:
    """All samples of a range with the ones around it, up to ``wanted`` usable ones before it and one behind it.

    Each window begins with the last sample of the window before. ReadStopped when ``stop`` says so.
    """
    kept = with_gaps(joined(_around(source.before, start, usable, wanted)[::-1]))
    old = len(kept)
    for piece in source.samples(start, end):
        if stop():
            raise ReadStopped
        if len(piece):
            whole = with_gaps(joined((kept, piece)))
            yield Window(whole, old)
            kept, old = whole.take(slice(len(whole) - 1, None)), 1
    behind = with_gaps(joined(_around(source.after, end, usable, 1)))
    yield Window(with_gaps(joined((kept, behind))), old, len(behind), last=True)


def _around(step: Callable[[int], Samples], at: int, usable: Usable, wanted: int) -> list[Samples]:
    found: list[Samples] = []
    for _ in range(SEARCH):
        one = step(at)
        if not len(one):
            break
        found.append(one)
        wanted -= int(usable(one).any())
        if wanted <= 0:
            break
        at = int(one.times[0])
    return found


def with_gaps(samples: Samples) -> Samples:
    """A Bad mark right behind the last sample before each gap: nothing is known from there on (standards 7.2)."""
    gaps = (samples.flags & np.uint16(SampleFlag.GAP_BEFORE)) != 0
    gaps[:1] = False
    gaps[1:] &= ~samples.is_bad()[:-1] & (np.diff(samples.times) > 1)
    if not gaps.any():
        return samples
    places = np.flatnonzero(gaps)
    count = len(places)
    marks = Samples(
        samples.times[places - 1] + 1,
        np.zeros(count, np.uint64),
        np.full(count, ValueKind.NONE, np.uint8),
        np.full(count, quality.BAD_NO_DATA, np.uint32),
        samples.receives[places],
        np.full(count, SampleFlag.MARK, np.uint16),
        np.zeros(count, np.uint16),
        samples.runs[places],
    )
    order = np.argsort(np.concatenate((np.arange(len(samples)) * 2, places * 2 - 1)), kind="stable")
    return joined((samples, marks)).take(order)
