"""``hmi bench``: figures as ratios."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hmi.cli._options import AsJson


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="modbus opcua tags station …")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure, and report each figure as a ratio against a named peer or limit."""
    from hmi.bench.runner import print_table, run_benches

    figures = run_benches(names or [])
    if as_json:
        typer.echo(json.dumps([figure.as_dict() for figure in figures], indent=1))
    else:
        print_table(figures)
    if any(figure.passed is False for figure in figures):
        raise typer.Exit(1)
