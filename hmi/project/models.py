"""The shape of the TOML files and of the envelope of a display, as models that schemas are made from.

Unknown fields are allowed everywhere: they are kept in the files and reported as warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EDITOR_HINT = "$schema"  # where an editor finds the schema of the file
Number = float | int | str  # a text may hold {parameters}
Flag = bool | str
Ends = Annotated[list[Number], Field(min_length=2, max_length=2)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, populate_by_name=True)


class AreaModel(_Model):
    """A node of the ISA-95 tree; ``path`` is the first part of the tag names that belong to it."""

    path: str = Field(min_length=1, description="first parts of tag names, such as intake")
    title: str = Field("", description="what people read")
    parent: str = Field("", description="path of the area above")


class ConnectionModel(_Model):
    """One device or gateway."""

    driver: str = Field(description="name of a driver, such as modbus or opcua")
    endpoints: list[str] = Field(min_length=1, description="addresses, tried in order")
    simulated: bool = Field(False, description="true only for a simulator on this machine")
    life_counter: str = Field("", description="tag whose advance proves that the PLC scans")
    settings: dict[str, Any] = Field(default_factory=dict, description="the driver's own settings")


class PlantModel(_Model):
    """plant.toml: what the plant is called and how it is reached."""

    schema_: str = Field("plant/1", alias="schema", description="plant/1")
    id: str = Field("", description="immutable; hmi format writes it")
    name: str = Field(pattern="^[a-z0-9_-]{1,64}$", description="short name: a-z 0-9 _ -")
    title: str = Field("", description="what people read")
    zone: str = Field("UTC", description="IANA time zone")
    home: str = Field("", description="display that opens first")
    area: list[AreaModel] = Field(default_factory=list)
    scan: dict[str, Annotated[int, Field(ge=10, le=86_400_000)]] = Field(
        default_factory=dict, description="scan classes: name = period in ms"
    )
    connection: dict[str, ConnectionModel] = Field(default_factory=dict)
    texts: dict[str, str] = Field(default_factory=dict, description="texts of the plant by key")


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


class CommandModel(_Model):
    """What is checked before a write."""

    class_: str = Field("R", alias="class", description="R routine, S significant, C critical, X forbidden")
    limits: Ends | None = None
    max_step: Number = 0
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
    writable: Flag = False
    command: CommandModel | None = None
    options: dict[str, Any] | str = Field(default_factory=dict)


class TypeAlarmModel(_Model):
    """An alarm that every instance of a type has."""

    signal: str = Field(description="name of a signal of the type")
    kind: str = Field(description="high low high_high low_low discrete bad expression")
    limit: Number | None = None
    deadband: Number | None = None
    on_delay: Number = Field(0, description="seconds")
    off_delay: Number = Field(0, description="seconds")
    priority: int | str = Field(description="1 to 4, or journal")
    title: str = Field("", description="name of the alarm; by default its key")
    message: str = ""
    latching: Flag = False
    ack: Flag = True
    expression: str = ""
    suppress_when: str = Field("", description="expression; while true the alarm is suppressed by design")
    cause: str = ""
    consequence: str = ""
    action: str = ""
    time_to_respond: str = ""
    display: str = ""


class TypeModel(_Model):
    """types/*.toml: a type of equipment."""

    schema_: str = Field("type/1", alias="schema", description="type/1")
    name: str = Field(pattern="^[a-z][a-z0-9_]{0,63}$")
    title: str = ""
    extends: str = Field("", description="name of the type this one adds to")
    symbol: str = ""
    faceplate: str = ""
    parameters: dict[str, ParameterModel] = Field(default_factory=dict)
    signals: dict[str, SignalModel] = Field(default_factory=dict)
    alarms: dict[str, TypeAlarmModel] = Field(default_factory=dict)


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
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unknown_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown_in(item, (*path, index))
