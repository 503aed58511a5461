"""All connections of a plant: starts their links, and finds the one a write or a read-back belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hmi.acquisition._following import FollowingDriver
from hmi.acquisition._isolated import IsolatedDriver
from hmi.acquisition._link import DriverFactory, Link, LinkEvents
from hmi.acquisition._points import Endpoints, connections_of, endpoints_of, points_of
from hmi.acquisition._queue import OFFLINE
from hmi.acquisition._secrets import SettingsWithSecrets
from hmi.acquisition.port import Driver, Group, LinkSettings, Point, Trace
from hmi.core.clock import Clock
from hmi.core.commands import WriteOutcome, WriteRequest
from hmi.core.conditions import ConditionCall
from hmi.core.errors import CommunicationError
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.plugins.definition import DriverDefinition, Setting
from hmi.plugins.discovery import definition, part
from hmi.project import paths_in
from hmi.project.plant import Plant
from hmi.security.connection_secrets import ConnectionSecrets

POINT_S = 6e-6
"""What one point of a link takes that opens or is away, in seconds of a processor."""
NOTICED_S = 0.005
"""Links that need less than this open at once."""
MANY, STATIONS_S = 20_000, 0.2
"""With so many points the stations that wait for their runtime find it before the first link opens."""


def create_driver(name: str, settings: LinkSettings) -> Driver:
    """A driver object for one attempt; in a worker process when its definition asks for that."""
    found: DriverDefinition = definition("drivers", name)
    if found.isolated and found.replans:
        return FollowingDriver(name, settings, part("drivers", name, "groups").groups_of)
    if found.isolated:
        return IsolatedDriver(name, settings)
    driver: Driver = part("drivers", name, "driver").create(settings)
    return driver


def style_of(driver: str) -> str:
    """``poll`` or ``push``, as the driver's definition says."""
    found: DriverDefinition = definition("drivers", driver)
    return found.style


def create_driver_with(defaults: Mapping[str, Any], folders: Mapping[str, Path]) -> DriverFactory:
    """``create_driver`` with settings the runtime knows (``pki_dir``, ``data_dir``), for drivers that declare them.

    ``folders``: where relative paths of settings begin, the ``plant`` folder and the one of ``data``.
    """

    def create(name: str, settings: LinkSettings) -> Driver:
        declared: tuple[Setting, ...] = definition("drivers", name).settings
        known = {one.name: defaults[one.name] for one in declared if one.name in defaults}
        found = paths_in({**known, **settings.settings}, declared, folders)
        return create_driver(name, replace(settings, settings=found))

    return create


@dataclass(frozen=True, slots=True)
class NextLinks:
    """The links of another revision: those that go on, and new ones. ``closed`` names the ones that do not.

    ``followed``: those that ask for the points of a successor over the connection that they have. ``afresh``: handles
    of points that are another one in the device now, or mean something else; ``moved`` the former alone.
    """

    links: Mapping[str, Link]
    connection_of: Mapping[int, str]
    closed: frozenset[str]
    followed: Mapping[str, Link] = field(default_factory=dict[str, "Link"])
    afresh: frozenset[int] = frozenset()
    moved: frozenset[int] = frozenset()


