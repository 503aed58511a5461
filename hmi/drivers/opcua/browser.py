"""Lists what an OPC UA server has and proposes tags and types for it; it only reads."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from asyncua import ua

from hmi.core.clock import monotonic_ns
from hmi.core.errors import CommunicationError, ConfigurationError
from hmi.drivers.opcua import _server
from hmi.drivers.opcua._address import Endpoint, parse_address, parse_endpoint
from hmi.drivers.opcua._browse_ask import Asker
from hmi.drivers.opcua._browse_facts import Describer
from hmi.drivers.opcua._browse_walk import Limits, Walk, Walked
from hmi.drivers.opcua._connect import connect, refusal
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._values import node_id
from hmi.drivers.opcua._within import within
from hmi.plugins.definition import Setting
from hmi.project.address_space import SpaceAsk, propose
from hmi.project.importing import BrowseAsk, Imported, ImportFault
from hmi.security.trust import PKI_FOLDER

BROWSE_OPTIONS = (
    Setting("root", "string", "i=85", "node to begin at; i=85 is the folder Objects"),
    Setting("max_nodes", "integer", 200_000, "nodes that are read at most", minimum=1, maximum=2_000_000),
    Setting("max_depth", "integer", 50, "levels below the root", minimum=1, maximum=200),
    Setting("max_seconds", "number", 600.0, "the browse ends after so long", minimum=1, maximum=86_400),
    Setting("rate", "number", 100.0, "requests in a second at most", minimum=0.1, maximum=1000),
    Setting("types", "boolean", True, "objects of one type become instances of a proposed type"),
    Setting("shapes", "boolean", True, "and so do objects with the same variables, whatever their type"),
    Setting("shape_objects", "integer", 3, "so many such objects at least", minimum=2, maximum=1000),
    Setting("writable", "boolean", True, "propose as writable what the server lets us write"),
    Setting("methods", "boolean", False, "propose methods with one argument at most as commands"),
    Setting("properties", "boolean", False, "propose the properties of objects as tags too"),
)
FINISH_S = 60.0
"""For what is asked at the end: types and enumerations."""


class OpcuaBrowser:
    """Implements ``hmi.project.importing.Browser``."""

    async def browse(self, ask: BrowseAsk) -> Imported:
        """What the server proposes; CommunicationError when it cannot be reached, ConfigurationError for a bad ask."""
        options = {one.name: one.default for one in BROWSE_OPTIONS} | dict(ask.options)
        endpoint, root = parse_endpoint(ask.endpoint), parse_address(str(options["root"]))
        settings = dict(ask.settings)
        if ask.data is not None:
            settings.setdefault("pki_dir", str(ask.data / PKI_FOLDER))
        async with _opened(ask.connection or "browse", endpoint, settings) as (link, server, notes):
            node = node_id(root, server.namespaces)
            if node is None:
                raise ConfigurationError(
                    f"the server has no namespace {root.uri!r}", do="take one that it has: see --json"
                )
            found = await _walk(link, server, node, options, ask)
        space_ask = SpaceAsk(
            ask.connection,
            ask.area,
            types=bool(options["types"]),
            writable=bool(options["writable"]),
            shapes=int(options["shape_objects"]) if options["shapes"] else 0,
        )
        made = await asyncio.to_thread(propose, found.nodes, space_ask)
        return replace(
            made,
            faults=[*_faults(found), *made.faults],
            notes=[*_identity(server), *notes, *_left(found), *made.notes],
        )


@asynccontextmanager
async def _opened(
    name: str, endpoint: Endpoint, settings: Mapping[str, Any]
) -> AsyncIterator[tuple[Link, _server.Server, list[str]]]:
    """A session, closed again whatever happens."""
    limit_s = int(settings.get("connect_timeout_ms", 10_000)) / 1000
    link: Link | None = None
    try:
        try:
            async with within(limit_s):
                link, notes = await connect(name, endpoint, settings)
                server = await _server.look(link)
        except TimeoutError as error:
            raise CommunicationError(f"{endpoint.url} does not answer") from error
        except ua.UaStatusCodeError as error:
            raise CommunicationError(f"{endpoint.url} refuses: {refusal(error.code)}") from error
        except (OSError, ua.UaError) as error:
            raise CommunicationError(f"{endpoint.url} cannot be reached: {error}") from error
        if fault := server.mismatch(settings.get("expected_identity", {})):
            raise CommunicationError(f"{endpoint.url} is the wrong server: {fault}")
        yield link, server, notes
    finally:
        if link is not None:
            await link.close()


async def _walk(
    link: Link, server: _server.Server, root: ua.NodeId, options: Mapping[str, Any], ask: BrowseAsk
) -> Walked:
    seconds = float(options["max_seconds"])
    deadline = monotonic_ns() + int(seconds * 1e9)
    asker = Asker(link, rate=float(options["rate"]), deadline_ns=deadline, max_seconds=seconds)
    describer = Describer(asker, server.chunk("read", int(ask.settings.get("chunk", 500))))
    limits = Limits(
        int(options["max_nodes"]),
        int(options["max_depth"]),
        methods=bool(options["methods"]),
        properties=bool(options["properties"]),
    )
    walk = Walk(
        asker, limits, server, describer.describe, lambda count: ask.told(f"{count} nodes read", count, 0)
    )
    describer.found = walk.found
    found = await walk.run(root)
    asker.is_finishing = True
    ask.told("reading types", 0, 0)
    try:
        async with within(FINISH_S):
            await describer.finish(server.namespaces)
    except (OSError, TimeoutError, CommunicationError, ua.UaError) as error:
        found.stopped = (
            found.stopped or f"the browse ended early: {error or 'no answer'}; types are not known"
        )
    describer.finish_alone()
    return found


def _faults(found: Walked) -> Iterator[ImportFault]:
    if found.stopped:
        yield ImportFault(found.stopped, do="raise the limits or browse a part with --root", is_error=False)
    for text in found.faults:
        yield ImportFault(text, is_error=False)


def _identity(server: _server.Server) -> Iterator[str]:
    who = server.identity
    stated = " ".join(part for part in (who.vendor, who.product, who.revision) if part)
    yield f"server: {stated or 'it does not say what it is'}"
    if server.application_uri:
        yield f"application: {server.application_uri}"
    for number, uri in enumerate(server.namespaces[:100]):
        if number:
            yield f"namespace {number}: {uri}"


def _left(found: Walked) -> Iterator[str]:
    for what, count in found.left.items():
        yield f"left out: {what} ({count})" if count > 1 else f"left out: {what}"


def create() -> OpcuaBrowser:
    """The browser of this driver."""
    return OpcuaBrowser()
