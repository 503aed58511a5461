"""What changes behind an hour that gets samples after the fact: until the tag's next sample another value stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite._day_writer import DayWriter
from hmi.stores.sqlite._days import DAY, day_of
from hmi.stores.sqlite._gather import Effects, HourData, OpenCommits
from hmi.stores.sqlite._recent import Mark

Span = tuple[int, int]
"""From the begin of the changed hour to the tag's next sample behind it (UTC ns)."""


class Mending:
    """Collects which tags changed in which hours that were written before, and mends what follows."""

    def __init__(
        self, at: Callable[[Sequence[int], int], Batch], after: Callable[[int, int], Samples]
    ) -> None:
        self._at, self._after = at, after
        self._changed: set[tuple[int, int]] = set()
        self._by_day: dict[int, list[tuple[int, Span]]] = {}

    def note(self, data: HourData) -> None:
        """An hour that was there already."""
        self._changed.update((tag, data.hour) for tag in data.touched())

    def note_commits(
        self, effects: Effects, commits: OpenCommits, mark: Mark, tags: NDArray[np.int32]
    ) -> None:
        """What commits say of times that the day files held already: known again after a run that was cut off."""
        for seq in commits.before(mark.until):
            effect = effects.of(seq)
            for part in (effect.added, effect.removed):
                old = part.samples.times < mark.until
                hours = part.samples.times[old] // HOUR
                self._changed.update(zip(part.tags[old].tolist(), hours.tolist(), strict=True))
        for _, at in commits.holes:
            if at < mark.until:
                self._changed.update((tag, at // HOUR) for tag in tags.tolist())

    def days(self, known: set[int]) -> list[int]:
        """Days whose files are to be mended, of those that are known."""
        self._by_day = {}
        for tag, hour in sorted(self._changed):
            end = (hour + 1) * HOUR
            following = self._after(tag, end - 1)
            last = int(following.times[0]) if len(following) else max(end, (max(known, default=0) + 1) * DAY)
            for day in range(day_of(hour * HOUR), day_of(last) + 1):
                if day in known:
                    self._by_day.setdefault(day, []).append((tag, (hour * HOUR, last)))
        return sorted(self._by_day)

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
