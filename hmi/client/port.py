"""RuntimeClient: what a station may ask of a runtime, and the records it gets back.

The socket client (``hmi.client.socket``) and the shipped fake (``hmi.testing.client``) implement it. All
records are msgspec structs: they are the wire format, version 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from hmi.client.alarms import AlarmDetails, AlarmInfo, Handover, JournalPage, JournalQuery
from hmi.client.certificates import Certificates, TrustAnswer
from hmi.client.comms import Comms, FrameAnswer, Frames, LineDetail, PointTest
from hmi.client.exports import ExportAnswer, Exports, QuarantinedRow
from hmi.client.history import AnnotationInfo, HistoryState, RangeFigures, TrendAnswer, TrendQuery
from hmi.client.past import PastMoment, Timeline
from hmi.client.people import AccountAnswer, AccountInfo, HoldRequest, SessionInfo, SignIn
from hmi.client.points import PointPage
from hmi.client.what_if import AlarmEdit, AlarmSettings, WhatIfAnswer, WhatIfQuery
from hmi.client.why import Why
from hmi.core.commands import CommandResult, OperatorCommand, Selection
from hmi.core.history import HistoryPage, ReadAtTime, ReadProcessed, ReadRaw
from hmi.core.holds import Holds
from hmi.core.values import DataValue, Value

API_VERSION = 1


class TagInfo(msgspec.Struct, frozen=True):
    """What a station needs to know of a tag to show it. ``period_ms`` is the expected update period.

    ``permissives`` (must be true) and ``interlocks`` (must be false) are [expression, text] pairs of its
    command: the station shows them, the gate decides. ``expected_ms`` is how long the process may take to follow
    (0: not named); a ``pulse`` is written once and leaves nothing to read back; ``two_person``: a second person
    has to sign it. ``max_step``: a larger one is confirmed (0: free). ``right``: operate or tune. ``ramp``: the
    controller follows with so many units per second (0: at once). ``tune_low``, ``tune_high``: the range for people
    who may tune. ``manual``: people enter the value, there is no other source. ``fixed``: texts of the conditions
    that cannot be bypassed, which are its modes.
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
    expected_ms: int = 0
    pulse: bool = False
    two_person: bool = False
    manual: bool = False
    fixed: list[str] = []
    right: str = ""
    ramp: float = 0.0
    tune_low: float | None = None
    tune_high: float | None = None


class InstanceInfo(msgspec.Struct, frozen=True):
    """One piece of equipment; ``signals`` maps signal names to tag names.

    ``parent``: name of the equipment that it is a member of; "" for one that stands by itself.
    """

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
    parent: str = ""


class TypeInfo(msgspec.Struct, frozen=True):
    """A type of equipment with all that it inherits; ``parameters`` maps names to their types."""

    name: str
    title: str
    extends: str
    signals: list[str]
    parameters: dict[str, str]


class DisplayInfo(msgspec.Struct, frozen=True):
    """A mimic with its document (``hmi.mimics`` reads it)."""

    id: str
    name: str
    title: str
    level: int
    area: str
    document: dict[str, Any]


class PlantInfo(msgspec.Struct, frozen=True):
    """The plant as a station sees it, at one revision.

    ``area_control``: an area takes no commands before a position controls it.
    """

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
    types: list[TypeInfo] = []
    area_control: bool = False


class ConnectionInfo(msgspec.Struct, frozen=True):
    """Health of one connection in words. ``state`` is up, down, connecting or refused.

    ``units``: state of each device behind it, unknown, up, missed (its last request) or silent.
    """

    name: str
    driver: str
    state: str
    since: int
    text: str
    units: dict[str, str] = {}
    figures: dict[str, Any] = {}


class RuntimeStatus(msgspec.Struct, frozen=True):
    """Which runtime answers, in which run and mode; ``session_time`` UTC ns, ``rate`` 0 = frozen.

    ``points``: how many are forced, simulated, manual or out of service, by that word. ``user`` and ``roles``
    (plant-wide) are those of ``session``, which also says what holds by area. ``certificates``: how many are waiting
    for a decision or expiring.
    """

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
    points: dict[str, int] = {}
    session: SessionInfo = SessionInfo()
    certificates: dict[str, int] = {}


