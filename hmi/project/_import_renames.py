"""What names a row of tags.csv by its name gets the new one when a list renames the row: in one write with the row.

Names in single quotes are those of expressions, wherever they stand; beside them columns and keys that hold a name.
What else names it, such as a setting of plant.toml, is found by the check of the plant as it would be.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hmi.project._csv_edit import edited_csv
from hmi.project._import_change import Work
from hmi.project._read import CsvFile
from hmi.project.columns import ALARM_COLUMNS, CALCULATION_COLUMNS, TAG_COLUMNS
from hmi.project.folder_files import Files

_COLUMNS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "tags.csv": (TAG_COLUMNS, ()),
    "alarms.csv": (ALARM_COLUMNS, ("tag", "setpoint", "command")),
    "calculations.csv": (CALCULATION_COLUMNS, ("of",)),
}
_NAME: Final = r"([A-Za-z0-9][A-Za-z0-9_/.-]*)"
_QUOTED: Final = re.compile(rf"(?<='){_NAME}(?=')")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')
_OTHER_KEYS: Final = frozenset(("$schema", "schema", "id", "name", "title", "area", "type", "image"))


def follow_renames(before: Files, work: Work) -> None:
    """Change the texts of the plan; a note counts the places of each file."""
    if not work.renamed:
        return
    new = _Names(work.renamed)
    for name in sorted({*before, *work.texts}):
        if name == "plant.toml":
            continue
        content = before.get(name)
        old = work.texts.get(name)
        if old is None:
            old = (content or b"").decode("utf-8-sig", errors="surrogateescape").replace("\r\n", "\n")
        new.count = 0
        text = _followed(name, old, new)
        if new.count:
            work.texts[name] = text
            places = "1 place follows" if new.count == 1 else f"{new.count} places follow"
            work.notes.append(f"{name}: {places} the new names")


class _Names:
    """New names by old ones, also of the signals of an instance; ``count``: how many were found."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed
        self.count = 0

    def __call__(self, name: str) -> str:
        head, dot, signal = name.rpartition(".")
        found = self._renamed.get(name)
        if found is None and dot and head in self._renamed:
            found = f"{self._renamed[head]}.{signal}"
        self.count += found is not None
        return name if found is None else found


def _followed(name: str, text: str, new: Callable[[str], str]) -> str:
    text = _QUOTED.sub(lambda found: new(found[1]), text)
    if name in _COLUMNS:
        known, columns = _COLUMNS[name]
        return _in_columns(name, text, columns, known, new)
    return _in_display(text, new) if name.endswith(".json") else text


def _in_display(text: str, new: Callable[[str], str]) -> str:
    """Values that are a name: of the key ``tag`` any, of others those with areas in them."""
    key = ""

    def each(found: re.Match[str]) -> str:
        nonlocal key
        if found[2]:
            key = found[1]
        elif key == "tag" or ("/" in found[1] and key not in _OTHER_KEYS):
            return f'"{new(found[1])}"'
        return found[0]

    return _STRING.sub(each, text)


def _in_columns(
    name: str, text: str, columns: Sequence[str], known: Sequence[str], new: Callable[[str], str]
) -> str:
    file = _csv_of(name, text)
    places = [(column, file.header.index(column)) for column in columns if column in file.header]
    edits: dict[int, dict[str, str]] = {}
    for line, cells in file.rows if places else ():
        for column, index in places:
            cell = cells[index].strip() if index < len(cells) else ""
            if (changed := new(cell)) != cell:
                edits.setdefault(line, {})[column] = changed
    return edited_csv(file, text, edits, known) if edits else text


def _csv_of(name: str, text: str) -> CsvFile:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = tuple(cell.strip() for cell in next(reader, ()))
    rows: list[tuple[int, list[str]]] = []
    line = reader.line_num + 1
    for cells in reader:
        at, line = line, reader.line_num + 1
        if any(cells):
            rows.append((at, cells))
    return CsvFile(Path(name), name, header, rows)
