"""What the server knows of the points: their nodes, what can be written and which of them are methods."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Iterable, Mapping

from asyncua import ua

from hmi.acquisition.port import Point
from hmi.core import quality
from hmi.core.errors import AddressError, LinkLost
from hmi.drivers.opcua._address import NodeAddress, parse_address
from hmi.drivers.opcua._items import write_types
from hmi.drivers.opcua._methods import Method, find_methods
from hmi.drivers.opcua._server import Server, namespaces_of
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._values import node_id

Types = dict[int, tuple[ua.VariantType, int]]


class Nodes:
    """By number of the point. ``faults``: why a point has no value, as status and sentence; ``waiting``: addresses that
    were not looked up yet, of which nothing is read and to which nothing is written.
    """

    def __init__(self, points: Mapping[int, Point]) -> None:
        self._points = points
        self.ids: dict[int, ua.NodeId] = {}
        self.methods: dict[int, Method] = {}
        self.types: Types = {}
        self.faults: dict[int, tuple[int, str]] = {}
        self.waiting: dict[int, NodeAddress] = {}
        self.enter(points.values())

    def enter(self, points: Iterable[Point]) -> None:
        """Further points, to be looked up."""
        for point in points:
            try:
                self.waiting[point.handle] = parse_address(point.address)
            except AddressError as error:
                self.faults[point.handle] = (quality.BAD_CONFIGURATION, error.sentence)

    def forget(self, numbers: Iterable[int]) -> None:
        """Points that are asked for no longer; nothing is written to them from here on."""
        for number in numbers:
            for kept in (self.ids, self.methods, self.types, self.faults, self.waiting):
                kept.pop(number, None)

    async def look_up(self, link: Link, server: Server, chunk: int) -> None:
        """All that waits: a point is read and written from the moment on in which everything is known of it."""
        asked = dict(self.waiting)
        found = {number: node_id(address, server.namespaces) for number, address in asked.items()}
        ids = {number: node for number, node in found.items() if node is not None}
        writable = [number for number in ids if self._points[number].writable]
        methods = await find_methods(link, writable, ids, chunk)
        types = await write_types(link, [one for one in writable if one not in methods], ids, chunk)
        for number, address in asked.items():
            if self.waiting.pop(number, None) is None:
                continue  # forgotten meanwhile
            if number in ids:
                self.ids[number] = ids[number]
            else:
                self.faults[number] = (
                    quality.BAD_NODE_ID_UNKNOWN,
                    f"the server has no namespace {address.uri!r}",
                )
            if number in methods:
                self.methods[number] = methods[number]
            if number in types:
                self.types[number] = types[number]

    async def look_up_later(self, link: Link, server: Server, chunk: int) -> None:
        """The same over a connection that has been open for a while: the server may have got further namespaces."""
        unknown = {one.uri for one in self.waiting.values() if one.uri} - set(server.namespaces)
        if unknown:
            now = await namespaces_of(link)
            if now[: len(server.namespaces)] != server.namespaces:
                raise LinkLost("the server has numbered its namespaces anew")
            server.namespaces = now
        await self.look_up(link, server, chunk)
