"""The recorded past of a FakeClient: what a test put into it, else a wandering line; the same each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hmi.client.port import PlantInfo
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import HistoryPage, ReadRaw, page_of, source_time
from hmi.core.quality import GOOD
from hmi.core.values import DataValue, bad
from hmi.historian.samples import Samples

PAST_NS = 7 * 86_400 * NS_PER_S


class FakePast:
    """Reads like a historian. ``values`` are the present ones and ``recorded`` replaces the line, by tag name.

    ``columns`` replaces both: many samples of a tag at once. ``now``: session time, UTC ns.
    """

    def __init__(
        self,
        plant: PlantInfo,
        values: Mapping[str, DataValue],
        recorded: Mapping[str, list[DataValue]],
        now: Callable[[], int],
    ) -> None:
        self._names = {tag.id: tag.name for tag in plant.tags}
        self._values, self._recorded, self._now = values, recorded, now
        self.columns: dict[str, Samples] = {}

    def read_raw(self, request: ReadRaw) -> HistoryPage:
        """Pages as a historian gives them; ``end`` 0 is now."""
        request = replace(request, end=request.end or self._now())
        low, high = sorted((request.start, request.end))
        return page_of(self._samples(request.tag_id, low, high), request)

    def read_at(self, tag_id: str, at: int) -> DataValue:
        """The value that held at ``at``; BadNoData where there is none."""
        before = [one for one in self._samples(tag_id, at - 10 * NS_PER_S, at) if one.source_time <= at]
        return before[-1] if before else bad(quality.BAD_NO_DATA, at)

    def values_at(self, tag_ids: Sequence[str], at: int) -> list[DataValue]:
        return [self.read_at(tag_id, at) for tag_id in tag_ids]

    def line_ns(self, tag_id: str) -> int:
        """Every value stands until the next one."""
        return 0

    def columns_of(self, tag_id: str, start: int, end: int) -> Samples:
        """The samples of a range with the one that held at its start and the one after its end."""
        found = self._columns(tag_id, start, end)
        first = max(int(np.searchsorted(found.times, start, side="right")) - 1, 0)
        return found.take(slice(first, int(np.searchsorted(found.times, end, side="right")) + 1))

    def _columns(self, tag_id: str, start: int, end: int) -> Samples:
        own = self.columns.get(self._names.get(tag_id, ""))
        if own is not None:
            return own
        return Samples.of(self._samples(tag_id, start - 10 * NS_PER_S, min(end + 10 * NS_PER_S, self._now())))

    def _samples(self, tag_id: str, low: int, high: int) -> list[DataValue]:
        name = self._names.get(tag_id, "")
        if (own := self.columns.get(name)) is not None:
            # with the neighbours that bounds ask for
            first = max(int(np.searchsorted(own.times, low, side="right")) - 1, 0)
            return own.take(slice(first, int(np.searchsorted(own.times, high, side="right")) + 1)).values()
        recorded = self._recorded.get(name)
        if recorded is not None:
            return sorted(recorded, key=source_time)
        return wave(self._values.get(name), low, high, seed=sum(map(ord, name)))


def wave(last: DataValue | None, start: int, end: int, *, seed: int = 0, step_s: int = 5) -> list[DataValue]:
    """A wandering past that ends at the present value, the same each time; no more than ``PAST_NS`` of it."""
    if last is None or isinstance(last.value, bool) or not isinstance(last.value, int | float):
        return []
    points: list[DataValue] = []
    step = step_s * NS_PER_S
    first = max(start, end - PAST_NS)
    for at in range(first - first % step, end, step):
        left = (end - at) / NS_PER_S
        swing = math.sin(left / 700 + seed) + 0.4 * math.sin(left / 97 + seed) + 0.15 * math.sin(left * 1.7)
        rest = math.sin(seed) + 0.4 * math.sin(seed)
        points.append(DataValue(float(last.value) * (1 + 0.02 * (swing - rest)), GOOD, at, at))
    return points
