"""Cells and TOML values to the fields of a tag; one table serves tags.csv and the signals of types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hmi.core.commands import CommandClass
from hmi.core.values import EURange, ValueType
from hmi.project._findings import FieldError
from hmi.project.plant import CommandRule, Scaling

_TRUE = frozenset(("true", "yes", "1", "x"))
_FALSE = frozenset(("false", "no", "0", ""))
_FORMAT = re.compile(r"[+ ]?0?\d{0,2},?(\.\d{1,2})?[dfegx%]?")

# names of the type column: what the tag is, and the type in the device where they differ
TYPES: dict[str, tuple[ValueType, str]] = {
    **{kind.value: (kind, "") for kind in ValueType},
    "float64": (ValueType.FLOAT64, ""),
    "int8": (ValueType.INT64, "int8"),
    "int16": (ValueType.INT64, "int16"),
    "int32": (ValueType.INT64, "int32"),
    "uint8": (ValueType.UINT64, "uint8"),
    "uint16": (ValueType.UINT64, "uint16"),
    "uint32": (ValueType.UINT64, "uint32"),
}


def number(raw: Any, name: str) -> float:
    """A finite number; FieldError says which field is wrong."""
    try:
        if isinstance(raw, bool):
            raise ValueError
        value = float(raw)
    except (TypeError, ValueError, OverflowError):
        raise FieldError(f"{name} {raw!r} is not a number", "write it as 12.5") from None
    if not math.isfinite(value):
        raise FieldError(f"{name} {raw!r} is not a number", "leave it empty when there is none")
    return value


def whole(raw: Any, name: str) -> int:
    """A number without decimals."""
    try:
        value = number(raw, name)
    except FieldError:
        raise FieldError(f"{name} {raw!r} is not a whole number") from None
    if value != int(value):
        raise FieldError(f"{name} {raw!r} is not a whole number")
    return int(value)


def truth(raw: Any, name: str) -> bool:
    """``true yes 1 x`` or ``false no 0`` and empty."""
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise FieldError(f"{name} {raw!r} is neither true nor false", "write true or false")


def pairs(text: str, name: str) -> dict[str, str]:
    """``a=1;b=2`` as a dict; texts keep their inner blanks."""
    out: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        key, mark, value = part.partition("=")
        key = key.strip()
        if not mark or not key:
            raise FieldError(f"{name} {part.strip()!r} has no =", f"write {name} as a=1;b=2")
        if key in out:
            raise FieldError(f"{name} names {key!r} twice")
        out[key] = value.strip()
    return out


def span(low: Any, high: Any, name: str) -> EURange | None:
    """A range whose low end is below its high end."""
    if low == "" and high == "":
        return None
    if low == "" or high == "":
        raise FieldError(f"the {name} has only one end", "give both low and high")
    ends = EURange(number(low, f"{name} low"), number(high, f"{name} high"))
    if ends.low >= ends.high:
        raise FieldError(f"the {name} runs from {ends.low:g} to {ends.high:g}", "low must be below high")
    return ends


def _range(low: Any, high: Any) -> EURange | None:
    return span(low, high, "range")


def _normal(low: Any, high: Any) -> EURange | None:
    return span(low, high, "normal range")


def _scaling(raw_low: Any, raw_high: Any, kind: Any, clamp: Any, low: Any, high: Any) -> Scaling | None:
    raw = span(raw_low, raw_high, "raw range")
    if raw is None:
        if kind not in ("", "none"):
            raise FieldError(f"scaling {kind!r} has no raw range", "give raw_low and raw_high")
        return None
    eu = span(low, high, "range")
    if eu is None:
        raise FieldError("a raw range needs a range in engineering units", "give low and high")
    if kind not in ("", "linear", "sqrt"):
        raise FieldError(f"scaling {kind!r} is not known", "write linear or sqrt")
    return Scaling(raw, eu, kind or "linear", truth(clamp, "clamp"))


def _deadband(raw: Any) -> float:
    value = number(raw, "deadband")
    if value < 0:
        raise FieldError(f"deadband {value:g} is below zero")
    return value


def _format(raw: Any) -> str:
    if not isinstance(raw, str) or not _FORMAT.fullmatch(raw):
        raise FieldError(f"format {raw!r} is not a number format", "write it as .2f")
    return raw


def states(raw: Any) -> Mapping[int, str]:
    """``0=Closed;1=Open`` or a TOML table by number."""
    given = pairs(raw, "states") if isinstance(raw, str) else raw
    if not isinstance(given, Mapping):
        raise FieldError("states are no table", 'write states = {0 = "Closed", 1 = "Open"}')
    return {whole(key, "state"): str(text) for key, text in given.items()}


def _type(raw: Any) -> ValueType:
    if raw not in TYPES:
        raise FieldError(f"type {raw!r} is not known", f"use one of {', '.join(TYPES)}")
    return TYPES[raw][0]


def _conditions(raw: Any, name: str) -> tuple[tuple[str, str], ...]:
    if raw == "":
        return ()
    if not isinstance(raw, list | tuple) or not all(
        isinstance(r, Mapping) and "expression" in r for r in raw
    ):
        raise FieldError(
            f"{name} are no list of conditions", f'write {name} = [{{expression = "…", text = "…"}}]'
        )
    return tuple((str(r["expression"]).strip(), str(r.get("text", ""))) for r in raw)


def _or(raw: Any, default: float, name: str) -> float:
    return default if raw == "" else number(raw, name)


COMMAND_SOURCES = (
    "writable", "class", "limit_low", "limit_high", "max_step", "feedback", "expected_ms",
    "tolerance", "pulse", "min_interval_ms", "permissives", "interlocks",
)  # fmt: skip


def _command(writable: Any, *raws: Any) -> CommandRule | None:
    if not truth(writable, "writable"):
        return None
    klass, low, high, step, feedback, expected, tolerance, pulse, interval, permissives, interlocks = raws
    try:
        rule_class = CommandClass(str(klass).upper() or "R")
    except ValueError:
        raise FieldError(f"class {klass!r} is not known", "write R, S, C or X") from None
    return CommandRule(
        klass=rule_class,
        limits=span(low, high, "command limits"),
        max_step=_or(step, 0.0, "max_step"),
        permissives=_conditions(permissives, "permissives"),
        interlocks=_conditions(interlocks, "interlocks"),
        feedback=str(feedback).strip(),
        expected_ms=int(_or(expected, 0, "expected_ms")),
        tolerance=_or(tolerance, 0.0, "tolerance"),
        pulse=truth(pulse, "pulse"),
        min_interval_ms=int(_or(interval, 500, "min_interval_ms")),
    )


def _history(raw: Any) -> bool:
    return truth(raw, "history")


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One field of TagDef and the raw values it is made of.

    One of the first ``decides`` must be there for it to be set. Compared by identity: it is a cache key.
    """

    target: str
    sources: tuple[str, ...]
    convert: Callable[..., Any]
    decides: int = 1


