"""The loaded plant: an immutable snapshot that every service reads (design 2b.2).

Built by ``hmi.project.load_plant``. Tags have a ``handle``, a small number by which running services keep
lists. A later revision keeps it as long as the tag's id stays and never gives it to another tag
(``hmi.project.keep_handles``), so lists by handle may have holes. Ids are for ever, handles for one run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hmi.core.alarms import Priority
from hmi.core.commands import SELECTION_MS, CommandClass, Reason
from hmi.core.principal import Role, lineage_of
from hmi.core.values import EURange, Value, ValueType
from hmi.project.calculation import CalculationRule
from hmi.project.exports import ExportDef
from hmi.project.notifications import NotificationDef
from hmi.project.recording import NOTHING_SAID, RecordRules, RecordSettings, settings_of
from hmi.project.targets import AlarmTargets

STEP_SHARE = 0.1
_NUMBERS = (ValueType.INT64, ValueType.UINT64, ValueType.FLOAT32, ValueType.FLOAT64)
_WHOLE = (ValueType.INT64, ValueType.UINT64)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a definition stands, for messages."""

    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Area:
    """One node of the ISA-95 tree; ``path`` is the tag-name prefix (``intake``), ``title`` what people read."""

    path: str
    title: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class ScanClass:
    """A poll or publishing period by name."""

    name: str
    period_ms: int


@dataclass(frozen=True, slots=True)
class ConnectionDef:
    """One device or gateway. ``driver`` names a plugin folder, ``endpoints`` are tried in order.

    ``settings`` are the driver's own, checked against its definition; ``simulated`` connections are
    loopback only and opened after the simulator identity handshake. An ``own`` one reaches no device: it shows
    something of the product itself, and its one endpoint is empty.
    """

    name: str
    driver: str
    endpoints: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    life_counter: str = ""
    source: Source = Source()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Scaling:
    """Raw to engineering: kind ``linear`` or ``sqrt``; ``clamp`` as stated by the engineer (standards 4.3)."""

    raw: EURange
    eu: EURange
    kind: str = "linear"
    clamp: bool = False


@dataclass(frozen=True, slots=True)
class LimitsWhen:
    """A narrower range for entries while ``when`` (an expression over tags) is true or not known."""

    when: str
    range: EURange
    text: str = ""


@dataclass(frozen=True, slots=True)
class CommandRule:
    """What the gate checks before a write to the tag.

    ``limits`` operator range in EU; ``max_step`` in EU, 0 = free (see ``TagDef.largest_step``); ``permissives``
    and ``interlocks`` are (expression, text) pairs: a permissive must be true, an interlock must be false.
    ``feedback`` is an expression over tags that proves the process followed within ``expected_ms``. ``pulse``
    writes are never repeated and not read back. ``min_interval_ms`` between two writes of one item.

    ``causes`` are the permissives that the modes of a type declare, by expression, with the word of their refusal.
    ``limits_tune`` hold instead of ``limits`` for who may tune; ``limits_when`` narrow them further while their
    expression is true. ``right`` to give it; ``two_person``: another person signs it; ``select_s`` how long a
    selection lasts; ``ramp`` EU/s by which the controller follows (0 = at once); ``reached``: refused where it has
    no effect any more.
    """

    klass: CommandClass = CommandClass.ROUTINE
    limits: EURange | None = None
    max_step: float | None = None
    permissives: tuple[tuple[str, str], ...] = ()
    interlocks: tuple[tuple[str, str], ...] = ()
    feedback: str = ""
    expected_ms: int = 0
    tolerance: float = 0.0
    pulse: bool = False
    min_interval_ms: int = 500
    causes: tuple[tuple[str, Reason], ...] = ()
    limits_tune: EURange | None = None
    limits_when: tuple[LimitsWhen, ...] = ()
    right: Role = Role.OPERATE
    two_person: bool = False
    select_s: int = SELECTION_MS // 1000
    ramp: float = 0.0
    reached: bool = False


