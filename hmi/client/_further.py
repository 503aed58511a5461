"""One further runtime of a federation: its client, what it said last, and whether this station may use it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hmi.client._prefix import Prefix
from hmi.client.alarms import AlarmDelta, list_of, merged_counts
from hmi.client.port import (
    AlarmInfo,
    ClientFactory,
    ConnectionInfo,
    Event,
    Listener,
    LiveUpdate,
    PlantInfo,
    RuntimeStatus,
)
from hmi.core.errors import AccessRefused, CommunicationError, WatchkeeperError
from hmi.core.principal import Mode
from hmi.core.texts import tr

log = logging.getLogger(__name__)

LOOK_S = 2.0
Wanted = tuple[tuple[str, ...], dict[str, Any]]


def mixed_modes(first: str, first_mode: str, second: str, second_mode: str) -> str:
    """Why two runtimes cannot share a station; empty when they can."""
    if first_mode == second_mode:
        return ""
    simulated, real = (first, second) if first_mode == Mode.SIMULATOR.value else (second, first)
    return tr(
        "{simulated} is a simulator and {real} is a plant; open them in two stations",
        simulated=simulated,
        real=real,
    )


class Further:
    """Keeps asking the runtime who it is; obeys Listener for its client.

    ``plant`` is as the station knows it; ``status`` is None while the runtime does not answer.
    """

    def __init__(self, name: str, factory: ClientFactory, *, home: Listener, own: Listener) -> None:
        self.name = name
        self._home_mode, self._home_is_sure = "", False
        self.plant: PlantInfo | None = None
        self.status: RuntimeStatus | None = None
        self._prefix, self._home, self._own = Prefix(name), home, own
        self._link_text, self._links = tr("not connected yet"), 0
        self._seen: tuple[str, ...] = ()
        self._titles: dict[str, str] = {}
        self._rows: dict[str, AlarmInfo] = {}
        self._rows_doubted = True
        self._known = AlarmDelta()
        self._wanted: Wanted = ((), {})
        self._subscribed: Wanted | None = ((), {})
        self._wake = asyncio.Event()
        self.client = factory(self)
        self._follower = asyncio.get_running_loop().create_task(self._follow(), name=f"runtime {name}")

    # ------------------------------------------------------------------ what a federation asks

    def meet(self, home_mode: str) -> None:
        """Take the mode of the home runtime: what was held back until then may be shown now."""
        turned = home_mode != self._home_mode
        self._home_mode, self._home_is_sure = home_mode, True
        if turned:
            self._tell_all()
            self._wake.set()

    def doubt_home(self) -> None:
        """The home runtime came back, perhaps in another mode: no commands until it has said which."""
        self._home_is_sure = False

    @property
    def refusal(self) -> str:
        """One sentence when this runtime runs in another mode than the home runtime."""
        if not self._home_mode or self.plant is None:
            return ""
        return mixed_modes(tr("the home runtime"), self._home_mode, self.name, self.plant.mode)

    def check(self) -> None:
        """Raises unless the runtime is known to run in the home runtime's mode and answers."""
        if self.refusal:
            raise AccessRefused(self.refusal)
        if self.status is None or not self._home_is_sure:
            raise CommunicationError(tr("the runtime {name} does not answer", name=self.name))

    @property
    def connections(self) -> list[ConnectionInfo]:
        """The runtime itself as a link of the station, and its own links while it answers."""
        known = self.status is not None and not self.refusal
        state = "refused" if self.refusal else "up" if known else "down"
        text = self.refusal or ("" if known else self._link_text)
        itself = ConnectionInfo(self.name, "runtime", state, 0, text)
        own = self.status.connections if known and self.status is not None else []
        return [itself, *map(self._prefix.connection, own)]

    @property
    def alarms(self) -> list[AlarmInfo]:
        return self._shown(self._rows.values())

    def prefixed(self, rows: Iterable[AlarmInfo]) -> list[AlarmInfo]:
        """Rows that this runtime answered with, as the station knows them."""
        return [self._prefix.alarm(row, self._titles, known=True) for row in rows]

    def own_area(self, title: str) -> str:
        """The path of an area by the title under which the station knows it; itself when it is a path."""
        return next((path for path, known in self._titles.items() if known == title), title)

    def want(self, tags: tuple[str, ...], options: Mapping[str, Any]) -> None:
        """Replace the subscription, soon; with the next answer when the runtime is silent. A snapshot follows,
        also of the same tags: after a reload they may mean something else.
        """
        self._wanted, self._subscribed = (tags, dict(options)), None
        self._wake.set()

    async def close(self) -> None:
        self._follower.cancel()
        await asyncio.wait([self._follower])
        await self.client.close()

    # ------------------------------------------------------------------ what the client tells

    def on_live(self, update: LiveUpdate) -> None:
        if not self.refusal:
            self._own.on_live(self._prefix.live(update))

    def on_link(self, up: bool, text: str) -> None:
        self._link_text = text
        self._links += 1
        self.status = None  # asked again: another run may have another mode
        self._rows_doubted = True  # until the list that a new connection begins with
        if up:
            self._wake.set()
        else:
            self._tell_all()
        self._own.on_link(up, text)

    def on_event(self, event: Event) -> None:
        if event.kind == "alarms":
            self._take_list(event.payload)
        elif event.kind == "alarm_changes":
            self._take_delta(event.payload)
        elif event.kind == "silence":
            area: str = event.payload["area"]
            said = self._prefix.text + (self._titles.get(area, area) if area else "")
            self._home.on_event(Event(0, "silence", {**event.payload, "area": said}))
        elif event.kind in {"overrun", "connection", "status", "plant"}:
            self._wake.set()

    def _take_list(self, rows: Iterable[AlarmInfo]) -> None:
        """All active rows; after a doubt all are told, for their values are known again."""
        doubted, self._rows_doubted = self._rows_doubted, False
        before, self._rows = self._rows, {row.alarm_id: row for row in rows}
        turned = [row for key, row in self._rows.items() if doubted or before.get(key) != row]
        self._tell(AlarmDelta(turned, [key for key in before if key not in self._rows]))

    def _take_delta(self, delta: AlarmDelta) -> None:
        for row in delta.rows:
            if list_of(row) == "active":
                self._rows[row.alarm_id] = row
            else:
                self._rows.pop(row.alarm_id, None)
        for alarm_id in delta.gone:
            self._rows.pop(alarm_id, None)
        self._known = merged_counts(self._known, delta)
        self._tell(delta)

    def _tell(self, delta: AlarmDelta) -> None:
        """To the home listener, whose list holds rows of other runtimes too."""
        if self._may_show:
            known = not self._rows_doubted
            self._home.on_event(
                Event(0, "alarm_changes", self._prefix.delta(delta, self._titles, known=known))
            )

    def _tell_all(self) -> None:
        """Again with the counts: their plant, their mode or the link is known to be another one now."""
        self._tell(msgspec.structs.replace(self._known, rows=list(self._rows.values())))

    @property
    def counts(self) -> AlarmDelta | None:
        """Counts, areas and floods as last told; None while they may not be shown."""
        return self._prefix.delta(self._known, self._titles, known=True) if self._may_show else None

    def _shown(self, rows: Iterable[AlarmInfo]) -> list[AlarmInfo]:
        """Nothing before the plant is known and its mode is the home runtime's."""
        if not self._may_show:
            return []
        return [self._prefix.alarm(row, self._titles, known=not self._rows_doubted) for row in rows]

    @property
    def _may_show(self) -> bool:
        return self.plant is not None and bool(self._home_mode) and not self.refusal

    # ------------------------------------------------------------------ who it is

    async def _follow(self) -> None:
        while True:
            self._wake.clear()
            before = self.status is None
            try:
                await self._look()
            except (WatchkeeperError, OSError) as error:
                self.status = None
                log.debug("The runtime %s did not answer: %s", self.name, error)
            except Exception:
                # The border of this runtime: whatever goes wrong with it must not end the station's others.
                self.status = None
                log.exception("Following the runtime %s failed.", self.name)
            if before is not (self.status is None):
                self._home.on_event(Event(0, "status", {}))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()

    async def _look(self) -> None:
        links = self._links
        status = await self.client.status()
        seen = (status.run_id, status.revision, status.mode)
        if seen != self._seen:
            plant = await self.client.plant()
            self._titles = {area["path"]: area.get("title", area["path"]) for area in plant.areas}
            # a large plant takes a moment, and the home runtime's values come in on this loop
            self.plant = await asyncio.to_thread(self._prefix.plant, plant)
            self._seen = seen
            self._home.on_event(Event(0, "plant", {}))
            self._tell_all()
        if links != self._links:
            return  # what was answered may be of the run before
        self.status = status
        await self._subscribe()

    async def _subscribe(self) -> None:
        wanted: Wanted = ((), {}) if self.refusal else self._wanted
        if wanted != self._subscribed:
            tags, options = wanted
            self._subscribed = wanted  # before the answer: what is wanted meanwhile is asked for again
            try:
                await self.client.subscribe(tags, **options)
            except (WatchkeeperError, OSError):
                self._subscribed = None
                raise
