"""Keeps one connection alive: open, identify, poll or watch; on loss say so, wait, and start afresh."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast, runtime_checkable

from hmi.acquisition._identity import identity_problem
from hmi.acquisition._queue import CHANGED, OFFLINE, PollLoop
from hmi.acquisition._secrets import SettingsWithSecrets
from hmi.acquisition._stamps import (
    conditions_in_session,
    in_session,
    stamped,
    trace_in_session,
    values_in_session,
)
from hmi.acquisition.port import (
    OVERTAKEN,
    Batch,
    Conditions,
    DeviceIdentity,
    Driver,
    Group,
    LinkSettings,
    LogsFrames,
    Past,
    PastKept,
    PastPage,
    PastRequest,
    PlanNumber,
    Point,
    PollDriver,
    PushDriver,
    ReadBlock,
    Replans,
    ScansOnDemand,
    TakesPlanNumber,
    Trace,
    traced,
)
from hmi.acquisition.tally import Tally
from hmi.core import quality
from hmi.core.cancelled import heed_cancellation
from hmi.core.clock import Clock, SessionClock, SystemClock, monotonic_ns, wall_ns
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
REST_S = 1.0
"""A request that takes longer than this is not waited for: the link is opened afresh."""
STEADY_NS = 10_000_000_000
TESTS_MOST = 2
"""Tests of points at a time: one under way and one that waits."""

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
    """One connection of the plant. ``state`` is connecting, up, down, refused or closed; ``text`` says why.

    ``tally`` counts over all attempts; ``identity`` is what the device said last, ``endpoint`` the one tried or in use.
    ``since`` is the time of the session at which the state began, ``changed`` that of the wall clock, both UTC ns.
    The points may be given as what makes them.
    """

    def __init__(
        self,
        definition: ConnectionDef,
        endpoints: tuple[str, ...],
        points: tuple[Point, ...] | Callable[[], tuple[Point, ...]],
        *,
        style: str,
        create: DriverFactory,
        events: LinkEvents,
        mode: Mode,
        session: str = "",
        clock: Clock | None = None,
        settings: SettingsWithSecrets | None = None,
    ) -> None:
        self.definition, self.style = definition, style
        self._settings = settings or SettingsWithSecrets(None)
        self._used: Mapping[str, Any] | None = None
        self._endpoints = endpoints
        self._own_points = points
        self._create, self._events = create, events
        self._mode, self._session = mode, session
        self._clock = clock or SystemClock()
        self.state, self.text, self.since = "connecting", "not connected yet", self._clock.now_ns()
        self.tally, self.identity, self.endpoint = Tally(), DeviceIdentity(), ""
        self.changed = wall_ns()
        self._driver: Driver | None = None
        self._loop: PollLoop | None = None
        self._attempt = 0
        self._write_lock = asyncio.Lock()
        self._retry = asyncio.Event()
        self._told_down = False
        self._demanded: frozenset[int] | None = None
        self._life: asyncio.Timeout | None = None
        self._why_dropped, self._is_loss_told = "", False
        self._failures = 0
        self._fault, self._cannot_follow = "", ""
        self._asked_again: set[int] = set()
        self._plan = PlanNumber()
        self._renewed: set[int] = set()
        self._tests, self._test_lock = 0, asyncio.Lock()

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Those that are tried in turn."""
        return self._endpoints

    @property
    def asks(self) -> tuple[object, ...]:
        """Everything that the link was made for: when it is the same in another revision, the link goes on."""
        return replace(self.definition, source=Source()), self._endpoints, self._points

    @property
    def points(self) -> tuple[Point, ...]:
        """What it asks for."""
        return self._points

    @property
    def _points(self) -> tuple[Point, ...]:
        """Made when first needed: all of a large plant together would hold up its start."""
        own = self._own_points
        if callable(own):
            own = self._own_points = own()
        return own

    def can_follow(self, other: Link) -> bool:
        """Whether it could ask for the points of its successor over the connection that it has now. One that sends by
        itself always can when they are the same points, and only what they mean differs.
        """
        if self.state != "up" or self.asks[:2] != other.asks[:2] or self.style != other.style:
            return False
        if self.style == "push":
            return self._points == other.points or isinstance(self._driver, Replans)
        return self._loop is not None and isinstance(self._driver, Replans)

    async def rest(self) -> None:
        """Come to rest until ``go_on``; gives up when that takes too long (``is_at_rest``)."""
        if self._loop is None or self.state != "up":
            return
        try:
            async with asyncio.timeout(REST_S):
                await self._loop.rest()
        except TimeoutError:
            return

    @property
    def is_at_rest(self) -> bool:
        """Up, and no request is under way; one that sends by itself has none."""
        if self.style == "push":
            return self.state == "up"
        return self.state == "up" and self._loop is not None and self._loop.is_at_rest

    def go_on(self) -> None:
        """The end of a rest; a driver that could not follow ends here, and its successor asks for the new points."""
        if self._cannot_follow:
            text, self._cannot_follow = self._cannot_follow, ""
            self.drop(text)
        elif self._loop is not None:
            self._loop.go_on()

    def follow(self, successor: Link, afresh: frozenset[int]) -> Sequence[Group]:
        """Ask for the points of a successor from here on, at rest and over the same connection; its new groups.

        What waits to be sent or asked ends: it was meant for the points of before. A driver that breaks off has no
        groups, and is given up by ``go_on``.
        """
        driver, before = self._driver, {point.handle: point for point in self._points}
        assert driver is not None
        self.definition, self._own_points = successor.definition, successor.points
        self._renewed = {one.handle for one in self._points if before.get(one.handle) != one}
        self._plan.number += 1
        if self._loop is not None:
            self._loop.begin_plan()
        try:
            if isinstance(driver, TakesPlanNumber):
                driver.plan_is(self._plan.number)
            if isinstance(driver, Replans):
                driver.replan(self._points, afresh)
            return cast("Driver", driver).groups()
        except Exception as error:
            # The border to a driver: its fault must not stop the step in which everything takes the new revision.
            self._cannot_follow = self._unforeseen(error)
            return ()

    async def ask_again(self, afresh: frozenset[int]) -> None:
        """After ``follow``, of a driver that sends changes only: hand on what it would not send again. Points that are
        new or elsewhere begin with a value by themselves.

        Where that cannot be read the connection is opened afresh, and begins with every value.
        """
        driver = self._driver
        wanted = ({point.handle for point in self._points} & afresh) - self._renewed
        if self.style != "push" or not wanted or driver is None:
            return
        self._asked_again = wanted
        try:
            found = await self.read_now(sorted(wanted))
        except CommunicationError as error:
            if self._driver is driver:
                self.drop(f"values of before cannot be read again: {error}")
            return
        finally:
            self._asked_again = set()
        if self._driver is driver and self.state == "up":
            for group in driver.groups():
                known = [handle for handle in group.handles if handle in wanted and handle in found]
                if updates := [(handle, self._as_told(handle, found[handle])) for handle in known]:
                    self._events.on_batch(self.name, Batch(group.name, updates, alive=True))

    def _as_told(self, handle: int, value: DataValue) -> DataValue:
        """A point that its driver has paused is not live, however fresh this one value is."""
        paused = self._demanded is not None and handle not in self._demanded
        rests = paused and isinstance(self._driver, ScansOnDemand) and not value.is_bad
        return value.with_status(quality.UNCERTAIN_LAST_USABLE) if rests else value

    def retire(self) -> None:
        """A new plant revision replaces or drops this link: nothing that it still hears is handed on, and
        nothing is sent any more. Its ``run`` is to be cancelled.
        """
        self._become("closed", "the plant was changed")
        self._events = _Nobody()
        if self._loop is not None:
            self._loop.begin_plan()

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
            heed_cancellation()
            await self._pause(reset=monotonic_ns() - started > STEADY_NS)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """One transmission at most; refused at once while the link is not up."""
        driver, loop = self._driver, self._loop
        if self.state != "up" or driver is None:
            return OFFLINE
        request = replace(request, plan=self._plan.number)
        if loop is not None:
            return await loop.write(request)
        async with self._write_lock:
            if self._driver is not driver or self.state != "up":
                return OFFLINE
            if request.plan != self._plan.number:
                return CHANGED
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
        plan = self._plan.number
        found = await (self._loop.read_now(handles) if self._loop else self._driver.read_now(handles))
        self._must_be_of(plan)
        return values_in_session(found, self._clock)

    def _must_be_of(self, plan: int) -> None:
        """What was asked under another plan may be the value of another place."""
        if plan != self._plan.number:
            raise CommunicationError(OVERTAKEN)

    async def trace(self, handle: int) -> Trace:
        """One point asked afresh with what the device says; CommunicationError while the link is not up."""
        if self.state != "up" or self._driver is None:
            raise CommunicationError(f"{self.name} is not connected: {self.text}")
        if self._tests >= TESTS_MOST:
            raise CommunicationError(f"other points of {self.name} are being read now; try again in a moment")
        self._tests += 1
        plan = self._plan.number
        try:
            found = await (self._loop.trace(handle) if self._loop else self._traced(self._driver, handle))
        finally:
            self._tests -= 1
        self._must_be_of(plan)
        return trace_in_session(found, self._clock)

    async def _traced(self, driver: Driver, handle: int) -> Trace:
        async with self._test_lock:
            if self._driver is not driver:
                raise CommunicationError(f"{self.name} is not connected: {self.text}")
            return await traced(driver, handle)

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        """Which of these points the device keeps the past of; CommunicationError while the link is not up."""
        driver, plan = self._asked_for_past(), self._plan.number
        kept = await driver.keeps_past(handles) if isinstance(driver, Past) else PastKept()
        self._must_be_of(plan)
        return kept

    async def past(self, request: PastRequest) -> PastPage:
        """One page of stored values; CommunicationError while the link is not up."""
        driver, plan = self._asked_for_past(), self._plan.number
        if not isinstance(driver, Past):
            return PastPage(fault=f"the driver of {self.name} has no history")
        page = await driver.past(request)
        self._must_be_of(plan)
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
            self._is_loss_told = self.state == "up"
            self._life.reschedule(0)  # long ago on the clock of the loop: at its next turn
            if self.state == "up":
                self._lost(text)

    async def has_new_secret(self) -> bool:
        """Whether another secret is kept now than the one that the last attempt took; False where that is not known."""
        used = self._used
        if used is None:
            return False
        try:
            return await self._settings.of(self.definition) != used and self._used is used
        except CommunicationError:
            return False

    def open_afresh(self, text: str) -> None:
        """Give up the connection there is, for the reason given, and connect again at once."""
        self.drop(text)
        self.retry_now()

    def figures(self) -> dict[str, Any]:
        """Counters for the connection page."""
        figures: dict[str, Any] = dict(self._driver.diagnostics()) if self._driver else {}
        if self._loop:
            figures |= self._loop.figures()
        return figures

    def blocks(self) -> list[tuple[ReadBlock, int, float, int]]:
        """What a poll driver asks for (see ``PollLoop.blocks``); empty while it asks for nothing."""
        return self._loop.blocks() if self._loop else []

    def log_frames(self, seconds: float) -> None:
        """Keep the messages on the wire for so long, over losses too; 0 ends it."""
        self.tally.log_frames(seconds)
        driver = self._driver
        if isinstance(driver, LogsFrames):
            driver.log_frames(self.tally.log_left_s)

    async def _session_once(self) -> None:
        endpoint = self._endpoints[self._attempt % len(self._endpoints)]
        self._attempt, self.endpoint = self._attempt + 1, endpoint
        self._used = await self._settings.of(self.definition)
        settings = LinkSettings(self.name, endpoint, self._used, self._points, self.tally, self._plan)
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
            if not self._is_loss_told:
                self._lost(self._why_dropped or said)
        except Exception as error:
            # The one border of this task: an unforeseen fault in a driver is a lost link, not a dead runtime.
            self._lost(self._unforeseen(error))
        finally:
            self._driver, self._loop, self._life = None, None, None
            self._why_dropped, self._is_loss_told = "", False
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
                identity = await driver.open()
                heed_cancellation()
                return identity
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
                self._asked_again.difference_update(
                    handle for handle, _ in batch.updates
                )  # what is read is older
                self._events.on_batch(self.name, in_session(batch, self._clock))

        if self.style == "push":
            self._tell_demand(driver)
            self._take_conditions(driver)
            await cast("PushDriver", driver).watch(sink)
            return
        self._loop = PollLoop(cast("PollDriver", driver), sink, self._demanded, self.tally)
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
        self.identity = identity
        self.tally.counts["connects"] += 1
        self._become("up", f"{endpoint} {identity.vendor} {identity.product}".strip())
        self._events.on_up(self.name, identity)

    def _lost(self, text: str, state: str = "down") -> None:
        if self.state == "up":
            self.tally.counts["losses"] += 1
        self.tally.note(text, where=self.endpoint)
        turned = not self._told_down or state != self.state
        self._told_down = True
        self._become(state, text)
        if turned:
            word = "refused" if state == "refused" else "lost"
            log.warning("Connection %s is %s: %s. It is tried again until it answers.", self.name, word, text)
            self._events.on_down(self.name, text)

    def _become(self, state: str, text: str) -> None:
        if state != self.state:
            self.since, self.changed = self._clock.now_ns(), wall_ns()
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
