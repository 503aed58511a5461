"""The points of a SunSpec model as the signals of a type; ``{base}`` is the register of the model's ID, from 0.

A point that the device does not implement has one fixed number. A scaled number is calculated, and is Bad then; an
enumeration and a plain number show it as the state "Not implemented".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.importers.sunspec._models import Group, Model, Point

MAX_SIGNALS: Final = 2_000
MAX_BYTES: Final = (
    246  # the longest text that is read in one piece; longer ones are read from their beginning
)
MISSING: Final = "Not implemented"
_LEFT_OUT: Final = ("pad", "sunssf")
_NO_VALUE: Final = {
    "int16": -(2**15), "uint16": 2**16 - 1, "int32": -(2**31), "uint32": 2**32 - 1, "int64": -(2**63),
    "uint64": 2**64 - 1, "enum16": 2**16 - 1, "enum32": 2**32 - 1, "bitfield16": 2**16 - 1,
    "bitfield32": 2**32 - 1, "bitfield64": 2**64 - 1, "acc16": 0, "acc32": 0, "acc64": 0, "count": 2**16 - 1,
    "sunssf": -(2**15),
}  # fmt: skip
_TYPES: Final = {
    "int16": "int16", "uint16": "uint16", "acc16": "uint16", "count": "uint16", "int32": "int32", "uint32": "uint32",
    "acc32": "uint32", "int64": "int64", "uint64": "uint64", "acc64": "uint64", "float32": "float32",
    "float64": "float", "enum16": "enum", "enum32": "enum", "bitfield16": "uint16", "bitfield32": "uint32",
    "bitfield64": "uint64", "string": "string", "ipaddr": "bytes", "ipv6addr": "bytes", "eui48": "bytes",
    "sunssf": "int16",
}  # fmt: skip
_WIRES: Final = {
    "int64": "int64", "uint64": "uint64", "acc64": "uint64", "bitfield64": "uint64", "float64": "float64",
    "enum32": "uint32",
}  # fmt: skip
_RANGES: Final = {"int16": 2**15 - 1, "uint16": 2**16 - 2, "int32": 2**31 - 1, "uint32": 2**32 - 2}
UNITS: Final = {
    "w": ("W", "WTT"), "v": ("V", "VLT"), "a": ("A", "AMP"), "hz": ("Hz", "HTZ"), "va": ("VA", "D46"),
    "var": ("var", "D44"), "wh": ("Wh", "WHR"), "kwh": ("kWh", "KWH"), "vah": ("VAh", ""), "varh": ("varh", ""),
    "ah": ("Ah", "AMH"), "c": ("°C", "CEL"), "pct": ("%", "P1"), "%": ("%", "P1"), "secs": ("s", "SEC"),
    "sec": ("s", "SEC"), "s": ("s", "SEC"), "msecs": ("ms", "C26"), "tms": ("s", "SEC"), "degrees": ("°", "DD"),
    "deg": ("°", "DD"), "cos()": ("", ""), "pf": ("", ""), "w/m2": ("W/m²", "D54"), "w/m^2": ("W/m²", "D54"),
    "m/s": ("m/s", "MTS"), "mps": ("m/s", "MTS"), "hpa": ("hPa", "A97"), "mm": ("mm", "MMT"), "ohms": ("Ω", "OHM"),
    "meters": ("m", "MTR"),
}  # fmt: skip
Table = dict[str, Any]


class TooLarge(Exception):
    """A model whose groups stand too often."""


@dataclass(slots=True)
class Signals:
    """Signals by name. ``used``: the counts that mattered; ``open``: groups whose number was not said, taken as one;
    ``skipped``: points left out.
    """

    tables: dict[str, Table] = field(default_factory=dict[str, Table])
    used: dict[str, int] = field(default_factory=dict[str, int])
    open: list[str] = field(default_factory=list[str])
    skipped: list[str] = field(default_factory=list[str])
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A point where it stands: ``name`` of the signal, ``offset`` from the ID, ``around`` the names of its groups."""

    point: Point
    name: str
    offset: int
    around: tuple[str, ...]


def signals_of(model: Model, counts: Mapping[str, int]) -> Signals:
    """All signals. ``counts``: how often a group stands, by its name or that of the point that says so."""
    out = Signals()
    placed = list(_placed(model.group, counts, out))
    scales = {one.name: one for one in placed if one.point.type == "sunssf"}
    used: set[str] = set()
    for one in placed:
        if one.point.type in _LEFT_OUT or one.offset < 2:
            continue
        for name, table in _tables(one, scales, used):
            if name in out.tables or len(name) > 64:
                out.skipped.append(name)
            out.tables[name] = table
    for name in sorted(used, key=lambda name: scales[name].offset):
        out.tables.update(_factor(scales[name]))
    return out


def _placed(model: Group, counts: Mapping[str, int], out: Signals) -> Iterator[_Placed]:
    at = [0]
    made = [0]

    def group(one: Group, around: tuple[str, ...]) -> Iterator[_Placed]:
        for point in one.points:
            made[0] += 1
            if made[0] > MAX_SIGNALS:
                raise TooLarge(f"has more than {MAX_SIGNALS} points with its repeated groups")
            yield _Placed(point, _name((*around, point.name)), at[0], around)
            at[0] += point.size
        for child in one.groups:
            times = _times(child, counts, out)
            for number in range(1, times + 1):
                label = child.name if child.count == 1 else f"{child.name}_{number}"
                yield from group(child, (*around, label))

    yield from group(model, ())
    out.size = at[0]