class ImageFile(msgspec.Struct, frozen=True):
    """A PNG of the plant folder. ``digest``: SHA-256 of its content, which is left out where it is known.

    ``problem`` is one sentence when there is no such picture.
    """

    digest: str = ""
    content: bytes = b""
    problem: str = ""


class ReloadResult(msgspec.Struct, frozen=True):
    """What came of a reload: the ``revision`` that runs now, ``changes`` in sentences.

    With ``refusals`` the plant that ran before runs on; without either nothing had changed.
    """

    revision: str
    changes: list[str] = []
    refusals: list[str] = []


Lane = Literal["latest", "every"]
FASTEST = 1_000_000.0
HISTORY_GROUP = "history"
"""Source group of every value out of the past: its age is always above its limit, so it is never live."""


class Subscription(msgspec.Struct, frozen=True, tag="sub", tag_field="t"):
    """What a client wants to be sent; each one replaces the one before. ValueError when it makes no sense.

    ``lane``: ``latest``, the newest value wins; ``every``, each change in order. Without ``at`` it is live.
    With ``at`` (UTC ns) it is what was true then, once; with ``until`` too, the recorded changes up to there
    follow at ``rate`` x real time, or with rate 0 as fast as the client reads.
    """

    tags: tuple[str, ...]
    lane: Lane = "latest"
    at: int | None = None
    until: int | None = None
    rate: float = 1.0

    def __post_init__(self) -> None:
        if self.lane not in {"latest", "every"}:
            raise ValueError(f"there is no lane {self.lane!r}: choose latest or every")
        if any(at is not None and not 1 <= at < 2**63 for at in (self.at, self.until)):
            raise ValueError("a time is UTC in ns, from 1 to 63 bits")
        if self.until is not None and (self.at is None or self.until < self.at):
            raise ValueError("until needs an at that is not later")
        if not 0 <= self.rate <= FASTEST:
            raise ValueError(f"a rate is 0 (as fast as it is read) to {FASTEST:.0f}")


