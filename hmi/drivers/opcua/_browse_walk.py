"""Walks through the address space of a server, each node once, and keeps what was found when it ends early."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportAttributeAccessIssue=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from asyncua import ua

from hmi.core.errors import CommunicationError, ProtocolViolation
from hmi.drivers.opcua._browse_ask import HAS_PROPERTY, NODES, Asker, Enough
from hmi.drivers.opcua._condition_types import text_of
from hmi.drivers.opcua._server import Server
from hmi.drivers.opcua._subscribe import chunks
from hmi.drivers.opcua._values import text, words
from hmi.project.address_space import IDENTITY, STATE_NUMBER, SpaceNode

OBJECTS, SERVER, PROPERTY_TYPE = ua.NodeId(85), ua.NodeId(2253), ua.NodeId(68)
WEAK: Final = frozenset((35, 36, 48))
"""Organizes, HasEventSource and HasNotifier: a node that is a component of something is found there first."""
OF_VARIABLES: Final = frozenset(
    ("EURange", "EngineeringUnits", "EnumStrings", "EnumValues", "TrueState", "FalseState")
)
ARGUMENTS: Final = "InputArguments"
BROWSE_CHUNK: Final = 50
IDLE_ANSWERS: Final = 20
"""Further answers about one node that bring nothing new before the server counts as one that never ends."""
MOST_NAME: Final = 512
MOST_SHOWN: Final = 3
NodeKey = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a walk ends: nodes, levels below the root, and whether methods and properties are nodes too."""

    nodes: int
    depth: int
    methods: bool = False
    properties: bool = False


@dataclass(slots=True)
class Walked:
    """What was found. ``ids``, ``types`` and ``properties`` are by the place of the node in ``nodes``."""

    nodes: list[SpaceNode] = field(default_factory=list[SpaceNode])
    ids: list[ua.NodeId] = field(default_factory=list[ua.NodeId])
    types: list[ua.NodeId | None] = field(default_factory=list["ua.NodeId | None"])
    stopped: str = ""
    faults: list[str] = field(default_factory=list[str])
    left: dict[str, int] = field(default_factory=dict[str, int])

    def leave(self, what: str) -> None:
        """Count something that is left out on purpose."""
        self.left[what] = self.left.get(what, 0) + 1

    def path(self, place: int) -> str:
        parts: list[str] = []
        while place >= 0:
            parts.append(self.nodes[place].name)
            place = self.nodes[place].parent
        return "/".join(reversed(parts)) or "the root"


Describe = Callable[[Sequence[int], Sequence[tuple[int, str, ua.NodeId]]], Any]


