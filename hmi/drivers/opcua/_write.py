"""Writes one value once and says what is known afterwards."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
from collections.abc import Mapping

from asyncua import ua
from asyncua.ua.status_codes import get_name_and_doc

from hmi.acquisition.port import Point
from hmi.core import quality
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import LinkLost, ProtocolViolation
from hmi.core.texts import tr
from hmi.drivers.opcua._session import Expired, Link
from hmi.drivers.opcua._values import Unwritable, to_variant, words

UNSURE = tuple(
    code & quality.CODE_MASK
    for code in (
        ua.StatusCodes.BadTimeout,
        ua.StatusCodes.BadRequestTimeout,
        ua.StatusCodes.BadCommunicationError,
        ua.StatusCodes.BadNoCommunication,
        ua.StatusCodes.BadUnexpectedError,
        ua.StatusCodes.BadShutdown,
        ua.StatusCodes.BadInternalError,
        ua.StatusCodes.BadDeviceFailure,
        ua.StatusCodes.BadWaitingForResponse,
        ua.StatusCodes.BadOperationAbandoned,
        ua.StatusCodes.BadRequestCancelledByClient,
        ua.StatusCodes.BadRequestCancelledByRequest,
        ua.StatusCodes.BadConnectionClosed,
        ua.StatusCodes.BadSecureChannelClosed,
        ua.StatusCodes.BadSessionClosed,
    )
)


def is_unsure(status: int) -> bool:
    """Whether a server that says this may have done it: it does not know, or it does not say that it did not."""
    return quality.UNCERTAIN <= status < quality.BAD or status & quality.CODE_MASK in UNSURE


def outcome_not_connected(name: str, why: str = "") -> WriteOutcome:
    """Nothing was sent because there is no connection to send it on."""
    text = tr("{name} is not connected; nothing was sent", name=name)
    if why:
        text = tr("{name}: {why}; nothing was sent", name=name, why=why)
    return WriteOutcome(WriteState.NOT_CONNECTED, quality.BAD_NOT_CONNECTED, text)


def refused(status: int, text: str) -> WriteOutcome:
    """Nothing changed in the device."""
    return WriteOutcome(WriteState.REFUSED, status, text)


class Writer:
    """Knows the types of the nodes; ``types`` is looked at with each write, for points come and go."""

    def __init__(self, link: Link, types: Mapping[int, tuple[ua.VariantType, int]]) -> None:
        self._link, self._types = link, types

    async def write(self, request: WriteRequest, point: Point | None, node: ua.NodeId | None) -> WriteOutcome:
        """The outcome never says more than is known."""
        if point is None or not point.writable:
            return refused(quality.BAD_CONFIGURATION, tr("this point is not writable"))
        if node is None:
            return refused(
                quality.BAD_NODE_ID_UNKNOWN, tr("the server does not know {node}", node=point.address)
            )
        known = self._types.get(request.handle)
        if known is None:
            return refused(
                quality.BAD_TYPE_MISMATCH, tr("the type of {node} could not be read", node=point.address)
            )
        try:
            item = _item(point, node, to_variant(request.value, known[0], dimensions=known[1]))
        except Unwritable as error:
            return refused(quality.BAD_TYPE_MISMATCH, str(error))
        return await self._send(item, request)

    async def _send(self, item: ua.WriteValue, request: WriteRequest) -> WriteOutcome:
        try:
            answer = self._link.send_write(item, request.deadline_ns)
        except Expired:
            return WriteOutcome(
                WriteState.EXPIRED, quality.BAD_TIMEOUT, tr("the command came too late to be sent")
            )
        except (LinkLost, ConnectionError) as error:
            return outcome_not_connected(request.tag_id, str(error))
        except ua.UaError as error:
            return refused(quality.BAD_TYPE_MISMATCH, str(error))
        try:
            async with asyncio.timeout(self._link.timeout_s):
                data = await answer
        except (
            OSError,
            TimeoutError,
            ua.UaError,
        ):  # a status code here ended the connection, and is no answer
            return self._unanswered()
        except asyncio.CancelledError:
            self._link.abort()
            raise
        try:
            return _judged(self._link.answer_of_write(data))
        except ua.UaStatusCodeError as error:
            return _judged(error.code)
        except (ua.UaError, ProtocolViolation):
            return self._unanswered()

    def _unanswered(self) -> WriteOutcome:
        """What still waits in a buffer must not arrive later: the connection is dropped."""
        self._link.abort()
        return _unknown(quality.BAD_TIMEOUT, tr("no answer to the write; it may have been carried out"))


def _item(point: Point, node: ua.NodeId, value: ua.Variant) -> ua.WriteValue:
    """No time stamps and no status: many controllers refuse them."""
    item = ua.WriteValue()
    item.NodeId = node
    item.AttributeId = ua.AttributeIds.Value
    if index_range := str(point.options.get("index_range", "")):
        item.IndexRange = index_range
    item.Value = ua.DataValue(Value=value, StatusCode=None)
    return item


def _unknown(status: int, text: str) -> WriteOutcome:
    return WriteOutcome(WriteState.UNKNOWN, status, text)


def _judged(status: int) -> WriteOutcome:
    """A status code as an outcome; some mean that the server itself does not know."""
    code = status & quality.CODE_MASK
    if code == quality.GOOD_CLAMPED:
        return WriteOutcome(WriteState.DONE, status, tr("the device clamped the value to its limits"))
    if quality.is_good(status):
        return WriteOutcome(WriteState.DONE, status, tr("written") if not code else words(status))
    if is_unsure(status):
        return _unknown(
            status, tr("the server does not know whether it was written: {why}", why=words(status))
        )
    why = get_name_and_doc(code)[1].rstrip(".")
    return refused(status, tr("the server refused: {words} ({why})", words=words(status), why=why))
