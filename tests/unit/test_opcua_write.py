"""CM-05: what is told of a write or a call of OPC UA is never more than is known of it."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asyncua import ua

from hmi.acquisition.port import Point
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionAct, ConditionCall
from hmi.core.values import ValueType
from hmi.drivers.opcua._call import Caller
from hmi.drivers.opcua._write import Writer

pytestmark = pytest.mark.asyncio
CODES = ua.StatusCodes
WRITE = WriteRequest("c1", "t_sp", 1, 5, deadline_ns=10**18)
CALL = ConditionCall("c1", "dcs", "i=7", ConditionAct.ACKNOWLEDGE, 10**18, "00ff", "seen")


class FakeLink:
    """One request, whose answer the test gives; ``judged`` is what the answer says."""

    timeout_s = 5.0

    def __init__(self, judged: int | Exception = 0) -> None:
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.judged, self.is_dropped = judged, False

    def send_write(self, item: ua.WriteValue, deadline_ns: int) -> asyncio.Future[Any]:
        return self.answer

    def send_call(self, method: ua.CallMethodRequest, deadline_ns: int) -> asyncio.Future[Any]:
        return self.answer

    def answer_of_write(self, data: Any) -> int:
        if isinstance(self.judged, Exception):
            raise self.judged
        return self.judged

    answer_of_call = answer_of_write

    def abort(self) -> None:
        self.is_dropped = True


async def outcome_of(link: FakeLink, order: WriteRequest | ConditionCall) -> WriteOutcome:
    if isinstance(order, ConditionCall):
        return await Caller(link, "dcs").call(order)  # type: ignore[arg-type]
    point = Point(1, "ns=1;s=sp", ValueType.INT64, 100, writable=True)
    writer = Writer(link, {1: (ua.VariantType.Int32, 0)})  # type: ignore[arg-type]
    return await writer.write(order, point, ua.NodeId("sp", 1))


@pytest.mark.parametrize("order", [WRITE, CALL])
@pytest.mark.parametrize(
    "fault",
    [
        ua.uaerrors.BadSecureChannelClosed(),
        ua.uaerrors.BadTcpServerTooBusy(),
        ua.uaerrors.BadCertificateUntrusted(),
        ConnectionError("lost"),
        ua.UaError("wrong sequence"),
    ],
)
async def test_CM_05_a_connection_that_ends_with_a_code_leaves_it_unknown_what_was_done(
    order: WriteRequest | ConditionCall, fault: Exception
) -> None:
    link = FakeLink()
    link.answer.set_exception(fault)
    outcome = await outcome_of(link, order)
    assert outcome.state is WriteState.UNKNOWN
    assert link.is_dropped


@pytest.mark.parametrize("order", [WRITE, CALL])
@pytest.mark.parametrize(
    ("judged", "state"),
    [
        (CODES.Good, WriteState.DONE),
        (CODES.BadUserAccessDenied, WriteState.REFUSED),
        (ua.uaerrors.BadSessionIdInvalid(), WriteState.REFUSED),
        (CODES.BadInternalError, WriteState.UNKNOWN),
        (ua.uaerrors.BadInternalError(), WriteState.UNKNOWN),
        (CODES.BadDeviceFailure, WriteState.UNKNOWN),
        (CODES.BadWaitingForResponse, WriteState.UNKNOWN),
        (CODES.UncertainSubNormal, WriteState.UNKNOWN),
    ],
)
async def test_CM_05_a_server_that_does_not_say_it_was_not_done_leaves_it_unknown(
    order: WriteRequest | ConditionCall, judged: int | Exception, state: WriteState
) -> None:
    link = FakeLink(judged)
    link.answer.set_result(None)
    assert (await outcome_of(link, order)).state is state
    assert not link.is_dropped
