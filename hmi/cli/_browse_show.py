"""How a proposal is shown: a table or a tree for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from hmi.cli._import_preview import fault_text
from hmi.cli._printable import printable
from hmi.cli._tables import print_table

if TYPE_CHECKING:
    from hmi.project.importing import Imported, ProposedRow

_HEADER = ("Name", "Type", "Address", "Unit", "Range, states", "Description", "Sure", "Why")
_SURE = 1.0
FAULTS_SHOWN = 50


def show_table(rows: Sequence[ProposedRow]) -> None:
    """One line a row."""
    print_table(_HEADER, map(_line, rows))


def _line(row: ProposedRow) -> tuple[str, ...]:
    cells = row.cells
    sure = "" if row.confidence >= _SURE else f"{row.confidence:.0%}"
    return (
        row.name,
        cells.get("type", "") or cells["kind"],
        cells.get("address", "") or cells.get("parameters", ""),
        cells.get("unit", ""),
        _range(row),
        cells.get("description", ""),
        sure,
        row.why,
    )


def _range(row: ProposedRow) -> str:
    low, high = row.cells.get("low", ""), row.cells.get("high", "")
    return row.cells.get("states", "") or (f"{low} … {high}" if low or high else "")


def show_tree(rows: Sequence[ProposedRow]) -> None:
    """By the parts of the names, each level set in."""
    open_: list[str] = []
    for row in sorted(rows, key=lambda one: _parts(one.name)):
        *above, last = _parts(row.name)
        same = next(
            (n for n, (a, b) in enumerate(zip(open_, above, strict=False)) if a != b),
            min(len(open_), len(above)),
        )
        for level, part in list(enumerate(above))[same:]:
            typer.echo(f"{'  ' * level}{printable(part)}")
        open_ = above
        typer.echo(printable(f"{'  ' * len(above)}{last}  {_facts(row)}"))


def _parts(name: str) -> list[str]:
    head, mark, signal = name.partition(".")
    return [*head.split("/"), *([signal] if mark else [])]


def _facts(row: ProposedRow) -> str:
    kind = row.cells.get("type", "") or row.cells["kind"]
    told = " ".join(part for part in (kind, _range(row), row.cells.get("unit", "")) if part)
    text = row.cells.get("description", "")
    return f"{told}  {text}" if text else told


def show_notes(imported: Imported) -> None:
    """What the device says of itself, and what the browse made of it."""
    for note in imported.notes:
        typer.echo(printable(note))


def show_faults(imported: Imported, source: str) -> None:
    """On standard error, the first ones."""
    for fault in imported.faults[:FAULTS_SHOWN]:
        typer.echo(f"{'error' if fault.is_error else 'note'}: {fault_text(fault, source)}", err=True)
    if len(imported.faults) > FAULTS_SHOWN:
        typer.echo(f"and {len(imported.faults) - FAULTS_SHOWN} more; --json shows them", err=True)


def show_json(imported: Imported) -> None:
    """Everything."""
    typer.echo(json.dumps(_as_json(imported), indent=1, ensure_ascii=False))


def _as_json(imported: Imported) -> dict[str, Any]:
    return {
        "rows": [
            {"cells": dict(one.cells), "path": one.place.path, "confidence": one.confidence, "why": one.why}
            for one in imported.rows
        ],
        "types": [{"name": one.name, "title": one.place.path, "text": one.text} for one in imported.types],
        "faults": list(_faults(imported)),
        "notes": list(imported.notes),
    }


def _faults(imported: Imported) -> Iterator[dict[str, Any]]:
    for one in imported.faults:
        yield {"text": one.text, "do": one.do, "path": one.place.path, "error": one.is_error}
