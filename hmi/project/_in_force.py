"""Rows of tags.csv as they are written, and with what is in force where a cell is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hmi.core.values import Value
from hmi.project._convert import pairs
from hmi.project._findings import FieldError, Findings
from hmi.project._ids import IdMaker, ids_in
from hmi.project._read import CsvFile, read_csv, read_text
from hmi.project.plant import Plant

Cells = dict[str, str]


@dataclass(slots=True)
class WrittenRow:
    """``cells``: what is written, empty cells left out, always with the id that the row has or gets."""

    line: int
    cells: Cells

    @property
    def kind(self) -> str:
        return self.cells.get("kind", "tag")


@dataclass(slots=True)
class WrittenFile:
    """A CSV file with its text; ``maker`` makes further ids that are free in it."""

    file: CsvFile
    text: str
    rows: list[WrittenRow]
    maker: IdMaker


def tag_rows(folder: Path) -> WrittenFile:
    """The rows of tags.csv of a plant that opens."""
    return _rows(folder / "tags.csv", ("kind", "name"), of_alarms=False)


def alarm_rows(folder: Path) -> WrittenFile:
    """The rows of alarms.csv; without rows where there is no such file."""
    return _rows(folder / "alarms.csv", ("tag", "kind", "priority"), of_alarms=True)


def _rows(path: Path, required: tuple[str, ...], *, of_alarms: bool) -> WrittenFile:
    text = read_text(path, Findings()) if path.exists() else None
    file = read_csv(path, required, Findings()) if text is not None else None
    if file is None or text is None:
        return WrittenFile(CsvFile(path, str(path), ("id", *required), []), "", [], IdMaker(()))
    columns = [(name, index) for index, name in enumerate(file.header) if name]
    maker = IdMaker(ids_in(file.header, file.rows))
    rows: list[WrittenRow] = []
    for line, cells in file.rows:
        row = {name: cell for name, i in columns if i < len(cells) and (cell := cells[i].strip())}
        if "id" not in row:
            row["id"] = maker.for_alarm(row) if of_alarms else maker.for_tag(row)
        rows.append(WrittenRow(line, row))
    return WrittenFile(file, text, rows, maker)


def in_force(row: WrittenRow, plant: Plant) -> Cells:
    """The cells of a row of tags.csv, with what counts where one is empty and one word can say it."""
    cells = dict(row.cells)
    if row.kind != "tag":
        return _of_instance(cells, plant)
    tag = plant.by_id.get(cells["id"])
    cells.setdefault("kind", "tag")
    cells.setdefault("type", "float64")
    cells.setdefault("history", "false")
    if tag is not None and tag.area:
        cells.setdefault("area", tag.area)
    if "address" in cells:
        cells.setdefault("scan", "normal")
        cells.setdefault("writable", "false")
    if tag is not None and tag.scaling is not None:
        cells.setdefault("scaling", "linear")
        cells.setdefault("clamp", "false")
    if tag is not None and tag.command is not None:
        cells.setdefault("class", "R")
        cells.setdefault("right", "operate")
    return cells


def _of_instance(cells: Cells, plant: Plant) -> Cells:
    instance = plant.instances.get(cells.get("name", ""))
    if instance is None:
        return cells
    if instance.area:
        cells.setdefault("area", instance.area)
    given = parameters_of(cells.get("parameters", ""))
    usual = {key: text for key, value in instance.parameters.items() if is_pair(text := shown(value))}
    if everything := {**usual, **given}:
        cells["parameters"] = parameter_text(everything)
    return cells


def parameters_of(text: str) -> dict[str, str]:
    """``base=100;speed.high=80`` by key; empty where it cannot be read."""
    try:
        return pairs(text, "parameters")
    except FieldError:
        return {}


def parameter_text(given: Mapping[str, str]) -> str:
    """``base=100;speed.high=80``."""
    return ";".join(f"{key}={text}" for key, text in given.items())


def is_pair(text: str) -> bool:
    """Whether the column parameters can hold this value and give it back."""
    return ";" not in text and text == " ".join(text.split())


def shown(value: Value) -> str:
    """The value of a parameter as a cell has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
