"""Requests of a browse: reads only, one at a time, not too many a second, and each with an end."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from asyncua import ua

from hmi.core.clock import monotonic_ns
from hmi.core.errors import ProtocolViolation
from hmi.drivers.opcua._bounded import decoded
from hmi.drivers.opcua._items import attribute
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._within import within

HIERARCHICAL, HAS_SUBTYPE, HAS_PROPERTY = 33, 45, 46
MOST_REFERENCES: Final = 200
"""References of one node in one answer; a server may have more and gives them in further answers."""
MOST_PARTS: Final = 800_000
NODES: Final = int(ua.NodeClass.Object) | int(ua.NodeClass.Variable)
_NS_PER_S: Final = 1_000_000_000


PATIENCE: Final = 2
"""Requests in a row, each smaller, that may stay without an answer before the server counts as dead."""
TOO_MUCH: Final = frozenset((
    ua.StatusCodes.BadTooManyOperations, ua.StatusCodes.BadEncodingLimitsExceeded,
    ua.StatusCodes.BadResponseTooLarge, ua.StatusCodes.BadRequestTooLarge, ua.StatusCodes.BadDecodingError,
))  # fmt: skip


_VALUE: Final = ua.AttributeIds.Value


class Enough(Exception):
    """The browse ends here; the message says why in words."""


class Asker:
    """Sends the requests of one browse. ``rate``: requests a second at most; ``deadline_ns`` on the monotonic clock."""

    def __init__(self, link: Link, *, rate: float, deadline_ns: int, max_seconds: float) -> None:
        self._link, self._pause_ns = link, int(_NS_PER_S / rate)
        self._deadline_ns, self._max_seconds = deadline_ns, max_seconds
        self._next_ns = self._silent = 0
        self.sent = 0
        self.is_finishing = False

    async def browse(
        self,
        nodes: Sequence[ua.NodeId],
        *,
        mask: int = NODES,
        kind: int = HIERARCHICAL,
        inverse: bool = False,
    ) -> list[ua.BrowseResult]:
        """References of nodes, one result each; what does not fit into an answer waits behind a continuation point."""

        async def ask(some: Sequence[ua.NodeId]) -> list[ua.BrowseResult]:
            request = ua.BrowseRequest()
            request.Parameters.View = ua.ViewDescription()
            request.Parameters.RequestedMaxReferencesPerNode = MOST_REFERENCES
            request.Parameters.NodesToBrowse = [_description(node, mask, kind, inverse) for node in some]
            response = await self._send(request, ua.BrowseResponse)
            return _as_many(response.Results, len(some))

        return await self._in_parts(nodes, ask, _unread)

    async def further(self, point: bytes) -> ua.BrowseResult:
        """What waits behind a continuation point."""
        return (await self._next([point], release=False))[0]

    async def release(self, points: Sequence[bytes]) -> None:
        """Tell the server to forget continuation points."""
        if points:
            await self._next(points, release=True)

    async def _next(self, points: Sequence[bytes], *, release: bool) -> list[ua.BrowseResult]:
        request = ua.BrowseNextRequest()
        request.Parameters.ReleaseContinuationPoints = release
        request.Parameters.ContinuationPoints = list(points)
        response = await self._send(request, ua.BrowseNextResponse)
        return list(response.Parameters.Results) if release else _as_many(response.Parameters.Results, 1)

    async def read(self, wishes: Sequence[tuple[ua.NodeId, ua.AttributeIds]]) -> list[Any]:
        """Attributes; None where the server gives none."""

        async def ask(some: Sequence[tuple[ua.NodeId, ua.AttributeIds]]) -> list[Any]:
            await self._wait()
            return [_good(one) for one in await self._link.read([attribute(*wish) for wish in some])]

        return await self._in_parts(wishes, ask, lambda: None)

    async def read_types(self, nodes: Sequence[ua.NodeId]) -> list[tuple[int, bool]]:
        """Number of the built-in type of the values, 0 where there is none, and whether they are arrays."""

        async def ask(some: Sequence[ua.NodeId]) -> list[tuple[int, bool]]:
            await self._wait()
            return [_kind(one) for one in await self._link.read([attribute(n, _VALUE) for n in some])]

        return await self._in_parts(nodes, ask, lambda: (0, False))

    async def _in_parts(
        self,
        items: Sequence[Any],
        ask: Callable[[Sequence[Any]], Awaitable[list[Any]]],
        nothing: Callable[[], Any],
    ) -> list[Any]:
        """Halves of what is too much for the server or for us; what alone is too much costs its neighbours nothing."""
        try:
            found = await ask(items)
        except (TimeoutError, ProtocolViolation, ua.UaStatusCodeError) as error:
            self._silent += isinstance(error, TimeoutError)
            is_too_much = not isinstance(error, ua.UaStatusCodeError) or error.code in TOO_MUCH
            if self._silent > PATIENCE or not is_too_much or not self._link.is_up:
                raise
            if len(items) == 1:
                return [nothing()]
            middle = len(items) // 2
            first = await self._in_parts(items[:middle], ask, nothing)
            return first + await self._in_parts(items[middle:], ask, nothing)
        self._silent = 0
        return found

    async def _send(self, request: Any, kind: Any) -> Any:
        await self._wait()
        async with within(self._link.timeout_s):
            answer = await self._link.session._send_request(request)
        response = decoded(kind, answer, MOST_PARTS)
        response.ResponseHeader.ServiceResult.check()
        return response

    async def _wait(self) -> None:
        """The pause between two requests; Enough when the time is over."""
        now = monotonic_ns()
        if now >= self._deadline_ns and not self.is_finishing:
            raise Enough(f"it took longer than {self._max_seconds:g} s")
        if (pause := self._next_ns - now) > 0:
            await asyncio.sleep(pause / _NS_PER_S)
        self._next_ns = max(now, self._next_ns) + self._pause_ns
        self.sent += 1


def _description(node: ua.NodeId, mask: int, kind: int, inverse: bool) -> ua.BrowseDescription:
    wanted = ua.BrowseDescription()
    wanted.NodeId = node
    wanted.BrowseDirection = ua.BrowseDirection.Inverse if inverse else ua.BrowseDirection.Forward
    wanted.ReferenceTypeId, wanted.IncludeSubtypes = ua.NodeId(kind), True
    wanted.NodeClassMask, wanted.ResultMask = mask, ua.BrowseResultMask.All
    return wanted


def _unread() -> ua.BrowseResult:
    found = ua.BrowseResult()
    found.StatusCode = ua.StatusCode(ua.StatusCodes.BadDecodingError)
    return found


def _as_many(results: Any, asked: int) -> list[ua.BrowseResult]:
    found: list[ua.BrowseResult] = list(results or ())
    if len(found) != asked:
        raise ProtocolViolation(f"{asked} nodes were asked for and {len(found)} came")
    return found


def _good(answer: ua.DataValue) -> Any:
    is_good = answer.StatusCode is None or answer.StatusCode.is_good()
    return answer.Value.Value if is_good and answer.Value is not None else None


def _kind(answer: ua.DataValue) -> tuple[int, bool]:
    value = answer.Value
    kind = value.VariantType if value is not None else None
    return (
        (int(kind.value), bool(value.is_array))
        if value is not None and isinstance(kind, ua.VariantType)
        else (0, False)
    )
