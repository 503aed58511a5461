"""What belongs on a faceplate, worked out from the plant alone: values, states, commands. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hmi.client.port import RuntimeStatus, TagInfo
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics import Catalogue, Reading

_PV = ("pv", "level", "flow", "pressure", "dp", "speed", "position", "turbidity", "value")
_FIRST = ("sp", "op", "state", "mode", "auto", "remote", "running", "opened", "closed", "fault", "interlock")
MAX_VALUES = 5
MAX_STATES = 8
_NUMBERS = frozenset(("float32", "float", "float64", "int64", "uint64", "int16", "uint16", "int32", "uint32"))
_PULSES = frozenset(("start", "stop", "reset", "open", "close"))


@dataclass(frozen=True, slots=True)
class Content:
    """Tag names by what they are on the faceplate; ``title`` is the object's own."""

    name: str
    title: str
    area: str
    display: str
    main: str
    values: tuple[str, ...]
    states: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.values, *self.states, *self.commands)))


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: what it says and the value it asks for."""

    text: str
    value: Value


def is_number(info: TagInfo) -> bool:
    return info.type in _NUMBERS and not info.states


def content_of(target: str, catalogue: Catalogue) -> Content | None:
    """The faceplate of an instance or a tag; a tag of an instance opens the instance's."""
    info = catalogue.tags.get(target)
    instance = catalogue.instances.get(target) or (catalogue.instances.get(info.instance) if info else None)
    if instance is None and target not in catalogue.instances and info is not None:
        instance = catalogue.instances.get(target.rpartition(".")[0])
    if instance is None:
        return _of_tag(info) if info else None
    tags = [catalogue.tags[name] for name in instance.signals.values() if name in catalogue.tags]
    chosen = info if info and is_number(info) and not info.writable else None
    numbers = sorted((t for t in tags if is_number(t) and _shown(t)), key=lambda t: _value_rank(t, chosen))
    states = sorted((t for t in tags if not is_number(t) and not _is_pulse(t)), key=_state_rank)
    commands = [t.name for t in tags if t.writable]
    main = numbers[0].name if numbers else (states[0].name if states else "")
    return Content(
        instance.name, instance.title, instance.area, instance.display, main,
        tuple(t.name for t in numbers[:MAX_VALUES]), tuple(t.name for t in states[:MAX_STATES]),
        tuple(commands),
    )  # fmt: skip


def _of_tag(info: TagInfo) -> Content:
    number = is_number(info)
    return Content(
        info.name, info.description, info.area, "", info.name,
        (info.name,) if number else (), () if number else (info.name,),
        (info.name,) if info.writable else (),
    )  # fmt: skip


def _shown(info: TagInfo) -> bool:
    return bool(info.unit) or info.signal in {"pv", "sp", "op"}


def _is_pulse(info: TagInfo) -> bool:
    return info.writable and info.type == "bool" and info.signal in _PULSES


def _value_rank(info: TagInfo, chosen: TagInfo | None) -> tuple[bool, int]:
    order = ("pv", "sp", "op", *_PV[1:])
    return (info is not chosen, order.index(info.signal) if info.signal in order else len(order))


def _state_rank(info: TagInfo) -> int:
    return _FIRST.index(info.signal) if info.signal in _FIRST else len(_FIRST)


def choices(info: TagInfo) -> tuple[Choice, ...]:
    """The buttons of a command that is no number: one for a pulse, one for each state otherwise."""
    name = info.signal.replace("_", " ").capitalize() if info.signal else info.description
    if _is_pulse(info):
        return (Choice(tr(name), True),)
    if info.states:
        boolean = info.type == "bool"
        return tuple(Choice(text, bool(n) if boolean else n) for n, text in sorted(info.states.items()))
    if info.type == "bool":
        return (Choice(tr("On"), True), Choice(tr("Off"), False))
    return ()


def blocked(info: TagInfo, status: RuntimeStatus | None, alive: bool, readings: Iterable[Reading]) -> str:
    """Why a command cannot be asked for now; empty when it can. The gate judges again and says more."""
    if not alive or status is None:
        return tr("The runtime does not answer.")
    if status.commands_blocked:
        return status.commands_blocked
    if info.command_class == "X":
        return tr("This command is forbidden from here.")
    if "operate" not in status.roles:
        return tr("You have no right to operate.")
    for reading in readings:
        if reading.tag == info.name and (reading.is_bad or reading.stale) and not _is_pulse(info):
            return tr("There is no communication with the device.")
        if reading.info and reading.info.signal == "remote" and reading.truth is False:
            return tr("The local/remote switch is in local.")
        if reading.info and reading.info.signal == "oos" and reading.truth and info.signal != "oos":
            return tr("The equipment is out of service.")
        if info.signal == reading.info.signal if reading.info else False:
            continue
        if reached := _reached(info, reading):
            return reached
    return ""


def reason_needed(info: TagInfo, reading: Reading, value: Value) -> str:
    """Why the operator must write a reason for this command; empty when none is asked for."""
    if info.command_class == "C":
        return tr("A critical command needs a reason.")
    now = reading.number
    if not info.max_step or now is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    step = abs(value - now)
    if step <= info.max_step:
        return ""
    return tr(
        "A step of {step} is larger than {limit} {unit}: it needs a reason.",
        step=f"{step:.4g}",
        limit=f"{info.max_step:g}",
        unit=info.unit,
    )


def _reached(info: TagInfo, reading: Reading) -> str:
    pair = (info.signal, reading.info.signal if reading.info else "")
    if pair == ("start", "running") and reading.truth:
        return tr("It is running already.")
    if pair == ("stop", "running") and reading.truth is False:
        return tr("It stands still already.")
    if pair == ("reset", "fault") and reading.truth is False:
        return tr("There is nothing to reset.")
    return ""