class LiveUpdate(msgspec.Struct):
    """One drained batch of a subscription, decoded.

    ``values`` by tag name; ``ages_ms`` by source group: time since its last proof of life when the runtime
    sent the batch, and ``group_limits_ms`` the age beyond which it is stale; ``tag_group`` only in a
    snapshot, as is ``revision``, the plant revision of all that follows. ``arrived_ns`` is the station's
    monotonic time of arrival. ``heartbeat`` numbers the batches.

    ``changes`` in order, and ``seq``, the number of the first of them (of the next one in a snapshot), are
    those of the ``every`` lane; ``values`` then holds the newest of each. ``at`` is not 0 for what was true
    at that time (UTC ns) and is not live; ``session_time`` then says the same, and ``ended`` that the range
    is at its end.
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
    changes: list[tuple[str, DataValue]] = []
    seq: int = 0
    at: int = 0
    ended: bool = False
    revision: str = ""


class Event(msgspec.Struct):
    """One message about the plant in order, nothing dropped.

    ``kind`` is alarms (payload: full active list), alarm_changes (payload: ``AlarmDelta``), silence (payload:
    area, user, station, time: whoever shows that area stops its sound), result, connection, points (payload: counts by
    state), plant (payload: its new revision), session (rights of somebody have changed: ask for the status again),
    holds (payload: ``Holds``, all of them), certificates (payload: counts by state), journal, status or overrun
    (``lost`` messages, or with ``of`` "values" changes of the ``every`` lane; a snapshot follows).
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

    async def plant_at(self, at: int) -> PlantInfo:
        """The plant with its displays as it was valid at ``at`` (UTC ns)."""
        ...

    async def alarms_at(self, at: int, until: int = 0) -> PastMoment:
        """Every alarm as it stood at ``at``, and how they changed from there up to ``until`` (UTC ns)."""
        ...

    async def timeline(self, start: int, end: int, slots: int) -> Timeline:
        """How many alarms and commands there were in each of ``slots`` parts of a time (UTC ns)."""
        ...

    async def subscribe(
        self,
        tags: Sequence[str],
        *,
        lane: Lane = "latest",
        at: int | None = None,
        until: int | None = None,
        rate: float = 1.0,
    ) -> None:
        """Replace what is sent to the listener (see ``Subscription``); a snapshot follows.

        A lost connection goes on with a snapshot, of the past where it was.
        """
        ...

    async def read_raw(self, request: ReadRaw) -> HistoryPage: ...

    async def read_at_time(self, request: ReadAtTime) -> HistoryPage: ...

    async def read_processed(self, request: ReadProcessed) -> HistoryPage:
        """One value per interval with the status of Part 13; an unknown aggregate is refused in a sentence."""
        ...

    async def read_trend(self, query: TrendQuery) -> TrendAnswer:
        """What a chart needs, minimum and maximum of every column kept; prepared by the runtime."""
        ...

    async def range_figures(self, tags: Sequence[str], start: int, end: int) -> list[RangeFigures]:
        """In the order asked for; of several runtimes, one that does not answer leaves its tags out."""
        ...

    async def annotations(self, tags: Sequence[str], start: int, end: int) -> list[AnnotationInfo]: ...

    async def annotate(self, tag_id: str, time: int, text: str) -> AnnotationInfo:
        """A remark at an instant (UTC ns) under the name of who is signed in; journalled."""
        ...

    async def withdraw_annotation(self, annotation_id: str, reason: str) -> None:
        """It is shown no longer, and stays in the trail."""
        ...

    async def edit_history(
        self, tag_id: str, samples: Sequence[DataValue], reason: str, *, insert: bool = False
    ) -> int:
        """Put samples in the place of those at the same instants, which stay readable with who and why; returns how
        many. ``insert``: back-fill instead, where nothing is. Needs the engineer role in the area; journalled.
        """
        ...

    async def delete_history(self, tag_id: str, start: int, end: int, reason: str) -> int:
        """Take out samples with start <= time <= end; they stay readable as deleted. Returns how many."""
        ...

    async def history_state(self) -> HistoryState: ...

    async def why(self, tag: str, *, quick: bool = False) -> Why:
        """Why a tag has its value, hop by hop. ``quick`` answers at once and leaves the device unasked."""
        ...

    async def points(self, *, state: str = "", area: str = "", after: int = 0, limit: int = 0) -> PointPage:
        """Points that are forced, simulated, manual or out of service, or those of one of ``POINT_STATES``."""
        ...

    async def alarms(self, *, state: str = "active") -> list[AlarmInfo]:
        """The active list, or that of the shelved, suppressed or out_of_service alarms."""
        ...

    async def alarm(self, alarm_id: str) -> AlarmDetails:
        """One alarm with its guidance, its rule with the truth of it, and its newest records."""
        ...

    async def act_on_alarms(
        self,
        act: str,
        alarm_ids: Sequence[str],
        *,
        seconds: float = 0,
        one_shot: bool = False,
        reason: str = "",
        comment: str = "",
    ) -> list[str]:
        """One of ``ALARM_ACTS``; one sentence per refused one. Every act is journalled, refusals too."""
        ...

    async def silence(self, area: str = "") -> None:
        """Stop the sound of what sounds now; it acknowledges nothing, and a new alarm sounds again."""
        ...

    async def alarm_figures(self, *, start: int = 0, end: int = 0, area: str = "") -> dict[str, Any]:
        """KPIs of standards 1.11 from ``start`` (0: 7 days ago) to ``end`` (0: now), UTC ns."""
        ...

    async def what_if(self, query: WhatIfQuery) -> WhatIfAnswer:
        """What other settings of an alarm would have done; ask the same again until there is a result."""
        ...

    async def alarm_settings(self, alarm_id: str) -> AlarmSettings:
        """What can be changed of an alarm."""
        ...

    async def change_alarm(self, edit: AlarmEdit) -> ReloadResult:
        """Write other settings into the plant folder and reload it; needs the engineer role. Journalled."""
        ...

    async def search_journal(self, query: JournalQuery) -> JournalPage: ...

    async def note(self, object_id: str, text: str) -> None:
        """A note of the operator on any object (a tag, alarm, instance, display or area id)."""
        ...

    async def handover(self, since: int = 0) -> Handover:
        """What the next shift has to know; ``since`` 0: 12 hours ago."""
        ...

    async def acknowledge(self, occurrence_ids: Sequence[str], comment: str = "") -> list[str]:
        """Acknowledge occurrences; returns one sentence per refused one."""
        ...

    async def submit(self, command: OperatorCommand) -> CommandResult: ...

    async def select(self, tag_id: str, value: Value, heartbeat: int) -> Selection:
        """Hold an object for one command with one value; ``refusals`` when it cannot be had."""
        ...

    async def deselect(self, selection_id: str) -> None: ...

    async def holds(self) -> Holds:
        """Control tags, manual values, bypasses and who controls which area."""
        ...

    async def hold(self, request: HoldRequest) -> CommandResult:
        """Place or take away one of them; refused with every unmet condition, journalled either way."""
        ...

    async def sign_in(self, user: str, password: str, new_password: str = "") -> SignIn:
        """Open a session, which all later requests of this client carry; the one before it ends.

        ``new_password`` changes the password at once.
        """
        ...

    async def sign_out(self) -> None: ...

    async def lock(self) -> None:
        """Rights rest until ``unlock``; what is shown and sounds goes on."""
        ...

    async def unlock(self, password: str) -> SignIn: ...

    async def elevate(self, user: str, password: str, seconds: float) -> SignIn:
        """The rights of another account besides one's own for a while; both are in the audit trail.

        ``seconds`` 0 ends it.
        """
        ...

    async def touch(self) -> None:
        """The person at the station did something: the idle time begins again."""
        ...

    async def session(self) -> SessionInfo: ...

    async def sign(
        self, user: str, password: str, meaning: str, *, command_id: str, object_id: str, value: Value
    ) -> str:
        """The id of a signature to exactly this command, for 60 s and once; AccessRefused with one sentence."""
        ...

    async def accounts(self) -> list[AccountInfo]:
        """Every account; needs the security role plant-wide."""
        ...

    async def act_on_account(
        self,
        act: str,
        user: str,
        *,
        name: str = "",
        password: str = "",
        roles: Sequence[str] = (),
        area: str = "",
    ) -> AccountAnswer:
        """One of ``ACCOUNT_ACTS`` by the rules of ``hmi user``; journalled, refusals too. ``area`` "": the plant."""
        ...

    async def certificates(self) -> Certificates:
        """Certificates of servers and the own one, with their states and why they are refused."""
        ...

    async def trust(self, act: str, fingerprint: str, reason: str) -> TrustAnswer:
        """One of ``TRUST_ACTS``; needs the security role plant-wide. Journalled, refusals too."""
        ...

    async def comms(self) -> Comms:
        """Every connection with its figures of the last minute."""
        ...

    async def comms_of(self, connection: str) -> LineDetail:
        """All that is known of one connection."""
        ...

    async def frames(self, connection: str, *, after: int = 0, raw: bool = False) -> Frames:
        """Messages on its wire that follow a number; ``raw`` with their bytes. Needs the engineer role plant-wide."""
        ...

    async def log_frames(self, connection: str, seconds: float, reason: str = "") -> FrameAnswer:
        """Keep its messages for so many seconds, 60 at most; 0 ends it. Needs the engineer role; journalled."""
        ...

    async def read_point(self, tag: str) -> PointTest:
        """A tag (name or id) read from its device now, with what the device said. A device that does not answer is a
        fault of the test.
        """
        ...

    async def exports(self) -> Exports:
        """The export jobs of the plant with their figures."""
        ...

    async def quarantine(self, job: str) -> list[QuarantinedRow]:
        """What the target of a job did not take, newest first."""
        ...

    async def ask_export(
        self, act: str, job: str, reason: str, *, start: int = 0, end: int = 0
    ) -> ExportAnswer:
        """One of ``EXPORT_ACTS``; ``start`` and ``end`` (UTC ns) are what ``replay`` sends again. Needs the engineer
        role plant-wide. Journalled; nothing waits for the job itself.
        """
        ...

    async def journal(
        self, *, after: int = 0, kind: str = "", limit: int = 200, object_id: str = ""
    ) -> list[dict[str, Any]]:
        """Records in order: those after the number ``after``, or with -1 the newest ``limit`` ones.

        ``kind`` and ``object_id`` (a tag, alarm or connection id) choose; empty takes all.
        """
        ...

    async def image(self, name: str, known: str = "") -> ImageFile:
        """A picture below ``images/`` of the plant folder; without content when its digest is ``known``."""
        ...

    async def reload(self) -> ReloadResult:
        """Let the runtime take its plant folder as it is now; needs the engineer role."""
        ...

    async def simulator(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """An instructor request, in simulator mode only; the runtime passes it on and journals it."""
        ...

    async def close(self) -> None: ...


ClientFactory = Callable[[Listener], RuntimeClient]
