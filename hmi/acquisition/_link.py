"""Keeps one connection alive: open, identify, poll or watch; on loss say so, wait, and start afresh."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast, runtime_checkable

from hmi.acquisition._identity import identity_problem
from hmi.acquisition._queue import OFFLINE, PollLoop
from hmi.acquisition._stamps import (
    conditions_in_session,
    in_session,
    stamped,
    trace_in_session,
    values_in_session,
)
from hmi.acquisition.port import (
    Batch,
    Conditions,
    DeviceIdentity,
    Driver,
    Group,
    LinkSettings,
    Past,
    PastKept,
    PastPage,
    PastRequest,
    Point,
    PollDriver,
    PushDriver,
    ScansOnDemand,
    Trace,
    traced,
)
from hmi.core.clock import Clock, SessionClock, SystemClock, monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionCall, ConditionItem
from hmi.core.errors import CommunicationError, ConfigurationError, LinkLost
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.project.plant import ConnectionDef, Source

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 15.0
BACKOFF_FIRST_S, BACKOFF_LAST_S = 0.25, 5.0
CLOSE_TIMEOUT_S = 3.0
STEADY_NS = 10_000_000_000

DriverFactory = Callable[[str, LinkSettings], Driver]


class LinkEvents(Protocol):
    """What the owner of the links is told; all on the runtime's loop, none may block."""

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None: ...

    def on_batch(self, connection: str, batch: Batch) -> None: ...

    def on_up(self, connection: str, identity: DeviceIdentity) -> None: ...

    def on_down(self, connection: str, text: str) -> None:
        """Once for each loss, and again when the link turns between down and refused."""
        ...


@runtime_checkable
class HearsConditions(Protocol):
    """An owner of links that takes the conditions of servers as well."""

    def on_conditions(self, connection: str, items: Sequence[ConditionItem]) -> None: ...


