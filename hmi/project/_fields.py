"""Cells and TOML values to the fields of a tag; one table serves tags.csv and the signals of types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hmi.core.values import EURange, ValueType
from hmi.project._command_fields import COMMAND_SOURCES, command_rule
from hmi.project._convert import number, pairs, span, truth, whole
from hmi.project._findings import FieldError
from hmi.project._record_fields import RECORD_SOURCES, record_rules
from hmi.project.plant import Scaling

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


def _history(raw: Any) -> bool:
    return truth(raw, "history")


def _manual(raw: Any) -> bool:
    return truth(raw, "manual")


def _max_age(raw: Any) -> float:
    hours = number(raw, "manual_max_age")
    if hours < 0:
        raise FieldError(
            f"manual_max_age {hours:g} is below zero", "write the hours that an entry is good for"
        )
    return hours * 3600


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
    Group("command", COMMAND_SOURCES, command_rule),
    Group("history", ("history",), _history),
    Group("manual", ("manual",), _manual),
    Group("manual_max_age_s", ("manual_max_age",), _max_age),
    Group("recording", RECORD_SOURCES, record_rules, len(RECORD_SOURCES)),
)
PLAIN = frozenset(group.target for group in GROUPS if group.convert is _text)


@lru_cache(maxsize=20_000)
def cached(group: Group, raws: tuple[str, ...]) -> Any:
    """Converted cells; equal cells share one object."""
    return group.convert(*raws)


class CellReader:
    """Rows of one CSV file to TagDef fields; looks only at the columns that the file has."""

    def __init__(self, columns: Sequence[str]) -> None:
        present = [group for group in GROUPS if any(s in columns for s in group.sources[: group.decides])]
        self._plain = tuple(group.target for group in present if group.target in PLAIN)
        others = [group for group in present if group.target not in PLAIN]
        self._others = tuple((frozenset(g.sources[: g.decides]), g) for g in others)
        sources = {source for group in others for source in group.sources}
        self._places = [place for place, name in enumerate(columns) if name in sources]
        self._known: dict[tuple[str, ...], dict[str, Any]] = {}

    def fields(self, row: Mapping[str, str], cells: Sequence[str]) -> dict[str, Any]:
        """Only non-empty cells stand in ``row``; FieldError for the first that does not convert.

        ``cells`` are the same as they stand in the file: rows that are alike but for their texts are converted once.
        """
        out: dict[str, Any] = {name: row[name] for name in self._plain if name in row}
        width = len(cells)
        key = tuple([cells[place] if place < width else "" for place in self._places])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._converted(row)
        out.update(known)
        return out

    def _converted(self, row: Mapping[str, str]) -> dict[str, Any]:
        return {
            group.target: cached(group, tuple([row.get(source, "") for source in group.sources]))
            for deciding, group in self._others
            if not deciding.isdisjoint(row)
        }


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
