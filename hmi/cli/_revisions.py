"""``hmi revisions``: which revision of the plant was in force when, who put it there and why; each can be looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hmi.cli._options import AsJson, DataDir, PlantFolder
from hmi.cli._plant_place import data_of, zone_of
from hmi.cli._printable import printable
from hmi.cli._reload import revision_log, wanted_revision
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError
from hmi.core.texts import tr

SHORT = 12


def revisions(
    plant: PlantFolder,
    show: Annotated[str, typer.Option(help="All that is known of one revision.")] = "",
    diff: Annotated[tuple[str, str], typer.Option(help="What differs between two of them.")] = ("", ""),
    at: Annotated[
        str, typer.Option(help="The one in force then: 2026-05-31T14:00, or a time ago: 30min 8h 7d.")
    ] = "",
    extract: Annotated[
        tuple[str, str], typer.Option(metavar="REVISION FOLDER", help="Write its files into a new folder.")
    ] = ("", ""),
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Revisions of a plant: in force from when to when, by whom, why, and what changed; also while it runs."""
    asked = [bool(show), any(diff), bool(at), any(extract)]
    if sum(asked) > 1:
        raise UsageError(tr("--show, --diff, --at and --extract do not go together"))
    folder, zone = data_of(plant, data), zone_of(plant)
    if any(diff):
        return _diff(folder, diff, as_json=as_json)
    if any(extract):
        return _extract(folder, extract[0], Path(extract[1]))
    times = revision_log(folder)
    if at:
        times = _valid_at(folder, times, at, zone)
    elif show:
        times = _of(times, _name(folder, show))
    if as_json:
        from hmi.runtime import revision_as_json

        return typer.echo(json.dumps([revision_as_json(one) for one in times], indent=1, ensure_ascii=False))
    if show or at:
        for one in times:
            _print_one(one, zone)
        return None
    return _list(folder, times, zone)


def _name(data: Path, text: str) -> str:
    return wanted_revision(data, text).revision


def _of(times: Sequence[Any], revision: str) -> list[Any]:
    found = [one for one in times if one.revision == revision]
    if not found:
        from hmi.runtime import short_name

        raise UsageError(tr("{revision} is kept and was never in force", revision=short_name(revision)))
    return found


def _valid_at(data: Path, times: Sequence[Any], text: str, zone: str) -> list[Any]:
    from hmi.bootstrap import JOURNAL_FILE
    from hmi.cli._times import instant_ns
    from hmi.core.clock import SystemClock
    from hmi.journal import revision_valid_at

    at = instant_ns(text, zone, "at", SystemClock().now_ns())
    revision = revision_valid_at(data / JOURNAL_FILE, at)
    chosen = [one for one in times if one.revision == revision]
    within = [one for one in chosen if one.start <= at and (not one.end or at < one.end)]
    return list((within or chosen)[-1:])


def _diff(data: Path, names: tuple[str, str], *, as_json: bool) -> None:
    from hmi.cli._diff import print_difference
    from hmi.project.folder_diff import folder_diff
    from hmi.runtime import files_of

    old, new = (wanted_revision(data, name) for name in names)
    found = folder_diff(files_of(old), files_of(new))
    print_difference(old.revision[:SHORT], new.revision[:SHORT], found, as_json=as_json)


def _extract(data: Path, name: str, target: Path) -> None:
    from hmi.project.folder_files import write_files
    from hmi.runtime import files_of

    files = files_of(wanted_revision(data, name))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            tr("{folder}: there is something already; name a new or an empty folder", folder=target)
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            tr("{folder}: cannot be made ({error})", folder=target, error=error.strerror or error)
        ) from error
    written = write_files(target, files, before={}, what="hmi revisions")
    typer.echo(tr("{folder}: {count} files", folder=target, count=len(written.paths)))


# ------------------------------------------------------------------------------------------ what is printed


def _list(data: Path, times: Sequence[Any], zone: str) -> None:
    from hmi.runtime import kept_revisions

    kept = kept_revisions(data)
    names = {one.revision for one in kept}
    header = ("from", "to", "who", "why", "what changed", "revision")
    print_table(header, (_row(one, zone, one.revision in names) for one in times))
    for one in kept:
        if one.is_saved:
            name = one.revision[: SHORT + 5]
            typer.echo(tr("{name}: kept by a rollback on {time}", name=name, time=_time(one.kept, zone)))


def _row(one: Any, zone: str, is_kept: bool) -> list[str]:
    more = len(one.changes) - 1
    what = one.changes[0] if one.changes else tr("as the runtime started with it")
    if more > 0:
        what += tr(" and {n} more", n=more)
    end = _time(one.end, zone) if one.end else tr("now")
    name = one.revision[:SHORT] + ("" if is_kept else tr(" (not kept)"))
    return [_time(one.start, zone), end, _who(one), one.reason, what, name]


def _who(one: Any) -> str:
    """The account as the system says it stands beside another one that the command line gave."""
    said = [one.author] if one.author else []
    if one.os_user and one.author.partition(":")[2] != one.os_user:
        said.append(tr("account {name}", name=one.os_user))
    return f"{one.actor} ({', '.join(said)})" if said else one.actor


def _print_one(one: Any, zone: str) -> None:
    end = _time(one.end, zone) if one.end else tr("now")
    typer.echo(tr("revision {revision}", revision=one.revision))
    typer.echo(tr("in force from {start} to {end}", start=_time(one.start, zone), end=end))
    typer.echo(printable(tr("by {who} at {station}", who=_who(one), station=one.station)))
    if one.reason:
        typer.echo(printable(tr("reason: {reason}", reason=one.reason)))
    if one.before:
        typer.echo(tr("before it: {revision}", revision=one.before[:SHORT]))
    for line in one.changes or (tr("it was read when the runtime started"),):
        typer.echo(printable(f"  {line}"))


def _time(at_ns: int, zone: str) -> str:
    moment = datetime.fromtimestamp(at_ns / 1e9, UTC).astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%d %H:%M:%S")
