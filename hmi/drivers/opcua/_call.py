"""Calls a method of one condition once and says what is known afterwards (standards 1.12)."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportAttributeAccessIssue=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from asyncua import ua

from hmi.core import quality
from hmi.core.commands import WriteOutcome, WriteState
from hmi.core.conditions import ConditionAct, ConditionCall
from hmi.core.errors import LinkLost, ProtocolViolation
from hmi.core.texts import tr
from hmi.drivers.opcua._condition_types import node_of
from hmi.drivers.opcua._session import Expired, Link
from hmi.drivers.opcua._values import words
from hmi.drivers.opcua._write import is_unsure, outcome_not_connected, refused

HAS_COMPONENT = 47
# methods of the types, by their numbers in the standard: what every server knows them by
METHODS = {
    ConditionAct.ACKNOWLEDGE: 9111,
    ConditionAct.CONFIRM: 9113,
    ConditionAct.COMMENT: 9029,
    ConditionAct.SHELVE: 2949,
    ConditionAct.SHELVE_ONCE: 2948,
    ConditionAct.UNSHELVE: 2947,
    ConditionAct.RESET: 18199,
    ConditionAct.OUT_OF_SERVICE: 17869,
    ConditionAct.IN_SERVICE: 17870,
}
NAMES = {
    ConditionAct.SHELVE: "TimedShelve",
    ConditionAct.SHELVE_ONCE: "OneShotShelve",
    ConditionAct.UNSHELVE: "Unshelve",
    ConditionAct.RESET: "Reset",
    ConditionAct.OUT_OF_SERVICE: "RemoveFromService",
    ConditionAct.IN_SERVICE: "PlaceInService",
}
OF_AN_EVENT = (ConditionAct.ACKNOWLEDGE, ConditionAct.CONFIRM, ConditionAct.COMMENT)
OF_THE_SHELF = (ConditionAct.SHELVE, ConditionAct.SHELVE_ONCE, ConditionAct.UNSHELVE)
_CODES = ua.StatusCodes
_NOT_OFFERED = "the server does not offer this for the alarm"
SENTENCES: dict[int, str] = {
    _CODES.BadConditionAlreadyShelved: "the server says that it is shelved already",
    _CODES.BadConditionNotShelved: "the server says that it is not shelved",
    _CODES.BadShelvingTimeOutOfRange: "the server does not allow so long a time on the shelf; take a shorter one",
    _CODES.BadEventIdUnknown: "the server no longer knows this event; look at the newest state of the alarm",
    _CODES.BadEventNotAcknowledgeable: "the server says that this cannot be acknowledged",
    _CODES.BadConditionBranchAlreadyAcked: "the server says that it was acknowledged already",
    _CODES.BadConditionBranchAlreadyConfirmed: "the server says that it was confirmed already",
    _CODES.BadConditionDisabled: "the alarm is disabled in the server",
    _CODES.BadRefreshInProgress: "the server is telling its alarms again at present; try again in a moment",
    _CODES.BadUserAccessDenied: "the server does not let the user of this connection do that",
    _CODES.BadNodeIdUnknown: "the server has this alarm no longer",
    _CODES.BadNodeIdInvalid: "the server has this alarm no longer",
    _CODES.BadMethodInvalid: _NOT_OFFERED,
    _CODES.BadNotSupported: _NOT_OFFERED,
    _CODES.BadNotImplemented: _NOT_OFFERED,
}


def sentence(status: int) -> str:
    """A refusal of a condition method in plain words."""
    text = SENTENCES.get(status & quality.CODE_MASK)
    return tr(text) if text else tr("the server refused: {words}", words=words(status))


class Caller:
    """Calls of one connection."""

    def __init__(self, link: Link, name: str) -> None:
        self._link, self._name = link, name

    async def call(self, request: ConditionCall) -> WriteOutcome:
        """The outcome never says more than is known; never raises."""
        try:
            method = await self._method(request)
        except (OSError, TimeoutError, ValueError, ua.UaError, ProtocolViolation) as error:
            return outcome_not_connected(self._name, str(error) or tr("no answer in time"))
        return await self.send(method, request.deadline_ns, judged)

    async def send(
        self, method: ua.CallMethodRequest, deadline_ns: int, judge: Callable[[int], WriteOutcome]
    ) -> WriteOutcome:
        """One CallRequest or none; ``judge`` says what a status code of the server means."""
        try:
            answer = self._link.send_call(method, deadline_ns)
        except Expired:
            return WriteOutcome(WriteState.EXPIRED, quality.BAD_TIMEOUT, tr("it came too late to be sent"))
        except (LinkLost, ConnectionError) as error:
            return outcome_not_connected(self._name, str(error))
        except ua.UaError as error:
            return refused(quality.BAD_TYPE_MISMATCH, str(error))
        return await self._outcome(answer, judge)

    async def _outcome(
        self, answer: asyncio.Future[object], judge: Callable[[int], WriteOutcome]
    ) -> WriteOutcome:
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
            return judge(self._link.answer_of_call(data))
        except ua.UaStatusCodeError as error:
            return judge(error.code)
        except (ua.UaError, ProtocolViolation):
            return self._unanswered()

    def _unanswered(self) -> WriteOutcome:
        """What still waits in a buffer must not arrive later: the connection is dropped."""
        self._link.abort()
        text = tr("no answer from the server; it may have been carried out")
        return WriteOutcome(WriteState.UNKNOWN, quality.BAD_TIMEOUT, text)

    async def _method(self, request: ConditionCall) -> ua.CallMethodRequest:
        """The request. What belongs to an event is known everywhere by its number in the standard; the other
        methods are looked up at the condition first, for servers that know only their own.
        """
        condition = node_of(request.condition)
        method = ua.CallMethodRequest()
        method.ObjectId, method.MethodId = condition, ua.NodeId(METHODS[request.act])
        method.InputArguments = arguments(request)
        if request.act not in OF_AN_EVENT:
            name = NAMES[request.act]
            above = ("ShelvingState",) if request.act in OF_THE_SHELF else ()
            found = await self._look_up(condition, [above, (*above, name)] if above else [(name,)])
            method.ObjectId = (found[0] if above else None) or condition
            method.MethodId = found[-1] or method.MethodId
        return method

    async def _look_up(self, condition: ua.NodeId, paths: Sequence[Sequence[str]]) -> list[ua.NodeId | None]:
        """Components of a condition by path; None for one that the server does not show (Part 9, 5.8.10)."""
        try:
            found = await self._link.translate([_path(condition, path) for path in paths])
        except ua.UaStatusCodeError:
            return [None for _ in paths]
        return [
            one.Targets[0].TargetId if one.StatusCode.is_good() and one.Targets else None for one in found
        ]


def _path(start: ua.NodeId, names: Sequence[str]) -> ua.BrowsePath:
    steps: list[ua.RelativePathElement] = []
    for name in names:
        step = ua.RelativePathElement()
        step.ReferenceTypeId = ua.NodeId(HAS_COMPONENT)
        step.IncludeSubtypes, step.IsInverse = True, False
        step.TargetName = ua.QualifiedName(name, 0)
        steps.append(step)
    return ua.BrowsePath(start, ua.RelativePath(steps))


def arguments(request: ConditionCall) -> list[ua.Variant]:
    """Input arguments of the method, in the order of the standard."""
    comment = ua.Variant(ua.LocalizedText(request.comment or None), ua.VariantType.LocalizedText)
    if request.act in OF_AN_EVENT:
        return [ua.Variant(bytes.fromhex(request.event_id), ua.VariantType.ByteString), comment]
    if request.act is ConditionAct.SHELVE:
        return [ua.Variant(request.seconds * 1000.0, ua.VariantType.Double)]
    return []


def judged(status: int) -> WriteOutcome:
    """A status code as an outcome; some mean that the server itself does not know."""
    if quality.is_good(status):
        return WriteOutcome(WriteState.DONE, status, tr("the server accepted it"))
    if is_unsure(status):
        text = tr("the server does not know whether it was done: {why}", why=words(status))
        return WriteOutcome(WriteState.UNKNOWN, status, text)
    return refused(status, sentence(status))
