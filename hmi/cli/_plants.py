"""Verbs on plant folders: new, check, format, and what is generated from definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_place
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.project import Finding

FORMS: Final = ("text", "json", "sarif", "github")


def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    empty: Annotated[
        bool, typer.Option("--empty", help="Without tags and connections, to fill from lists and devices.")
    ] = False,
) -> None:
    """A plant folder that works, to start from."""
    from hmi.project import new_plant

    new_plant(folder, empty=empty)
    typer.echo(f"{folder}: made. Next: hmi check {folder}")


def check(
    plant: PlantFolder,
    as_json: AsJson = False,
    format_: Annotated[str, typer.Option("--format", help="text, json, sarif or github.")] = "text",
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="Code or name, such as WK-705 or unused-tag, to leave out; may be repeated."),
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="Also what is no fault, such as tags that nothing uses.")
    ] = False,
    data: DataDir = None,
) -> None:
    """Lint a plant folder: one line a finding, exit 1 when there is an error."""
    from hmi import check as linter

    form = "json" if as_json else format_
    if form not in FORMS:
        raise UsageError(f"--format {form} is no form of findings; use one of: {', '.join(FORMS)}")
    if strange := [text for text in ignore or () if linter.code_named(text) is None]:
        raise UsageError(f"--ignore {strange[0]}: there is no such code; docs/checks.md lists them")
    findings = linter.check_plant(
        plant, notes=notes, ignore=ignore or (), data_of=lambda plant_id: data_place(plant_id, data)
    )
    match form:
        case "json":
            typer.echo(linter.findings_as_json(findings))
        case "sarif":
            typer.echo(linter.findings_as_sarif(findings, plant))
        case "github":
            typer.echo(linter.findings_as_github(findings, plant), nl=bool(findings))
        case _:
            _print_findings(findings)
    if linter.exit_code(findings):
        raise typer.Exit(1)


def _print_findings(findings: Sequence[Finding]) -> None:
    from hmi.check import told

    for finding in findings:
        typer.echo(told(finding))
    count = Counter(finding.severity for finding in findings)
    notes = f", {count['info']} notes" if count["info"] else ""
    typer.echo(f"{count['error']} errors, {count['warning']} warnings{notes}")


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
