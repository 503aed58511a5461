"""What an import would change, shown before it is asked for, and the road from there into the plant's files.

Shared by every verb that brings proposals into a plant.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hmi.cli._printable import printable
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.project import Finding
    from hmi.project.import_plan import ImportPlan
    from hmi.project.importing import Imported, ImportFault, Reference, Told

SHOWN, FAULTS_SHOWN = 20, 50
_SURE = 1.0


@dataclass(frozen=True, slots=True)
class HowToImport:
    """What the command line says of the road: ``source`` is what faults name before their line."""

    source: str
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False
    show_all: bool = False
    skip_faulty: bool = False


@contextlib.contextmanager
def progress() -> Iterator[Told]:
    """One line that says how far it is, on a terminal alone."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:

        def told(what: str, done: int, of: int) -> None:
            status.update(f"{what}: {done} of {of}" if of else what)

        yield told


def bring_in(plant: Path, imported: Imported, how: HowToImport, *, area: str = "") -> None:
    """Preview, question and writing; exit 1 for faults, where nothing is written then."""
    from hmi.project.import_plan import plan_import

    with progress() as told:
        plan = plan_import(
            plant,
            imported,
            area=area,
            skip_faulty=how.skip_faulty,
            told=told,
            errors_of=_errors,
            references_of=_references,
        )
    if not how.as_json:
        _show(plan, how)
    written = _written(plan, how)
    if how.as_json:
        typer.echo(json.dumps(_as_json(plan, written), indent=1, ensure_ascii=False))
    if plan.is_blocked:
        raise typer.Exit(1)


def _errors(folder: Path) -> list[Finding]:
    """What a reload would refuse."""
    from hmi.check import check_plant

    return [finding for finding in check_plant(folder, looks=False) if finding.is_error]


def _references(folder: Path) -> Sequence[Reference]:
    """All that hmi where knows."""
    from hmi.check import references

    return references(folder)


def _written(plan: ImportPlan, how: HowToImport) -> Sequence[Path]:
    from hmi.project.import_plan import apply_import

    if plan.is_blocked:
        if not how.as_json:
            typer.echo("nothing was written; --skip-faulty leaves out what is at fault", err=True)
        return ()
    if how.dry_run or not plan.texts:
        return ()
    if not how.yes:
        _ask(plan, how)
    files = apply_import(plan)
    if not how.as_json:
        for file in files:
            typer.echo(f"{file}: written")
        typer.echo(f"Next: hmi check {plan.folder}")
    return files


def _ask(plan: ImportPlan, how: HowToImport) -> None:
    if how.as_json or not sys.stdin.isatty():
        raise UsageError(
            "nothing was written: nobody can be asked here; add --yes, or --dry-run to look only"
        )
    if not typer.confirm(f"Write this into {plan.folder}?"):
        typer.echo("nothing was written")
        raise typer.Exit(1)


# ------------------------------------------------------------------------------------------ shown


def _show(plan: ImportPlan, how: HowToImport) -> None:
    for note in plan.notes:
        typer.echo(printable(note))
    changes = [change for change in plan.changes if change.verb != "unchanged"]
    shown = changes if how.show_all else changes[:SHOWN]
    if shown:
        _print(shown)
    if len(changes) > len(shown):
        typer.echo(f"and {len(changes) - len(shown)} more; --all shows them")
    _show_followed(plan, how)
    typer.echo(plan.summary + (f"; {plan.left_out} left out" if plan.left_out else ""))
    _faults(plan.faults, how)


def _show_followed(plan: ImportPlan, how: HowToImport) -> None:
    """Which references get new names, file by file."""
    for one in plan.followed:
        typer.echo(printable(f"{one.file} follows the new names:"))
        shown = one.sentences if how.show_all else one.sentences[:SHOWN]
        for sentence in shown:
            typer.echo(printable(f"  {sentence}"))
        if len(one.sentences) > len(shown):
            typer.echo(f"  and {len(one.sentences) - len(shown)} more; --all shows them")


def _print(changes: Sequence[Any]) -> None:
    if not sys.stdout.isatty():
        for change in changes:
            typer.echo(printable(change.sentence + _guess(change)))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "what", "name", "how")
    for change in changes:
        how = ", ".join(change.details) + _guess(change)
        table.add_row(change.verb, *(escape(printable(one)) for one in (change.what, change.name, how)))
    Console().print(table)


def _guess(change: Any) -> str:
    """How sure a guess is; nothing of what the source says itself."""
    if change.confidence >= _SURE:
        return ""
    why = f", {change.why}" if change.why else ""
    return f" (guessed, {change.confidence:.0%} sure{why})"


def _faults(faults: Sequence[ImportFault], how: HowToImport) -> None:
    shown = faults if how.show_all else faults[:FAULTS_SHOWN]
    for fault in shown:
        typer.echo(f"{'error' if fault.is_error else 'note'}: {fault_text(fault, how.source)}", err=True)
    if len(faults) > len(shown):
        typer.echo(f"and {len(faults) - len(shown)} more; --all shows them", err=True)
    errors = sum(fault.is_error for fault in faults)
    if faults:
        typer.echo(f"{errors} errors, {len(faults) - errors} notes", err=True)


def fault_text(fault: ImportFault, source: str) -> str:
    """``list.csv:7: what is wrong; what to do``, fit for a terminal."""
    path = fault.place.path
    place = f"{source}:{fault.place.line}: " if fault.place.line else ""
    if path and not place:
        place = f"{source}: " if fault.text.startswith(f"{path}: ") else f"{source}: {path}: "
    return printable(f"{place}{fault.text}{f'; {fault.do}' if fault.do else ''}")


def _as_json(plan: ImportPlan, written: Sequence[Path]) -> dict[str, Any]:
    changes = [
        {
            "verb": one.verb, "what": one.what, "name": one.name, "details": list(one.details),
            "line": one.place.line, "path": one.place.path, "confidence": one.confidence, "why": one.why,
        }
        for one in plan.changes
        if one.verb != "unchanged"
    ]  # fmt: skip
    faults = [
        {
            "text": one.text,
            "do": one.do,
            "line": one.place.line,
            "path": one.place.path,
            "error": one.is_error,
        }
        for one in plan.faults
    ]
    return {
        "summary": plan.summary, "added": plan.added, "changed": plan.changed, "unchanged": plan.unchanged,
        "left_out": plan.left_out, "blocked": plan.is_blocked, "written": [str(path) for path in written],
        "followed": {one.file: list(one.sentences) for one in plan.followed},
        "changes": changes, "faults": faults, "notes": list(plan.notes),
    }  # fmt: skip
