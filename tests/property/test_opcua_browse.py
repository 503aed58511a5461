"""A browse takes whatever a server answers: damaged references, values of the wrong kind, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.errors import ProtocolViolation
from hmi.core.identity import is_tag_name
from hmi.drivers.opcua._bounded import decoded
from hmi.drivers.opcua._browse_facts import Describer
from hmi.drivers.opcua._browse_walk import OBJECTS, Limits, Walk
from hmi.drivers.opcua._server import Server
from hmi.project.address_space import SpaceAsk, propose

NAMESPACES = ["http://opcfoundation.org/UA/", "urn:own", "urn:{odd};%"]
NAMES = (
    "a",
    "EURange",
    "EngineeringUnits",
    "EnumStrings",
    "TrueState",
    "Manufacturer",
    "CurrentState",
    "Number",
    "é;{}",
    "",
)
VALUES: list[Any] = [
    None, 5, -1, 2.5, "x", b"x", True, [], [1], ["x"], ua.Range(), ua.Range(0, 10), ua.EUInformation(),
    ua.LocalizedText(None), ua.LocalizedText("on"), [ua.LocalizedText("off"), None], ua.QualifiedName(None, 0),
    ua.QualifiedName("PumpType", 1), ua.NodeId(), ua.NodeId(11), ua.NodeId(29), ua.NodeId(99, 1), ua.ExtensionObject(),
    ua.EnumDefinition(), [ua.EnumValueType(3, ua.LocalizedText("three"))], {"a": 1},
]  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A BrowseResponse with one result, and sometimes a damaged byte."""
    response = ua.BrowseResponse()
    result = ua.BrowseResult()
    result.References = []
    for _ in range(draw(st.integers(0, 4))):
        one = ua.ReferenceDescription()
        one.ReferenceTypeId = ua.NodeId(draw(st.sampled_from([35, 46, 47, 48, 12345])))
        one.NodeId = ua.NodeId(draw(st.sampled_from(["a", "b", "c", 7, b"x", ""])), draw(st.integers(0, 4)))
        name = draw(st.sampled_from(NAMES))
        one.BrowseName, one.DisplayName = (
            ua.QualifiedName(name, draw(st.integers(0, 4))),
            ua.LocalizedText(name),
        )
        one.NodeClass = draw(
            st.sampled_from([ua.NodeClass.Object, ua.NodeClass.Variable, ua.NodeClass.Method])
        )
        one.TypeDefinition = ua.NodeId(draw(st.sampled_from([61, 63, 68, 5000])), draw(st.integers(0, 2)))
        result.References.append(one)
    if draw(st.integers(0, 3)) == 0:
        result.ContinuationPoint = b"more"
    response.Results = [result]
    data = bytearray(struct_to_binary(response))
    if draw(st.booleans()):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


class Fuzzed:
    """Answers of a server in place of the requests."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.is_finishing = False

    def _result(self) -> ua.BrowseResult:
        raw = self._data.draw(answers())
        results = decoded(ua.BrowseResponse, Buffer(raw)).Results
        if len(results or ()) != 1:
            raise ProtocolViolation("another number of results")
        return results[0]

    async def browse(self, nodes: Sequence[ua.NodeId], **_how: Any) -> list[ua.BrowseResult]:
        return [self._result() for _ in nodes]

    async def further(self, _point: bytes) -> ua.BrowseResult:
        return self._result()

    async def release(self, points: Sequence[bytes]) -> None:
        assert points

    async def read(self, wishes: Sequence[Any]) -> list[Any]:
        return [self._data.draw(st.sampled_from(VALUES)) for _ in wishes]

    async def read_types(self, nodes: Sequence[ua.NodeId]) -> list[tuple[int, bool]]:
        return [self._data.draw(st.sampled_from([(0, False), (11, True), (25, False)])) for _ in nodes]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_a_server_answers_ends_in_rows_and_words(data: st.DataObject) -> None:
    asyncio.run(browsed(Fuzzed(data)))


async def browsed(asker: Any) -> None:
    describer = Describer(asker, 50)
    walk = Walk(
        asker, Limits(30, 4, methods=True), Server(NAMESPACES), describer.describe, lambda _count: None
    )
    describer.found = walk.found
    found = await walk.run(OBJECTS)
    try:
        await describer.finish(NAMESPACES)
    except ProtocolViolation:
        pass
    describer.finish_alone()
    made = propose(found.nodes, SpaceAsk("plc", "north"))
    assert all(is_tag_name(row.name) for row in made.rows)
    assert len(found.nodes) <= 30
