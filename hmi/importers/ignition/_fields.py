"""One tag of Ignition as the fields of one of ours; what has no like is said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.expressions import ExpressionError, compile_expression
from hmi.importers.ignition._address import Target, target_of
from hmi.importers.ignition._alarms import alarms_of
from hmi.importers.ignition._bindings import Text, Unsayable
from hmi.importers.ignition._expression import translated
from hmi.importers.ignition._tree import Node
from hmi.importers.ignition._values import Values

Refer = Callable[[str], str]
_TYPES: Final = {
    "boolean": "bool", "int1": "int16", "int2": "int16", "int4": "int32", "int8": "int64", "float4": "float32",
    "float8": "float", "string": "string", "text": "string", "datetime": "time", "uint1": "uint16",
    "uint2": "uint16", "uint4": "uint32", "uint8": "uint64",
}  # fmt: skip
_INTEGERS: Final = ("int16", "uint16", "int32", "uint32", "int64", "uint64")
_DECIMALS: Final = re.compile(r"(?P<group>#,##)?[#0]*?(?P<whole>[#0]+)(?:\.(?P<decimals>[0#]{1,9}))?")
_INPUT: Final = re.compile(r"(?:[^.]*\.)?(?:[^ .]+ (?:IR|DI)(?:\.|$)|[13]\d{4,5}(?:\.|$))")
_HOLES: Final = re.compile(r"\{[^{}]*\}")
_OTHER_SOURCES: Final = {
    "query": "a database query", "db": "a database query", "reference": "a reference to another tag",
    "system": "a system tag of Ignition",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of an import: ``base`` of Modbus numbers, byte ``order`` (empty: the connection's), and whether
    tags that say nothing may be written. ``scans``: the scan classes of the plant; ``prefix`` of the names
    of types.
    """

    base: int = 1
    order: str = ""
    writable: str = "stated"
    scans: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(slots=True)
class Point:
    """A tag translated. ``fields`` as signals of types have them, ``target`` None for a tag without a device."""

    fields: dict[str, Any]
    target: Target | None
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    remarks: list[str] = field(default_factory=list[str])


def point_of(
    node: Node,
    scope: Mapping[str, Text],
    names: Mapping[str, str],
    *,
    own: str,
    refer: Refer,
    rules: Rules,
    samples: tuple[str, ...] = (),
) -> Point:
    """The tag as ours. ``own``: how an expression names it; ``refer``: what an expression writes for the inside of
    braces. Unsayable when it cannot be taken over.
    """
    values = Values(node.props, scope, names)
    if (enabled := values.flag("enabled", default=True)) is False:
        raise Unsayable("is switched off in Ignition")
    if enabled is not True:
        values.remarks.append("whether it is on is given by a parameter; it is taken as on")
    fields: dict[str, Any] = {}
    target = _source(values, fields, refer, rules, samples)
    _scale(values, fields, target.driver if target else "")
    _rest(values, fields, target, rules)
    point = Point(fields, target, {}, values.remarks)
    if node.alarms:
        ends = fields.get("low"), fields.get("high")
        is_bool = fields["type"] == "bool"
        point.alarms = alarms_of(node.alarms, values, own=own, refer=refer, ends=ends, is_bool=is_bool)
        if values.flag("alarmEvalEnabled", default=True) is False:
            point.alarms = {name: {**alarm, "enabled": False} for name, alarm in point.alarms.items()}
    if node.props.get("eventScripts"):
        values.remarks.append("its event scripts are programs and are left out")
    return point


# --- where the value comes from -----------------------------------------------------------------------


def _source(
    values: Values, fields: dict[str, Any], refer: Refer, rules: Rules, samples: tuple[str, ...]
) -> Target | None:
    source = values.word("valueSource", "memory").lower()
    written = values.word("dataType", "Int4")
    kind = _TYPES.get(written.lower())
    if kind is None:
        if not written.lower().endswith("array"):
            raise Unsayable(f"has the data type {written[:40]!r}, which has no like here")
        kind = "array"
    fields["type"] = kind
    if source == "opc":
        return _device(values, fields, rules, samples)
    if source == "memory":
        if kind in ("array", "time"):
            raise Unsayable(f"is a memory tag of the type {written}, which nobody can enter")
        fields["manual"] = True
        if values.props.get("value") not in (None, "", 0, False):
            values.remarks.append(f"its value {str(values.props['value'])[:40]!r} has to be entered once")
    elif source == "expr":
        fields["expression"] = expression_of(values.props.get("expression"), refer)
    elif source == "derived":
        fields["expression"] = _derived(values, refer)
    else:
        raise Unsayable(
            f"is {_OTHER_SOURCES.get(source, f'of the source {source[:40]!r}')}, which has no like here"
        )
    if "expression" in fields and kind in _INTEGERS:
        fields["type"] = "float"  # what is calculated need not be whole
    return None


