"""The verbs of a socket client that are about history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec

from hmi.client._decode import converted, history_page
from hmi.client.history import AnnotationInfo, HistoryState, RangeFigures, TrendAnswer, TrendQuery
from hmi.core.errors import CommunicationError
from hmi.core.history import AggregateConfiguration, HistoryPage, ReadAtTime, ReadProcessed, ReadRaw
from hmi.core.values import DataValue

TIMES_AT_ONCE: Final = 500
EDITS_AT_ONCE: Final = 5_000
READ_LIMIT: Final = httpx.Timeout(15.0, read=180.0)
"""A long range takes its time to be read."""
T = TypeVar("T")
_USUAL: Final = AggregateConfiguration()


class SocketHistory:
    """Mixed into SocketClient, which makes the requests."""

    async def _request(self, method: str, path: str, **content: Any) -> bytes:
        raise NotImplementedError

    async def read_raw(self, request: ReadRaw) -> HistoryPage:
        query = {"tag": request.tag_id, "start": request.start, "end": request.end, "limit": request.limit}
        asked = {"bounds": request.bounds, "modified": request.modified, "continued": request.continued}
        query |= {name: 1 for name, wanted in asked.items() if wanted}
        return history_page(await self._read("/v1/history/raw", query, dict[str, Any]))

    async def read_at_time(self, request: ReadAtTime) -> HistoryPage:
        found: list[DataValue] = []
        for begin in range(0, len(request.times), TIMES_AT_ONCE):
            query = {"tag": request.tag_id, "time": request.times[begin : begin + TIMES_AT_ONCE]}
            found += history_page(await self._read("/v1/history/at", query, dict[str, Any])).samples
        return HistoryPage(request.tag_id, tuple(found))

    async def read_processed(self, request: ReadProcessed) -> HistoryPage:
        query: dict[str, Any] = {
            "tag": request.tag_id, "start": request.start, "end": request.end,
            "interval": request.interval_ns, "aggregate": request.aggregate,
        }  # fmt: skip
        if request.stepped is not None:
            query["way"] = "stepped" if request.stepped else "sloped"
        judged = request.configuration
        if judged != _USUAL:
            query |= {
                "uncertain_is_good": int(not judged.treat_uncertain_as_bad), "percent_bad": judged.percent_bad,
                "percent_good": judged.percent_good, "extend": int(judged.sloped_extrapolation),
            }  # fmt: skip
        return history_page(await self._read("/v1/history/processed", query, dict[str, Any]))

    async def read_trend(self, query: TrendQuery) -> TrendAnswer:
        given = {"tag": query.tags, "start": query.start, "end": query.end, "pixels": query.pixels}
        body = await self._request("GET", "/v1/history/trend", params=given, timeout=READ_LIMIT)
        try:
            return msgspec.msgpack.decode(body, type=TrendAnswer)
        except msgspec.MsgspecError as error:
            raise CommunicationError(f"the runtime answers in another version of the API: {error}") from error

    async def range_figures(self, tags: Sequence[str], start: int, end: int) -> list[RangeFigures]:
        given = {"tag": list(tags), "start": start, "end": end}
        return await self._read("/v1/history/figures", given, list[RangeFigures])

    async def annotations(self, tags: Sequence[str], start: int, end: int) -> list[AnnotationInfo]:
        given = {"tag": list(tags), "start": start, "end": end}
        return await self._read("/v1/history/annotations", given, list[AnnotationInfo])

    async def annotate(self, tag_id: str, time: int, text: str) -> AnnotationInfo:
        body = {"tag": tag_id, "time": time, "text": text}
        return await self._write("/v1/history/annotate", body, AnnotationInfo)

    async def withdraw_annotation(self, annotation_id: str, reason: str) -> None:
        await self._write("/v1/history/withdraw", {"id": annotation_id, "reason": reason}, dict[str, Any])

    async def edit_history(
        self, tag_id: str, samples: Sequence[DataValue], reason: str, *, insert: bool = False
    ) -> int:
        """In portions that each are stored whole."""
        count = 0
        for begin in range(0, len(samples), EDITS_AT_ONCE):
            rows = [
                [one.value, one.status, one.source_time] for one in samples[begin : begin + EDITS_AT_ONCE]
            ]
            body = {"tag": tag_id, "samples": rows, "reason": reason, "insert": insert}
            count += (await self._write("/v1/history/edit", body, dict[str, int]))["count"]
        return count

    async def delete_history(self, tag_id: str, start: int, end: int, reason: str) -> int:
        body = {"tag": tag_id, "start": start, "end": end, "reason": reason}
        return (await self._write("/v1/history/delete", body, dict[str, int]))["count"]

    async def history_state(self) -> HistoryState:
        return await self._read("/v1/history/state", {}, HistoryState)

    async def _read(self, path: str, query: Mapping[str, Any], kind: type[T]) -> T:
        return converted(await self._request("GET", path, params=dict(query), timeout=READ_LIMIT), kind)

    async def _write(self, path: str, body: Mapping[str, Any], kind: type[T]) -> T:
        content = msgspec.json.encode(body)
        return converted(await self._request("POST", path, content=content, timeout=READ_LIMIT), kind)
