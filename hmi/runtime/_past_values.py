"""Values as a display showed them then: of a value that is recorded as a line only the corners are stored."""

from __future__ import annotations

from collections.abc import Sequence

from hmi.core.clock import NS_PER_MS
from hmi.core.history import HistoryPage, ReadRaw, SampleFlag
from hmi.core.replay import between
from hmi.core.values import DataValue
from hmi.historian import History
from hmi.project.plant import Plant

PERIODS = 2
"""Samples no further apart than so many scan periods follow each other: nothing was left out between them."""


class ShownPast:
    """Reads like the history, with values between two samples where a tag is recorded so (standards 7.1)."""

    def __init__(self, history: History, plant: Plant) -> None:
        self._history, self._plant = history, plant

    def read_raw(self, request: ReadRaw) -> HistoryPage:
        return self._history.read_raw(request)

    def line_ns(self, tag_id: str) -> int:
        """0 where every change is stored: then each value stood until the next one came."""
        tag = self._plant.by_id.get(tag_id)
        if tag is None or tag.record.is_stepped or not tag.record.compression:
            return 0
        scan = self._plant.scan_classes.get(tag.scan)
        return PERIODS * (scan.period_ms if scan else 1_000) * NS_PER_MS

    def values_at(self, tag_ids: Sequence[str], at: int) -> list[DataValue]:
        """What was shown of each tag at ``at`` (UTC ns)."""
        held = self._history.values_at(tag_ids, at)
        return [self._shown(tag_id, value, at) for tag_id, value in zip(tag_ids, held, strict=True)]

    def _shown(self, tag_id: str, held: DataValue, at: int) -> DataValue:
        if not isinstance(held.value, float) or held.source_time >= at:
            return held
        if not (line_ns := self.line_ns(tag_id)):
            return held
        following = self._history.after(tag_id, at)
        if not len(following) or int(following.flags[0]) & SampleFlag.GAP_BEFORE:
            return held
        return between(held, following.values()[0], at, line_ns)