def _device(values: Values, fields: dict[str, Any], rules: Rules, samples: tuple[str, ...]) -> Target:
    item = values.text("opcItemPath")
    if not item:
        raise Unsayable("has no opcItemPath")
    target = target_of(item, values.text("opcServer"), values.names, base=rules.base, samples=samples)
    fields["address"] = target.address
    if target.driver == "modbus":
        _wire(fields, target, rules)
    return target


def _wire(fields: dict[str, Any], target: Target, rules: Rules) -> None:
    """The type and the options of a Modbus point: the register decides, the tag's type says only what it becomes."""
    asked, wire, options = fields["type"], target.wire, {}
    if not wire:
        fields["type"] = "bool"
        return
    if wire == "string" or asked in ("string", "array", "time"):
        if wire != "string" or asked != "string":
            raise Unsayable(f"reads {asked} from a register that holds {wire}")
        options["length"] = target.length
    elif asked == "bool":
        if wire not in ("int16", "uint16"):
            options["wire"] = wire
    elif wire in ("float32", "float64"):
        fields["type"] = "float32" if wire == "float32" else "float"
        if wire == "float64":
            options["wire"] = wire
    elif asked in _INTEGERS:
        fields["type"] = {"bcd16": "uint16", "bcd32": "uint32"}.get(wire, wire)
        if wire != fields["type"] or wire.endswith("64"):
            options["wire"] = wire
    else:
        fields["type"], options["wire"] = "float", wire
    if rules.order and wire not in ("int16", "uint16", "bcd16", "string"):
        options["order"] = rules.order
    if options:
        fields["options"] = options


def _derived(values: Values, refer: Refer) -> str:
    """A derived tag that only reads: the expression over its one source."""
    path = values.word("sourceTagPath")
    getter = values.props.get("deriveExpressionGetter")
    if not path:
        raise Unsayable("is derived from no tag")
    if values.props.get("deriveExpressionSetter"):
        values.remarks.append("nothing is written back through its derive expression")
    return expression_of(
        getter or "{source}", lambda inside: refer(path) if inside.lower() == "source" else refer(inside)
    )


def expression_of(written: Any, refer: Refer) -> str:
    """Our expression for Ignition's. Unsayable quotes what cannot be said."""
    text = written.get("binding", written.get("value")) if isinstance(written, Mapping) else written
    if not isinstance(text, str) or not text.strip():
        raise Unsayable("has no expression")
    try:
        out = translated(text, refer)
    except Unsayable as error:
        raise Unsayable(f"has the expression {' '.join(text.split())[:160]!r}, which {error}") from None
    try:
        compile_expression(_HOLES.sub("1", out.replace("{name}", "x")))
    except ExpressionError as error:
        raise Unsayable(
            f"has the expression {' '.join(text.split())[:160]!r}, which cannot be said ({error.what})"
        ) from None
    return out


# --- numbers ------------------------------------------------------------------------------------------


