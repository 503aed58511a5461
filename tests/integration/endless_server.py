"""An OPC UA server that nobody should have to browse: loops, lists without end, a million nodes, silence, death."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

from asyncua import ua
from asyncua.server.internal_session import InternalSession
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary
from opcua_plant import Plant, free_port

SPACE = 2
NEXT = ua.NodeId(ua.ObjectIds.BrowseNextRequest_Encoding_DefaultBinary)
Children = Callable[[str], list[tuple[str, bool]]]
"""Names of the nodes below a node, and whether each is a variable."""


class World:
    """What the server shows below Objects, and how it behaves."""

    def __init__(self) -> None:
        self.children: Children = lambda _name: []
        self.per_answer = 200
        self.same_again = False
        """Whether a list begins anew where it should end."""
        self.most_points = 1_000_000
        self.denied: set[str] = set()
        """Nodes whose list gets no continuation point at the first time."""
        self.silent_after = self.dead_after = 1_000_000
        self.browses = self.released = 0
        self.points: set[bytes] = set()
        self.silent = asyncio.Event()

    async def browse(self, session: Any, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        self.browses += 1
        if self.browses > self.silent_after:
            await self.silent.wait()
        if self.browses > self.dead_after:
            raise ConnectionResetError
        return [await self._result(session, params, one) for one in params.NodesToBrowse]

    async def _result(
        self, session: Any, params: ua.BrowseParameters, wanted: ua.BrowseDescription
    ) -> ua.BrowseResult:
        node = wanted.NodeId
        name = "" if node == ua.NodeId(85) else str(node.Identifier)
        is_ours = node == ua.NodeId(85) or node.NamespaceIndex == SPACE
        if not is_ours or wanted.BrowseDirection == ua.BrowseDirection.Inverse:
            params.NodesToBrowse = [wanted]
            return (await ORIGINAL_BROWSE(session, params))[0]
        return self._part(name, 0)

    def _part(self, name: str, start: int) -> ua.BrowseResult:
        result = ua.BrowseResult()
        children = self.children(name)
        end = start + self.per_answer
        result.References = [_reference(*one) for one in children[start:end]]
        if end >= len(children) and not (self.same_again and children):
            return result
        if len(self.points) >= self.most_points or name in self.denied:
            self.denied.discard(name)
            result.References = []
            result.StatusCode = ua.StatusCode(ua.StatusCodes.BadNoContinuationPoints)
            return result
        point = f"{name} {end if end < len(children) else 0} {len(self.points)}".encode()
        self.points.add(point)
        result.ContinuationPoint = point
        return result

    def further(self, params: ua.BrowseNextParameters) -> list[ua.BrowseResult]:
        results: list[ua.BrowseResult] = []
        for point in params.ContinuationPoints:
            known = point in self.points
            self.points.discard(point)
            if params.ReleaseContinuationPoints:
                self.released += 1
                results.append(ua.BrowseResult())
            elif known:
                name, start, _number = point.decode().rsplit(" ", 2)
                results.append(self._part(name, int(start)))
            else:
                results.append(ua.BrowseResult(ua.StatusCode(ua.StatusCodes.BadContinuationPointInvalid)))
        return results

    async def read(self, session: Any, params: ua.ReadParameters) -> list[ua.DataValue]:
        ours = [one for one in params.NodesToRead if one.NodeId.NamespaceIndex == SPACE]
        if not ours:
            return await ORIGINAL_READ(session, params)
        return [_value(one.AttributeId) for one in params.NodesToRead]


ORIGINAL_BROWSE, ORIGINAL_READ = InternalSession.browse, InternalSession.read
ORIGINAL_PROCESS = UaProcessor._process_message


def _reference(name: str, is_variable: bool) -> ua.ReferenceDescription:
    found = ua.ReferenceDescription()
    found.ReferenceTypeId, found.IsForward = ua.NodeId(47), True
    found.NodeId = ua.NodeId(name, SPACE)
    found.BrowseName = ua.QualifiedName(name, SPACE)
    found.DisplayName = ua.LocalizedText(name)
    found.NodeClass = ua.NodeClass.Variable if is_variable else ua.NodeClass.Object
    found.TypeDefinition = ua.NodeId(63 if is_variable else 61)
    return found


def _value(attribute: ua.AttributeIds) -> ua.DataValue:
    known = {
        ua.AttributeIds.DataType: ua.NodeId(11),
        ua.AttributeIds.ValueRank: -1,
        ua.AttributeIds.AccessLevel: ua.Variant(1, ua.VariantType.Byte),
        ua.AttributeIds.UserAccessLevel: ua.Variant(1, ua.VariantType.Byte),
    }
    if attribute in known:
        return ua.DataValue(known[attribute])
    return ua.DataValue(StatusCode=ua.StatusCode(ua.StatusCodes.BadAttributeIdInvalid))


class EndlessServer:
    """A server that behaves as its world of the moment says."""

    def __init__(self) -> None:
        self.world = World()
        self.url = ""
        self._processors: list[UaProcessor] = []

    async def process(
        self, processor: UaProcessor, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any
    ) -> Any:
        self._processors.append(processor)
        if typeid != NEXT:
            return await ORIGINAL_PROCESS(processor, typeid, requesthdr, seqhdr, body)
        response = ua.BrowseNextResponse()
        response.Parameters.Results = self.world.further(struct_from_binary(ua.BrowseNextParameters, body))
        processor.send_response(requesthdr.RequestHandle, seqhdr, response)
        return True

    async def browse(self, session: Any, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        try:
            return await self.world.browse(session, params)
        except ConnectionResetError:
            self._processors[-1]._transport.abort()
            raise


@asynccontextmanager
async def serving() -> AsyncIterator[EndlessServer]:
    """The server, listening."""
    plant, made = Plant(free_port()), EndlessServer()
    await plant.start()
    made.url = plant.url

    async def browse(session: Any, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        return await made.browse(session, params)

    async def read(session: Any, params: ua.ReadParameters) -> list[ua.DataValue]:
        return await made.world.read(session, params)

    async def process(processor: UaProcessor, *message: Any) -> Any:
        return await made.process(processor, *message)

    with (
        patch.object(InternalSession, "browse", browse),
        patch.object(InternalSession, "read", read),
        patch.object(UaProcessor, "_process_message", process),
    ):
        await plant.server.start()
        try:
            yield made
        finally:
            made.world.silent.set()
            await plant.server.stop()