class Walk:
    """One walk. ``describe`` is awaited with places and properties as they come, so that an early end loses little."""

    def __init__(
        self, asker: Asker, limits: Limits, server: Server, describe: Describe, told: Callable[[int], None]
    ) -> None:
        self._asker, self._limits, self._namespaces = asker, limits, server.namespaces
        self._chunk = server.chunk("browse", BROWSE_CHUNK)
        self._describe, self._told = describe, told
        self.found = Walked()
        self._seen: set[NodeKey] = set()
        self._fresh: list[int] = []
        self._properties: list[tuple[int, str, ua.NodeId]] = []
        self._weak: dict[NodeKey, tuple[int, ua.ReferenceDescription]] = {}
        self._points: list[bytes] = []
        self._done = 0

    async def run(self, root: ua.NodeId) -> Walked:
        """Everything below the root; what ends it early is said in ``stopped``, never raised."""
        found = self.found
        self._seen.add(_key(root))
        wave: list[tuple[int, ua.NodeId]] = [(-1, root)]
        try:
            for _level in range(self._limits.depth):
                wave = await self._level(wave)
                if not wave:
                    break
            else:
                found.stopped = self._unseen(f"{self._limits.depth} levels were walked", [p for p, _ in wave])
        except (OSError, TimeoutError, CommunicationError, ua.UaError, Enough) as error:
            found.stopped = self._unseen(_why(error), self._waiting(wave))
            await self._describe_last(error)
        return found

    async def _describe_last(self, error: BaseException) -> None:
        """What was met before an end that the server has no part in is still asked for."""
        if isinstance(error, Enough):
            self._asker.is_finishing = True
            # the server may be lost now of all times; then what is not described is said to be so
            with contextlib.suppress(OSError, TimeoutError, CommunicationError, ua.UaError):
                await self._flush(0)

    def _waiting(self, wave: Sequence[tuple[int, ua.NodeId]]) -> list[int]:
        """Places that nobody has looked into: the rest of this level and all of the next."""
        below = range(wave[-1][0] + 1 if wave else 0, len(self.found.nodes))
        return [*(place for place, _ in wave[self._done :]), *below]

    async def _level(self, wave: Sequence[tuple[int, ua.NodeId]]) -> list[tuple[int, ua.NodeId]]:
        """The next level: first what belongs to something, then what is only listed somewhere."""
        before = len(self.found.nodes)
        self._done = 0
        for part in chunks(wave, self._chunk):
            await self._look_into(part)
            self._done += len(part)
            self._told(len(self.found.nodes))
        weak, self._weak = self._weak, {}
        for place, reference in weak.values():
            self._take(place, reference)
        await self._flush(0)
        return [(place, self.found.ids[place]) for place in range(before, len(self.found.nodes))]

    def _unseen(self, why: str, waiting: Sequence[int]) -> str:
        if not waiting:
            return f"the browse ended early: {why}"
        nodes = self.found.nodes
        first = sorted(waiting, key=lambda place: place >= 0 and nodes[place].kind != "object")[:MOST_SHOWN]
        shown = ", ".join(self.found.path(place) for place in first)
        more = f" and {len(waiting) - MOST_SHOWN} more" if len(waiting) > MOST_SHOWN else ""
        return f"the browse ended early: {why}; not looked into: {shown}{more}"

    # --- references -----------------------------------------------------------------------------------

    async def _look_into(self, part: Sequence[tuple[int, ua.NodeId]]) -> None:
        mask = NODES | (int(ua.NodeClass.Method) if self._limits.methods else 0)
        results = await self._asker.browse([node for _place, node in part], mask=mask)
        self._points = [bytes(one.ContinuationPoint) for one in results if one.ContinuationPoint]
        try:
            for (place, node), result in zip(part, results, strict=True):
                if result.StatusCode.value == ua.StatusCodes.BadNoContinuationPoints:
                    await self._free_points()
                    (result,) = await self._asker.browse([node], mask=mask)
                    self._points += [bytes(result.ContinuationPoint)] if result.ContinuationPoint else []
                await self._follow(place, node, result, mask)
        except (Enough, ProtocolViolation):
            await self._free_points()
            raise

    async def _free_points(self) -> None:
        """A server has few of them; it would keep those nobody reads on."""
        points, self._points = self._points, []
        if points:
            self._asker.is_finishing = True
            await self._asker.release(points)
            self._asker.is_finishing = False

    async def _follow(self, place: int, node: ua.NodeId, result: ua.BrowseResult, mask: int) -> None:
        """All references of one node, to the last continuation point or to the end of patience."""
        if not result.StatusCode.is_good():
            where = self.found.path(place)
            self.found.faults.append(
                f"{where}: the server does not list it: {words(result.StatusCode.value)}"
            )
            return
        idle = 0
        while True:
            before = len(self._seen) + len(self._weak)
            for reference in result.References or ():
                self._sort(place, reference)
            await self._flush(500)
            point = bytes(result.ContinuationPoint or b"")
            if not point:
                return
            idle = idle + 1 if len(self._seen) + len(self._weak) == before else 0
            if idle >= IDLE_ANSWERS:
                where = self.found.path(place)
                self.found.faults.append(f"{where}: the server lists the same again and again; it was left")
                await self._free_points()
                return
            result = await self._further(place, node, point, mask)

    async def _further(self, place: int, node: ua.NodeId, point: bytes, mask: int) -> ua.BrowseResult:
        """What comes behind a point; from the beginning where it was given back for the sake of another node."""
        if point in self._points:
            result = await self._asker.further(point)
            self._points.remove(point)
        else:
            (result,) = await self._asker.browse([node], mask=mask)
        if result.ContinuationPoint:
            self._points.append(bytes(result.ContinuationPoint))
        if not result.StatusCode.is_good():
            where = self.found.path(place)
            self.found.faults.append(f"{where}: its list is not whole: {words(result.StatusCode.value)}")
        return result

    def _sort(self, place: int, reference: ua.ReferenceDescription) -> None:
        if _key(reference.NodeId) in self._seen:
            return
        kind = reference.ReferenceTypeId
        if kind.NamespaceIndex == 0 and kind.Identifier in WEAK and place >= 0:
            if len(self._weak) < self._limits.nodes:
                self._weak.setdefault(_key(reference.NodeId), (place, reference))
            return
        self._take(place, reference)

    def _take(self, place: int, reference: ua.ReferenceDescription) -> None:
        """A node that nobody has met: a node of ours, a property of one, or nothing for us."""
        node = self._local(reference.NodeId)
        key = _key(node)
        if key in self._seen:
            return
        if getattr(node, "ServerIndex", 0) or getattr(node, "NamespaceUri", None):
            self._seen.add(key)
            self.found.leave("nodes of other servers")
            return
        if len(self._seen) >= self._limits.nodes:
            raise Enough(f"{self._limits.nodes} nodes were read")
        self._seen.add(key)
        if node == SERVER and place < 0:
            self.found.leave("the server's own diagnostics (--root i=2253 shows them)")
            return
        if self._is_property(place, reference):
            return
        self._add(place, node, reference)

    def _local(self, node: ua.NodeId) -> ua.NodeId:
        """With the number of its namespace, where the server names it by URI."""
        uri = getattr(node, "NamespaceUri", None)
        if not uri or uri not in self._namespaces:
            return node
        return ua.NodeId(node.Identifier, self._namespaces.index(uri))

    def _is_property(self, place: int, reference: ua.ReferenceDescription) -> bool:
        """A property says something of its owner; few are worth a tag of their own."""
        is_one = (
            reference.ReferenceTypeId == ua.NodeId(HAS_PROPERTY) or reference.TypeDefinition == PROPERTY_TYPE
        )
        if not is_one or place < 0:
            return False
        owner, name = self.found.nodes[place], str(reference.BrowseName.Name or "")
        known = {"variable": OF_VARIABLES, "object": IDENTITY, "method": (ARGUMENTS,)}[owner.kind]
        if name in known:
            self._properties.append((place, name, self._local(reference.NodeId)))
        elif (owner.name, name) == STATE_NUMBER or (self._limits.properties and owner.kind == "object"):
            return False
        elif owner.kind == "object":
            self.found.leave("properties of objects")
        return True

    def _add(self, place: int, node: ua.NodeId, reference: ua.ReferenceDescription) -> None:
        kinds = {ua.NodeClass.Variable: "variable", ua.NodeClass.Method: "method"}
        name = _short(reference.BrowseName.Name) or _short(reference.DisplayName.Text)
        index = reference.BrowseName.NamespaceIndex
        known = self._namespaces
        address = addressed(node, known)
        self.found.nodes.append(
            SpaceNode(
                address=address,
                parent=place,
                name=name or address[:MOST_NAME],
                kind=kinds.get(reference.NodeClass, "object"),
                space=known[index] if 0 <= index < len(known) else "",
                title=_short(reference.DisplayName.Text),
            )
        )
        self.found.ids.append(node)
        has_type = bool(reference.TypeDefinition and reference.TypeDefinition.Identifier)
        self.found.types.append(reference.TypeDefinition if has_type else None)
        self._fresh.append(len(self.found.nodes) - 1)

    async def _flush(self, least: int) -> None:
        """Have the new nodes described once there are enough of them."""
        if len(self._fresh) + len(self._properties) <= least:
            return
        fresh, self._fresh = self._fresh, []
        properties, self._properties = self._properties, []
        await self._describe(fresh, properties)


def _key(node: ua.NodeId) -> NodeKey:
    return node.NamespaceIndex, node.Identifier


def _short(value: str | None) -> str:
    return (text(value) or "")[:MOST_NAME]


def addressed(node: ua.NodeId, namespaces: Sequence[str]) -> str:
    """An address for a plant file: by namespace URI, which stays when the numbers of the namespaces change."""
    written = text_of(node) or ""
    head, mark, rest = written.partition(";")
    index = node.NamespaceIndex
    if not index or not mark or index >= len(namespaces) or not namespaces[index].strip():
        return written
    uri = namespaces[index].replace("%", "%25").replace(";", "%3B")
    return f"nsu={uri};{rest}" if head.startswith("ns=") else written


def _why(error: BaseException) -> str:
    if isinstance(error, Enough):
        return str(error)
    if isinstance(error, TimeoutError):
        return "the server does not answer any more"
    if isinstance(error, ua.UaStatusCodeError):
        return f"the server refuses: {words(error.code)}"
    return f"the connection was lost ({error})" if isinstance(error, OSError) else str(error)
