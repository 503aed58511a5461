"""What names a row of tags.csv by its name gets the new one when a list renames the row: in one write with the row.

Names in single quotes are those of expressions, wherever they stand; beside them columns and keys that hold a name,
and parameters that the type of an instance takes for one.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hmi.project._csv_edit import edited_csv
from hmi.project._display_renames import followed_display
from hmi.project._import_change import Followed, Work
from hmi.project._parameter_renames import (
    Suffixes,
    followed_parameters,
    members_of,
    name_parameters,
    types_of,
)
from hmi.project._read import CsvFile
from hmi.project._toml_renames import followed_toml
from hmi.project.columns import ALARM_COLUMNS, CALCULATION_COLUMNS, TAG_COLUMNS
from hmi.project.folder_diff import file_diff
from hmi.project.folder_files import Files
from hmi.project.importing import Reference
from hmi.project.new_names import New, NewNames, in_quotes

_COLUMNS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "tags.csv": (TAG_COLUMNS, ("parameters",)),
    "alarms.csv": (ALARM_COLUMNS, ("tag", "setpoint", "command")),
    "calculations.csv": (CALCULATION_COLUMNS, ("of",)),
}
_DEEPEST: Final = 8
"""Parts of a name at most, and so members of members."""
_NAMED_OTHERWISE: Final = frozenset(("display", "export", "life counter", "training"))
"""Kinds of references whose user is no tag."""


def follow_renames(before: Files, work: Work) -> None:
    """Change the texts of the plan; ``work.followed`` says of each file which references change."""
    if not work.renamed:
        return
    texts = {name: _text(before.get(name)) for name in before} | work.texts
    files: Files = {name: text.encode(errors="surrogateescape") for name, text in texts.items()}
    parameters = name_parameters(files)
    work.renamed.update(_of_members(work.renamed, files))
    new = NewNames(work.renamed)
    done: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name in sorted(texts):
        text, said = _followed(name, texts[name], new, parameters)
        if text != texts[name]:
            done[name] = text, said
    after = files | {name: text.encode(errors="surrogateescape") for name, (text, _) in done.items()}
    for name, (text, said) in done.items():
        work.texts[name] = text
        told = said or file_diff(name, files[name], after[name], after.get)
        work.followed.append(Followed(name, told))


def _of_members(renamed: Mapping[str, str], files: Files) -> dict[str, str]:
    """The new names of the members of instances that get new ones; ``files`` have the old names or the new ones."""
    types = types_of(files)
    if not any(one.members for one in types.values()):
        return {}
    file = _csv_of("tags.csv", _text(files.get("tags.csv")))
    kind, name = _column(file, "kind"), _column(file, "name")
    kinds = {name(cells): kind(cells) for _line, cells in file.rows}
    found: dict[str, str] = {}
    for old, now in renamed.items():
        waiting = [("", kinds.get(now) or kinds.get(old, ""), 0)]
        while waiting:
            path, one, depth = waiting.pop()
            if path:
                found[old + path] = now + path
            if depth < _DEEPEST:
                members = members_of(one, types).items()
                waiting += [(f"{path}/{member}", inner, depth + 1) for member, (inner, _given) in members]
    return found


def left_behind(
    before: Sequence[Reference], after: Sequence[Reference], renamed: Mapping[str, str]
) -> list[Reference]:
    """References of the plant that do not lead to the same tag or instance once it has its new name.

    ``before`` and ``after``: all references of the plant as it is, and as it would be.
    """
    new = NewNames(renamed)
    there = Counter(one.what for one in after)
    lost: list[Reference] = []
    for one in before:
        own, blank, rest = one.user.partition(" ")
        user = one.user if one.kind in _NAMED_OTHERWISE else f"{new(own)}{blank}{rest}"
        wanted = one._replace(user=user, name=new(one.name)).what
        if there[wanted]:
            there[wanted] -= 1
        else:
            lost.append(one)
    return lost


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8-sig", errors="surrogateescape").replace("\r\n", "\n")


def _followed(
    name: str, text: str, new: New, parameters: Mapping[str, Suffixes]
) -> tuple[str, tuple[str, ...]]:
    """A text, and sentences where they cannot be made of both texts."""
    if name in _COLUMNS:
        return _in_columns(name, in_quotes(text, new), new, parameters), ()
    if name.endswith(".json"):
        return followed_display(text, new), ()
    return followed_toml(name, text, new, parameters)


def _in_columns(name: str, text: str, new: New, parameters: Mapping[str, Suffixes]) -> str:
    known, columns = _COLUMNS[name]
    file = _csv_of(name, text)
    places = [(column, file.header.index(column)) for column in columns if column in file.header]
    edits: dict[int, dict[str, str]] = {}
    kinds = _column(file, "kind" if name == "tags.csv" else "type")
    for line, cells in file.rows if places else ():
        kind = kinds(cells)
        if name == "calculations.csv" and kind:
            continue  # what it is made of is a signal of the type
        for column, index in places:
            cell = cells[index].strip() if index < len(cells) else ""
            changed = (
                followed_parameters(cell, parameters.get(kind, {}), new)
                if column == "parameters"
                else new(cell)
            )
            if changed != cell:
                edits.setdefault(line, {})[column] = changed
    return edited_csv(file, text, edits, known) if edits else text


def _column(file: CsvFile, name: str) -> Callable[[Sequence[str]], str]:
    place = file.header.index(name) if name in file.header else -1
    return lambda cells: cells[place].strip() if 0 <= place < len(cells) else ""


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
