"""RuntimeClient: what a station may ask of a runtime, and the records it gets back.

The socket client (``hmi.client.socket``) and the shipped fake (``hmi.testing.client``) implement it. All
records are msgspec structs: they are the wire format, version 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from hmi.core.commands import CommandResult, OperatorCommand
from hmi.core.history import HistoryPage, ReadRaw
from hmi.core.values import DataValue

API_VERSION = 1


class TagInfo(msgspec.Struct, frozen=True):
    """What a station needs to know of a tag to show it. ``period_ms`` is the expected update period.

    ``permissives`` (must be true) and ``interlocks`` (must be false) are [expression, text] pairs of its
    command: the station shows them, the gate decides.
    """

    id: str
    name: str
    type: str
    description: str
    area: str
    unit: str
    format: str
    low: float | None
    high: float | None
    normal_low: float | None
    normal_high: float | None
    states: dict[int, str]
    writable: bool
    command_class: str
    limit_low: float | None
    limit_high: float | None
    instance: str
    signal: str
    period_ms: int
    history: bool
    alarms: list[dict[str, Any]]
    connection: str = ""
    max_step: float = 0.0
    permissives: list[list[str]] = []
    interlocks: list[list[str]] = []


class InstanceInfo(msgspec.Struct, frozen=True):
    """One piece of equipment; ``signals`` maps signal names to tag names."""

    id: str
    name: str
    type: str
    title: str
    area: str
    symbol: str
    faceplate: str
    signals: dict[str, str]
    parameters: dict[str, Any]
    display: str = ""


class DisplayInfo(msgspec.Struct, frozen=True):
    """A mimic with its document (``hmi.mimics`` reads it)."""

    id: str
    name: str
    title: str
    level: int
    area: str
    document: dict[str, Any]


class PlantInfo(msgspec.Struct, frozen=True):
    """The plant as a station sees it, at one revision."""

    id: str
    name: str
    title: str
    revision: str
    zone: str
    mode: str
    home: str
    areas: list[dict[str, str]]
    tags: list[TagInfo]
    instances: list[InstanceInfo]
    displays: list[DisplayInfo]


class ConnectionInfo(msgspec.Struct, frozen=True):
    """Health of one connection in words. ``state`` is up, down, connecting or refused."""

    name: str
    driver: str
    state: str
    since: int
    text: str
    units: dict[str, str] = {}
    figures: dict[str, Any] = {}


class RuntimeStatus(msgspec.Struct, frozen=True):
    """Which runtime answers, in which run and mode; ``session_time`` UTC ns, ``rate`` 0 = frozen."""

    api: int
    runtime_id: str
    run_id: str
    plant_id: str
    revision: str
    mode: str
    heartbeat: int
    session_time: int
    rate: float
    user: str
    roles: list[str]
    connections: list[ConnectionInfo]
    commands_blocked: str = ""


class AlarmInfo(msgspec.Struct, frozen=True):
    """One alarm row on the wire; times UTC ns, see hmi.core.alarms.AlarmRow."""

    alarm_id: str
    occurrence_id: str
    tag_id: str
    tag_name: str
    name: str
    message: str
    priority: int
    state: str
    area: str
    value: Any
    limit: Any
    unit: str
    alarm_time: int
    state_unknown: bool = False
    response: str = ""
    display: str = ""
    cause: str = ""
    consequence: str = ""
    stored: bool = True


class LiveUpdate(msgspec.Struct):
    """One drained batch of the ``latest`` lane, decoded.

    ``values`` by tag name; ``ages_ms`` by source group: time since its last proof of life when the runtime
    sent the batch, and ``group_limits_ms`` the age beyond which it is stale; ``tag_group`` only in a
    snapshot. ``arrived_ns`` is the station's monotonic time of arrival. ``heartbeat`` numbers the batches.
    """

    values: dict[str, DataValue]
    ages_ms: dict[str, int]
    heartbeat: int
    arrived_ns: int
    snapshot: bool = False
    tag_group: dict[str, str] = {}
    group_limits_ms: dict[str, int] = {}
    session_time: int = 0
    rate: float = 1.0


class Event(msgspec.Struct):
    """One message of the lossless ``every`` lane.

    ``kind`` is alarms (payload: full active list), alarm, result, connection, journal, status or overrun.
    """

    seq: int
    kind: str
    payload: Any


class Listener(Protocol):
    """What the station gives to a client; all three are called on the client's own thread."""

    def on_live(self, update: LiveUpdate) -> None: ...

    def on_event(self, event: Event) -> None: ...

    def on_link(self, up: bool, text: str) -> None: ...


class RuntimeClient(Protocol):
    """The verbs. Coroutines raise CommunicationError when the runtime does not answer, AccessRefused when
    the principal may not; they run on the client's own loop (``hmi.ui.link`` for Qt stations).
    """

    async def status(self) -> RuntimeStatus: ...

    async def plant(self) -> PlantInfo: ...

    async def subscribe(self, tags: Sequence[str]) -> None:
        """Replace the set of tag names of the ``latest`` lane; a snapshot follows."""
        ...

    async def read_raw(self, request: ReadRaw) -> HistoryPage: ...

    async def alarms(self) -> list[AlarmInfo]: ...

    async def acknowledge(self, occurrence_ids: Sequence[str], comment: str = "") -> list[str]:
        """Acknowledge occurrences; returns one sentence per refused one."""
        ...

    async def submit(self, command: OperatorCommand) -> CommandResult: ...

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        """Records in order: those after the number ``after``, or with -1 the newest ``limit`` ones.

        ``kind`` chooses, and among the newest ``object_id`` too (a tag, alarm or connection id); empty
        takes all.
        """
        ...

    async def simulator(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """An instructor request, in simulator mode only; the runtime passes it on and journals it."""
        ...

    async def close(self) -> None: ...


ClientFactory = Callable[[Listener], RuntimeClient]
