"""All rows of tags.csv as one table with what is in force, for a spreadsheet; importing it again changes nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from hmi.core.errors import UsageError
from hmi.core.query import Query
from hmi.project._import_cells import clean
from hmi.project._in_force import Cells, WrittenRow, in_force, tag_rows
from hmi.project._load import open_plant
from hmi.project.columns import NUMBER_COLUMNS, TAG_COLUMNS
from hmi.project.import_texts import number_text
from hmi.project.plant import Plant
from hmi.project.query import Chooser

_ALWAYS: Final = ("kind", "id", "name")
_WIDE: Final = {"name": 36, "description": 40, "id": 18, "address": 22, "expression": 30, "parameters": 30}
_USUAL_WIDTH: Final = 12
_TEXTS: Final = frozenset(("description", "unit", "states", "why"))
_FORMULA: Final = ("=", "+", "-", "@")
_CODE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

Table = tuple[list[str], list[list[str]]]


def tag_table(folder: Path | str, queries: Sequence[Query] = ()) -> Table:
    """Header and rows; with queries only the rows that all of them take. ConfigurationError as of ``open_plant``."""
    plant = open_plant(folder)
    takes = _chosen(plant, queries)
    rows: list[Cells] = [in_force(row, plant) for row in tag_rows(Path(folder)).rows if takes(row)]
    used = {column for row in rows for column in row}
    header = [column for column in TAG_COLUMNS if column in used or column in _ALWAYS]
    return header, [[row.get(column, "") for column in header] for row in rows]


def _chosen(plant: Plant, queries: Sequence[Query]) -> Callable[[WrittenRow], bool]:
    chooser = Chooser(plant, plant.areas)

    def takes(row: WrittenRow) -> bool:
        if not queries:
            return True
        if row.kind == "tag":
            tag = plant.by_id.get(row.cells["id"])
            facts = chooser.of_tag(tag) if tag else None
        else:
            instance = plant.instances.get(row.cells.get("name", ""))
            facts = chooser.of_instance(instance) if instance else None
        return facts is not None and all(one.takes(facts) for one in queries)

    return takes


def workbook(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """An .xlsx file; numbers are numbers where a spreadsheet gives back the same text."""
    try:
        from openpyxl import Workbook  # type: ignore[import-untyped]
        from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
        from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(
            'files of xlsx need openpyxl; install it with: pip install "watchkeeper[export]"'
        ) from error
    book: Any = Workbook(write_only=True)
    sheet = book.create_sheet("tags")
    sheet.freeze_panes = "A2"
    for index, column in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(index)].width = _WIDE.get(column, _USUAL_WIDTH)

    def cell(column: str, text: str) -> Any:
        if not text:
            return None
        made = WriteOnlyCell(sheet, _value(column, text))
        if isinstance(made.value, str):
            made.data_type = "s"  # a text that begins with = is no formula
        return made

    sheet.append(list(header))
    for row in rows:
        sheet.append([cell(column, text) for column, text in zip(header, row, strict=True)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _value(column: str, text: str) -> float | int | str:
    if column in NUMBER_COLUMNS:
        try:
            number = float(text)
        except ValueError:
            return _written(text)
        if number_text(number) == text:
            return number
    return _written(text)


def _written(text: str) -> str:
    """A workbook takes ``_x0041_`` for the letter A."""
    return _CODE.sub("_x005F_", clean(text))


def guarded(column: str, text: str) -> str:
    """For CSV: a text of a device must not become a formula of the spreadsheet; the blank goes when it is read back."""
    return f" {text}" if column in _TEXTS and text.startswith(_FORMULA) else text
