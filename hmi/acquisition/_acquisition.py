"""All connections of a plant: starts their links, and finds the one a write or a read-back belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hmi.acquisition._isolated import IsolatedDriver
from hmi.acquisition._link import DriverFactory, Link, LinkEvents
from hmi.acquisition._points import Endpoints, endpoints_of, points_of
from hmi.acquisition._queue import OFFLINE
from hmi.acquisition.port import Driver, LinkSettings
from hmi.core.commands import WriteOutcome, WriteRequest
from hmi.core.errors import CommunicationError
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.plugins.definition import DriverDefinition
from hmi.plugins.discovery import definition, part
from hmi.project.plant import Plant


def create_driver(name: str, settings: LinkSettings) -> Driver:
    """A driver object for one attempt; in a worker process when its definition asks for that."""
    found: DriverDefinition = definition("drivers", name)
    if found.isolated:
        return IsolatedDriver(name, settings)
    driver: Driver = part("drivers", name, "driver").create(settings)
    return driver


def style_of(driver: str) -> str:
    """``poll`` or ``push``, as the driver's definition says."""
    found: DriverDefinition = definition("drivers", driver)
    return found.style


def create_driver_with(defaults: Mapping[str, Any]) -> DriverFactory:
    """``create_driver`` with settings the runtime knows (``pki_dir``), for drivers that declare them."""

    def create(name: str, settings: LinkSettings) -> Driver:
        declared = {setting.name for setting in definition("drivers", name).settings}
        known = {key: value for key, value in defaults.items() if key in declared}
        return create_driver(name, replace(settings, settings={**known, **settings.settings}))

    return create


class Acquisition:
    """Owns the links of one plant revision; tests give a ``create`` and ``style_of`` of their own."""

    def __init__(
        self,
        plant: Plant,
        events: LinkEvents,
        *,
        mode: Mode,
        endpoints: Endpoints | None = None,
        session: str = "",
        create: DriverFactory = create_driver,
        style_of: Callable[[str], str] = style_of,
    ) -> None:
        self._connection_of = {tag.handle: tag.connection for tag in plant.tags if tag.connection}
        self.links = {
            name: Link(
                connection,
                endpoints_of(connection, endpoints),
                points_of(plant, name),
                style=style_of(connection.driver),
                create=create,
                events=events,
                mode=mode,
                session=session,
            )
            for name, connection in plant.connections.items()
        }

    async def run(self) -> None:
        """All links until cancelled."""
        async with asyncio.TaskGroup() as group:
            for link in self.links.values():
                group.create_task(link.run(), name=f"link {link.name}")

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """One transmission at most on the link of the tag."""
        link = self.links.get(self._connection_of.get(request.handle, ""))
        return await link.write(request) if link else OFFLINE

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh raw values, each from its own link; CommunicationError when one is down."""
        found: dict[int, DataValue] = {}
        for name, own in self._by_link(handles).items():
            if name not in self.links:
                raise CommunicationError("the tag has no connection")
            found.update(await self.links[name].read_now(own))
        return found

    def _by_link(self, handles: Iterable[int]) -> dict[str, list[int]]:
        by_link: dict[str, list[int]] = {}
        for handle in handles:
            by_link.setdefault(self._connection_of.get(handle, ""), []).append(handle)
        return by_link