class Acquisition:
    """Owns the links of a plant; tests give a ``create`` and ``style_of`` of their own.

    ``clock`` is the session clock, which stamps all that is handed on; without one it is the wall clock.
    ``secrets``: where the passwords of connections are kept.
    """

    def __init__(
        self,
        plant: Plant,
        events: LinkEvents,
        *,
        mode: Mode,
        endpoints: Endpoints | None = None,
        session: str = "",
        clock: Clock | None = None,
        create: DriverFactory = create_driver,
        style_of: Callable[[str], str] = style_of,
        secrets: ConnectionSecrets | None = None,
    ) -> None:
        self._events, self._endpoints, self._session = events, endpoints, session
        self.mode = mode
        self._clock = clock
        self._create, self._style_of = create, style_of
        self._settings = SettingsWithSecrets(secrets)
        self._demanded: frozenset[int] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._connection_of: Mapping[int, str] = connections_of(plant)
        self.links: Mapping[str, Link] = {name: self._link(plant, name) for name in plant.connections}

    def _link(self, plant: Plant, name: str) -> Link:
        connection = plant.connections[name]
        return Link(
            connection,
            endpoints_of(connection, self._endpoints),
            partial(points_of, plant, name),
            style=self._style_of(connection.driver),
            create=self._create,
            events=self._events,
            mode=self.mode,
            session=self._session,
            clock=self._clock,
            settings=self._settings,
        )

    async def run(self) -> None:
        """All links until cancelled. Of a large plant they open one after the other: what each tells of thousands of
        tags takes its time, and stations are answered in between. One that new tags are wanted of does not wait.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            if len(self._connection_of) >= MANY:
                await asyncio.sleep(STATIONS_S)
            for name in tuple(self.links):
                if self._must_start(name):
                    self._start(name)
                    await _breathe(self.links[name])
            await asyncio.get_running_loop().create_future()  # links come and go with plant revisions

    def next_links(self, plant: Plant, afresh: Collection[int] = ()) -> NextLinks:
        """What ``apply`` takes; touches nothing and may run on another thread.

        A link goes on when its definition, endpoints and points are the same and none of its points is among
        ``afresh`` (handles whose values mean something else, or that are gone); where only that differs it follows its
        successor if its driver can. ConfigurationError when a connection of the plant cannot be used.
        """
        made = {name: self._link(plant, name) for name in plant.connections}
        both = {name: link for name, link in self.links.items() if name in made}
        touched = {self._connection_of.get(handle, "") for handle in afresh}
        same = {n: link for n, link in both.items() if n not in touched and link.asks == made[n].asks}
        followed = {n: made[n] for n, link in both.items() if n not in same and link.can_follow(made[n])}
        go_on = same | {name: both[name] for name in followed}
        moved = frozenset(h for name in followed for h in _moved(both[name].points, made[name].points))
        closed = frozenset(self.links.keys() - go_on.keys())
        connection_of = connections_of(plant)
        return NextLinks(made | go_on, connection_of, closed, followed, moved | frozenset(afresh), moved)

    async def rest(self, change: NextLinks) -> NextLinks:
        """Bring the links that follow to rest, until ``go_on``; one that does not come to rest is closed instead."""
        await asyncio.gather(*(self.links[name].rest() for name in change.followed))
        late = {name: made for name, made in change.followed.items() if not self.links[name].is_at_rest}
        if not late:
            return change
        followed = {name: link for name, link in change.followed.items() if name not in late}
        return replace(
            change, links={**change.links, **late}, closed=change.closed | late.keys(), followed=followed
        )

    def go_on(self) -> None:
        """The end of ``rest``."""
        for link in self.links.values():
            link.go_on()

    def apply(self, change: NextLinks) -> dict[str, Sequence[Group]]:
        """Take the links of another revision. A link that does not go on says nothing from here on; its
        successor opens when it has closed. The groups of those that follow one over their connection.
        """
        for name in change.closed:
            self.links[name].retire()
            for task in self._tasks.get(name, ()):
                task.cancel()
        started = change.closed | (change.links.keys() - self.links.keys())
        self.links, self._connection_of = change.links, change.connection_of
        wanted = self._by_link(self._demanded or ())
        for name in started & self.links.keys():
            if self._demanded is not None:
                self.links[name].demand(frozenset(wanted.get(name, ())))
            self._start(name)
        return {
            name: self.links[name].follow(successor, change.afresh)
            for name, successor in change.followed.items()
        }

    async def ask_again(self, change: NextLinks) -> None:
        """After ``apply``: values of links that follow, which mean something else and would not be sent again."""
        await asyncio.gather(
            *(self.links[n].ask_again(change.afresh) for n in change.followed if n in self.links)
        )

    async def with_new_secrets(self) -> tuple[str, ...]:
        """Names of the connections for which another secret is kept than the one they were opened with."""
        links = dict(self.links)
        found = await asyncio.gather(*(link.has_new_secret() for link in links.values()))
        return tuple(name for name, is_new in zip(links, found, strict=True) if is_new)

    def open_afresh(self, names: Iterable[str], text: str) -> None:
        """Close these connections, for the reason given, and open them again at once."""
        for name in names:
            if name in self.links:
                self.links[name].open_afresh(text)

    def _must_start(self, name: str) -> bool:
        """Whether a link waits for its turn since the start; another revision may have started or dropped it."""
        return name in self.links and name not in self._tasks

    def _start(self, name: str) -> None:
        if self._group is None:
            return
        own = self._tasks.setdefault(name, set())
        task = self._group.create_task(_after(tuple(own), self.links[name]), name=f"link {name}")
        own.add(task)
        task.add_done_callback(own.discard)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """One transmission at most on the link of the tag."""
        link = self.links.get(self._connection_of.get(request.handle, ""))
        return await link.write(request) if link else OFFLINE

    async def call(self, request: ConditionCall) -> WriteOutcome:
        """One method call at most to a condition of the server behind a connection."""
        link = self.links.get(request.connection)
        return await link.call(request) if link else OFFLINE

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh raw values, each from its own link; CommunicationError when one is down."""
        found: dict[int, DataValue] = {}
        for name, own in self._by_link(handles).items():
            if name not in self.links:
                raise CommunicationError("the tag has no connection")
            found.update(await self.links[name].read_now(own))
        return found

    async def trace(self, handle: int) -> Trace:
        """What the device says of one point, asked now; CommunicationError when its link is down."""
        link = self.links.get(self._connection_of.get(handle, ""))
        if link is None:
            raise CommunicationError("the tag has no connection")
        return await link.trace(handle)

    def demand(self, handles: Iterable[int]) -> None:
        """The tags that are wanted at full rate from now on; before the first call all are (design 3).

        Blocks and items that hold none of them are read rarely or paused until they are wanted again.
        """
        before, self._demanded = self._demanded, frozenset(handles)
        by_link = self._by_link(self._demanded)
        for name, link in self.links.items():
            link.demand(frozenset(by_link.get(name, ())))
        for name in self._by_link(self._demanded - before) if before is not None else ():
            if self._must_start(name):
                self._start(name)

    def _by_link(self, handles: Iterable[int]) -> dict[str, list[int]]:
        by_link: dict[str, list[int]] = {}
        for handle in handles:
            by_link.setdefault(self._connection_of.get(handle, ""), []).append(handle)
        return by_link


async def _breathe(link: Link) -> None:
    """Leave the loop to others for about as long as the link will need it when it opens."""
    seconds = len(link.points) * POINT_S
    if seconds >= NOTICED_S:
        await asyncio.sleep(seconds)


async def _after(predecessors: Collection[asyncio.Task[None]], link: Link) -> None:
    """A device may take one connection only: the old one ends before the new one opens."""
    if predecessors:
        await asyncio.wait(predecessors)
    await link.run()


def _moved(before: Sequence[Point], after: Sequence[Point]) -> set[int]:
    """Handles of points of both that are asked for in another way."""
    known = {point.handle: point for point in before}
    return {one.handle for one in after if one.handle in known and known[one.handle] != one}
