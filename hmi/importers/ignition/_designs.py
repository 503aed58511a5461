"""UDTs of Ignition as types of ours: parameters with their kinds, signals, alarms, and what they add to a parent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.importers.ignition._bindings import Hole, Text, plain
from hmi.importers.ignition._fields import Point
from hmi.importers.ignition._tree import Node
from hmi.importers.ignition._types import INSTANCE_NAME, Member

_HOLES: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)([+-]\d+)?\}")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")
_BUILT_IN: Final = ("name", "description", "area", "id")
_RANGES: Final = (("range", "low", "high"), ("raw", "raw_low", "raw_high"))
_KINDS: Final = {
    **dict.fromkeys(("integer", "int1", "int2", "int4", "int8", "long"), "integer"),
    **dict.fromkeys(("float", "double", "float4", "float8"), "number"),
    "boolean": "boolean",
}


@dataclass(slots=True)
class Parameter:
    """One of ours: ``kind`` as types write it, ``default`` as a text, None where every instance has to give it."""

    name: str
    kind: str
    default: str | None

    def table(self) -> dict[str, Any]:
        return {"type": self.kind, "default": typed(self.default, self.kind)}


@dataclass(frozen=True, slots=True)
class Nested:
    """An instance inside of a UDT that is a member of our type. ``given``: the parameters of the member as texts with
    holes; ``references``: by the way inside of it, what stands after the name of the member.
    """

    name: str
    kind: str
    title: str
    connection: str
    given: Mapping[str, str]
    references: Mapping[tuple[str, ...], str]

    def table(self) -> dict[str, Any]:
        """The table of the member in a type file."""
        shown = self.title.replace("{", "(").replace("}", ")")
        return {
            "type": self.kind,
            "description": None if shown == self.name else f"{{description}} {shown}",
            "connection": self.connection or None,
            "parameters": dict(self.given) or None,
        }


@dataclass(slots=True)
class Design:
    """A UDT made ready. ``device`` is the Text that names the connection of its signals, None when they have none;
    ``signals``: our signals by the way to the member; ``alarms``: keys of ours by signal and name of Ignition;
    ``nested``: the members by the way to them.
    """

    key: str
    name: str
    node: Node
    members: list[Member]
    signals: dict[tuple[str, ...], str]
    prefixes: Mapping[str, str]
    names: dict[str, str]
    points: dict[str, Point] = field(default_factory=dict[str, Point])
    parameters: dict[str, Parameter] = field(default_factory=dict[str, Parameter])
    device: tuple[str, Text] | None = None
    nested: dict[tuple[str, ...], Nested] = field(default_factory=dict[tuple[str, ...], Nested])

    @property
    def references(self) -> dict[tuple[str, ...], str]:
        """By the way to each tag what stands after the name of an instance: ``.signal`` or ``/member.signal``."""
        out = {way: f".{signal}" for way, signal in self.signals.items()}
        for way, member in self.nested.items():
            out.update({(*way, *rest): f"/{member.name}{after}" for rest, after in member.references.items()})
        return out

    def alarm_key(self, signal: str, name: str) -> str:
        """The name of an alarm in the type; it differs from every signal, whose overrides share the cell."""
        key = re.sub(r"[^A-Za-z0-9_]+", "_", f"{signal}_{name}").strip("_")
        return f"{key}_alarm" if key in self.signals.values() else key


def parameter_names(node: Node) -> dict[str, str]:
    """Our names of the parameters, by Ignition's."""
    out: dict[str, str] = {}
    for name in (*node.parameters, INSTANCE_NAME):
        made = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
        made = made if made[:1].isascii() and made[:1].isalpha() else f"p_{made}"
        made = f"{made}_" if made in _BUILT_IN else made
        while made in out.values():
            made += "_"
        out[name] = made
    return out


def parameters_of(design: Design, given: Iterable[Mapping[str, str]]) -> dict[str, Parameter]:
    """The parameters that the type needs, by Ignition's names. ``given``: what the instances give, as texts."""
    used, counted = _uses(design.points.values(), (one.given for one in design.nested.values()))
    of_devices = {hole.name for hole in _device_holes(design.points.values())}
    rows = list(given)
    out: dict[str, Parameter] = {}
    for name, ours in design.names.items():
        is_needed = ours in used or (name != INSTANCE_NAME and name not in of_devices)
        if not is_needed:
            continue
        entry = design.node.parameters.get(name, {})
        default = _default(entry.get("value"), design.prefixes.get(name, ""))
        texts = [row[name] for row in rows if name in row]
        kind = _kind(
            str(entry.get("dataType", "")), [*texts, *([default] if default else [])], ours in counted
        )
        if default is not None and typed(default, kind) is None:
            default = None
        out[name] = Parameter(ours, kind, default)
    return out


