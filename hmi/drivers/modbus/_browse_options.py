"""What a browse of a Modbus device may ask and for how long; reads the options into one description."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hmi.core.errors import AddressError, ConfigurationError
from hmi.drivers.modbus._address import LAST_OFFSET, LAST_UNIT, Table
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._forbidden import Forbidden, forbidden_of, parse_forbidden
from hmi.drivers.modbus._guess_expect import Expected, parse_expected
from hmi.plugins.definition import Setting

BROWSE_OPTIONS = (
    Setting("units", "string", "", "units to look at, as 1-10,17; by default 1-10, on a serial line only its own",
            also=("array", "integer")),
    Setting("tables", "string", "", "tables to look at, as HR,IR,DI,CO; by default all", also=("array",)),
    Setting("ranges", "string", "", "addresses to look at, as HR1-HR2000,2.IR1-IR50; by default the usual ones",
            also=("array",)),
    Setting("seconds", "number", 20.0, "how long values are watched", minimum=0, maximum=3600),
    Setting("rate", "number", 10.0, "requests per second", minimum=0.1, maximum=50),
    Setting("max_seconds", "number", 300.0, "how long addresses are searched", minimum=1, maximum=86_400),
    Setting("max_registers", "integer", 125, "registers of one read", minimum=1, maximum=125),
    Setting("expect", "string", "", "values on the device's own display, as HR10=12.5;HR20=PUMP", also=("array",)),
    Setting("zeros", "boolean", False, "also rows for what stayed 0 all the time"),
    Setting("server_id", "boolean", False, "also ask for the server id (function 17)"),
)  # fmt: skip
_DEFAULT_UNITS = range(1, 11)
_UNITS = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")

Part = tuple[int, int]
"""Offsets from the first one to the one behind the last one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options in the words of the probes. ``ranges`` empty = where devices usually have something."""

    units: tuple[int, ...]
    tables: tuple[Table, ...]
    ranges: tuple[Forbidden, ...]
    forbidden: tuple[Forbidden, ...]
    expected: tuple[Expected, ...]
    seconds: float
    rate: float
    max_seconds: float
    max_registers: int
    max_bits: int
    zeros: bool
    server_id: bool

    @property
    def is_exact(self) -> bool:
        """Whether the engineer has said which addresses."""
        return bool(self.ranges)

    def parts(self, unit: int, table: Table) -> list[Part]:
        """Addresses that may be asked, without those that the settings forbid."""
        parts: list[Part] = [
            (one.first, one.last + 1)
            for one in self.ranges
            if one.table is table and one.unit in (None, unit)
        ]
        if not self.ranges:
            parts = [(0, LAST_OFFSET + 1)]
        for one in self.forbidden:
            if one.table is table and one.unit in (None, unit):
                parts = [rest for part in parts for rest in _without(part, (one.first, one.last + 1))]
        return _merged(parts)

    def span(self, table: Table) -> int:
        return self.max_bits if table.is_bits else self.max_registers


def asked(options: Mapping[str, Any], settings: Mapping[str, Any], endpoint: Endpoint) -> Asked:
    """Options of a browse with the defaults; ConfigurationError for one that makes no sense."""
    get = {setting.name: setting.default for setting in BROWSE_OPTIONS} | dict(options)
    zero_based = bool(settings.get("zero_based", False))
    ranges = tuple(parse_forbidden(text, zero_based=zero_based) for text in _list(get["ranges"]))
    tables = tuple(_table(text) for text in _list(get["tables"])) or _tables_of(ranges)
    expected = parse_expected(_list(get["expect"], ";"), settings)
    return Asked(
        units=_units(_list(get["units"]), settings, endpoint),
        tables=tables,
        ranges=ranges,
        forbidden=forbidden_of(settings),
        expected=expected,
        seconds=_bounded("seconds", get),
        rate=_bounded("rate", get),
        max_seconds=_bounded("max_seconds", get),
        max_registers=min(int(_bounded("max_registers", get)), int(settings.get("max_registers", 125))),
        max_bits=int(settings.get("max_bits", 2000)),
        zeros=bool(get["zeros"]),
        server_id=bool(get["server_id"]),
    )


def _list(value: Any, separators: str = ",;") -> list[str]:
    """Words of a text or items of a list."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(f"[{separators}]", value) if part.strip()]
    return [str(part) for part in value] if isinstance(value, Sequence) else [str(value)]


def _bounded(name: str, values: Mapping[str, Any]) -> float:
    setting = next(setting for setting in BROWSE_OPTIONS if setting.name == name)
    try:
        number = float(values[name])
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name} is {values[name]!r}, not a number", do=setting.help) from error
    low, high = setting.minimum or 0.0, setting.maximum or number
    if not low <= number <= high:
        raise ConfigurationError(f"{name} is {number:g}", do=f"write {low:g} to {high:g}")
    return number


def _table(text: str) -> Table:
    try:
        return Table(text.upper())
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no table", do="use HR, IR, DI and CO") from error


def _tables_of(ranges: Sequence[Forbidden]) -> tuple[Table, ...]:
    named = {one.table for one in ranges}
    order = (Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS, Table.DISCRETE_INPUTS, Table.COILS)
    return tuple(table for table in order if table in named or not named)


def _units(texts: Sequence[str], settings: Mapping[str, Any], endpoint: Endpoint) -> tuple[int, ...]:
    own = int(settings.get("unit", 1))
    if not texts:
        # whoever shares a serial line with others must not be slowed down by units that nobody asked for
        return (own,) if endpoint.medium == "serial" else (own, *(u for u in _DEFAULT_UNITS if u != own))
    units: dict[int, None] = {}
    for text in texts:
        found = _UNITS.fullmatch(text)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= LAST_UNIT:
            raise AddressError(f"{text!r} is no unit and no range of units", do="write 1-10 or 1,2,17")
        units |= dict.fromkeys(range(first, last + 1))
    return tuple(units)


def _without(part: Part, hole: Part) -> list[Part]:
    pieces = [(part[0], min(part[1], hole[0])), (max(part[0], hole[1]), part[1])]
    return [(first, end) for first, end in pieces if first < end]


def _merged(parts: Sequence[Part]) -> list[Part]:
    out: list[Part] = []
    for first, end in sorted(parts):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((first, end))
    return out
