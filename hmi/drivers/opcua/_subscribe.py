"""Creates and deletes subscriptions and items in portions, and reports what the server made of the wishes."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from typing import Any, TypeVar

from asyncua import ua

from hmi.acquisition.port import Point
from hmi.core.errors import ProtocolViolation
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._within import within
from hmi.drivers.opcua.groups import by_period, name_of

REFUSED_FILTERS = (
    ua.StatusCodes.BadDeadbandFilterInvalid,
    ua.StatusCodes.BadMonitoredItemFilterInvalid,
    ua.StatusCodes.BadMonitoredItemFilterUnsupported,
    ua.StatusCodes.BadFilterNotAllowed,
)
NOTICE_MS = 100.0
KEEP_ALIVES_PER_TOKEN = 5
"""Some servers answer a publish request with the token it came with. Two requests wait at a subscription, so that
one may be answered two keep-alives later; an old token is taken for half its life after its renewal."""
T = TypeVar("T")


@dataclass(slots=True)
class Deadband:
    """A deadband that the server does not do; kept for one point."""

    size: float
    value: float | None = None
    status: int = 0


@dataclass(slots=True)
class Group:
    """One rate class: its points, its subscription, what the server made of it and when it last gave a sign of life.

    ``server_ids`` are its items by point, ``unwanted`` those of points that it has no more, to be deleted.
    """

    name: str
    period_ms: int
    points: tuple[Point, ...]
    id: int = 0
    silence_ns: int = 0
    last_ns: int = 0
    sequence: int = 0
    server_ids: dict[int, int] = field(default_factory=dict)
    unwanted: list[int] = field(default_factory=list)
    interval_ms: float = 0.0
    keep_alive_ms: float = 0.0

    def drop(self, handles: Set[int]) -> None:
        """These points are asked for no longer."""
        self.unwanted += [number for handle, number in self.server_ids.items() if handle in handles]
        self.server_ids = {handle: n for handle, n in self.server_ids.items() if handle not in handles}


def regroup(groups: list[Group], points: Iterable[Point]) -> list[Group]:
    """Put the points into the list of groups, fastest first; those without any leave it and are returned."""
    periods = by_period(tuple(points))
    known = {group.period_ms: group for group in groups}
    for period, own in periods.items():
        if period in known:
            known[period].points = tuple(own)
    groups[:] = [
        known.get(period) or Group(name_of(period), period, tuple(periods[period])) for period in periods
    ]
    return [group for period, group in known.items() if period not in periods]


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Portions of at most ``size``."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part


def parameters(
    group: Group, settings: Mapping[str, Any], *, token_ms: float = inf
) -> ua.CreateSubscriptionParameters:
    """Explicit counts (standards 3.3); the library would ask for a keep-alive of minutes.

    ``token_ms``: life of a security token of the channel in ms; no keep-alive may be longer than a part of it.
    """
    params = ua.CreateSubscriptionParameters()
    params.RequestedPublishingInterval = float(group.period_ms)
    keep_alive_ms = min(_keep_alive_ms(settings), token_ms / KEEP_ALIVES_PER_TOKEN)
    keep_alive = max(1, round(keep_alive_ms / group.period_ms))
    lifetime = round(int(settings.get("lifetime_ms", 60_000)) / group.period_ms)
    params.RequestedMaxKeepAliveCount = keep_alive
    params.RequestedLifetimeCount = max(lifetime, keep_alive * 10)
    params.MaxNotificationsPerPublish = int(settings.get("max_notifications", 1000))
    params.PublishingEnabled = True
    params.Priority = 0
    return params


def _keep_alive_ms(settings: Mapping[str, Any]) -> int:
    return int(settings.get("keep_alive_ms", 2000))


async def subscribe(link: Link, group: Group, settings: Mapping[str, Any]) -> list[str]:
    """Create the subscription; the notes say where the server went beyond twice the wish."""
    params = parameters(group, settings, token_ms=link.token_ms)
    async with within(link.timeout_s):
        revised = await link.session.create_subscription(params, _ignore)
    group.id = revised.SubscriptionId
    interval, count = revised.RevisedPublishingInterval, revised.RevisedMaxKeepAliveCount
    group.interval_ms, group.keep_alive_ms = interval, interval * count
    # more signs of life than were wished for are no reason to be less patient
    group.silence_ns = silence_of(max(interval * max(count, 1), _keep_alive_ms(settings)))
    notes: list[str] = []
    if interval > 2 * params.RequestedPublishingInterval:
        notes.append(f"{group.name}: the server publishes only every {interval:g} ms")
    if interval * count > 2 * params.RequestedPublishingInterval * params.RequestedMaxKeepAliveCount:
        notes.append(f"{group.name}: the server may stay silent for {interval * count / 1000:g} s")
    return notes


async def unsubscribe(link: Link, group: Group) -> None:
    """Delete the subscription; one that the server has ended by itself is as good as deleted."""
    number, group.id = group.id, 0
    async with within(link.timeout_s):
        await link.session.delete_subscriptions([number])


def silence_of(keep_alive_ms: float) -> int:
    """Nanoseconds of silence that mean loss: 1.5 keep-alives, less the time it takes to notice."""
    keep_alive_ms = min(max(keep_alive_ms, 100.0), 3_600_000.0)
    return int(max(keep_alive_ms * 1.5 - NOTICE_MS, keep_alive_ms * 1.2) * 1_000_000)


def _ignore(_result: object) -> None:
    """The library wants a callback; the driver sends its own publish requests."""


def wish(point: Point, node: ua.NodeId, *, with_filter: bool) -> ua.MonitoredItemCreateRequest:
    """The item of a point; its client handle is the handle of the point."""
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = node
    request.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    if index_range := str(point.options.get("index_range", "")):
        request.ItemToMonitor.IndexRange = index_range
    request.MonitoringMode = ua.MonitoringMode.Reporting
    wanted = request.RequestedParameters
    queue = int(point.options.get("queue", 1))
    wanted.ClientHandle = point.handle
    wanted.SamplingInterval = float(point.options.get("sampling_ms", 0) or point.period_ms / 2)
    wanted.QueueSize = queue
    wanted.DiscardOldest = True
    wanted.Filter = _filter(point) if with_filter else None
    return request


def _filter(point: Point) -> ua.DataChangeFilter | None:
    percent, size = float(point.options.get("deadband_percent", 0)), float(point.options.get("deadband", 0))
    if not percent and not size:
        return None
    found = ua.DataChangeFilter()
    found.Trigger = ua.DataChangeTrigger.StatusValue
    found.DeadbandType = ua.DeadbandType.Percent if percent else ua.DeadbandType.Absolute
    found.DeadbandValue = percent or size
    return found


async def create_items(
    link: Link, group: Group, wishes: Sequence[ua.MonitoredItemCreateRequest], chunk: int
) -> list[ua.MonitoredItemCreateResult]:
    """Results in the order of the wishes, ``chunk`` items a call (UA-09)."""
    results: list[ua.MonitoredItemCreateResult] = []
    for part in chunks(wishes, chunk):
        params = ua.CreateMonitoredItemsParameters()
        params.SubscriptionId = group.id
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        params.ItemsToCreate = part
        async with within(link.timeout_s):
            answer = await link.session.create_monitored_items(params)
        if len(answer) != len(part):
            raise ProtocolViolation(f"{len(part)} items were asked for and {len(answer)} answered")
        results.extend(answer)
        await asyncio.sleep(0)
    return results


async def delete_items(link: Link, group: Group, ids: Sequence[int], chunk: int) -> None:
    """``chunk`` items a call; an item that the server does not know is as good as deleted."""
    for part in chunks(ids, chunk):
        params = ua.DeleteMonitoredItemsParameters()
        params.SubscriptionId, params.MonitoredItemIds = group.id, part
        async with within(link.timeout_s):
            await link.session.delete_monitored_items(params)
        await asyncio.sleep(0)
