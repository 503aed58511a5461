"""Reads what the server keeps of the past of its nodes (Part 11), page by page."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, types its integers narrower than it means, and has no verb that
# gives an answer as bytes
from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from struct import unpack_from
from typing import Any, Final

from asyncua import ua

from hmi.acquisition.port import PastKept, PastPage, PastRequest
from hmi.core.clock import wall_ns
from hmi.core.errors import ProtocolViolation
from hmi.core.values import DataValue
from hmi.drivers.opcua import _items
from hmi.drivers.opcua._bounded import decoded
from hmi.drivers.opcua._decode import Decoder, Unknown
from hmi.drivers.opcua._session import MAX_LIBRARY_BYTES, Link
from hmi.drivers.opcua._subscribe import chunks
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._values import from_library, ns_of_datetime, words
from hmi.drivers.opcua._within import within

MOST_VALUES: Final = 50_000
"""A page larger than this is not taken, whatever was asked for."""
MOST_POINT_BYTES: Final = 4_096
_HISTORY_READ: Final = 4  # bit of the access level
_START_TIME: Final = 2257  # Server_ServerStatus_StartTime
_RESPONSE: Final = b"\x01\x00\x9b\x02"  # HistoryReadResponse, i=667
_DATA: Final = b"\x01\x00\x92\x02\x01"  # HistoryData, i=658, with a body
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY: Final = (ua.StatusCodes.GoodNoData, ua.StatusCodes.BadNoData, ua.StatusCodes.BadNoDataAvailable)


class PastReader:
    """Over one open link; ``nodes`` are by handle."""

    def __init__(
        self, link: Link, nodes: Mapping[int, ua.NodeId], times: TimeRule, chunk: int, *, max_array: int
    ) -> None:
        self._link, self._nodes, self._chunk = link, nodes, chunk
        self._times = TimeRule()  # what it refuses is no news of the live values
        self._times.is_simulated = times.is_simulated
        self._decoder = Decoder(self._times, max_items=MOST_VALUES, max_array=max_array)

    async def kept(self, handles: Sequence[int]) -> PastKept:
        """Whose past this user may read, which of these nodes are recorded now, and since when the server runs."""
        found: dict[int, bool] = {}
        for part in chunks([one for one in handles if one in self._nodes], max(self._chunk // 3, 1)):
            asked = [
                _items.attribute(self._nodes[handle], attribute)
                for handle in part
                for attribute in (
                    ua.AttributeIds.UserAccessLevel,
                    ua.AttributeIds.AccessLevel,
                    ua.AttributeIds.Historizing,
                )
            ]
            answers = [_plain(one) for one in await self._link.read(asked)]
            for place, handle in enumerate(part):
                own, all_users, recorded = answers[3 * place : 3 * place + 3]
                level = own if isinstance(own, int) else all_users
                if isinstance(level, int) and level & _HISTORY_READ:
                    found[handle] = recorded is True
        if not found:
            return PastKept()
        began = _plain(
            (await self._link.read([_items.attribute(ua.NodeId(_START_TIME), ua.AttributeIds.Value)]))[0]
        )
        return PastKept(found, max(ns_of_datetime(began), 0) if isinstance(began, datetime) else 0)

    async def page(self, request: PastRequest) -> PastPage:
        """One HistoryRead of one node; with limit 0 the continuation point is given back instead."""
        node = self._nodes.get(request.handle)
        if node is None:
            return PastPage(fault="the server does not have this node")
        answer = await self._ask(node, request)
        if not request.limit:
            return PastPage()
        now = wall_ns()
        status, continuation, values = self._fast(answer, now) or self._slow(answer, now)
        if status & 0x80000000 and status not in _EMPTY:
            return PastPage(fault=words(status))
        if len(continuation) > MOST_POINT_BYTES:
            raise ProtocolViolation("a continuation point is longer than any server needs")
        return _page(request, continuation, values)

    async def _ask(self, node: ua.NodeId, request: PastRequest) -> Any:
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = details.ReturnBounds = False
        # the end is not part of the range, and the library knows microseconds
        details.StartTime, details.EndTime = _moment(request.start), _moment(request.end + 1_000)
        details.NumValuesPerNode = request.limit
        wish = ua.HistoryReadValueId()
        wish.NodeId, wish.ContinuationPoint = node, request.continuation or None
        asked = ua.HistoryReadRequest()
        asked.Parameters.HistoryReadDetails = details
        asked.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        asked.Parameters.ReleaseContinuationPoints = not request.limit
        asked.Parameters.NodesToRead = [wish]
        async with within(self._link.timeout_s):
            return await self._link.session._send_request(asked)

    def _fast(self, answer: Any, now: int) -> tuple[int, bytes, list[DataValue]] | None:
        """(status, continuation point, values), or None when the library has to look at it."""
        data, start = answer._data, answer.cur_pos
        try:
            if data[start : start + 4] != _RESPONSE:
                return None
            _time, _handle, result, diagnostics, strings = unpack_from("<qIIBi", data, start + 4)
            if result or diagnostics or strings > 0 or data[start + 25 : start + 28] != b"\0\0\0":
                return None
            count, status, size = unpack_from("<iIi", data, start + 28)
            at = start + 40 + max(size, 0)
            if count != 1 or size > MOST_POINT_BYTES or data[at : at + 5] != _DATA:
                return None
            length, number = unpack_from("<ii", data, at + 5)
            if not -1 <= number <= MOST_VALUES:
                return None
            values, end = self._decoder.values(data, at + 13, max(number, 0), now)
            if end != at + 9 + length:
                return None
            return status, bytes(data[start + 40 : start + 40 + max(size, 0)]), values
        except (Unknown, struct.error, IndexError, UnicodeDecodeError):
            return None

    def _slow(self, answer: Any, now: int) -> tuple[int, bytes, list[DataValue]]:
        if len(answer._data) - answer.cur_pos > MAX_LIBRARY_BYTES:
            raise ProtocolViolation("an answer with history is larger than the limit for unusual values")
        response = decoded(ua.HistoryReadResponse, answer)
        response.ResponseHeader.ServiceResult.check()
        if len(response.Results or ()) != 1:
            raise ProtocolViolation("one node was asked for its history and the answer has no single result")
        (result,) = response.Results
        held = getattr(result.HistoryData, "DataValues", None) or ()
        values = [from_library(one, self._times, now) for one in held if isinstance(one, ua.DataValue)]
        return result.StatusCode.value, bytes(result.ContinuationPoint or b""), values


def _page(request: PastRequest, continuation: bytes, values: Sequence[DataValue]) -> PastPage:
    """In order and within the range, whatever the server gave."""
    kept = sorted(
        (one for one in values if request.start <= one.source_time <= request.end),
        key=lambda one: one.source_time,
    )
    following = 0
    if not continuation and kept and len(values) >= request.limit:
        last = kept[-1].source_time
        following = last if last > request.start else last + 100
    return PastPage(tuple(kept), continuation, following if following <= request.end else 0)


def _plain(answer: ua.DataValue) -> Any:
    is_good = answer.StatusCode is None or answer.StatusCode.is_good()
    return answer.Value.Value if is_good and answer.Value is not None else None


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=max(ns, 0) // 1_000)
