"""Verbs on plant folders: new, check, format, and what is generated from definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._options import AsJson, PlantFolder


def new(folder: Annotated[Path, typer.Argument(help="Folder to make.")]) -> None:
    """A plant folder that works, to start from."""
    from hmi.project import new_plant

    new_plant(folder)
    typer.echo(f"{folder}: made. Next: hmi check {folder}")


def check(plant: PlantFolder, as_json: AsJson = False) -> None:
    """Lint a plant folder: one line a finding, exit 1 when there is an error."""
    from hmi.check import check_plant, findings_as_json

    findings = check_plant(plant)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        typer.echo(findings_as_json(findings))
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.sentence}")
        typer.echo(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)


def format_(plant: PlantFolder) -> None:
    """Rewrite in canonical form and keep missing ids; an unchanged plant changes no byte."""
    from hmi.project import format_plant

    changed = format_plant(plant)
    for path in changed:
        typer.echo(f"{path}: rewritten")
    if not changed:
        typer.echo("nothing to change")


def generate(
    check_only: Annotated[bool, typer.Option("--check", help="Only say whether files are current.")] = False,
) -> None:
    """Write what is generated from definitions: JSON schemas, widths of letters, tables of the guides, tones."""
    from hmi import sounder
    from hmi.check import font_widths, schemas, tables
    from hmi.project.shipped import shipped_path

    folder = shipped_path("resources") / "schemas"
    guides = shipped_path("resources").parent / "docs"
    if check_only:
        if stale := (
            *schemas.stale(folder),
            *font_widths.stale(),
            *tables.stale_guides(guides),
            *sounder.stale(),
        ):
            typer.echo(f"{stale[0]}: stale; run hmi generate", err=True)
            raise typer.Exit(1)
        return
    guides_written = tables.write_guides(guides)
    for path in (*schemas.generate(folder), *font_widths.generate(), *guides_written, *sounder.generate()):
        typer.echo(f"{path}: written")
