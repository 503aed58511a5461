"""``hmi backup`` and ``hmi restore``: a copy of all that a runtime keeps, proven, and put back (CR 7.3, CR 7.4)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder, data_for
from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.runtime.backup import Proof


def backup(
    plant: PlantFolder,
    target: Annotated[
        Path, typer.Argument(help="Folder for the copy, on another disk; one of before is renewed.")
    ],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read it again from the disk and prove it.")
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Copy journal, history, accounts and revisions of a plant, also while its runtime runs. It has no secrets."""
    from importlib.metadata import version

    from hmi.project import open_plant
    from hmi.runtime.backup import BackupJob, make_backup, verify_backup

    opened = open_plant(plant)
    folder = data_for(opened.id, data)
    if target.absolute().is_relative_to(folder.absolute()):
        raise UsageError(
            tr("{path} lies in the data folder itself; name a folder on another disk", path=target)
        )
    told = _progress()
    manifest = make_backup(BackupJob(opened, folder, target, version("watchkeeper"), told))
    _note(folder, "backup", str(target))
    proof = verify_backup(target, told) if verify else None
    _end_of_progress()
    if as_json:
        typer.echo(
            _json(proof) if proof else f'{{"files": {len(manifest.files)}, "bytes": {manifest.bytes}}}'
        )
    else:
        typer.echo(
            tr(
                "{path}: {count} files, {size} MB",
                path=target,
                count=len(manifest.files),
                size=manifest.bytes // 10**6,
            )
        )
    if proof is not None:
        _tell(proof, quiet=as_json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="Folder that hmi backup made.")],
    plant: Annotated[Path | None, typer.Argument(help="Plant folder whose data are put back.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Set aside the data that are there.")] = False,
    accept_damage: Annotated[
        bool, typer.Option("--accept-damage", help="Also when blocks were damaged before it was made.")
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove a backup and put it in the place of a data folder; exit 1 when something speaks against it."""
    from hmi.runtime.backup import RestoreJob, restore_backup

    if plant is None and data is None:
        raise UsageError(tr("name the plant folder, or the data folder with --data"))
    plant_id, folder = _place(plant, data)
    job = RestoreJob(source, folder, plant_id, replace, accept_damage, _progress())
    proof, aside = restore_backup(job)
    _note(folder, "restore", str(source))
    _end_of_progress()
    if as_json:
        return typer.echo(_json(proof))
    if aside is not None:
        typer.echo(tr("what was there before is now {path}", path=aside))
    typer.echo(tr("{path}: put back and read again", path=folder))
    return _tell(proof, quiet=False)


def _place(plant: Path | None, data: Path | None) -> tuple[str, Path]:
    if plant is None:
        assert data is not None
        return "", data
    from hmi.project import open_plant

    opened = open_plant(plant)
    return opened.id, data_for(opened.id, data)


def _tell(proof: Proof, *, quiet: bool) -> None:
    """Exit code 1 when it is not whole."""
    for line in proof.wrong:
        typer.echo(tr("not as it was written: {line}", line=line), err=True)
    for line in proof.damaged:
        typer.echo(tr("damaged when it was made: {line}", line=line), err=True)
    if proof.wrong or proof.damaged:
        raise typer.Exit(1)
    if not quiet:
        typer.echo(
            tr("proven: {files} files, {blocks} blocks of the history, {records} records of the journal",
               files=len(proof.manifest.files), blocks=proof.blocks, records=proof.records)
        )  # fmt: skip


def _json(proof: Proof) -> str:
    import json

    return json.dumps(
        {
            "files": len(proof.manifest.files), "bytes": proof.manifest.bytes, "blocks": proof.blocks,
            "records": proof.records, "wrong": proof.wrong, "damaged": proof.damaged,
        },
        indent=1,
    )  # fmt: skip


def _note(data: Path, event: str, what: str) -> None:
    """The runtime takes it into its journal, at once or with its next start."""
    from hmi.supervisor import write_note

    write_note(data, event=event, process="hmi", reason=what)


def _progress() -> Callable[[str, int, int], None]:
    """A line on a terminal that is written over; nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda what, done, total: None
    shown = [""]

    def told(what: str, done: int, total: int) -> None:
        line = f"{what} {100 * done // max(total, 1)} %"
        if line != shown[0]:
            shown[0] = line
            sys.stderr.write(f"\r{line:<40}")
            sys.stderr.flush()

    return told


def _end_of_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r" + " " * 40 + "\r")