@dataclass(frozen=True, slots=True)
class TagDef:
    """One tag.

    ``connection`` and ``address`` are empty for a derived tag (``expression`` set). ``range`` is the
    operating range in ``unit``; ``normal`` the band drawn as normal; ``states`` the enum texts by number;
    ``format`` a Python format such as ``.2f``. ``command`` is None for a tag that cannot be written.
    ``manual``: people enter its value, it has no other source; with ``manual_max_age_s`` (0 = for ever) an entry
    is stale after that. ``recording``: what its files say of how it is recorded.
    ``calculation``: its values are made of the stored samples of another tag, one for each period; nothing else
    gives it one.
    """

    id: str
    name: str
    handle: int
    type: ValueType = ValueType.FLOAT64
    description: str = ""
    area: str = ""
    connection: str = ""
    address: str = ""
    scan: str = "normal"
    unit: str = ""
    unit_code: str = ""
    range: EURange | None = None
    normal: EURange | None = None
    scaling: Scaling | None = None
    deadband: float = 0.0
    format: str = ""
    states: Mapping[int, str] = field(default_factory=dict)
    expression: str = ""
    command: CommandRule | None = None
    instance: str = ""
    signal: str = ""
    history: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    source: Source = Source()
    manual: bool = False
    manual_max_age_s: float = 0.0
    recording: RecordRules = NOTHING_SAID
    calculation: CalculationRule | None = None

    @property
    def record(self) -> RecordSettings:
        """How it is recorded where ``history`` is set."""
        measured = self.is_analogue and self.command is None and not self.manual and self.calculation is None
        whole = self.scaling is None and self.type in _WHOLE
        return settings_of(self.recording, (measured, whole, self.range.span if self.range else 0.0))

    @property
    def is_analogue(self) -> bool:
        """A number without names for its values."""
        return self.type in _NUMBERS and not self.states

    @property
    def largest_step(self) -> float:
        """EU; a larger step of a command has to be confirmed, 0 = free. A tenth of the range where nothing is said."""
        rule = self.command
        if rule is None or rule.pulse or not self.is_analogue:
            return 0.0
        if rule.max_step is not None:
            return rule.max_step
        return self.range.span * STEP_SHARE if self.range else 0.0


@dataclass(frozen=True, slots=True)
class AlarmDef:
    """One alarm (standards 1.5). ``kind`` is ``high``, ``low``, ``high_high``, ``low_low``, ``deviation``,
    ``rate_up``, ``rate_down``, ``discrete`` (true or equal to ``limit``), ``discrepancy``, ``stale``, ``bad``
    or ``expression``. Times in seconds, deadband in EU.

    ``setpoint``: tag that a deviation is measured from. ``command``: tag that the feedback (``tag_id``) has to
    follow within ``on_delay_s`` and ``tolerance``. ``window_s``: of the slope of a rate of change, whose limit
    is in EU per second. ``count`` raw crossings within ``count_window_s`` raise it too. ``limits_when``: pairs
    of expression and limit, the first true one counts, else ``limit``.
    """

    id: str
    tag_id: str
    name: str
    kind: str
    priority: Priority
    message: str
    limit: float = 0.0
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    latching: bool = False
    ack_required: bool = True
    expression: str = ""
    area: str = ""
    cause: str = ""
    consequence: str = ""
    action: str = ""
    time_to_respond: str = ""
    display: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    source: Source = Source()
    setpoint: str = ""
    command: str = ""
    tolerance: float = 0.0
    window_s: float = 0.0
    hold_s: float = 0.0
    count: int = 0
    count_window_s: float = 0.0
    limits_when: tuple[tuple[str, float], ...] = ()
    re_alarm_s: float = 0.0
    re_alarm_max: int = 0
    suppress_when: str = ""
    group: str = ""
    first_out_group: str = ""
    first_out_window_s: float = 5.0
    enabled: bool = True
    alarm_class: str = "process"
    severity: str = ""
    guidance: str = ""
    basis: str = ""
    rationalised_by: str = ""
    rationalised_on: str = ""
    approved_by: str = ""
    approved_on: str = ""
    release_forced: str = ""

    @property
    def expressions(self) -> tuple[tuple[str, str], ...]:
        """(text, what it is) of every expression that judges it."""
        if not (self.expression or self.suppress_when or self.limits_when):
            return ()
        own = ((self.expression, ""),) if self.expression else ()
        rule = ((self.suppress_when, "suppress_when"),) if self.suppress_when else ()
        return (*own, *rule, *((text, "limits_when") for text, _ in self.limits_when))

    @property
    def partners(self) -> tuple[str, ...]:
        """Names of the tags that its own one is compared with."""
        if not (self.setpoint or self.command):
            return ()
        return tuple(name for name in (self.setpoint, self.command) if name)


