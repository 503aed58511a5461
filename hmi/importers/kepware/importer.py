"""Reads the tags that KEPServerEX exports of a device: the present form, and the older one that ends at Description."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.importers.kepware._types import ARRAY, TYPES, KepwareType
from hmi.importers.kepware.definition import is_header
from hmi.project.import_names import legal_name
from hmi.project.import_texts import SourceTable, error_cell, read_table
from hmi.project.importing import ImportContext, Imported, ImportFault, Place, ProposedRow

MOST_ELEMENTS: Final = 2_000
"""Of one array; larger ones are not taken apart."""
_OFTEN: Final = 1_000
_BOUNDS: Final = re.compile(r"\s*\[(\d{1,6})\](?:\s*\[(\d{1,6})\])?$")
_REGISTER: Final = re.compile(r"([0134])(\d{4,5})")
_SCALINGS: Final = {"linear": "linear", "square root": "sqrt"}
_NUMBERS: Final = ("raw low", "raw high", "scaled low", "scaled high")
_NO_SCALING: Final = ("", "none")
_READ_ONLY: Final = ("ro", "read only")
_READ_WRITE: Final = ("r/w", "rw", "read/write", "w", "wo")


class _Refused(Exception):
    """A row that cannot be taken: what is wrong, and what to do."""

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what, self.do = what, do


@dataclass(slots=True)
class _Reading:
    """One list on its way; ``driver`` is that of the connection."""

    context: ImportContext
    settings: Mapping[str, Any]
    driver: str
    rows: list[ProposedRow] = field(default_factory=list[ProposedRow])
    faults: list[ImportFault] = field(default_factory=list[ImportFault])
    writable: int = 0
    wide: int = 0
    scans: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    @property
    def is_opcua(self) -> bool:
        """Whether the values come from Kepware itself, scaled, and not from the device."""
        return self.driver == "opcua"


def read(file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
    """The tags of the list."""
    if not context.connection:
        known = ", ".join(context.connections) or "none yet; add one to plant.toml"
        raise ConfigurationError(
            "a Kepware list names no connection of the plant",
            file=str(file),
            do=f"add --connection NAME; the plant has: {known}",
        )
    table = read_table(file, is_header)
    if not is_header(table.header):
        raise ConfigurationError(
            "is no Kepware list: it has no columns Tag Name, Address, Data Type and Client Access",
            file=str(file),
            line=table.header_line,
            do="export the tags of the device as CSV",
        )
    reading = _Reading(context, settings, context.connections.get(context.connection, ""))
    for number, (line, row) in enumerate(_rows(table)):
        if number % _OFTEN == 0:
            context.told("read the Kepware list", number, len(table.rows))
        try:
            _take(row, Place(line), reading)
        except _Refused as refused:
            reading.faults.append(ImportFault(refused.what, Place(line), refused.do))
    return Imported(rows=reading.rows, faults=reading.faults, notes=[*table.doubts, *_notes(reading)])


def _rows(table: SourceTable) -> Iterator[tuple[int, dict[str, str]]]:
    names = [header.lower() for header in table.header]
    for line, cells in table.rows:
        if not cells[0].startswith(";"):  # a comment
            named = zip(names, cells, strict=False)
            yield (
                line,
                {name: table.number(cell) if name in _NUMBERS else cell for name, cell in named if name},
            )


def _take(row: Mapping[str, str], place: Place, reading: _Reading) -> None:
    if error := error_cell(row.values()):
        raise _Refused(f"holds {error}, an error of the spreadsheet", "mend the cell")
    name = row.get("tag name", "")
    if not name:
        raise _Refused("has no tag name")
    path = _path(name, str(reading.settings.get("prefix", "keep")))
    word = row.get("data type", "").lower()
    is_array = word.endswith(ARRAY)
    kind = TYPES.get(word.removesuffix(ARRAY))
    if kind is None:
        raise _Refused(f"{name}: the data type {row.get('data type', '')!r} is not taken", _types())
    address, bounds = _bounds(row.get("address", ""))
    if not address:
        raise _Refused(f"{name}: has no address")
    cells = _cells(name, row, kind, place, reading)
    if not (is_array or bounds) or reading.is_opcua:
        cells["type"] = "array" if is_array or bounds else cells["type"]
        _add(path, address, cells, kind, name, place, reading)
        return
    for index, element in enumerate(_elements(name, address, kind, bounds)):
        _add(f"{path}_{index}", element, cells, kind, f"{name}[{index}]", place, reading)


def _path(name: str, prefix: str) -> str:
    """The name by our rule; ``drop``: without channel and device, where it has a name beside them."""
    parts = name.split(".")
    return legal_name(".".join(parts[2:] if prefix == "drop" and len(parts) > 2 else parts)) or name


def _add(
    path: str,
    address: str,
    cells: Mapping[str, str],
    kind: KepwareType,
    name: str,
    place: Place,
    reading: _Reading,
) -> None:
    whole = {**cells, "kind": "tag", "name": path, "connection": reading.context.connection}
    if reading.is_opcua:
        device = str(reading.settings.get("device", ""))
        full = f"{device}.{name}" if device else name
        whole["address"] = f"ns={reading.settings.get('namespace', 2)};s={full}"
    else:
        whole["address"] = address
        is_needed = kind.wire not in ("bool", "string") and (
            kind.wire != kind.type or whole["type"] != kind.type
        )
        whole["options"] = f"wire={kind.wire}" if is_needed else ""
        reading.wide += kind.words > 1
    keys = frozenset(("wire",)) if "options" in whole else frozenset[str]()
    reading.rows.append(ProposedRow(whole, place, option_keys=keys))


# ------------------------------------------------------------------------------------------ cells


def _cells(
    name: str, row: Mapping[str, str], kind: KepwareType, place: Place, reading: _Reading
) -> dict[str, str]:
    cells = {"type": kind.type}
    for column, header in (("description", "description"), ("unit", "eng units")):
        if row.get(header):
            cells[column] = row[header]
    cells |= _scaling(name, row, place, reading)
    _access(name, row, cells, place, reading)
    if scan := _scan(row.get("scan rate", ""), reading):
        cells["scan"] = scan
    return cells


def _scaling(name: str, row: Mapping[str, str], place: Place, reading: _Reading) -> dict[str, str]:
    word = row.get("scaling", "").lower()
    if word in _NO_SCALING:
        return {"raw_low": "", "raw_high": ""} if "scaling" in row and not reading.is_opcua else {}
    if word not in _SCALINGS:
        raise _Refused(
            f"{name}: the scaling {row['scaling']!r} is not known", "Linear and Square Root are taken"
        )
    if reading.is_opcua:
        return {"low": row.get("scaled low", ""), "high": row.get("scaled high", ""), "type": "float"}
    if _is_set(row.get("negate value", "")):
        what = f"{name}: Negate Value is not taken over, and without it the value has the wrong sign"
        raise _Refused(what, "switch it off and give the scaled range the other sign")
    ends = {
        "raw_low": row.get("raw low", ""), "raw_high": row.get("raw high", ""),
        "low": row.get("scaled low", ""), "high": row.get("scaled high", ""),
    }  # fmt: skip
    low, high = _is_set(row.get("clamp low", "")), _is_set(row.get("clamp high", ""))
    if low != high:
        what = f"{name}: only one end is clamped; a tag holds both ends or none, so it holds none"
        reading.faults.append(ImportFault(what, place, is_error=False))
    clamp = "true" if low and high else "false"
    return {**ends, "scaling": _SCALINGS[word], "clamp": clamp, "type": "float"}


def _is_set(text: str) -> bool:
    return text.strip().lower() not in ("", "0", "no", "false")


def _access(
    name: str, row: Mapping[str, str], cells: dict[str, str], place: Place, reading: _Reading
) -> None:
    word = row.get("client access", "").lower()
    if word in _READ_ONLY or not word:
        cells["writable"] = "false"
        return
    if word not in _READ_WRITE:
        raise _Refused(f"{name}: the client access {row['client access']!r} is not known", "write RO or R/W")
    is_input = not reading.is_opcua and row.get("address", "").lstrip()[:1] in ("1", "3")
    is_writable = bool(reading.settings.get("writable", True)) and not is_input
    if is_input:
        what = f"{name}: is R/W in the list, but an input cannot be written; it is taken as read only"
        reading.faults.append(ImportFault(what, place, is_error=False))
    cells["writable"] = "true" if is_writable else "false"
    reading.writable += is_writable


def _scan(text: str, reading: _Reading) -> str:
    try:
        period = float(text)
    except ValueError:
        return ""
    name = reading.context.scan_for(period) if period > 0 else ""
    if name and reading.context.scans[name] != period:
        reading.scans[text, f"{name} ({reading.context.scans[name]} ms)"] += 1
    return name


# ------------------------------------------------------------------------------------------ arrays


def _bounds(address: str) -> tuple[str, tuple[int, ...]]:
    """An address without the ``[10]`` or ``[2][5]`` of an array behind it."""
    found = _BOUNDS.search(address)
    if found is None:
        return address.strip(), ()
    return address[: found.start()].strip(), tuple(int(one) for one in found.groups() if one)


def _elements(name: str, address: str, kind: KepwareType, bounds: tuple[int, ...]) -> Iterator[str]:
    """The address of each element, row after row."""
    count = 1
    for size in bounds or (1,):
        count *= size
    register = _REGISTER.fullmatch(address)
    if not 1 <= count <= MOST_ELEMENTS:
        raise _Refused(f"{name}: an array of {count} elements is not taken apart", f"at most {MOST_ELEMENTS}")
    if register is None or not kind.words:
        raise _Refused(f"{name}: an array at {address!r} cannot be taken apart", "name its elements as tags")
    table, digits = register.groups()
    step = 1 if table in "01" else kind.words
    for index in range(count):
        yield f"{table}{int(digits) + index * step:0{len(digits)}d}"


# ------------------------------------------------------------------------------------------ notes


def _notes(reading: _Reading) -> Iterator[str]:
    if reading.writable:
        yield (
            f"{reading.writable} tag{'s' if reading.writable > 1 else ''} may be written by operators, as the list "
            "says; --set writable=false takes all as read only"
        )
    if reading.wide:
        yield (
            f"{reading.wide} tag{'s take' if reading.wide > 1 else ' takes'} several registers; the list does not say "
            "in which order (First Word Low of the device): where values look wrong, write "
            'order = "CDAB" into the settings of the connection'
        )
    for (rate, scan), count in sorted(reading.scans.items()):
        yield f"scan rate {rate} ms of {count} tag{'s' if count > 1 else ''} becomes the scan class {scan}"


def _types() -> str:
    return f"types are: {', '.join(one.called for one in TYPES.values())}, and arrays of them"
