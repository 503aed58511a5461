"""The shape of the TOML files and of the envelope of a display, as models that schemas are made from.

Unknown fields are allowed everywhere: they are kept in the files and reported as warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hmi.project._alarm_columns import ALARM_HELP
from hmi.project._record_fields import RECORD_HELP

EDITOR_HINT = "$schema"  # where an editor finds the schema of the file
Number = float | int | str  # a text may hold {parameters}
Flag = bool | str
Ends = Annotated[list[Number], Field(min_length=2, max_length=2)]
Band = Annotated[
    list[Annotated[float, Field(ge=0, allow_inf_nan=False)]], Field(min_length=2, max_length=2)
]  # target, limit
Share = Annotated[float, Field(ge=0, le=100)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, populate_by_name=True)


def _alarm(column: str, default: Any = "") -> Any:
    """A field that says what the column of alarms.csv says."""
    return Field(default, description=ALARM_HELP[column])


class AreaModel(_Model):
    """A node of the ISA-95 tree; ``path`` is the first part of the tag names that belong to it."""

    path: str = Field(min_length=1, description="first parts of tag names, such as intake")
    title: str = Field("", description="what people read")
    parent: str = Field("", description="path of the area above")


class ConnectionModel(_Model):
    """One device or gateway."""

    driver: str = Field(description="name of a driver, such as modbus or opcua")
    endpoints: list[str] = Field(
        default_factory=list, description="addresses, tried in order; none where the driver reaches no device"
    )
    simulated: bool = Field(False, description="true only for a simulator on this machine")
    life_counter: str = Field("", description="tag whose advance proves that the PLC scans")
    settings: dict[str, Any] = Field(default_factory=dict, description="the driver's own settings")


class AlarmTargetsModel(_Model):
    """What the plant asks of its alarms; a pair is [target, limit], percent where the name ends in share or time."""

    per_10_min: Band = Field([1, 2], description="alarms in 10 min on average: [target, limit]")
    per_hour: Band = Field([6, 12], description="alarms in an hour on average")
    per_day: Band = Field([150, 300], description="alarms in a day on average")
    busy_hours: Band = Field([1, 1], description="percent of the hours with more than 30 alarms")
    busy_bins: Band = Field([1, 1], description="percent of the 10 minutes with more than 10 alarms")
    peak_10_min: Band = Field([10, 10], description="most alarms in 10 min")
    flood_time: Band = Field([1, 1], description="percent of the time in a flood")
    top_10_share: Band = Field(
        [1, 5], description="percent of all alarms that come from the ten most frequent"
    )
    chattering: Band = Field([0, 0], description="alarms that were raised 3 times within 60 s")
    chatter_index: Band = Field([0.05, 0.05], description="highest chatter index of an alarm")
    fleeting: Band = Field([0, 0], description="alarms that were gone within 10 s without an action")
    stale: Band = Field([5, 5], description="alarms that stood for more than 24 h, on the worst day")
    standing: Band = Field([10, 10], description="standing alarms on average")
    after_upset: Band = Field([10, 20], description="alarms in the 10 min after a trip")
    p1_share: Share = Field(5, description="percent of all alarms that are priority 1")
    p2_share: Share = Field(15, description="percent of all alarms that are priority 2")
    p3_share: Share = Field(80, description="percent of all alarms that are priority 3")
    share_margin: Share = Field(5, description="percentage points off a share that are still manageable")
    p1_ack_s: Amount = Field(
        0, description="median seconds to the acknowledgement of priority 1; 0 = no target"
    )
    p2_ack_s: Amount = Field(0, description="the same of priority 2")
    p3_ack_s: Amount = Field(0, description="the same of priority 3")
    p4_ack_s: Amount = Field(0, description="the same of priority 4")
    shelve_max_h: Amount = Field(12, description="hours; a longer shelf is outside the rules")
    p1_shelve_max_h: Amount = Field(1, description="hours; the same for priority 1")


class NotificationModel(_Model):
    """A way to tell somebody outside of the control room of an alarm that nobody has acknowledged."""

    name: str = Field(pattern="^[a-z0-9_-]{1,64}$", description="short name: a-z 0-9 _ -")
    kind: Literal["smtp", "webhook"] = Field(description="smtp: mail; webhook: an HTTPS request")
    priorities: list[Annotated[int, Field(ge=1, le=4)]] = Field([1, 2], min_length=1)
    areas: list[str] = Field(default_factory=list, description="areas with all below them; none = everywhere")
    to: list[str] = Field(default_factory=list, max_length=50, description="addresses of a mail")
    from_: str = Field("", alias="from", description="the sender's address of a mail")
    server: str = Field("", description="host of the mail server")
    port: int = Field(0, ge=0, le=65535, description="0 = 587, with security tls 465")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="of the way to the mail server; none only to this machine"
    )
    url: str = Field("", description="where a webhook is sent; https, or http to this machine")
    user: str = Field("", description="name at the mail server")
    secret: str = Field(
        "", pattern="^[a-z0-9_]{0,64}$", description="name of the password or token, never the secret itself"
    )
    ca: str = Field(
        "", description="file of a certificate authority in the plant folder; empty = the system's"
    )
    delay_s: float = Field(
        0, ge=0, le=86_400, description="sent when it is still unacknowledged after so long"
    )
    quiet: list[Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]] = Field(
        default_factory=list,
        max_length=2,
        description="[from, to] in plant time; priority 1 is sent all the same",
    )
    subject: str = Field("{plant}: {message}", max_length=200, description="of a mail, with fields in braces")
    text: str = Field("", max_length=4000, description="of the message; empty = the usual one")
    give_up_min: float = Field(240, ge=1, le=10_080, description="minutes after which no more is tried")
    simulator: bool = Field(False, description="true: sent by a simulated plant too, to this machine only")


class ExportModel(_Model):
    """A job that delivers what is recorded to the computers of the office, one way."""

    name: str = Field(pattern="^[a-z0-9_-]{1,64}$", description="short name: a-z 0-9 _ -")
    to: str = Field(description="name of an exporter, such as files or postgres")
    what: Literal["samples", "aggregates", "alarms", "audit", "security"] = Field(
        "samples", description="what is delivered"
    )
    tags: list[str] = Field(
        default_factory=list,
        max_length=1_000,
        description="queries such as type:pump area:intake, or names with * and ?; none = every recorded tag",
    )
    aggregates: list[str] = Field(
        default_factory=list, max_length=37, description="names of OPC UA Part 13, such as Average"
    )
    interval_s: int = Field(60, ge=1, le=86_400, description="seconds of one interval of the aggregates")
    every_s: float = Field(
        1, ge=0.2, le=86_400, description="seconds between two packages while it is up to date"
    )
    since: str = Field(
        "", description="where delivery begins: a time, a day or all; empty = when it is seen first"
    )
    quota_days: float = Field(
        7, ge=0.01, le=3_650, description="what waits longer for its target is dropped and counted"
    )
    backfill_percent: int = Field(
        50, ge=5, le=90, description="share of the time for what is behind while there is live data"
    )
    simulator: bool = Field(False, description="true: a simulated plant delivers too, to this machine only")
    enabled: bool = True
    settings: dict[str, Any] = Field(default_factory=dict, description="the exporter's own settings")


class SecurityModel(_Model):
    """Who may do what, beside the accounts of the data folder."""

    area_control: Literal["free", "required"] = Field(
        "free",
        description="free: whoever has the right commands in an area that no position controls; required: nobody",
    )
    idle_min: float = Field(
        15,
        ge=1,
        le=1440,
        description="minutes without a deed after which a session is locked; viewing goes on",
    )
    session_h: float = Field(12, ge=1, le=72, description="hours after which a session ends, used or not")
    lock_failures: int = Field(5, ge=1, le=20, description="wrong passwords that lock an account")
    lock_min: float = Field(10, ge=1, le=1440, description="minutes that it is locked for")
    password_days: int = Field(
        0, ge=0, le=3650, description="days after which a password has to be changed; 0 = never"
    )
    notice: str = Field("", max_length=2000, description="what is shown before somebody signs in")


class HistoryModel(_Model):
    """How long the history is kept, and how much of the disk it may take."""

    raw_days: int = Field(90, ge=7, le=3_660, description="every stored sample is kept for so many days")
    minute_days: int = Field(
        730,
        ge=1,
        le=36_600,
        description="minimum, maximum and mean of each 10 minutes (1 minute of fast tags)",
    )
    hour_days: int = Field(3_650, ge=1, le=36_600, description="the same of each hour")
    feed_days: int = Field(7, ge=1, le=366, description="the change feed, which exports follow")
    feed_mb: int = Field(1_024, ge=16, le=1_048_576, description="the most that the change feed takes, in MB")
    quota_gb: float = Field(
        0,
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="oldest days go beyond so many GB; 0 = no limit",
    )
    min_free_mb: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="recording stops below so many free MB; 0 = 2 percent, at most 1 GB",
    )
    ballast_mb: int = Field(64, ge=0, le=10_000, description="room set aside for when the disk runs full")


class CheckModel(_Model):
    """What ``hmi check`` leaves out in this plant."""

    ignore: list[Annotated[str, Field(pattern="^[A-Za-z0-9-]+(: .+)?$")]] = Field(
        default_factory=list,
        max_length=100,
        description="codes or names of docs/checks.md, each alone or as CODE: reason; errors are never left out",
    )


class ReloadModel(_Model):
    """How a running runtime takes changed files."""

    watch: bool = Field(False, description="true: changed files are taken by themselves once they are right")


class PlantModel(_Model):
    """plant.toml: what the plant is called and how it is reached."""

    schema_: str = Field("plant/1", alias="schema", description="plant/1")
    id: str = Field("", description="immutable; hmi format writes it")
    name: str = Field(pattern="^[a-z0-9_-]{1,64}$", description="short name: a-z 0-9 _ -")
    title: str = Field("", description="what people read")
    zone: str = Field("UTC", description="IANA time zone")
    home: str = Field("", description="display that opens first")
    change_number: str = Field(
        "", max_length=64, description="number of the approved change that this revision belongs to"
    )
    area: list[AreaModel] = Field(default_factory=list)
    scan: dict[str, Annotated[int, Field(ge=10, le=86_400_000)]] = Field(
        default_factory=dict, description="scan classes: name = period in ms"
    )
    connection: dict[str, ConnectionModel] = Field(default_factory=dict)
    texts: dict[str, str] = Field(default_factory=dict, description="texts of the plant by key")
    notifications: list[NotificationModel] = Field(default_factory=list)
    exports: list[ExportModel] = Field(default_factory=list)
    security: SecurityModel = Field(default_factory=SecurityModel)  # pyright: ignore[reportArgumentType]
    history: HistoryModel = Field(default_factory=HistoryModel)  # pyright: ignore[reportArgumentType]
    check: CheckModel = Field(default_factory=CheckModel)  # pyright: ignore[reportArgumentType]
    reload: ReloadModel = Field(default_factory=ReloadModel)  # pyright: ignore[reportArgumentType]
    alarm_targets: AlarmTargetsModel = Field(
        default_factory=AlarmTargetsModel,  # pyright: ignore[reportArgumentType]
        description="targets of the alarm figures, where they differ from the usual ones",
    )


class ParameterModel(_Model):
    """A typed parameter of an instance."""

    type: Literal["integer", "number", "string", "boolean"]
    default: bool | int | float | str | None = Field(None, description="without one, every instance gives it")
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: list[bool | int | float | str] | None = None


class ConditionModel(_Model):
    """A condition of a command with its text for the operator."""

    expression: str
    text: str = ""


class LimitsWhenModel(_Model):
    """A narrower range for entries in a state of the plant."""

    when: str = Field(description="expression; the range counts while it is true or not known")
    low: Number
    high: Number
    text: str = Field("", description="what the operator reads of this state")


class CommandModel(_Model):
    """What is checked before a write."""

    class_: str = Field("R", alias="class", description="R routine, S significant, C critical, X forbidden")
    limits: Ends | None = Field(None, description="operator range")
    limits_tune: Ends | None = Field(None, description="range for people who may tune, instead of limits")
    limits_when: list[LimitsWhenModel] = Field(default_factory=list, description="narrower ranges by state")
    max_step: Number | None = Field(
        None, description="larger steps are confirmed; 0 = free, left out = a tenth of the range"
    )
    ramp: Number = Field(0, description="the controller follows with so many units per second; 0 = at once")
    right: str = Field("operate", description="operate or tune")
    two_person: Flag = Field(False, description="another person has to sign")
    select_s: Number = Field(30, description="how long a selection lasts, 10 to 120 s")
    reached: Flag = Field(False, description="refused where the state is reached already")
    writable_in: list[str] = Field(
        default_factory=list, description="words of the modes in which it may be given: man auto cas …"
    )
    feedback: str = Field("", description="expression that proves the process followed")
    expected_ms: Number = 0
    tolerance: Number = 0
    pulse: Flag = False
    min_interval_ms: Number = 500
    permissives: list[ConditionModel] = Field(default_factory=list, description="must be true")
    interlocks: list[ConditionModel] = Field(default_factory=list, description="must be false")


class SignalModel(_Model):
    """A signal of a type; it becomes the tag instance.signal."""

    type: str = "float"
    address: str = Field("", description="may hold {parameter} and integer arithmetic such as {base+2}")
    connection: str = ""
    description: str = "{description}"
    unit: str = ""
    unit_code: str = ""
    range: Ends | None = None
    normal: Ends | None = None
    raw: Ends | None = None
    scaling: str = Field("", description="linear or sqrt")
    clamp: Flag = False
    deadband: Number | None = None
    format: str = ""
    states: dict[str, str] | str | None = None
    expression: str = ""
    scan: str = ""
    history: Flag = False
    exc_dev: Number | str | None = Field(None, description=RECORD_HELP["exc_dev"])
    exc_min: Number | None = Field(None, description=RECORD_HELP["exc_min"])
    exc_max: Number | None = Field(None, description=RECORD_HELP["exc_max"])
    comp_dev: Number | str | None = Field(None, description=RECORD_HELP["comp_dev"])
    comp_min: Number | None = Field(None, description=RECORD_HELP["comp_min"])
    comp_max: Number | None = Field(None, description=RECORD_HELP["comp_max"])
    interpolation: str = Field("", description=RECORD_HELP["interpolation"])
    compression: Flag | str | None = Field(None, description=RECORD_HELP["compression"])
    duplicates: str = Field("", description=RECORD_HELP["duplicates"])
    future: Flag = Field(False, description=RECORD_HELP["future"])
    manual: Flag = Field(False, description="people enter the value, the tag has no other source")
    manual_max_age: Number = Field(0, description="hours after which an entered value is stale; 0 = never")
    writable: Flag = False
    command: CommandModel | None = None
    options: dict[str, Any] | str = Field(default_factory=dict)


class TypeAlarmModel(_Model):
    """An alarm that every instance of a type has; names of tags may be written as {name}.sp."""

    signal: str = Field(description="name of a signal of the type")
    kind: str = Field(description=ALARM_HELP["kind"])
    limit: Number | None = _alarm("limit", None)
    limits_when: str = _alarm("limits_when")
    deadband: Number | None = _alarm("deadband", None)
    setpoint: str = _alarm("setpoint")
    hold: Number = _alarm("hold", 0)
    command: str = _alarm("command")
    tolerance: Number = _alarm("tolerance", 0)
    window: Number = _alarm("window", 0)
    expression: str = _alarm("expression")
    on_delay: Number = _alarm("on_delay", 0)
    off_delay: Number = _alarm("off_delay", 0)
    count: Number = _alarm("count", 0)
    count_window: Number = _alarm("count_window", 0)
    priority: int | str = Field(description=ALARM_HELP["priority"])
    severity: str = _alarm("severity")
    class_: str = Field("process", alias="class", description=ALARM_HELP["class"])
    position: str = _alarm("position")
    title: str = Field("", description="name of the alarm; by default its key")
    message: str = _alarm("message")
    latching: Flag = _alarm("latching", False)
    ack: Flag = _alarm("ack", True)
    enabled: Flag = _alarm("enabled", True)
    re_alarm: Number = _alarm("re_alarm", 0)
    re_alarm_max: Number = _alarm("re_alarm_max", 0)
    suppress_when: str = _alarm("suppress_when")
    group: str = _alarm("group")
    first_out_group: str = _alarm("first_out_group")
    first_out_window: Number = _alarm("first_out_window", 5)
    cause: str = _alarm("cause")
    consequence: str = _alarm("consequence")
    action: str = _alarm("action")
    time_to_respond: str = _alarm("time_to_respond")
    display: str = _alarm("display")
    guidance: str = _alarm("guidance")
    basis: str = _alarm("basis")
    rationalised_by: str = _alarm("rationalised_by")
    rationalised_on: str = _alarm("rationalised_on")
    approved_by: str = _alarm("approved_by")
    approved_on: str = _alarm("approved_on")
    release_forced: str = _alarm("release_forced")


class StateModel(_Model):
    """A state that equipment must be in: the signal has this value."""

    signal: str = Field(description="name of a signal of the type")
    value: float | int = 1
    text: str = Field("", description="what the operator reads of the condition")


class ModeModel(_Model):
    """The mode of equipment, what its values mean, and which signal asks for another one."""

    signal: str = Field(description="name of the signal that shows the mode")
    words: dict[str, str] = Field(
        description="by value: man auto cas rcas oos, and iman lo, which nobody chooses"
    )
    request: str = Field("", description="name of the signal whose command changes the mode")
    texts: dict[str, str] = Field(
        default_factory=dict, description="what the operator reads of the condition, by word"
    )


class ModesModel(_Model):
    """Mode, place of control, service and owner of equipment: they decide which commands may be given."""

    mode: ModeModel | None = None
    remote: StateModel | None = Field(None, description="control is not local; else no command is taken")
    in_service: StateModel | None = Field(None, description="not out of service; else no command is taken")
    operator: StateModel | None = Field(None, description="an operator owns it, no program")


class MemberModel(_Model):
    """Equipment inside of equipment: each instance of the type has one of another type, ``INSTANCE/MEMBER``."""

    type: str = Field(description="name of the type of the member")
    description: str = Field(
        "",
        description="what people read; {…} are parameters of this type; else that of the instance and the member",
    )
    connection: str = Field("", description="name of a connection; else that of the instance")
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="parameters of the member's type, and what it has otherwise (speed.high = 80); {…} are those of "
        "this type",
    )


class TypeModel(_Model):
    """types/*.toml: a type of equipment."""

    schema_: str = Field("type/1", alias="schema", description="type/1")
    name: str = Field(pattern="^[a-z][a-z0-9_]{0,63}$")
    title: str = ""
    extends: str = Field("", description="name of the type this one adds to")
    symbol: str = ""
    faceplate: str = ""
    parameters: dict[str, ParameterModel] = Field(default_factory=dict)
    modes: ModesModel | None = None
    signals: dict[str, SignalModel] = Field(default_factory=dict)
    alarms: dict[str, TypeAlarmModel] = Field(default_factory=dict)
    members: dict[str, MemberModel] = Field(
        default_factory=dict, description="equipment of other types that each instance contains, by name"
    )


class DisplayModel(_Model):
    """displays/*.json: the envelope of a mimic; its elements are read by the mimics."""

    schema_: str = Field("display/1", alias="schema", description="display/1")
    id: str = ""
    name: str = Field("", pattern="^[a-z0-9_-]{0,64}$")
    title: str = ""
    level: int = Field(2, ge=1, le=4, description="1 overview to 4 diagnostics")
    area: str = ""
    note: str = ""
    lint: Any = Field(
        default_factory=list,
        description="rules that hmi check leaves out for this display, each as rule: reason",
        json_schema_extra={"type": "array", "items": {"type": "string", "pattern": "^[a-z0-9-]+: .+"}},
    )
    size: Annotated[list[int], Field(min_length=2, max_length=2)] = Field([1920, 880])
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="what whoever shows the display gives it, by name"
    )
    elements: list[dict[str, Any]] = Field(default_factory=list)


class ScenarioModel(_Model):
    """training/*.toml: a scenario; its steps are read by the training desk."""

    schema_: str = Field("scenario/1", alias="schema", description="scenario/1")
    name: str = ""
    title: str = ""


def unknown_fields(model: BaseModel, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of the fields that no model names."""
    for name in model.model_extra or {}:
        if name != EDITOR_HINT:
            yield (*path, name)
    for name, field in type(model).model_fields.items():
        yield from _unknown_in(getattr(model, name), (*path, field.alias or name))


def _unknown_in(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, BaseModel):
        yield from unknown_fields(value, path)
    elif isinstance(value, dict | list):  # models lie in tables and lists, and never deeper
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(item, BaseModel):
                yield from unknown_fields(item, (*path, key))