@dataclass(frozen=True, slots=True)
class Instance:
    """One pump, valve, loop … of the plant: ``signals`` maps the type's signal names to tag ids.

    ``parent``: name of the instance that it is a member of; "" for a row of tags.csv.
    """

    id: str
    name: str
    type: str
    description: str
    area: str
    signals: Mapping[str, str]
    parameters: Mapping[str, Value] = field(default_factory=dict)
    display: str = ""
    source: Source = Source()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class ComponentType:
    """A type of equipment: what ``types/*.toml`` says beyond its signals (symbol, faceplate, title).

    ``signals``, ``parameters`` (name to type) and ``members`` (name to type) hold what the type inherits from
    ``extends`` too.
    """

    name: str
    title: str
    symbol: str
    faceplate: str
    signals: tuple[str, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
    source: Source = Source()
    extends: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DisplayFile:
    """A mimic as written; ``document`` is its JSON, read by ``hmi.mimics``."""

    id: str
    name: str
    title: str
    level: int
    area: str
    document: Mapping[str, Any]
    source: Source = Source()


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long people stay signed in, and what wrong passwords do (CR 1.11, CR 1.12, CR 2.5).

    Wrong passwords in a row lock an account at ``lock_failures`` for ``lock_min``; a session without a deed is locked
    after ``idle_min`` and ends after ``session_h``. ``password_days`` 0 = passwords do not age. ``notice`` is shown
    before a sign-in.
    """

    idle_min: float = 15
    session_h: float = 12
    lock_failures: int = 5
    lock_min: float = 10
    password_days: int = 0
    notice: str = ""


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """How long the history is kept (days of 24 h) and how much of the disk it takes (standards 7.2, reliability 28).

    ``quota_gb``, ``min_free_mb`` 0: no quota; 2 percent of the disk, at most 1 GB.
    """

    raw_days: int = 90
    minute_days: int = 730
    hour_days: int = 3_650
    feed_days: int = 7
    feed_mb: int = 1_024
    quota_gb: float = 0
    min_free_mb: int = 0
    ballast_mb: int = 64


@dataclass(frozen=True)
class Plant:
    """The whole plant at one revision (SHA-256 over its canonical content).

    Handles below ``taken`` belong to tags of this revision or of an earlier one of the same run.
    ``area_control_required``: an area that no position controls takes no commands. ``reload_watch``: a running
    runtime takes changed files of the folder by itself.
    """

    id: str
    name: str
    title: str
    revision: str
    zone: str
    folder: str
    areas: tuple[Area, ...]
    scan_classes: Mapping[str, ScanClass]
    connections: Mapping[str, ConnectionDef]
    tags: tuple[TagDef, ...]
    alarms: tuple[AlarmDef, ...]
    instances: Mapping[str, Instance]
    types: Mapping[str, ComponentType]
    displays: Mapping[str, DisplayFile]
    home: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    by_name: Mapping[str, TagDef] = field(default_factory=dict)
    by_id: Mapping[str, TagDef] = field(default_factory=dict)
    taken: int = 0
    alarm_targets: AlarmTargets = field(default_factory=AlarmTargets)
    change_number: str = ""
    notifications: tuple[NotificationDef, ...] = ()
    exports: tuple[ExportDef, ...] = ()
    area_control_required: bool = False
    sessions: SessionRules = field(default_factory=SessionRules)
    history: HistoryRules = field(default_factory=HistoryRules)
    reload_watch: bool = False

    @property
    def slots(self) -> int:
        """Length of a list by handle."""
        return max(self.taken, len(self.tags))

    @cached_property
    def by_handle(self) -> Mapping[int, TagDef]:
        """Only handles that a tag of this revision has."""
        return {tag.handle: tag for tag in self.tags}

    @cached_property
    def by_connection(self) -> Mapping[str, Sequence[TagDef]]:
        """Tags with an address, in the order of the plant."""
        found: defaultdict[str, list[TagDef]] = defaultdict(list)
        for tag in self.tags:
            if tag.connection:
                found[tag.connection].append(tag)
        return dict(found)

    def lineage(self, area: str) -> tuple[str, ...]:
        """Paths of an area and of all above it, most specific first: what rights are looked up by."""
        return lineage_of(self._parents, area)

    def place(self, tag: TagDef) -> tuple[object, ...]:
        """Where a tag is in the devices, and how it is read there; two revisions are compared by it."""
        connection = self.connections.get(tag.connection)
        device = (connection.driver, connection.endpoints, connection.settings) if connection else ()
        return device, tag.connection, tag.address, tag.type, tag.options

    @cached_property
    def _parents(self) -> Mapping[str, str]:
        return {area.path: area.parent for area in self.areas}

    @property
    def simulated(self) -> bool:
        """True when every connection to a device is a simulator's; mixing is refused at load."""
        devices = [c for c in self.connections.values() if not c.own]
        return bool(devices) and all(c.simulated for c in devices)
