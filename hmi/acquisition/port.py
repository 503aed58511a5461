"""The Driver port: what acquisition asks of a protocol.

A driver object serves one connection attempt: it is built, opened, used and closed, and never reused after
a loss. It lives on one asyncio loop, in the runtime or in a worker process. It returns DataValues in *raw*
device terms (scaling belongs to the tag engine) and never raises for a bad point: that is a Bad value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from hmi.acquisition.tally import Tally
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.conditions import ConditionCall, ConditionItem
from hmi.core.values import DataValue, ValueType


@dataclass(frozen=True, slots=True)
class Point:
    """One tag as its driver sees it; ``handle`` is the tag's number as long as the runtime runs."""

    handle: int
    address: str
    type: ValueType
    period_ms: int
    writable: bool = False
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """What one request reads. ``unit`` is the device behind the connection (Modbus unit, else ""),
    ``group`` names the source group whose age the station judges, ``detail`` is the driver's own.
    """

    key: str
    unit: str
    group: str
    period_ms: int
    handles: tuple[int, ...]
    detail: Any = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Updates of one block or notification.

    ``alive`` is True when the source group gave proof of life, also without any changed value.
    """

    group: str
    updates: Sequence[tuple[int, DataValue]]
    alive: bool = True


Sink: TypeAlias = Callable[[Batch], None]
ConditionSink: TypeAlias = Callable[[Sequence[ConditionItem]], None]


@dataclass(frozen=True, slots=True)
class Group:
    """A source group: points that live and die together, with the period their age is judged by."""

    name: str
    unit: str
    period_ms: int
    handles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What the device says it is; a simulator says ``vendor`` "Watchkeeper simulator" and its session."""

    vendor: str = ""
    product: str = ""
    revision: str = ""
    session: str = ""


OTHER_PLAN: Final = "the plant was changed before the command was sent"
OVERTAKEN: Final = "the plant was changed while the device was asked"