class Link:
    """One connection of the plant. ``state`` is connecting, up, down, refused or closed; ``text`` says why."""

    def __init__(
        self,
        definition: ConnectionDef,
        endpoints: tuple[str, ...],
        points: tuple[Point, ...],
        *,
        style: str,
        create: DriverFactory,
        events: LinkEvents,
        mode: Mode,
        session: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.definition, self.style = definition, style
        self._endpoints, self._points = endpoints, points
        self._create, self._events = create, events
        self._mode, self._session = mode, session
        self._clock = clock or SystemClock()
        self.state, self.text, self.since = "connecting", "not connected yet", self._clock.now_ns()
        self._driver: Driver | None = None
        self._loop: PollLoop | None = None
        self._attempt = 0
        self._write_lock = asyncio.Lock()
        self._retry = asyncio.Event()
        self._told_down = False
        self._demanded: frozenset[int] | None = None
        self._life: asyncio.Timeout | None = None
        self._why_dropped = ""
        self._failures = 0
        self._fault = ""

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def asks(self) -> tuple[object, ...]:
        """Everything that the link was made for: when it is the same in another revision, the link goes on."""
        return replace(self.definition, source=Source()), self._endpoints, self._points

    def retire(self) -> None:
        """A new plant revision replaces or drops this link: nothing that it still hears is handed on, and
        nothing is sent any more. Its ``run`` is to be cancelled.
        """
        self._become("closed", "the plant was changed")
        self._events = _Nobody()

    async def run(self) -> None:
        """Until cancelled. A fault of a driver never ends it: it is a lost link."""
        while True:
            started = monotonic_ns()
            try:
                await self._session_once()
            except (CommunicationError, ConfigurationError) as error:
                self._lost(str(error))
            except Exception as error:
                # The border for a driver that cannot even be built or closed: a lost link, not a dead runtime.
                self._lost(self._unforeseen(error))
            await self._pause(reset=monotonic_ns() - started > STEADY_NS)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """One transmission at most; refused at once while the link is not up."""
        driver, loop = self._driver, self._loop
        if self.state != "up" or driver is None:
            return OFFLINE
        if loop is not None:
            return await loop.write(request)
        async with self._write_lock:
            if self._driver is not driver or self.state != "up":
                return OFFLINE
            if request.deadline_ns <= monotonic_ns():
                return WriteOutcome(
                    WriteState.EXPIRED, text="the command was not sent within its time to live"
                )
            return await driver.write(request)

    async def call(self, request: ConditionCall) -> WriteOutcome:
        """One method call to a condition of the server; refused at once while the link is not up."""
        driver = self._driver
        if self.state != "up" or driver is None:
            return OFFLINE
        if not isinstance(driver, Conditions):
            return WriteOutcome(WriteState.REFUSED, text=f"the driver of {self.name} has no conditions")
        async with self._write_lock:
            if self._driver is not driver or self.state != "up":
                return OFFLINE
            if request.deadline_ns <= monotonic_ns():
                return WriteOutcome(WriteState.EXPIRED, text="it was not sent within its time to live")
            return await driver.call(request)

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh raw values; CommunicationError while the link is not up."""
        if self.state != "up" or self._driver is None:
            raise CommunicationError(f"{self.name} is not connected")
        found = await (self._loop.read_now(handles) if self._loop else self._driver.read_now(handles))
        return values_in_session(found, self._clock)

    async def trace(self, handle: int) -> Trace:
        """One point asked afresh with what the device says; CommunicationError while the link is not up."""
        if self.state != "up" or self._driver is None:
            raise CommunicationError(f"{self.name} is not connected: {self.text}")
        found = await (self._loop.trace(handle) if self._loop else traced(self._driver, handle))
        return trace_in_session(found, self._clock)

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        """Which of these points the device keeps the past of; CommunicationError while the link is not up."""
        driver = self._asked_for_past()
        return await driver.keeps_past(handles) if isinstance(driver, Past) else PastKept()

    async def past(self, request: PastRequest) -> PastPage:
        """One page of stored values; CommunicationError while the link is not up."""
        driver = self._asked_for_past()
        if not isinstance(driver, Past):
            return PastPage(fault=f"the driver of {self.name} has no history")
        page = await driver.past(request)
        if not isinstance(self._clock, SessionClock):
            return page
        values = stamped([(request.handle, value) for value in page.values], self._clock.now_ns())
        return replace(page, values=tuple(value for _, value in values))

    def _asked_for_past(self) -> Driver:
        if self.state != "up" or self._driver is None:
            raise CommunicationError(f"{self.name} is not connected: {self.text}")
        return self._driver

    def demand(self, handles: frozenset[int]) -> None:
        """The points that are wanted at full rate; every later connection of this link is told as well."""
        self._demanded = handles
        if self._loop is not None:
            self._loop.demand(handles)
        elif self._driver is not None and self.state == "up":
            self._tell_demand(self._driver)

    def retry_now(self) -> None:
        """Do not wait for the back-off."""
        self._retry.set()

    def drop(self, text: str) -> None:
        """Give up the connection there is, at once and for the reason given; the next try follows as after a loss."""
        if self._life is not None and not self._life.expired():
            self._why_dropped = text
            self._life.reschedule(0)  # long ago on the clock of the loop: at its next turn
            if self.state == "up":
                self._lost(text)

    def figures(self) -> dict[str, Any]:
        """Counters for the connection page."""
        figures: dict[str, Any] = dict(self._driver.diagnostics()) if self._driver else {}
        if self._loop:
            figures |= self._loop.figures()
        return figures

    async def _session_once(self) -> None:
        endpoint = self._endpoints[self._attempt % len(self._endpoints)]
        self._attempt += 1
        settings = LinkSettings(self.name, endpoint, self.definition.settings, self._points)
        driver = self._create(self.definition.driver, settings)
        self._driver = driver
        try:
            async with asyncio.timeout(None) as life:
                self._life = life
                await self._use(driver, endpoint)
        except CommunicationError as error:
            self._lost(str(error), "refused" if isinstance(error, _Refused) else "down")
        except (OSError, TimeoutError) as error:
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            self._lost(self._why_dropped or said)
        except Exception as error:
            # The one border of this task: an unforeseen fault in a driver is a lost link, not a dead runtime.
            self._lost(self._unforeseen(error))
        finally:
            self._driver, self._loop, self._life = None, None, None
            self._why_dropped = ""
            await self._close(driver)

    async def _use(self, driver: Driver, endpoint: str) -> None:
        identity = await self._open(driver)
        self._refuse_a_stranger(identity)
        self._events.on_groups(self.name, driver.groups())
        self._up(identity, endpoint)
        await self._serve(driver)
        raise LinkLost("the driver ended by itself")

    async def _open(self, driver: Driver) -> DeviceIdentity:
        limit = asyncio.timeout(OPEN_TIMEOUT_S)
        try:
            async with limit:
                return await driver.open()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise CommunicationError(f"the device did not answer within {OPEN_TIMEOUT_S:g} s") from error

    async def _close(self, driver: Driver) -> None:
        """The loss was told before: a close that takes its time keeps no value alive."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await driver.close()
        except TimeoutError:
            log.warning("Connection %s: the driver did not close within %g s.", self.name, CLOSE_TIMEOUT_S)

    def _unforeseen(self, error: Exception) -> str:
        """A sentence; the traceback is logged once for each different fault."""
        text = f"internal fault of driver {self.definition.driver}: {type(error).__name__}: {error}"
        if text != self._fault:
            self._fault = text
            log.error("Connection %s: %s", self.name, text, exc_info=error)
        return text

    async def _serve(self, driver: Driver) -> None:
        def sink(batch: Batch) -> None:
            """Nothing of a driver that was given up: after a loss it would show old values as live."""
            if self._driver is driver and self.state == "up":
                self._events.on_batch(self.name, in_session(batch, self._clock))

        if self.style == "push":
            self._tell_demand(driver)
            self._take_conditions(driver)
            await cast("PushDriver", driver).watch(sink)
            return
        self._loop = PollLoop(cast("PollDriver", driver), sink, self._demanded)
        await self._loop.run()

    def _take_conditions(self, driver: Driver) -> None:
        def sink(items: Sequence[ConditionItem]) -> None:
            """As for values: nothing of a driver that was given up."""
            events = self._events
            if self._driver is driver and self.state == "up" and isinstance(events, HearsConditions):
                events.on_conditions(self.name, conditions_in_session(items, self._clock))

        if isinstance(driver, Conditions):
            driver.conditions_to(sink)

    def _tell_demand(self, driver: Driver) -> None:
        if self._demanded is None or not isinstance(driver, ScansOnDemand):
            return
        try:
            driver.demand(self._demanded)
        except Exception as error:
            # The border to a driver: its fault must not reach the runtime, whose own tasks call this.
            self._unforeseen(error)

    def _refuse_a_stranger(self, identity: DeviceIdentity) -> None:
        if self.definition.own:
            return
        problem = identity_problem(
            identity, mode=self._mode, simulated=self.definition.simulated, session=self._session
        )
        if problem:
            raise _Refused(problem)

    def _up(self, identity: DeviceIdentity, endpoint: str) -> None:
        if self._told_down:
            log.warning("Connection %s is back.", self.name)
        self._told_down = False
        self._become("up", f"{endpoint} {identity.vendor} {identity.product}".strip())
        self._events.on_up(self.name, identity)

    def _lost(self, text: str, state: str = "down") -> None:
        turned = not self._told_down or state != self.state
        self._told_down = True
        self._become(state, text)
        if turned:
            word = "refused" if state == "refused" else "lost"
            log.warning("Connection %s is %s: %s. It is tried again until it answers.", self.name, word, text)
            self._events.on_down(self.name, text)

    def _become(self, state: str, text: str) -> None:
        if state != self.state:
            self.since = self._clock.now_ns()
        self.state, self.text = state, text

    async def _pause(self, *, reset: bool) -> None:
        self._failures = 0 if reset else self._failures + 1
        seconds = min(BACKOFF_LAST_S, BACKOFF_FIRST_S * 2 ** min(self._failures, 6))
        self._retry.clear()
        try:
            async with asyncio.timeout(seconds * random.uniform(0.8, 1.2)):
                await self._retry.wait()
        except TimeoutError:
            return


class _Refused(CommunicationError):
    """The device is not the one it should be."""


class _Nobody:
    """Listens for a link that was retired."""

    def on_groups(self, connection: str, groups: Sequence[Group]) -> None: ...

    def on_batch(self, connection: str, batch: Batch) -> None: ...

    def on_up(self, connection: str, identity: DeviceIdentity) -> None: ...

    def on_down(self, connection: str, text: str) -> None: ...
