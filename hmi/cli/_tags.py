"""``hmi tags``: the tags of a plant as a list, and the rows of tags.csv for a spreadsheet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._options import AsJson, PlantFolder
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.core.query import Query

LIST, EXPORT = "list", "export"
SUFFIXES = (".csv", ".xlsx")


def tags(
    plant: PlantFolder,
    what: Annotated[
        str, typer.Argument(help="list, or export: the rows of tags.csv with what is in force.")
    ] = LIST,
    words: Annotated[
        list[str] | None, typer.Argument(help="A query such as type:pump area:intake 'match:*pv'.")
    ] = None,
    type_: Annotated[
        str, typer.Option("--type", help="Type of equipment; those that extend it count too.")
    ] = "",
    area: Annotated[str, typer.Option(help="Path of an area; areas below it too.")] = "",
    match: Annotated[str, typer.Option(help="Pattern over names, with * and ?.")] = "",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write: .csv or .xlsx.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write over a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """The tags of a plant, all or those of a query; export them for a spreadsheet, from which hmi import takes them."""
    asked = [*(words or ()), *(f'{key}:"{text}"' for key, text in _given(type_, area, match) if text)]
    queries = [_query(" ".join(asked))] if asked else []
    if what == LIST:
        if out is not None:
            raise UsageError("-o is for export; write: hmi tags PLANT export -o FILE.csv")
        _list(plant, queries, as_json=as_json)
    elif what == EXPORT:
        if out is not None:
            _refuse(out, yes=yes)
        _export(plant, queries, out, as_json=as_json)
    else:
        raise UsageError(f"{what!r} is nothing that hmi tags can do; use list or export")


def _given(type_: str, area: str, match: str) -> tuple[tuple[str, str], ...]:
    return ("type", type_), ("area", area), ("match", match)


def _query(text: str) -> Query:
    from hmi.core.query import query

    return query(text)


def _list(folder: Path, queries: list[Query], *, as_json: bool) -> None:
    from hmi.project import open_plant
    from hmi.project.query import tags_of

    plant = open_plant(folder)
    found = tags_of(plant, *(one.text for one in queries))
    rows = [
        {
            "name": tag.name, "type": tag.type.value, "unit": tag.unit, "connection": tag.connection,
            "address": tag.address, "description": tag.description, "id": tag.id,
        }
        for tag in found
    ]  # fmt: skip
    if as_json:
        return typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    header = ("name", "type", "unit", "connection", "address", "description")
    return print_table(header, ([row[name] for name in header] for row in rows))


def _refuse(out: Path, *, yes: bool) -> None:
    """A table of chosen rows must not take the place of the plant's own files, nor of anything else unasked."""
    from hmi.project.folder_files import is_plant_file

    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{out}: tags are written as {' or '.join(SUFFIXES)}")
    file = out.resolve()
    if is_plant_file(file.name.lower()) and (file.parent / "plant.toml").exists():
        raise UsageError(f"{out} is a file of a plant; choose another name, and bring it in with hmi import")
    if out.exists() and not yes:
        raise UsageError(f"{out} is there already; choose another name, or add --yes to write over it")


def _export(folder: Path, queries: list[Query], out: Path | None, *, as_json: bool) -> None:
    from hmi.project.canonical import csv_text
    from hmi.project.folder_files import replace_file
    from hmi.project.tag_table import guarded, tag_table, workbook

    header, rows = tag_table(folder, queries)
    safe = [[guarded(column, cell) for column, cell in zip(header, row, strict=True)] for row in rows]
    if out is None:
        table: Any = [dict(zip(header, row, strict=True)) for row in rows]
        text = f"{json.dumps(table, indent=1, ensure_ascii=False)}\n" if as_json else csv_text(header, safe)
        return typer.echo(text, nl=False)
    raw = workbook(header, rows) if out.suffix.lower() == ".xlsx" else csv_text(header, safe).encode()
    replace_file(out, raw)
    return typer.echo(f"{out}: {len(rows)} rows written")