def _times(group: Group, counts: Mapping[str, int], out: Signals) -> int:
    if isinstance(group.count, int) and group.count > 0:
        return min(group.count, MAX_SIGNALS)
    for word in (group.count, group.name):
        if isinstance(word, str) and word in counts:
            out.used[word] = counts[word]
            return counts[word]
    word = group.count if isinstance(group.count, str) else group.name
    if word not in out.open:
        out.open.append(word)
    return 1


def _name(parts: tuple[str, ...]) -> str:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", "_".join(parts)).strip("_")
    return name if name[:1].isalpha() else f"n{name}"


def _tables(one: _Placed, scales: Mapping[str, _Placed], used: set[str]) -> Iterator[tuple[str, Table]]:
    point = one.point
    kind = _TYPES.get(point.type)
    if kind is None:
        return
    if isinstance(point.scale, str):
        scale = _scale_of(one, scales)
        if scale is not None:
            used.add(scale)
            yield from _scaled(one, kind, scale)
            return
    table = _raw(one, kind)
    if isinstance(point.scale, int):
        _fixed(table, point)
    elif point.type in _NO_VALUE and not point.type.startswith("acc"):
        table["states"] = {**dict(point.symbols if kind == "enum" else ()), _NO_VALUE[point.type]: MISSING}
    yield one.name, table
    if point.type.startswith("bitfield"):
        yield from _bits(one)


def _raw(one: _Placed, kind: str) -> Table:
    point = one.point
    table: Table = {"type": kind, "address": f"{{base+{one.offset}}} HR"}
    table["description"] = f"{{description}} {_shown(one)}"
    unit, code = UNITS.get(point.units.strip().lower(), (point.units.strip(), ""))
    if unit and not isinstance(point.scale, str):
        table["unit"] = unit
    if code and not isinstance(point.scale, str):
        table["unit_code"] = code
    options: Table = {"wire": _WIRES[point.type]} if point.type in _WIRES else {}
    if kind in ("string", "bytes"):
        options["length"] = min(point.size * 2, MAX_BYTES)
    if options:
        table["options"] = options
    if point.is_writable:
        table["command"] = {"class": "S", **_limits(point)}
    return table


def _limits(point: Point) -> Table:
    """The numbers that may be written: all but the one that says there is none."""
    high = _RANGES.get(point.type)
    if high is None or isinstance(point.scale, int):
        return {}
    return {"limits": [-high if point.type.startswith("int") else 0, high]}


def _scaled(one: _Placed, kind: str, scale: str) -> Iterator[tuple[str, Table]]:
    """The raw number, and the number in its unit, which is Bad where the device has none."""
    raw = f"{one.name}_raw"
    table = _raw(one, kind)
    table["description"] += " (raw)"
    yield raw, table
    own, missing = f"'{{name}}.{raw}'", _NO_VALUE.get(one.point.type)
    guard = f" / (0 if {own} == {missing} else 1)" if missing not in (None, 0) else ""
    unit, code = UNITS.get(one.point.units.strip().lower(), (one.point.units.strip(), ""))
    derived: Table = {"type": "float", "expression": f"{own}{guard} * '{{name}}.{scale}_factor'"}
    derived["description"] = f"{{description}} {_shown(one)}"
    if unit:
        derived["unit"] = unit
    if code:
        derived["unit_code"] = code
    yield one.name, derived


def _factor(one: _Placed) -> dict[str, Table]:
    """A scale factor as the device has it, and ten to its power, Bad where it is none."""
    own = f"'{{name}}.{one.name}'"
    power = " * ".join(f"({10**bit} if abs({own}) // {bit} % 2 == 1 else 1)" for bit in (1, 2, 4, 8))
    expression = f"(({power}) if {own} >= 0 else 1 / ({power})) / (0 if abs({own}) > 10 else 1)"
    return {
        one.name: _raw(one, "int16"),
        f"{one.name}_factor": {
            "type": "float",
            "expression": expression,
            "description": f"{{description}} factor of {one.name}",
        },
    }


def _scale_of(one: _Placed, scales: Mapping[str, _Placed]) -> str | None:
    """The signal of the scale factor, looked for in the group of the point and then in those around it."""
    for depth in range(len(one.around), -1, -1):
        name = _name((*one.around[:depth], str(one.point.scale)))
        if name in scales:
            return name
    return None


def _fixed(table: Table, point: Point) -> None:
    """Scaling by a fixed power of ten over all numbers that the register can hold."""
    high = _RANGES.get(point.type)
    if high is None or not isinstance(point.scale, int):
        return
    low = -high if point.type.startswith("int") else 0
    table["range"] = [_times_ten(low, point.scale), _times_ten(high, point.scale)]
    table["raw"] = [low, high]
    table["options"] = {"wire": table["type"], **table.get("options", {})}
    table["type"] = "float"


def _times_ten(number: int, power: int) -> float | int:
    return number * 10**power if power >= 0 else number / 10**-power


def _bits(one: _Placed) -> Iterator[tuple[str, Table]]:
    own, missing = f"'{{name}}.{one.name}'", _NO_VALUE[one.point.type]
    for bit, label in one.point.symbols:
        if not 0 <= bit < 64:
            continue
        yield (
            _name((one.name, label)),
            {
                "type": "bool",
                "expression": f"{own} / (0 if {own} == {missing} else 1) // {2**bit} % 2 == 1",
                "description": f"{{description}} {_plain(label)}",
            },
        )


def _shown(one: _Placed) -> str:
    around = " ".join(part.replace("_", " ") for part in one.around)
    return _plain(f"{around} {one.point.label or one.point.name}")


def _plain(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.replace("{", "(").replace("}", ")")[:200]
