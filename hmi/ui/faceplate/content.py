"""What belongs on a faceplate, worked out from the plant alone: values, states, commands. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hmi.client.port import InstanceInfo, TagInfo
from hmi.mimics import (
    Catalogue,
    accepts_instance,
    declared_parameters,
    display_address,
    is_number,
    is_pulse,
)

_PV = ("pv", "level", "flow", "pressure", "dp", "speed", "position", "turbidity", "value")
_FIRST = ("sp", "op", "state", "mode", "auto", "remote", "running", "opened", "closed", "fault", "interlock")
KINDS = ("pump", "valve", "loop", "tank", "analogue")
MAX_VALUES = 5
MAX_STATES = 8
MAX_MEMBERS = 40


@dataclass(frozen=True, slots=True)
class Content:
    """Tag names by what they are on the faceplate; ``title`` is the object's own, ``display`` an address.

    ``kind`` is one of ``KINDS`` or empty for rows alone, ``symbol`` that of the type, ``signals`` every tag of the
    equipment by its signal. ``parent`` is the equipment that it is inside of, ``members`` what is directly inside of
    it, themselves without theirs; ``inside`` names the one that is listed for each name at any depth, "" where that
    is more than ``MAX_MEMBERS``.
    """

    name: str
    title: str
    area: str
    display: str
    main: str
    values: tuple[str, ...]
    states: tuple[str, ...]
    commands: tuple[str, ...]
    kind: str = ""
    symbol: str = ""
    signals: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    members: tuple[Content, ...] = ()
    inside: Mapping[str, str] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.values, *self.states, *self.commands, *self.signals.values())))


def content_of(target: str, catalogue: Catalogue) -> Content | None:
    """The faceplate of an instance or a tag; a tag of an instance opens the instance's."""
    info = catalogue.tags.get(target)
    instance = catalogue.instances.get(target) or (catalogue.instances.get(info.instance) if info else None)
    if instance is None and target not in catalogue.instances and info is not None:
        instance = catalogue.instances.get(target.rpartition(".")[0])
    if instance is None:
        return _of_tag(info) if info else None
    names = catalogue.members.get(instance.name, ())
    if not names:
        return _of_instance(instance, info, catalogue)
    listed = names[:MAX_MEMBERS]
    return replace(
        _of_instance(instance, info, catalogue),
        members=tuple(_of_instance(catalogue.instances[name], None, catalogue) for name in listed),
        inside=_inside(names, catalogue),
    )


def _inside(names: tuple[str, ...], catalogue: Catalogue) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, name in enumerate(names):
        deeper = [name]
        while deeper:
            one = deeper.pop()
            found[one] = name if number < MAX_MEMBERS else ""
            deeper.extend(catalogue.members.get(one, ()))
    return found


def _of_instance(instance: InstanceInfo, info: TagInfo | None, catalogue: Catalogue) -> Content:
    """Without what is inside of it; ``info`` is the tag that was meant."""
    tags = [catalogue.tags[name] for name in instance.signals.values() if name in catalogue.tags]
    chosen = info if info and is_number(info) and not info.writable else None
    numbers = sorted((t for t in tags if is_number(t) and _shown(t)), key=lambda t: _value_rank(t, chosen))
    states = sorted((t for t in tags if not is_number(t) and not is_pulse(t)), key=_state_rank)
    commands = [t.name for t in tags if t.writable]
    main = numbers[0].name if numbers else (states[0].name if states else "")
    return Content(
        instance.name, instance.title, instance.area, _display_of(instance, catalogue), main,
        tuple(t.name for t in numbers[:MAX_VALUES]), tuple(t.name for t in states[:MAX_STATES]),
        tuple(commands), _kind_of(instance), instance.symbol,
        {signal: tag for signal, tag in instance.signals.items() if tag in catalogue.tags},
        instance.parent if instance.parent in catalogue.instances else "",
    )  # fmt: skip


def _kind_of(instance: InstanceInfo) -> str:
    """What its type says, else what its signals tell."""
    if instance.faceplate in KINDS:
        return instance.faceplate
    signals = instance.signals.keys()
    if {"pv", "sp"} <= signals:
        return "loop"
    if signals & {"opened", "closed"}:
        return "valve"
    if "running" in signals:
        return "pump"
    return "analogue" if "pv" in signals else ""


def _display_of(instance: InstanceInfo, catalogue: Catalogue) -> str:
    """The display of an object; a display with one parameter that takes the object is opened with it."""
    source = catalogue.displays.get(instance.display)
    if source is None:
        return instance.display
    parameters = declared_parameters(source.document, catalogue)
    fitting = [p.name for p in parameters.values() if accepts_instance(p, instance.name, catalogue)]
    return display_address(instance.display, {fitting[0]: instance.name} if len(fitting) == 1 else {})


def _of_tag(info: TagInfo) -> Content:
    number = is_number(info)
    return Content(
        info.name, info.description, info.area, "", info.name,
        (info.name,) if number else (), () if number else (info.name,),
        (info.name,) if info.writable else (),
        "analogue" if number else "", "", {"pv": info.name} if number else {},
    )  # fmt: skip


def _shown(info: TagInfo) -> bool:
    return bool(info.unit) or info.signal in {"pv", "sp", "op"}


def _value_rank(info: TagInfo, chosen: TagInfo | None) -> tuple[bool, int]:
    order = ("pv", "sp", "op", *_PV[1:])
    return (info is not chosen, order.index(info.signal) if info.signal in order else len(order))


def _state_rank(info: TagInfo) -> int:
    return _FIRST.index(info.signal) if info.signal in _FIRST else len(_FIRST)
