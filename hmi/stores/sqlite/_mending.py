"""What changes behind an hour that gets samples after the fact: until the tag's next sample another value stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian.rollups import HOUR, begins_of
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite._day_writer import DayWriter
from hmi.stores.sqlite._days import DAY, day_of
from hmi.stores.sqlite._gather import OpenCommits
from hmi.stores.sqlite._recent import Mark
from hmi.stores.sqlite._sources import Effects

Span = tuple[int, int]
"""From the begin of the changed hours to the tag's next sample behind them (UTC ns)."""
_BIAS: Final = 1 << 31
_LOW: Final = (1 << 32) - 1


class Mending:
    """Collects which tags changed in which hours that were written before, and mends what follows."""

    def __init__(
        self, at: Callable[[Sequence[int], int], Batch], after: Callable[[int, int], Samples]
    ) -> None:
        self._at, self._after = at, after
        self.without_keyframes: set[int] = set()
        """Days that were begun by this run, without a keyframe that would have to be mended."""
        self._changed: set[tuple[int, int]] = set()
        self._written: set[tuple[int, int]] = set()
        self._by_day: dict[int, list[tuple[int, Span]]] = {}

    def note(self, tags: Iterable[int], hours: Iterable[int]) -> None:
        """Hours that were there already and have been written again, knowing what stood before them."""
        written = set(product(tags, hours))
        self._changed |= written
        self._written |= written

    def note_commits(
        self, effects: Effects, commits: OpenCommits, mark: Mark, tags: NDArray[np.int32]
    ) -> None:
        """What commits say of times that the day files held already: known again after a run that was cut off."""
        for seq in commits.before(mark.until):
            effect = effects.of(seq)
            for part in (effect.added, effect.removed):
                self._changed |= _hours_before(mark.until, part)
        for _, at in commits.holes:
            if at < mark.until:
                self._changed.update((tag, at // HOUR) for tag in tags.tolist())

    def days(self, known: set[int]) -> list[int]:
        """Days whose files are to be mended, of those that are known."""
        self._by_day = {}
        for tag, hours in self._runs():
            end = hours.stop * HOUR
            following = self._after(tag, end - 1)
            last = int(following.times[0]) if len(following) else max(end, (max(known, default=0) + 1) * DAY)
            for day in range(day_of(hours.start * HOUR), day_of(last) + 1):
                if day in known and (day_of(last) == day or day not in self.without_keyframes):
                    self._by_day.setdefault(day, []).append((tag, (hours.start * HOUR, last)))
        return sorted(self._by_day)

    def _runs(self) -> Iterator[tuple[int, range]]:
        """(tag, hours that follow one another): none but the first needs to be told what stands before it now."""
        begun: tuple[int, range] | None = None
        for tag, hour in sorted(self._changed):
            if (
                begun is not None
                and begun[0] == tag
                and begun[1].stop == hour
                and (tag, hour) in self._written
            ):
                begun = tag, range(begun[1].start, hour + 1)
                continue
            if begun is not None:
                yield begun
            begun = tag, range(hour, hour + 1)
        if begun is not None:
            yield begun

    def mend(self, writer: DayWriter) -> None:
        """Rollups of the next hour with samples, and keyframes until then, in one day file."""
        spans = self._by_day[writer.day]
        for tag, (_, last) in spans:
            if day_of(last) == writer.day:
                hour = last // HOUR
                writer.mend_rollups(tag, hour, self._at([tag], hour * HOUR - 1).samples)
        low, high = min(span[0] for _, span in spans), max(span[1] for _, span in spans)
        for time in writer.keyframe_times(low, high):
            tags = sorted({tag for tag, (start, end) in spans if start <= time <= end})
            if tags:
                writer.mend_keyframe(time, np.array(tags, np.int32), self._at(tags, time))


def _hours_before(until: int, batch: Batch) -> set[tuple[int, int]]:
    """(tag, hour since the epoch) of what a batch says of times before ``until`` (UTC ns)."""
    tags, times = batch.tags, batch.samples.times
    if len(tags) and bool((tags == tags[0]).all()) and bool((times[1:] >= times[:-1]).all()):
        times = times[: int(np.searchsorted(times, until))]
        hours = times[begins_of(times, HOUR)] // HOUR if len(times) else times
        return {(int(tags[0]), hour) for hour in hours.tolist()}
    old = times < until
    both = tags[old].astype(np.int64) << 32 | times[old] // HOUR + _BIAS
    both = both[np.diff(both, prepend=-1) != 0]
    return set(zip((both >> 32).tolist(), ((both & _LOW) - _BIAS).tolist(), strict=True))
