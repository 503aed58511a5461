"""Creates, enlarges and deletes the items that ask a node for its events, and has the server tell its conditions."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua

from hmi.core.errors import ProtocolViolation
from hmi.drivers.opcua._condition_fields import BASE, REFRESH_END, REFRESH_START, select_clauses
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import Group, delete_items
from hmi.drivers.opcua._within import within

BAD_FILTERS = (
    ua.StatusCodes.BadEventFilterInvalid,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadBrowseNameInvalid,
    ua.StatusCodes.BadTypeDefinitionInvalid,
)
BAD_WHERE = (
    *BAD_FILTERS,
    ua.StatusCodes.BadFilterOperatorInvalid,
    ua.StatusCodes.BadFilterOperatorUnsupported,
    ua.StatusCodes.BadFilterOperandInvalid,
    ua.StatusCodes.BadFilterOperandCountMismatch,
    ua.StatusCodes.BadFilterElementInvalid,
    ua.StatusCodes.BadFilterLiteralInvalid,
    ua.StatusCodes.BadContentFilterInvalid,
)
LARGEST_QUEUE = 100_000
GROWTH = 4
CONDITION_TYPE, REFRESH, REFRESH_OF_ITEM = 2782, 3875, 12912
Severities = tuple[int, int]
"""The lowest and the highest severity that is asked for."""


@dataclass(slots=True)
class EventItem:
    """One item at the server. ``queue`` is how many events it keeps; ``general`` tells the form of the filter."""

    handle: int
    node: ua.NodeId
    queue: int
    general: bool = False
    id: int = 0


class EventItems:
    """The items of one subscription; every request of it may raise what the library raises for a lost link."""

    def __init__(self, link: Link, group: Group) -> None:
        self._link, self._group = link, group

    async def create(self, handle: int, node: ua.NodeId, queue: int) -> EventItem | int:
        """The item, or the status with which the server refuses it."""
        status = 0
        for general in (False, True):
            item = EventItem(handle, node, queue, general)
            status = await self._create(item, _filter(general=general))
            if not status:
                return item
            if status not in BAD_FILTERS:
                break
        return status

    async def create_like(self, item: EventItem, handle: int, severities: Severities) -> EventItem | int:
        """A further item of the same node for a part of its events, with a queue as long."""
        status = 0
        for with_marks in (True, False):
            found = EventItem(handle, item.node, item.queue, item.general)
            wanted = _filter(general=item.general)
            wanted.WhereClause = _where(severities, with_marks=with_marks)
            status = await self._create(found, wanted)
            if not status:
                return found
            if status not in BAD_WHERE:
                break
        return status

    async def _create(self, item: EventItem, wanted: ua.EventFilter) -> int:
        request = ua.MonitoredItemCreateRequest()
        request.ItemToMonitor.NodeId = item.node
        request.ItemToMonitor.AttributeId = ua.AttributeIds.EventNotifier
        request.MonitoringMode = ua.MonitoringMode.Reporting
        request.RequestedParameters = _parameters(item.handle, item.queue, wanted)
        params = ua.CreateMonitoredItemsParameters()
        params.SubscriptionId = self._group.id
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        params.ItemsToCreate = [request]
        try:
            async with within(self._link.timeout_s):
                answer = _only(await self._link.session.create_monitored_items(params))
        except ua.UaStatusCodeError as error:
            return error.code
        if answer.StatusCode.is_good():
            item.id, item.queue = answer.MonitoredItemId, answer.RevisedQueueSize or item.queue
            return 0
        return answer.StatusCode.value

    async def enlarge(self, item: EventItem) -> bool:
        """Whether the server keeps more events of it from now on."""
        wish = min(item.queue * GROWTH, LARGEST_QUEUE)
        if wish <= item.queue:
            return False
        request = ua.MonitoredItemModifyRequest()
        request.MonitoredItemId = item.id
        request.RequestedParameters = _parameters(item.handle, wish, _filter(general=item.general))
        params = ua.ModifyMonitoredItemsParameters()
        params.SubscriptionId = self._group.id
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        params.ItemsToModify = [request]
        try:
            async with within(self._link.timeout_s):
                answer = _only(await self._link.session.modify_monitored_items(params))
        except ua.UaStatusCodeError:
            return False
        if not answer.StatusCode.is_good() or answer.RevisedQueueSize <= item.queue:
            return False
        item.queue = answer.RevisedQueueSize
        return True

    async def delete(self, item: EventItem) -> None:
        """It is asked for no longer."""
        await delete_items(self._link, self._group, [item.id], 1)

    async def refresh(self) -> int:
        """Have all conditions told to all items; the status of the call, 0 when it is good."""
        return await self._call(REFRESH, [self._group.id])

    async def refresh_one(self, item: EventItem) -> int:
        """Have the conditions that pass the filter of the item told to it alone."""
        return await self._call(REFRESH_OF_ITEM, [self._group.id, item.id])

    async def _call(self, method: int, arguments: Sequence[int]) -> int:
        request = ua.CallMethodRequest()
        request.ObjectId, request.MethodId = ua.NodeId(CONDITION_TYPE), ua.NodeId(method)
        request.InputArguments = [ua.Variant(number, ua.VariantType.UInt32) for number in arguments]
        try:
            async with within(self._link.timeout_s):
                results = await self._link.session.call([request])
        except ua.UaStatusCodeError as error:
            return error.code
        status = results[0].StatusCode if results else None
        return status.value if status is not None and not status.is_good() else 0


def _only(answer: Sequence[Any]) -> Any:
    if len(answer) != 1:
        raise ProtocolViolation(f"one item was asked for and {len(answer)} answered")
    return answer[0]


def _parameters(handle: int, queue: int, wanted: ua.EventFilter) -> ua.MonitoringParameters:
    params = ua.MonitoringParameters()
    params.ClientHandle, params.SamplingInterval = handle, 0.0
    params.QueueSize, params.DiscardOldest = queue, True
    params.Filter = wanted
    return params


def _filter(*, general: bool) -> ua.EventFilter:
    return ua.EventFilter(SelectClauses=select_clauses(general=general))


def _where(severities: Severities, *, with_marks: bool) -> ua.ContentFilter:
    """Severity within the two; ``with_marks`` lets the marks of a refresh pass whatever severity they have.

    The reference implementation sends marks whatever the filter says; others do not.
    """
    operator = ua.FilterOperator
    between = _element(
        operator.Between, _severity(), *(_literal(n, ua.VariantType.UInt16) for n in severities)
    )
    if not with_marks:
        return ua.ContentFilter(Elements=[between])
    start, end = (
        _literal(ua.NodeId.from_string(kind), ua.VariantType.NodeId) for kind in (REFRESH_START, REFRESH_END)
    )
    return ua.ContentFilter(
        Elements=[
            _element(operator.Or, ua.ElementOperand(1), ua.ElementOperand(2)),
            _element(operator.OfType, start),
            _element(operator.Or, ua.ElementOperand(3), ua.ElementOperand(4)),
            _element(operator.OfType, end),
            between,
        ]
    )


def _element(operator: ua.FilterOperator, *operands: Any) -> ua.ContentFilterElement:
    return ua.ContentFilterElement(FilterOperator=operator, FilterOperands=list(operands))


def _literal(value: Any, kind: ua.VariantType) -> ua.LiteralOperand:
    return ua.LiteralOperand(ua.Variant(value, kind))


def _severity() -> ua.SimpleAttributeOperand:
    found = ua.SimpleAttributeOperand()
    found.TypeDefinitionId = ua.NodeId(BASE)
    found.BrowsePath = [ua.QualifiedName("Severity", 0)]
    found.AttributeId = ua.AttributeIds.Value
    return found