def _text(raw: Any) -> str:
    return str(raw)


GROUPS: tuple[Group, ...] = (
    Group("type", ("type",), _type),
    Group("description", ("description",), _text),
    Group("address", ("address",), _text),
    Group("connection", ("connection",), _text),
    Group("scan", ("scan",), _text),
    Group("unit", ("unit",), _text),
    Group("unit_code", ("unit_code",), _text),
    Group("range", ("low", "high"), _range, 2),
    Group("normal", ("normal_low", "normal_high"), _normal, 2),
    Group("scaling", ("raw_low", "raw_high", "scaling", "clamp", "low", "high"), _scaling, 3),
    Group("deadband", ("deadband",), _deadband),
    Group("format", ("format",), _format),
    Group("states", ("states",), states),
    Group("expression", ("expression",), _text),
    Group("command", COMMAND_SOURCES, _command),
    Group("history", ("history",), _history),
)
PLAIN = frozenset(group.target for group in GROUPS if group.convert is _text)


@lru_cache(maxsize=20_000)
def cached(group: Group, raws: tuple[str, ...]) -> Any:
    """Converted cells; equal cells share one object."""
    return group.convert(*raws)


class CellReader:
    """Rows of one CSV file to TagDef fields; looks only at the columns that the file has."""

    def __init__(self, columns: Collection[str]) -> None:
        present = [group for group in GROUPS if any(s in columns for s in group.sources[: group.decides])]
        self._plain = tuple(group.target for group in present if group.target in PLAIN)
        others = [group for group in present if group.target not in PLAIN]
        self._others = tuple((frozenset(g.sources[: g.decides]), g) for g in others)

    def fields(self, row: Mapping[str, str]) -> dict[str, Any]:
        """Only non-empty cells stand in ``row``; FieldError for the first that does not convert."""
        out: dict[str, Any] = {name: row[name] for name in self._plain if name in row}
        for deciding, group in self._others:
            if not deciding.isdisjoint(row):
                out[group.target] = cached(group, tuple([row.get(source, "") for source in group.sources]))
        return out


def from_values(raw: Mapping[str, Any], targets: frozenset[str] | None = None) -> dict[str, Any]:
    """TagDef fields of flattened TOML values; ``targets`` limits which."""
    out: dict[str, Any] = {}
    for group in GROUPS:
        if targets is not None and group.target not in targets:
            continue
        raws = [raw.get(source, "") for source in group.sources]
        if any(value != "" for value in raws[: group.decides]):
            out[group.target] = group.convert(*raws)
    return out
