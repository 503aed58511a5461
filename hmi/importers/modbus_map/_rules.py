"""What holds for a whole register map: how its numbers are meant, decided once for all of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hmi.importers.modbus_map._addresses import (
    Written,
    counts_from_zero,
    is_never_notation,
    notation_table,
)
from hmi.importers.modbus_map._columns import base_in, is_hex, stated_base, word_of
from hmi.importers.modbus_map._row import Row, Rules, Wrong, stated_table
from hmi.importers.modbus_map._types import table_of, type_of
from hmi.project.import_texts import SourceTable
from hmi.project.importing import ImportFault, Place

_SCALES: Final = ("gain", "multiply", "divide", "offset")


@dataclass(slots=True)
class Line:
    """A row with an address."""

    row: Row
    address: Written
    place: Place


def rules_of(
    table: SourceTable, columns: Mapping[str, int], lines: Sequence[Line], settings: Mapping[str, Any]
) -> tuple[Rules, list[ImportFault]]:
    """The rules of a list, and notes on what was taken for which; rows whose offset is an address lose it."""
    faults: list[ImportFault] = []
    given = str(settings.get("base", ""))
    is_plain = _is_plain(lines, str(settings.get("numbers", "")), given, faults)
    header = table.header[columns["address"]]
    said = base_in(header)
    said = stated_base(table.above) if said is None else said
    base = int(given) if given else _base(said, lines, faults, is_plain=is_plain)
    _offsets(table, columns, lines, faults)
    order = str(settings.get("order", ""))
    rules = Rules(
        base=base,
        hex_base=base if is_hex(header) else 0,
        is_plain=is_plain,
        stated=frozenset(_stated(columns, lines, order)),
        writable=bool(settings.get("writable", True)),
        table=table_of(str(settings.get("table", ""))),
        order=order,
        divides=_divides(table, columns, lines, str(settings.get("gain", "")), faults),
        unit=str(settings.get("unit", "")),
    )
    return rules, faults


def _stated(columns: Mapping[str, int], lines: Sequence[Line], order: str) -> Iterator[str]:
    if any(one in columns for one in _SCALES):
        yield "scale"
    if "access" in columns or "function" in columns:
        yield "access"
    if order or "order" in columns or any(type_of(line.row.text("type"), 0)[1] for line in lines):
        yield "order"


# --- how numbers are meant --------------------------------------------------------------------------------


def _is_plain(lines: Sequence[Line], numbers: str, base: str, faults: list[ImportFault]) -> bool:
    """Whether numbers such as 40001 are plain ones: one of them that cannot be anything else decides for all."""
    if numbers or base:
        return numbers != "tables"
    alike = [line for line in lines if notation_table(line.address) is not None]
    if not alike:
        return any(is_never_notation(line.address) for line in lines)
    first = alike[0]
    table, offset = notation_table(first.address) or ("", 0)
    if (against := next((line for line in lines if _contradicts(line)), None)) is None:
        what = (
            f"numbers such as {first.address.digits} are read as a table and a register in it, counted from 1: "
            f"{first.address.digits} is {offset} {stated_table(first.row)[0] or table}"
        )
        do = "--set numbers=plain takes them as they stand"
        faults.append(ImportFault(what, first.place, do, is_error=False))
        return False
    what = (
        f"numbers such as {first.address.digits} are taken as plain ones, because {against.address.digits} in line "
        f"{against.place.line} can name no table"
    )
    do = f"--set numbers=tables takes {first.address.digits} as {offset} {table}"
    faults.append(ImportFault(what, first.place, do, is_error=False))
    return True


def _contradicts(line: Line) -> bool:
    """Whether a number can be no notation: it names no table, or the row says that it lies in another one."""
    stated, _ = stated_table(line.row)
    known = notation_table(line.address)
    if known is None:
        return is_never_notation(line.address)
    return bool(stated) and known[0] not in ("CO", stated)


def _base(said: int | None, lines: Sequence[Line], faults: list[ImportFault], *, is_plain: bool) -> int:
    if said is not None:
        return said
    plain = [line for line in lines if not line.address.table and not line.address.is_hex]
    if not is_plain:
        plain = [line for line in plain if notation_table(line.address) is None]
    if not plain or counts_from_zero(line.address for line in plain):
        return 0
    what = f"nothing says whether the addresses of {len(plain)} rows count from 0 or 1: 0 is taken"
    faults.append(
        ImportFault(what, plain[0].place, "say it with --set base=0 or --set base=1", is_error=False)
    )
    return 0


# --- scales -----------------------------------------------------------------------------------------------


def _offsets(
    table: SourceTable, columns: Mapping[str, int], lines: Sequence[Line], faults: list[ImportFault]
) -> None:
    """A column Offset may hold the place of the register, which is not to be added to its value."""
    if "offset" not in columns:
        return
    header = table.header[columns["offset"]]
    shifts = [(line, amount) for line in lines if (amount := _amount(line.row)) is not None]
    if len(shifts) > 1 and len(shifts) == len(lines) and _follows(shifts):
        for line in lines:
            line.row.cells = {key: text for key, text in line.row.cells.items() if key != "offset"}
        what = f"the column {header} goes with the addresses: it is taken as one, and not added to values"
        faults.append(ImportFault(what, Place(table.header_line), is_error=False))
        return
    if moved := [line for line, amount in shifts if amount]:
        what = f"the column {header} is added to the values of {len(moved)} rows"
        do = "leave it out of the list where it is none of the value"
        faults.append(ImportFault(what, moved[0].place, do, is_error=False))


def _amount(row: Row) -> float | None:
    try:
        return row.amount("offset")
    except Wrong:
        return None


def _follows(shifts: Sequence[tuple[Line, float]]) -> bool:
    """Whether the amounts are the addresses less one and the same number."""
    constants = {line.address.number - amount for line, amount in shifts}
    return len(constants) == 1 and len({line.address.number for line, _ in shifts}) > 1


def _divides(
    table: SourceTable,
    columns: Mapping[str, int],
    lines: Iterable[Line],
    given: str,
    faults: list[ImportFault],
) -> bool:
    """Whether numbers such as 10 and 100 of a column gain divide: makers mean both."""
    if given:
        return given == "divide"
    if "gain" not in columns or word_of(table.header[columns["gain"]]) == "coefficient":
        return False
    texts = [text for line in lines if (text := line.row.number(line.row.text("gain")))]
    numbers = [float(text) for text in texts if re.fullmatch(r"\d+(?:\.0*)?", text)]
    if len(numbers) < len(texts) or not any(number > 1 for number in numbers):
        return False
    what = (
        f"the numbers of the column {table.header[columns['gain']]} are taken as divisors: 10 means a tenth"
    )
    do = "say it with --set gain=divide or --set gain=multiply"
    faults.append(ImportFault(what, Place(table.header_line), do, is_error=False))
    return True
