"""Changes single cells of a CSV file and adds rows: every other row keeps its bytes, whoever wrote it and however."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hmi.project._read import CsvFile
from hmi.project.canonical import column_order, csv_text, unnamed_columns


def edited_csv(
    file: CsvFile,
    text: str,
    edits: Mapping[int, Mapping[str, str]],
    known: Sequence[str],
    added: Sequence[Mapping[str, str]] = (),
) -> str:
    """The text of ``file`` with cells set by the line of their row, and rows added at its end.

    A column that is missing is added.
    """
    missing = {name for cells in (*edits.values(), *added) for name in cells if name not in file.header}
    if missing or not text:
        return _with_columns(file, edits, missing, known, added)
    lines = text.split("\n")
    starts = [line for line, _ in file.rows]
    ends = [*starts[1:], len(lines) + 1][: len(starts)]
    for (line, cells), end in reversed(list(zip(file.rows, ends, strict=True))):
        if line in edits:
            while end - 1 > line and not lines[end - 2].strip(", \t"):
                end -= 1  # empty lines and rows between two rows stay
            lines[line - 1 : end - 1] = csv_text(_row(file, cells, edits[line]), ()).rstrip("\n").split("\n")
    whole = "\n".join(lines)
    if not added:
        return whole
    end = "" if whole.endswith("\n") else "\n"
    new = ([row.get(name, "") for name in file.header] for row in added)
    return whole + end + "".join(csv_text(row, ()) for row in new)


def _row(file: CsvFile, cells: Sequence[str], edit: Mapping[str, str]) -> list[str]:
    whole = [*cells, *[""] * (len(file.header) - len(cells))][
        : len(file.header)
    ]  # spare commas at its end go
    return [edit.get(name, cell) for name, cell in zip(file.header, whole, strict=True)]


def _with_columns(
    file: CsvFile,
    edits: Mapping[int, Mapping[str, str]],
    missing: set[str],
    known: Sequence[str],
    added: Sequence[Mapping[str, str]],
) -> str:
    header = column_order((*file.header, *sorted(missing)), known)
    place = {name: index for index, name in enumerate(file.header)}
    unnamed = unnamed_columns(file.header, (cells for _, cells in file.rows))
    rows: list[list[str]] = []
    for line, cells in file.rows:
        old = {name: cells[index] for name, index in place.items() if index < len(cells)}
        row = {**old, **edits.get(line, {})}
        spare = [cells[index] if index < len(cells) else "" for index in unnamed]
        rows.append([*(row.get(name, "") for name in header), *spare])
    rows += [[*(row.get(name, "") for name in header), *[""] * len(unnamed)] for row in added]
    return csv_text([*header, *[""] * len(unnamed)], rows)
