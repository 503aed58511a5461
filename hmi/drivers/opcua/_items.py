"""Creates the monitored items of the points and looks up types, ranges and units of their nodes."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportAttributeAccessIssue=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asyncua import ua

from hmi.acquisition.port import Point
from hmi.core.values import ValueType
from hmi.drivers.opcua._decode import Decoder
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import REFUSED_FILTERS, Deadband, Group, chunks, create_items, wish
from hmi.drivers.opcua._values import plain, words
from hmi.drivers.opcua._watch import SERVER_STATE, SERVICE_LEVEL, STATE, Watch

SERVER_LEVEL = 2267
PROPERTIES = ("EURange", "EngineeringUnits")
_BUILT_IN = 25
_ANY = ValueType.INT64
_HAS_PROPERTY = 46
Refused = dict[int, tuple[int, str]]


def value_of(node: ua.NodeId, point: Point) -> ua.ReadValueId:
    """The read of a point, with its part of an array."""
    found = attribute(node, ua.AttributeIds.Value)
    if index_range := str(point.options.get("index_range", "")):
        found.IndexRange = index_range
    return found


def attribute(node: ua.NodeId, what: ua.AttributeIds) -> ua.ReadValueId:
    """The read of one attribute."""
    found = ua.ReadValueId()
    found.NodeId, found.AttributeId = node, what
    return found


class Maker:
    """Creates items group by group."""

    def __init__(
        self, link: Link, watch: Watch, decoder: Decoder, nodes: Mapping[int, ua.NodeId], chunk: int
    ) -> None:
        self._link, self._watch, self._decoder, self._nodes = link, watch, decoder, nodes
        self._of_state: Group | None = None
        self.chunk = chunk
        self.notes: list[str] = []

    async def create(self, group: Group, points: Sequence[Point]) -> Refused:
        """Items of the points; the answer holds those that were refused, with code and sentence."""
        if not points:
            return {}
        self._decoder.known.update(point.handle for point in points)
        wishes = [wish(point, self._nodes[point.handle], with_filter=True) for point in points]
        results = await create_items(self._link, group, wishes, self.chunk)
        refused = self._judge(group, points, results)
        filtered = [p for p in points if p.handle in refused and refused[p.handle][0] in REFUSED_FILTERS]
        if filtered:
            refused = {handle: why for handle, why in refused.items() if why[0] not in REFUSED_FILTERS}
            refused |= await self._without_filter(group, filtered)
        return refused

    def _judge(
        self, group: Group, points: Sequence[Point], results: Sequence[ua.MonitoredItemCreateResult]
    ) -> Refused:
        refused: Refused = {}
        slow, short = 0, 0
        for point, result in zip(points, results, strict=True):
            if not result.StatusCode.is_good():
                code = result.StatusCode.value
                refused[point.handle] = (code, f"{point.address}: the server refuses it: {words(code)}")
                continue
            if point.handle not in self._nodes:  # its point went while it was created
                group.unwanted.append(result.MonitoredItemId)
                continue
            group.server_ids[point.handle] = result.MonitoredItemId
            slow += result.RevisedSamplingInterval > 2 * (
                point.options.get("sampling_ms") or point.period_ms / 2
            )
            short += 0 < result.RevisedQueueSize < int(point.options.get("queue", 1))
        if slow:
            self.notes.append(f"{group.name}: the server samples {slow} points slower than asked")
        if short:
            self.notes.append(f"{group.name}: the server keeps fewer samples than asked of {short} points")
        return refused

    async def _without_filter(self, group: Group, points: Sequence[Point]) -> Refused:
        """The same items with the deadband computed here (UA-08)."""
        points = self._still(points)
        spans = await properties(self._link, {p.handle: self._nodes[p.handle] for p in points}, self.chunk)
        points = self._still(points)
        for point in points:
            if (size := local_size(point, spans.get(point.handle, {}))) is not None:
                self._watch.deadbands[point.handle] = Deadband(size)
            else:
                self.notes.append(
                    f"{point.address}: a deadband in percent needs EURange; every change is taken"
                )
        wishes = [wish(point, self._nodes[point.handle], with_filter=False) for point in points]
        return self._judge(group, points, await create_items(self._link, group, wishes, self.chunk))

    def _still(self, points: Sequence[Point]) -> list[Point]:
        """Those that are asked for even now."""
        return [point for point in points if point.handle in self._nodes]

    async def watch_state(self, groups: Sequence[Group]) -> None:
        """The state of the server comes with the values of the first group, as long as that has points."""
        if not groups or any(group is self._of_state for group in groups):
            return
        self._of_state = group = groups[0]
        wishes = [
            wish(Point(handle, "", _ANY, group.period_ms), ua.NodeId(number), with_filter=False)
            for handle, number in ((STATE, SERVER_STATE), (SERVICE_LEVEL, SERVER_LEVEL))
        ]
        for result in (await create_items(self._link, group, wishes, self.chunk))[:1]:
            if not result.StatusCode.is_good():
                self.notes.append("the server does not tell its state")


def local_size(point: Point, found: Mapping[str, Any]) -> float | None:
    """Absolute deadband of a point; None when the range for a percentage is not known."""
    if size := float(point.options.get("deadband", 0)):
        return size
    span = found.get("range")
    if not isinstance(span, list) or not span[1] > span[0]:
        return None
    return float(point.options.get("deadband_percent", 0)) / 100 * (span[1] - span[0])


async def properties(link: Link, nodes: Mapping[int, ua.NodeId], chunk: int) -> dict[int, dict[str, Any]]:
    """EURange as ``range`` and the unit as ``unit``, where the node has them."""
    found: dict[int, dict[str, Any]] = {handle: {} for handle in nodes}
    wanted = [(handle, name) for handle in nodes for name in PROPERTIES]
    for part in chunks(wanted, chunk):
        paths = [_path(nodes[handle], name) for handle, name in part]
        results = await link.translate(paths)
        targets = [
            (handle, name, result.Targets[0].TargetId)
            for (handle, name), result in zip(part, results, strict=True)
            if result.StatusCode.is_good() and result.Targets
        ]
        if targets:
            values = await link.read([attribute(node, ua.AttributeIds.Value) for _h, _n, node in targets])
            for (handle, name, _node), value in zip(targets, values, strict=True):
                _keep(found[handle], name, value.Value.Value if value.Value else None)
    return found


def _path(node: ua.NodeId, name: str) -> ua.BrowsePath:
    element = ua.RelativePathElement()
    element.ReferenceTypeId = ua.NodeId(_HAS_PROPERTY)
    element.IncludeSubtypes, element.IsInverse = True, False
    element.TargetName = ua.QualifiedName(name, 0)
    path = ua.BrowsePath()
    path.StartingNode = node
    path.RelativePath.Elements = [element]
    return path


def _keep(found: dict[str, Any], name: str, value: Any) -> None:
    if name == "EURange" and isinstance(value, ua.Range):
        found["range"] = [float(value.Low), float(value.High)]
    elif isinstance(value, ua.EUInformation):
        found["unit"] = plain(value.DisplayName)


async def write_types(
    link: Link, handles: Sequence[int], nodes: Mapping[int, ua.NodeId], chunk: int
) -> dict[int, tuple[ua.VariantType, int]]:
    """Type and number of dimensions of writable nodes, from their value and else from their attributes."""
    found: dict[int, tuple[ua.VariantType, int]] = {}
    for part in chunks(handles, max(1, chunk // 3)):
        wanted = [
            attribute(nodes[handle], what)
            for handle in part
            for what in (ua.AttributeIds.Value, ua.AttributeIds.DataType, ua.AttributeIds.ValueRank)
        ]
        answers = await link.read(wanted)
        for place, handle in enumerate(part):
            value, data_type, rank = answers[place * 3 : place * 3 + 3]
            if kind := _type_of(value, data_type):
                found[handle] = (kind, _dimensions(value, rank))
    return found


def _type_of(value: ua.DataValue, data_type: ua.DataValue) -> ua.VariantType | None:
    stated = value.Value.VariantType if value.Value else None
    if isinstance(stated, ua.VariantType) and stated is not ua.VariantType.Null:
        return stated
    node = data_type.Value.Value if data_type.Value else None
    if isinstance(node, ua.NodeId) and node.NamespaceIndex == 0 and node.Identifier in range(1, _BUILT_IN):
        return ua.VariantType(node.Identifier)
    return None


def _dimensions(value: ua.DataValue, rank: ua.DataValue) -> int:
    """0 for a scalar, 1 for an array, more for a matrix."""
    number = rank.Value.Value if rank.Value else None
    stated = number if isinstance(number, int) else 0
    inner = value.Value
    there = max(len(inner.Dimensions or ()), 1) if inner and inner.is_array else 0
    return max(stated, there)
