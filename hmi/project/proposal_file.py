"""Writes what a browse proposes as a table for a spreadsheet; ``hmi import`` takes it back.

Types stand beside it, in a folder called like the file with the end ``.types``: ``found.csv`` and ``found.types/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hmi.core.errors import UsageError
from hmi.project.canonical import csv_text
from hmi.project.columns import TAG_COLUMNS
from hmi.project.import_names import legal_part
from hmi.project.importing import Imported, ProposedRow
from hmi.project.tag_table import guarded, workbook

SUFFIXES: Final = (".csv", ".xlsx")
TYPES_SUFFIX: Final = ".types"
GUESSES: Final = ("confidence", "why")


def types_folder(file: Path) -> Path:
    """Where the types of a proposal lie."""
    return file.with_suffix(TYPES_SUFFIX)


def write_proposal(imported: Imported, file: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the rows and the types; UsageError when a file is there already or cannot be written."""
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{file}: a proposal is written as {' or '.join(SUFFIXES)}")
    folder = types_folder(file)
    for there in (file, folder):
        if there.exists() and not overwrite:
            raise UsageError(f"{there} is there already; choose another name, or add --yes to write over it")
    header, rows = _table(imported.rows)
    raw = workbook(header, rows) if file.suffix.lower() == ".xlsx" else csv_text(header, rows).encode()
    try:
        file.write_bytes(raw)
        return [file, *_write_types(imported, folder)]
    except OSError as error:
        raise UsageError(
            f"{error.filename or file}: cannot be written ({error.strerror or error})"
        ) from error


def _write_types(imported: Imported, folder: Path) -> list[Path]:
    """The folder holds the types of this proposal alone."""
    for old in folder.glob("*.toml"):
        old.unlink()
    if not imported.types:
        return []
    folder.mkdir(exist_ok=True)
    written: list[Path] = []
    for one in imported.types:
        name = folder / f"{legal_part(one.name) or 'type'}.toml"
        name.write_text(one.text, encoding="utf-8")
        written.append(name)
    return written


def _table(rows: Sequence[ProposedRow]) -> tuple[list[str], list[list[str]]]:
    used = {column for row in rows for column in row.cells} | {"kind", "name"}
    header = [column for column in TAG_COLUMNS if column in used]
    table = [
        [
            *(guarded(column, row.cells.get(column, "")) for column in header),
            f"{row.confidence:g}",
            guarded("why", row.why),
        ]
        for row in rows
    ]
    return [*header, *GUESSES], table
