"""How verbs print rows: for a person in columns, for another program separated by tabs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import typer

from hmi.cli._printable import printable


def print_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """In columns on a screen; separated by tabs for another program."""
    if not sys.stdout.isatty():
        for line in lines:
            typer.echo("\t".join(printable(" ".join(cell.split())) for cell in line))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*header)
    for line in lines:
        table.add_row(*(escape(printable(cell)) for cell in line))
    Console().print(table)
