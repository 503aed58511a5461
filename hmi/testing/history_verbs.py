"""The verbs of a FakeClient that are about history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hmi.client.history import AnnotationInfo, HistoryState, RangeFigures, TrendAnswer, TrendQuery
from hmi.core.history import HistoryPage, ReadAtTime, ReadProcessed, ReadRaw
from hmi.core.values import DataValue
from hmi.historian.samples import Samples
from hmi.testing.history import FakeHistory

if TYPE_CHECKING:
    from hmi.client.people import SessionInfo


class HistoryVerbs:
    """Mixed into FakeClient, which checks that the runtime answers and who is signed in."""

    archive: FakeHistory

    def _check(self) -> None:
        raise NotImplementedError

    def _needs(self, role: str) -> None:
        raise NotImplementedError

    def _session(self) -> SessionInfo:
        raise NotImplementedError

    @property
    def columns(self) -> dict[str, Samples]:
        """Recorded samples by tag name in columns (``hmi.testing.history.make_samples``): they are what was."""
        return self.archive.past.columns

    async def read_raw(self, request: ReadRaw) -> HistoryPage:
        self._check()
        return self.archive.past.read_raw(request)

    async def read_at_time(self, request: ReadAtTime) -> HistoryPage:
        self._check()
        return self.archive.at_times(request)

    async def read_processed(self, request: ReadProcessed) -> HistoryPage:
        self._check()
        return self.archive.processed(request)

    async def read_trend(self, query: TrendQuery) -> TrendAnswer:
        self._check()
        return self.archive.trend(query)

    async def range_figures(self, tags: Sequence[str], start: int, end: int) -> list[RangeFigures]:
        self._check()
        return self.archive.figures(tags, start, end)

    async def annotations(self, tags: Sequence[str], start: int, end: int) -> list[AnnotationInfo]:
        self._check()
        return self.archive.annotations(tags, start, end)

    async def annotate(self, tag_id: str, time: int, text: str) -> AnnotationInfo:
        self._check()
        self._needs("acknowledge")
        return self.archive.annotate(tag_id, time, text, self._session().user)

    async def withdraw_annotation(self, annotation_id: str, reason: str) -> None:
        self._check()
        self._needs("acknowledge")
        self.archive.withdraw(annotation_id, reason)

    async def edit_history(
        self, tag_id: str, samples: Sequence[DataValue], reason: str, *, insert: bool = False
    ) -> int:
        self._check()
        self._needs("engineer")
        return self.archive.edit(tag_id, samples)

    async def delete_history(self, tag_id: str, start: int, end: int, reason: str) -> int:
        self._check()
        self._needs("engineer")
        return self.archive.delete(tag_id, start, end)

    async def history_state(self) -> HistoryState:
        self._check()
        return self.archive.state_now()
