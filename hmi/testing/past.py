"""The recorded past of a FakeClient: what a test put into it, else a wandering line; the same each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from hmi.client.port import PlantInfo
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import HistoryPage, ReadRaw, page_of, source_time
from hmi.core.quality import GOOD
from hmi.core.values import DataValue, bad

PAST_NS = 7 * 86_400 * NS_PER_S


class FakePast:
    """Reads like a historian. ``values`` are the present ones and ``recorded`` replaces the line, by tag name.

    ``now``: session time, UTC ns.
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

    def read_raw(self, request: ReadRaw) -> HistoryPage:
        """Pages as a historian gives them; ``end`` 0 is now."""
        request = replace(request, end=request.end or self._now())
        low, high = sorted((request.start, request.end))
        return page_of(self._samples(request.tag_id, low, high), request)

    def read_at(self, tag_id: str, at: int) -> DataValue:
        """The value that held at ``at``; BadNoData where there is none."""
        before = [one for one in self._samples(tag_id, at - 10 * NS_PER_S, at) if one.source_time <= at]
        return before[-1] if before else bad(quality.BAD_NO_DATA, at)

    def _samples(self, tag_id: str, low: int, high: int) -> list[DataValue]:
        name = self._names.get(tag_id, "")
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