def _uses(points: Iterable[Point], more: Iterable[Mapping[str, Any]]) -> tuple[set[str], set[str]]:
    """The parameters that stand in texts, and those that are calculated with."""
    used: set[str] = set()
    counted: set[str] = set()
    tables = [table for point in points for table in (point.fields, *point.alarms.values())]
    for table in (*tables, *more):
        for text in _texts(table):
            for found in _HOLES.finditer(text):
                used.add(found[1])
                counted.update({found[1]} if found[2] else ())
    return used, counted


def _texts(table: Mapping[str, Any]) -> Iterable[str]:
    for value in table.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value)


def _device_holes(points: Iterable[Point]) -> Iterable[Hole]:
    for point in points:
        if point.target is not None:
            yield from (part for part in point.target.device if isinstance(part, Hole))


def _default(value: Any, prefix: str) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if isinstance(value, int) else f"{value:.15g}"
    if not isinstance(value, str) or "{" in value:
        return None
    return value.removeprefix(prefix)


def _kind(written: str, texts: list[str], is_counted: bool) -> str:
    kind = "integer" if is_counted else _KINDS.get(written.lower(), "string")
    if kind == "string" or is_counted or all(typed(text, kind) is not None for text in texts):
        return kind
    return "string"


def typed(text: str | None, kind: str) -> Any:
    """The text as TOML holds it; None when it is not of the kind."""
    if text is None or kind == "string":
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    try:
        number = float(text)
    except ValueError:
        return None
    if kind == "integer":
        return int(text) if _WHOLE.fullmatch(text.strip()) else int(number) if number.is_integer() else None
    return number if number - number == 0 else None


# --- tables of the file -------------------------------------------------------------------------------


def signal_table(fields: Mapping[str, Any], names: tuple[str, ...], signal: str) -> dict[str, Any]:
    """The table of a signal in a type file."""
    table = dict(fields)
    for key, low, high in _RANGES:
        if low in table and high in table:
            table[key] = [table.pop(low), table.pop(high)]
    shown = " ".join((*names[:-1], table["description"])) if "description" in table else "/".join(names)
    shown = "" if shown == signal else shown
    if shown:
        table["description"] = f"{{description}} {shown.replace('{', '(').replace('}', ')')}"
    order = ("type", "address", "connection", "expression", "manual", "description", "unit", "range", "raw")
    return {key: table[key] for key in (*order, *(key for key in table if key not in order)) if key in table}


def alarm_table(signal: str, name: str, alarm: Mapping[str, Any]) -> dict[str, Any]:
    """The table of an alarm in a type file."""
    table = {"signal": signal, **alarm, "title": name.replace("{", "(").replace("}", ")")}
    table["priority"] = int(alarm["priority"]) if str(alarm["priority"]).isdigit() else alarm["priority"]
    table["message"] = f"{{description}} {alarm.get('message', table['title'])}"
    return table


def content_of(design: Design, parent: Design | None) -> dict[str, Any]:
    """The content of the type file; of a type with a parent only what differs from it."""
    signals: dict[str, Any] = {}
    alarms: dict[str, Any] = {}
    ways = {signal: way for way, signal in design.signals.items()}
    for signal, point in design.points.items():
        signals[signal] = signal_table(point.fields, ways[signal], signal)
        for name, alarm in point.alarms.items():
            alarms[design.alarm_key(signal, name)] = alarm_table(signal, name, alarm)
    parameters = {one.name: one.table() for one in design.parameters.values()}
    content = {
        "title": design.key.rpartition("/")[2],
        "parameters": parameters,
        "signals": signals,
        "alarms": alarms,
        "members": {one.name: one.table() for one in design.nested.values()},
    }
    if parent is None:
        return content
    before = content_of(parent, None)
    out: dict[str, Any] = {"title": content["title"], "extends": parent.name}
    for group in ("parameters", "signals", "alarms", "members"):
        out[group] = _difference(content[group], before[group])
    return out


def _difference(tables: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, table in tables.items():
        old = before.get(key, {})
        changed = {name: value for name, value in table.items() if name not in old or old[name] != value}
        if changed:
            out[key] = changed
    return out


def shared_device(points: Iterable[Point]) -> tuple[str, Text] | None:
    """The driver and device that most signals have; the others get a connection of their own."""
    counts: dict[tuple[str, Text], int] = {}
    for point in points:
        if point.target is not None:
            key = (point.target.driver, point.target.device)
            counts[key] = counts.get(key, 0) + 1
    return max(counts, key=lambda key: counts[key]) if counts else None


def device_name(device: Text) -> str | None:
    """The name of the device where no parameter gives it."""
    return plain(device)
