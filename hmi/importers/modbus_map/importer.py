"""Reads register maps of Modbus devices as makers publish them: a row for each point with its register."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.importers.modbus_map._addresses import written
from hmi.importers.modbus_map._columns import check_asked, column_notes, columns_of, is_header, is_hex
from hmi.importers.modbus_map._row import Row, Rules, Wrong, cells_of, option_keys
from hmi.importers.modbus_map._rules import Line, rules_of
from hmi.project.import_names import legal_name, legal_part, placed
from hmi.project.import_places import area_of, connection_of, proposed_connection
from hmi.project.import_texts import SourceTable, error_cell, read_table
from hmi.project.importing import ImportContext, Imported, ImportFault, Place, ProposedRow

_ENDPOINT: Final = "tcp://127.0.0.1:502"
_NEW: Final = "modbus"
_UNUSED: Final = re.compile(
    r"\W*(?:reserved?|spare|unused|not used|n/?a|reserviert|frei)\W*\d*", re.IGNORECASE
)
_WHOLE_FLOAT: Final = re.compile(r"\d+\.0")
_SIGNAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_TOLD_EVERY: Final = 1_000


def read(file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
    """A tag for each row; ConfigurationError when no column holds addresses."""
    table = read_table(file, is_header, str(settings.get("sheet", "")))
    check_asked(str(file), table.header_line, table.header, context.columns)
    columns = columns_of(table.header, context.columns)
    if "address" not in columns:
        raise ConfigurationError(
            "has no column with registers",
            file=str(file),
            line=table.header_line,
            do="name it: --map address=HEADER",
        )
    faults: list[ImportFault] = []
    notes = [*column_notes(table.header, columns), *table.doubts]
    lines, skipped = _lines(table, columns, faults)
    notes += [f"{skipped} rows are reserved or only headings"] if skipped else []
    rules, remarks = rules_of(table, columns, lines, settings)
    return _proposed(lines, rules, str(settings.get("device", "")), context, [*faults, *remarks], notes)


def _lines(
    table: SourceTable, columns: Mapping[str, int], faults: list[ImportFault]
) -> tuple[list[Line], int]:
    lines: list[Line] = []
    skipped = 0
    at = columns["address"]
    in_hex = is_hex(table.header[at])
    is_float = all(
        _WHOLE_FLOAT.fullmatch(cells[at]) for _, cells in table.rows if at < len(cells) and cells[at]
    )
    for number, cells in table.rows:
        given = {name: cells[place] for name, place in columns.items() if place < len(cells)}
        row, place = Row(given, table.number), Place(number)
        if error := error_cell(given.values()):
            faults.append(ImportFault(f"holds {error}, an error of the spreadsheet", place, "mend the cell"))
            continue
        text = row.text("address").removesuffix(".0") if is_float else row.text("address")
        if _is_heading(row, text, cells):
            skipped += 1
            continue
        if row.text("end"):
            text = f"{text}-{row.text('end')}"
        address = written(text, is_hex=in_hex)
        if address is None:
            faults.append(
                ImportFault(f"the address {text[:40]!r} is none", place, "write it as 40001 or 0x1000")
            )
        else:
            lines.append(Line(row, address, place))
    return lines, skipped


def _is_heading(row: Row, address: str, cells: Sequence[str]) -> bool:
    if _UNUSED.fullmatch(row.text("name") or row.text("description") or "-"):
        return bool(row.text("name") or row.text("description"))
    if sum(1 for cell in cells if cell) <= 1:
        return True
    return is_header(cells) or not address


# --- proposal -----------------------------------------------------------------------------------------


def _proposed(
    lines: Sequence[Line],
    rules: Rules,
    device: str,
    context: ImportContext,
    faults: list[ImportFault],
    notes: Sequence[str],
) -> Imported:
    connection = connection_of(context, "modbus", _NEW)
    above, areas = area_of(context, connection)
    rows: list[ProposedRow] = []
    taken: set[str] = set()
    made = list(_celled(lines, rules, context, faults))
    wanted = [_whole_name(_part(line, cells["address"]), above, device, context) for line, cells in made]
    often = Counter(wanted)
    for (line, cells), name in zip(made, wanted, strict=True):
        if often[name] > 1:
            both = f"{_part(line, cells['address'])}_{legal_part(cells['address'])}"
            name = _whole_name(both, above, device, context)
        name = _free(name, taken)
        faults += [
            ImportFault(f"{name}: {remark}", line.place, is_error=False) for remark in line.row.remarks
        ]
        _describe(line.row, cells)
        whole = {"kind": "tag", "name": name, "connection": connection, **cells}
        rows.append(ProposedRow(whole, line.place, option_keys=option_keys(rules)))
    proposed, remarks = proposed_connection(context, connection, "modbus", _ENDPOINT) if rows else ((), ())
    return Imported(
        rows=tuple(rows),
        connections=proposed,
        areas=areas if rows else {},
        faults=(*faults, *remarks, *_taken_tables([line for line, _ in made])),
        notes=(*notes, *_writable(rows)),
    )


def _celled(
    lines: Sequence[Line], rules: Rules, context: ImportContext, faults: list[ImportFault]
) -> Iterator[tuple[Line, dict[str, str]]]:
    for done, line in enumerate(lines, 1):
        if done % _TOLD_EVERY == 0:
            context.told("rows", done, len(lines))
        try:
            cells = cells_of(line.row, line.address, rules)
        except Wrong as error:
            faults.append(ImportFault(str(error), line.place, error.do))
        else:
            yield line, cells


def _taken_tables(lines: Sequence[Line]) -> Iterator[ImportFault]:
    taken = [line for line in lines if line.row.is_table_taken]
    if taken:
        rows = (
            "1 row names no table: a holding register is"
            if len(taken) == 1
            else (f"{len(taken)} rows name no table: holding registers are")
        )
        do = "say it with --set table=input where they are others"
        yield ImportFault(f"{rows} taken", taken[0].place, do, is_error=False)


def _writable(rows: Sequence[ProposedRow]) -> Iterator[str]:
    if count := sum(row.cells.get("writable") == "true" for row in rows):
        yield (
            f"{count} tag{'s' if count > 1 else ''} may be written by operators, as the list says; "
            "--set writable=false takes all as read only"
        )


def _part(line: Line, address: str) -> str:
    text = line.row.text("name") or line.row.text("description") or address
    return legal_part(text.replace("/", "_").replace(".", "_"))[:50].rstrip("_-") or legal_part(address)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where one and the same register stands twice under it."""
    number, base = 2, name
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def _whole_name(part: str, above: str, device: str, context: ImportContext) -> str:
    signal = part.replace("-", "_")
    equipment = legal_part(device)
    if equipment and _SIGNAL.fullmatch(signal):
        text = f"{above}/{equipment}.{signal}"
    else:
        text = f"{above}/{equipment}/{part}" if equipment else f"{above}/{part}"
    return legal_name(placed(text, context.area, context.areas))


def _describe(row: Row, cells: dict[str, str]) -> None:
    """The name that the list gives stays readable where it could not stay a name."""
    name = " ".join(row.text("name").split())
    if not name or legal_part(name) == name:
        return
    text = cells.get("description", "")
    cells["description"] = name if not text or text == name else f"{name}: {text}"[:500]