def _scale(values: Values, fields: dict[str, Any], driver: str) -> None:
    low, high = values.number("engLow"), values.number("engHigh")
    mode = values.word("scaleMode", "Off").lower()
    if mode in ("off", "none"):
        if (low is None) != (high is None):
            low, high = (0 if low is None else low), (100 if high is None else high)
        _ends(fields, values, low, high)
        return
    if mode not in ("linear", "squareroot") or not fields.get("address"):
        raise Unsayable(f"is scaled by {mode}, which has no like here")
    raw, scaled = _pair(values, "raw"), _pair(values, "scaled")
    fields["scaling"] = "sqrt" if mode == "squareroot" else None
    clamp = values.word("clampMode", "No_Clamp").lower().replace("_", "")
    if clamp in ("clamplow", "clamphigh"):
        values.remarks.append("it is held at one end only in Ignition; here it goes beyond both")
    fields["clamp"] = True if clamp == "clampboth" else None
    if low is not None and high is not None and (low, high) != scaled:
        extended = _extended(raw, scaled, (low, high)) if mode == "linear" and clamp != "clampboth" else None
        if extended is None:
            values.remarks.append("its range is that of the scaling, not its engineering range")
        else:
            raw, scaled = extended, (low, high)
    if fields["type"] in _INTEGERS:
        if driver == "modbus":
            fields["options"] = {"wire": fields["type"], **fields.get("options", {})}
        fields["type"] = "float"
    _ends(fields, values, *scaled)
    fields["raw_low"], fields["raw_high"] = raw


def _pair(values: Values, word: str) -> tuple[Any, Any]:
    low, high = values.number(f"{word}Low"), values.number(f"{word}High")
    if low is None and high is None:
        raise Unsayable(f"is scaled, but has neither {word}Low nor {word}High")
    return (0 if low is None else low), (10 if high is None else high)


def _extended(
    raw: tuple[Any, Any], scaled: tuple[Any, Any], wanted: tuple[Any, Any]
) -> tuple[float, float] | None:
    """The raw values at the ends of the wanted range, on the same line."""
    if any(isinstance(one, str) for one in (*raw, *scaled, *wanted)) or scaled[0] == scaled[1]:
        return None
    slope = (raw[1] - raw[0]) / (scaled[1] - scaled[0])
    low, high = (float(f"{raw[0] + (end - scaled[0]) * slope:.12g}") for end in wanted)
    return low, high


def _ends(fields: dict[str, Any], values: Values, low: Any, high: Any) -> None:
    if low is None or high is None or fields["type"] in ("bool", "string", "array", "time"):
        return
    if not isinstance(low, str) and not isinstance(high, str) and low >= high:
        values.remarks.append(f"the range {low:g} to {high:g} is left out")
        return
    fields["low"], fields["high"] = low, high


# --- the rest -----------------------------------------------------------------------------------------


def _rest(values: Values, fields: dict[str, Any], target: Target | None, rules: Rules) -> None:
    if unit := values.shown("engUnit"):
        fields["unit"] = unit
    if text := values.shown("documentation") or values.shown("tooltip"):
        fields["description"] = text
    if fields["type"] not in ("bool", "string", "array", "time"):
        _format(values, fields)
    if history := values.flag("historyEnabled", default=False):
        fields["history"] = history
    group = str(values.props.get("tagGroup", "")).casefold()
    if target is not None and (scan := next((one for one in rules.scans if one.casefold() == group), "")):
        fields["scan"] = scan
    if target is not None and _is_writable(values, fields, rules):
        fields["writable"] = True
    elif fields["type"] in (*_INTEGERS, "float", "float32") and not fields.get("manual"):
        _deadband(values, fields)


def _is_writable(values: Values, fields: dict[str, Any], rules: Rules) -> bool:
    if _INPUT.match(str(fields.get("address", ""))):
        return False
    if "readOnly" in values.props:
        return values.flag("readOnly", default=False) is False
    return rules.writable == "all"


def _deadband(values: Values, fields: dict[str, Any]) -> None:
    if "deadband" not in values.props or values.word("deadbandMode", "Absolute").lower() == "off":
        return
    amount = values.number("deadband")
    if isinstance(amount, str) or not amount or amount < 0:
        return
    if values.word("deadbandMode", "Absolute").lower() == "percent":
        low, high = fields.get("low"), fields.get("high")
        if low is None or isinstance(low, str) or isinstance(high, str):
            values.remarks.append("its deadband in percent is left out: it has no range")
            return
        amount = float(f"{amount * (high - low) / 100:.12g}")
    fields["deadband"] = amount


def _format(values: Values, fields: dict[str, Any]) -> None:
    written = values.shown("formatString")
    if not written:
        return
    found = _DECIMALS.fullmatch(written)
    if found is None:
        values.remarks.append(f"the format {written[:40]!r} is left out")
        return
    comma = "," if found["group"] or "," in written else ""
    fields["format"] = f"{comma}.{len(found['decimals'] or '')}f"
