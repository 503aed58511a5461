"""Reads a table with a row for each tag: our own columns as they are, others by a map or by usual words.

A row with an id of this product comes from ``hmi tags export``: it states every cell, also that one is empty. In every
other row an empty cell says nothing. Types that a browse proposes stand beside the table, in a folder of its name with
``.types``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.core.identity import is_id
from hmi.importers.table._words import column_of, plain, truth_of, type_of
from hmi.project.columns import NUMBER_COLUMNS, TAG_COLUMNS, TRUTH_COLUMNS
from hmi.project.import_texts import SourceTable, error_cell, read_source, read_table
from hmi.project.importing import ImportContext, Imported, ImportFault, Place, ProposedRow, ProposedType

GUESSES: Final = ("confidence", "why")
"""Columns of a table that a browse wrote."""
TYPES_SUFFIX: Final = ".types"
_OFTEN: Final = 1_000


def read(file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
    """The rows of a CSV file or of a workbook."""
    asked = _asked(context.columns)
    table = read_table(file, lambda cells: _is_header(cells, asked), str(settings.get("sheet", "")))
    columns, notes = _columns(file, table, asked)
    notes += table.doubts
    is_own = {"kind", "name"} <= {plain(header) for header in table.header}
    rows: list[ProposedRow] = []
    faults: list[ImportFault] = []
    for line, cells in table.rows:
        if len(rows) % _OFTEN == 0:
            context.told("read the table", len(rows), len(table.rows))
        given = {column: cells[index] if index < len(cells) else "" for column, index in columns.items()}
        if len(cells) > len(table.header) and any(cells[len(table.header) :]):
            what = f"has {len(cells)} cells where the header has {len(table.header)}"
            faults.append(ImportFault(what, Place(line), "quote texts that hold the separator"))
        elif error := error_cell(given.values()):
            what = f"holds {error}, an error of the spreadsheet"
            faults.append(ImportFault(what, Place(line), "mend the cell"))
        elif not given.get("name"):
            faults.append(ImportFault("has no name", Place(line), "write a name, or remove the row"))
        else:
            rows.append(_row(given, line, table, context, is_own=is_own))
    _check_connection(file, rows, context)
    if others := sum(_is_foreign(cells, columns) for _, cells in table.rows):
        notes.append(f"{others} ids are not of this product; these rows are found by their names")
    return Imported(rows=rows, types=list(_types(file.with_suffix(TYPES_SUFFIX))), faults=faults, notes=notes)


def _is_foreign(cells: Sequence[str], columns: Mapping[str, int]) -> bool:
    """Another program's number of a row finds no tag here, nor says that the row states every cell."""
    index = columns.get("id", len(cells))
    return index < len(cells) and bool(cells[index]) and not is_id(cells[index])


def _types(folder: Path) -> Iterator[ProposedType]:
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        yield ProposedType(path.stem, read_source(path).text, Place(0, f"{folder.name}/{path.name}"))


def _asked(columns: Mapping[str, str]) -> dict[str, str]:
    for column in columns:
        if column not in (*TAG_COLUMNS, *GUESSES):
            raise ConfigurationError(
                f"there is no column {column!r}", do=f"columns are: {', '.join(TAG_COLUMNS)}"
            )
    return {column: plain(header) for column, header in columns.items()}


def _is_header(cells: Sequence[str], asked: Mapping[str, str]) -> bool:
    words = {plain(cell) for cell in cells}
    if asked:
        return set(asked.values()) <= words
    return "name" in {column_of(cell) for cell in cells} and len(words) > 1


def _columns(file: Path, table: SourceTable, asked: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Place of each of our columns, and which header was taken for which."""
    headers = [plain(header) for header in table.header]
    found: dict[str, int] = {}
    for column, header in asked.items():
        if header not in headers:
            known = ", ".join(filter(None, table.header))
            raise ConfigurationError(
                f"has no column {header!r}",
                file=str(file),
                line=table.header_line,
                do=f"its columns: {known}",
            )
        found[column] = headers.index(header)
    exact = {name: name.replace("_", " ") for name in (*TAG_COLUMNS, *GUESSES)}
    for column, header in exact.items():
        if column not in found and header in headers and headers.index(header) not in found.values():
            found[column] = headers.index(header)
    for index, header in enumerate(table.header):
        column = column_of(header)
        if column and column not in found and index not in found.values():
            found[column] = index
    if "name" not in found:
        known = ", ".join(filter(None, table.header))
        raise ConfigurationError(
            f"no column is known to be the name; its columns: {known}",
            file=str(file),
            line=table.header_line,
            do='say which: --map name="…"',
        )
    return found, list(_notes(table, found))


def _notes(table: SourceTable, found: Mapping[str, int]) -> list[str]:
    taken = [
        f"{table.header[index]} is {column}"
        for column, index in found.items()
        if plain(table.header[index]) != column.replace("_", " ")
    ]
    left = [header for index, header in enumerate(table.header) if header and index not in found.values()]
    notes = [f"columns: {', '.join(taken)}"] if taken else []
    return [*notes, f"columns that are not taken: {', '.join(left)}"] if left else notes


def _row(
    given: dict[str, str], line: int, table: SourceTable, context: ImportContext, *, is_own: bool
) -> ProposedRow:
    why, confidence = given.pop("why", ""), _confidence(given.pop("confidence", ""))
    states_all = is_id(given.get("id", ""))
    if not states_all:
        given.pop("id", None)
    cells = {
        column: _cell(column, text, table, is_own=is_own)
        for column, text in given.items()
        if text or states_all
    }
    cells["kind"] = cells.get("kind") or "tag"
    if cells.get("address") and not cells.get("connection"):
        cells["connection"] = context.connection
    if cells["kind"] != "tag" and context.connection and not states_all:
        cells.setdefault("connection", context.connection)
    return ProposedRow(cells, Place(line), confidence, why)


def _cell(column: str, text: str, table: SourceTable, *, is_own: bool) -> str:
    if column in NUMBER_COLUMNS:
        return table.number(text)
    if column in TRUTH_COLUMNS:
        return truth_of(text)
    return type_of(text) if column == "type" and not is_own else text


def _confidence(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text.replace(",", "."))))
    except ValueError:
        return 1.0


def _check_connection(file: Path, rows: Sequence[ProposedRow], context: ImportContext) -> None:
    if context.connection or all(row.cells.get("connection") or not row.cells.get("address") for row in rows):
        return
    known = ", ".join(context.connections) or "none yet; add one to plant.toml"
    raise ConfigurationError(
        "does not say over which connection its addresses are read",
        file=str(file),
        do=f"add --connection NAME; the plant has: {known}",
    )
