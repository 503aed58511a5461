"""``hmi reload`` and ``hmi rollback``: another revision of the plant without a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder
from hmi.cli._plant_place import data_of
from hmi.cli._printable import printable
from hmi.cli._signed_in import PasswordStdin, Person, session_of
from hmi.core.errors import AccessRefused, UsageError, WatchkeeperError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.runtime import Kept, RolledBack

Reason = Annotated[str, typer.Option("--reason", help="Why; the journal keeps it.")]
REASON_LIMIT = 400


def reload(
    plant: PlantFolder,
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    user: Person = "",
    password_stdin: PasswordStdin = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let the running runtime take its plant folder as it is now; a plant that is not right is refused (exit 1)."""
    _check_reason(reason)
    folder = data_of(plant, data)
    _must_run(folder)
    with session_of(folder, user, from_stdin=password_stdin) as session:
        found = _previewed(plant, folder, session) if dry_run else _reloaded(plant, folder, session, reason)
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print(found, dry_run=dry_run)
    if found["refusals"]:
        raise typer.Exit(1)


def rollback(
    plant: PlantFolder,
    revision: Annotated[
        str,
        typer.Argument(
            help="Beginning of a kept revision; previous: the one before that in force; running: that in force."
        ),
    ] = "previous",
    reason: Reason = "",
    force: Annotated[
        bool,
        typer.Option("--force", help="Also when the folder holds changes of its own; they are kept first."),
    ] = False,
    user: Person = "",
    password_stdin: PasswordStdin = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring the files of a kept revision back into the plant folder, and let the runtime take them."""
    from hmi.client.local import is_running

    _check_reason(reason)
    folder = data_of(plant, data)
    wanted = wanted_revision(folder, revision)
    if not is_running(folder):
        done = _rolled_back(plant, folder, wanted, force=force)
        _note(folder, wanted, reason)
        return _print_rollback(wanted, done, None, as_json=as_json)
    with session_of(folder, user, from_stdin=password_stdin) as session:
        _reloaded(plant, folder, session, reason, dry_run=True)  # without the right no file is touched
        done = _rolled_back(plant, folder, wanted, force=force)
        why = tr("rollback to {revision}", revision=wanted.revision[:12]) + (f": {reason}" if reason else "")
        found = _taken_or_undone(plant, folder, session, why, done)
    _print_rollback(wanted, done, found, as_json=as_json)
    if found["refusals"]:
        raise typer.Exit(1)
    return None


def wanted_revision(data: Path, text: str) -> Kept:
    """The kept revision that a person means; UsageError in one sentence."""
    from hmi.runtime import kept_revision

    word = text.strip().lower()
    if word not in ("previous", "running"):
        return kept_revision(data, word)
    times = revision_log(data)
    place = 2 if word == "previous" else 1
    if len(times) < place:
        raise UsageError(
            tr("there is no {word} revision: the journal names {count}", word=word, count=len(times))
        )
    return kept_revision(data, times[-place].revision)


def revision_log(data: Path) -> list[Any]:
    """What the journal says of revisions (``RevisionTime``), the oldest first; UsageError without a journal."""
    from hmi.bootstrap import JOURNAL_FILE
    from hmi.journal import revision_times

    path = data / JOURNAL_FILE
    if not path.exists():
        raise UsageError(tr("{path}: there is no journal; no runtime has run here", path=path))
    return revision_times(path)


# ------------------------------------------------------------------------------------------ what is asked


def _check_reason(reason: str) -> None:
    if len(reason) > REASON_LIMIT:
        raise UsageError(tr("--reason is longer than {count} characters", count=REASON_LIMIT))
    if not reason.strip().isprintable():
        raise UsageError(
            tr("--reason holds a line end or another sign that cannot be printed; write it on one line")
        )


def _must_run(data: Path) -> None:
    """UsageError: without a runtime there is nothing to do."""
    from hmi.client.local import is_running

    if not is_running(data):
        raise UsageError(
            tr(
                "no runtime is running for {data}; the next one takes the folder as it is: hmi run PLANT",
                data=data,
            )
        )


def _previewed(plant: Path, data: Path, session: str) -> dict[str, Any]:
    from hmi.client.once import ask

    return dict(ask(data, "/v1/reload", {"folder": str(plant.resolve())}, session=session))


def _reloaded(plant: Path, data: Path, session: str, reason: str, *, dry_run: bool = False) -> dict[str, Any]:
    from hmi.cli._users import console_actor
    from hmi.client.once import tell

    body = {
        "reason": reason, "author": console_actor(), "dry_run": dry_run, "folder": str(plant.resolve()),
    }  # fmt: skip
    try:
        return dict(tell(data, "/v1/reload", body, session=session))
    except AccessRefused as error:
        if session:
            raise
        raise AccessRefused(tr("{error}; say who does it with --user NAME", error=error)) from None


def _rolled_back(plant: Path, data: Path, wanted: Kept, *, force: bool) -> RolledBack:
    from hmi.runtime import files_of, roll_back

    return roll_back(
        plant, data, wanted, force=force, known=lambda: files_of(wanted_revision(data, "running"))
    )


def _taken_or_undone(plant: Path, data: Path, session: str, reason: str, done: RolledBack) -> dict[str, Any]:
    """What the runtime says; files that it refuses, or that the person may not apply any more, are put back."""
    try:
        found = _reloaded(plant, data, session, reason)
    except AccessRefused as error:
        _undo(done)
        raise AccessRefused(tr("{error}; the files are as they were before", error=error)) from error
    except WatchkeeperError as error:
        raise _not_in_force(error) from error
    if found["refusals"]:
        _undo(done)
    return found


def _undo(done: RolledBack) -> None:
    try:
        done.written.undo("hmi rollback")
    except WatchkeeperError as error:
        raise _not_in_force(error) from error


def _not_in_force(error: WatchkeeperError) -> WatchkeeperError:
    return type(error)(
        tr("{error}; the files are those of the revision, and are not in force yet", error=error)
    )


def _note(data: Path, wanted: Kept, reason: str) -> None:
    """The next runtime takes it into its journal."""
    from hmi.cli._users import console_actor
    from hmi.supervisor import write_note

    what = f"{console_actor()}: {wanted.revision}" + (f": {reason}" if reason else "")
    write_note(data, event="rollback", process="hmi", reason=what)


# ------------------------------------------------------------------------------------------ what is printed


def _print(found: dict[str, Any], *, dry_run: bool) -> None:
    running = str(found["revision"])[:12]
    for line in found["refusals"]:
        typer.echo(printable(line), err=True)
    for line in found["changes"]:
        typer.echo(printable(line))
    if found["refusals"]:
        typer.echo(tr("refused; revision {revision} runs on", revision=running), err=True)
    elif not found["changes"]:
        typer.echo(tr("nothing changed; revision {revision} runs on", revision=running))
    elif dry_run:
        typer.echo(tr("not taken yet; revision {revision} runs on", revision=running))
    else:
        typer.echo(tr("revision {revision} is in force", revision=running))


def _print_rollback(wanted: Kept, done: RolledBack, found: dict[str, Any] | None, *, as_json: bool) -> None:
    from hmi.runtime import short_name

    if as_json:
        told = {
            "revision": wanted.revision, "kept": done.kept, "files": done.sentences,
            "in_force": found is not None and not found["refusals"],
            "refusals": found["refusals"] if found is not None else [],
        }  # fmt: skip
        return typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    for name, lines in done.sentences.items():
        typer.echo(printable(f"{name}:"))
        for line in lines:
            typer.echo(printable(f"  {line}"))
    typer.echo(tr("what stood in the folder is kept as {name}", name=short_name(done.kept)))
    if found is None:
        return typer.echo(
            tr("no runtime is running; the next one starts with {name}", name=wanted.revision[:12])
        )
    if found["refusals"]:
        typer.echo(tr("the runtime refused it, and the files are as they were before"), err=True)
    return _print(found, dry_run=False)
