"""``hmi audit``: the audit trail of a plant, read, exported and checked; also while its runtime runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hmi.cli._alarms import time_ns
from hmi.cli._options import AsJson, DataDir, PlantFolder, SealsDir, data_for
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.journal import AuditQuery
    from hmi.journal.audit_checker import Row
    from hmi.project.plant import Plant

_OF = {
    "verify": set(),
    "list": {"from", "to", "user", "object", "json"},
    "export": {"from", "to", "out", "package"},
}


def audit(
    plant: PlantFolder,
    action: Annotated[
        str,
        typer.Argument(
            help="verify: chain, seals and signatures. list: what people did. export: the same as files."
        ),
    ] = "verify",
    since: Annotated[
        str, typer.Option("--from", help="2026-05-31, 2026-05-31T14:00 or a time ago: 30min 8h 7d.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="The same; it ends before this time.")] = "",
    user: Annotated[str, typer.Option(help="Id of a person.")] = "",
    thing: Annotated[str, typer.Option("--object", help="Name of a tag, or id of an object.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write (export).")] = None,
    package: Annotated[
        Path | None, typer.Option("--package", help="Folder for records, seals, table and checker (export).")
    ] = None,
    seals: SealsDir = None,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """The audit trail: check it (exit 1 names the first wrong record), list it, export it."""
    from hmi.bootstrap import JOURNAL_FILE
    from hmi.journal import AuditQuery
    from hmi.project import open_plant

    given = {
        "from": since,
        "to": until,
        "user": user,
        "object": thing,
        "out": out,
        "package": package,
        "json": as_json,
    }
    _check_asked(action, {name for name, value in given.items() if value})
    opened = open_plant(plant)
    path = data_for(opened.id, data) / JOURNAL_FILE
    if not path.exists():
        raise UsageError(f"{path}: there is no journal")
    if action == "verify":
        return _verify(path, seals)
    start, end = time_ns(since, opened.zone, "from"), time_ns(until, opened.zone, "to")
    if start and end and end <= start:
        raise UsageError("--to is not after --from")
    query = AuditQuery(start, end, user, thing)
    if action == "list":
        return _list(opened, path, query, as_json)
    return _export(path, query, out, package)


def _check_asked(action: str, given: set[str]) -> None:
    if action not in _OF:
        raise UsageError(f"hmi audit PLANT {action} is not known; use one of: {', '.join(_OF)}")
    if wrong := sorted(given - _OF[action]):
        raise UsageError(f"--{wrong[0]} does not go with hmi audit PLANT {action}")
    if action == "export" and not given & {"out", "package"}:
        raise UsageError("say where to: hmi audit PLANT export -o FILE.csv, or --package FOLDER")


def _verify(path: Path, further: Path | None) -> None:
    """Twice on purpose: by what writes the journal, and by the checker that stands alone."""
    from hmi.journal import JournalReader, audit_checker

    reader = JournalReader(path, read_only=True)
    try:
        fault = reader.verify()
        newest = "" if fault else next((record.runtime_id for record in reader.newest(1, "", "")), "")
    finally:
        reader.close()
    try:
        files = [] if fault else _seal_files(path, further, newest)
        found = None if fault else audit_checker.check_journal(path, files, _key(path.parent))
    except audit_checker.WrongRecord as wrong:
        found, fault = None, str(wrong)
    except audit_checker.NotCheckable as why:
        raise UsageError(str(why)) from why
    if found is None:
        typer.echo(f"{path}: {fault}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{path}: {found.sentence()}")


def _seal_files(path: Path, further: Path | None, runtime_id: str) -> list[Path]:
    """Those beside the journal first, then a copy elsewhere of the same runtime."""
    from hmi.journal import SEALS_FILE, audit_checker

    own = path.parent / SEALS_FILE
    copies = audit_checker.seal_files_in(further, (runtime_id,)) if further else []
    if further and not copies:
        raise UsageError(f"{further}: there are no seals of this runtime")
    return [own, *copies] if own.exists() else copies


def _key(data: Path) -> bytes:
    """Empty when it is not here: the chain of the seals holds without it."""
    from hmi.journal import SEAL_KEY
    from hmi.security.secrets import Secrets

    try:
        return Secrets(data).get(SEAL_KEY).encode()
    except UsageError:
        return b""


def _list(plant: Plant, path: Path, query: AuditQuery, as_json: bool) -> None:
    from hmi.cli._alarm_data import shown_time
    from hmi.journal import audit_rows
    from hmi.journal.audit_checker import FIELDS

    if as_json:
        for row in audit_rows(path, query):
            typer.echo(
                json.dumps(
                    {**dict(zip(FIELDS, row, strict=True)), "payload": _payload(row)}, ensure_ascii=False
                )
            )
        return None
    return print_table(
        ("number", "time", "who", "what", "object", "old → new", "reason", "signed"),
        (
            [str(row[0]), shown_time(plant, row[3]), row[5], row[10], *_said(row)]
            for row in audit_rows(path, query)
        ),
    )


def _said(row: Row) -> Iterator[str]:
    from hmi.journal.audit_checker import signer_text

    payload = _payload(row)
    yield str(payload.get("tag") or payload.get("name") or row[7])
    has_values = payload.get("old") is not None or payload.get("new") is not None
    change = (
        f"{payload.get('old')} → {payload.get('new')} {payload.get('unit') or ''}".strip()
        if has_values
        else ""
    )
    yield change or str(payload.get("text") or "")
    yield str(payload.get("reason") or "")
    yield "; ".join(signer_text(one) for one in payload.get("signers") or () if isinstance(one, dict))


def _payload(row: Row) -> dict[str, Any]:
    try:
        found = json.loads(row[13])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _export(path: Path, query: AuditQuery, out: Path | None, package: Path | None) -> None:
    from hmi.journal import audit_checker, audit_rows, write_package

    if out is not None:
        text = audit_checker.csv_text(audit_rows(path, query))
        try:
            out.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
        typer.echo(f"{out}: written")
    if package is not None:
        try:
            seals = [seal for file in _seal_files(path, None, "") for seal in audit_checker.read_seals(file)]
        except (audit_checker.WrongRecord, audit_checker.NotCheckable) as wrong:
            raise UsageError(f"{wrong}; nothing was exported") from wrong
        first, last, sealed = write_package(path, seals, package, query)
        open_end = f"; records {sealed + 1} to {last} are not sealed yet" if sealed < last else ""
        typer.echo(
            f"{package}: records {first} to {last} written{open_end}; check: python audit_checker.py FOLDER"
        )