@dataclass(slots=True, eq=False)
class PlanNumber:
    """The plan that a connection asks by now; its link counts on with each revision of the plant that it follows."""

    number: int = 0

    def objection(self, request: WriteRequest) -> WriteOutcome | None:
        """Why a request of another plan is not sent: its handle or its raw value may mean something else by now."""
        if request.plan == self.number:
            return None
        return WriteOutcome(WriteState.NOT_CONNECTED, text=OTHER_PLAN)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Everything a driver needs to open a connection: one endpoint and its definition's settings, with its secrets.

    ``tally`` counts what passes; it is the link's own and goes on after a loss, as ``plan`` does.
    """

    name: str
    endpoint: str
    settings: Mapping[str, Any] = field(repr=False)
    points: tuple[Point, ...]
    tally: Tally = field(default_factory=Tally, compare=False, repr=False)
    plan: PlanNumber = field(default_factory=PlanNumber, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Trace:
    """One point asked afresh, with what the device said: ``value`` was made from that very answer, in raw terms.

    ``device`` and ``decode`` hold JSON types by name (docs/api.md); what is not known is left out. Without an
    answer ``fault`` is one sentence and ``value`` is Bad. Times are UTC ns.
    """

    value: DataValue
    device: Mapping[str, Any]
    decode: Mapping[str, Any]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PastKept:
    """What a device keeps of the past of its points.

    ``handles``: points whose past can be read -> whether the device records them now. ``since``: it has run without a
    break from then on (UTC ns by its own clock); 0 = it does not say.
    """

    handles: Mapping[int, bool] = field(default_factory=dict[int, bool])
    since: int = 0


@dataclass(frozen=True, slots=True)
class PastRequest:
    """Stored values of one point with start <= source time <= end (UTC ns), about ``limit`` of them at once.

    ``continuation`` of the page before goes on there; with ``limit`` 0 the device is told to forget it.
    """

    handle: int
    start: int
    end: int
    limit: int
    continuation: bytes = b""


@dataclass(frozen=True, slots=True)
class PastPage:
    """Values in raw device terms, in time order and within the range, and how to go on.

    With ``continuation`` the device holds the rest; ``following`` (UTC ns) is where to ask again when it gave as many
    as were wanted and did not say whether there are more; with neither this was the last page. ``fault``: the device
    refuses, one sentence.
    """

    values: tuple[DataValue, ...] = ()
    continuation: bytes = b""
    following: int = 0
    fault: str = ""


class Driver(Protocol):
    """Common verbs. Every await has a time-out of the driver's own; a lost link raises LinkLost."""

    async def open(self) -> DeviceIdentity:
        """Connect and identify; CommunicationError with one plain sentence when that fails."""
        ...

    async def close(self) -> None:
        """Close and leave no task behind; never raises."""
        ...

    def groups(self) -> tuple[Group, ...]:
        """Source groups of the points, known before ``open``."""
        ...

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Exactly one transmission, no retry; ``request.deadline_ns`` is checked right before the socket write.

        ``request.value`` is a raw value. A request of another plan (``LinkSettings.plan``) is not sent. Never raises:
        the outcome says what is known.
        """
        ...

    async def read_now(self, handles: Sequence[int]) -> Mapping[int, DataValue]:
        """Fresh values of a few points, for read-back. Raises CommunicationError."""
        ...

    def diagnostics(self) -> Mapping[str, Any]:
        """Counters and last errors in words, JSON types."""
        ...


class PollDriver(Driver, Protocol):
    """A protocol that is asked. Acquisition schedules; one request at a time per connection."""

    def plan(self) -> tuple[ReadBlock, ...]:
        """Request blocks for the points, coalesced; called again after ``read`` says the plan changed."""
        ...

    async def read(self, block: ReadBlock) -> Batch:
        """One request. LinkLost when the connection is gone, a ``Batch`` of Bad values when the unit is
        silent (``alive=False``), Bad per point for exceptions. Splits a block around forbidden addresses.
        """
        ...


class PushDriver(Driver, Protocol):
    """A protocol that sends. ``watch`` runs until the link is lost (LinkLost) or it is cancelled."""

    async def watch(self, sink: Sink) -> None: ...


@runtime_checkable
class Traces(Protocol):
    """Optional verb of a driver that can show what lies behind one value."""

    async def trace(self, handle: int) -> Trace:
        """One read of the point, and nothing but a read. Raises CommunicationError when nothing could be asked."""
        ...


async def traced(driver: Driver, handle: int) -> Trace:
    """The trace of a point; of a driver without that verb its fresh value alone."""
    if isinstance(driver, Traces):
        return await driver.trace(handle)
    found = await driver.read_now([handle])
    return Trace(found[handle], {}, {})


@runtime_checkable
class LogsFrames(Protocol):
    """Optional verb of a driver that counts elsewhere; the others look at ``LinkSettings.tally`` themselves."""

    def log_frames(self, seconds: float) -> None:
        """Hand messages on the wire to the tally for so long; returns at once."""
        ...


@runtime_checkable
class TakesPlanNumber(Protocol):
    """Optional verb of a driver that sends elsewhere; the others look at ``LinkSettings.plan`` themselves."""

    def plan_is(self, number: int) -> None:
        """Requests of any other plan are not sent from here on; returns at once."""
        ...


@runtime_checkable
class Replans(Protocol):
    """Optional verb of a driver that can ask for other points over the connection there is."""

    def replan(self, points: tuple[Point, ...], afresh: frozenset[int]) -> None:
        """Returns at once. ``groups``, and ``plan`` of a ``PollDriver``, are those of ``points`` from here on.

        A ``PollDriver`` is called between two requests; its next read of a point that is new, other or among ``afresh``
        hands its value on, changed or not. A ``PushDriver`` is called at any time: nothing that it has heard of a point
        at another place is handed on any more, a point that is new or other begins with its value, and the others go on
        without a break. Where a server refuses to follow, ``watch`` ends.
        """
        ...


@runtime_checkable
class ScansOnDemand(Protocol):
    """Optional verb of a ``PushDriver`` that can pause points; acquisition spares a ``PollDriver`` this."""

    def demand(self, handles: frozenset[int]) -> None:
        """The points that are wanted at their full rate from now on; before the first call all are.

        Returns at once. A point that is no longer wanted may be paused: its last value is handed on once
        more, marked as no longer live. One that is wanted again sends its present value at once.
        """
        ...


@runtime_checkable
class Conditions(Protocol):
    """Optional verbs of a ``PushDriver`` whose device keeps alarms of its own (OPC UA conditions)."""

    def conditions_to(self, sink: ConditionSink) -> None:
        """Hand conditions to ``sink`` from the next ``watch`` on, in the order the server told them.

        Nothing is left out in silence: where updates may be missing there is a ``RefreshMark.LOST``, and the
        driver asks the server for everything again.
        """
        ...

    async def call(self, request: ConditionCall) -> WriteOutcome:
        """Exactly one method call or none; the same promises as ``write``. Never raises."""
        ...


@runtime_checkable
class Past(Protocol):
    """Optional verbs of a driver whose device keeps a history of its own."""

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        """Which of these points it keeps the past of. Raises CommunicationError."""
        ...

    async def past(self, request: PastRequest) -> PastPage:
        """One page; a small one, for live values wait behind it. Raises CommunicationError."""
        ...
