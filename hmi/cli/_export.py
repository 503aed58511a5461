"""``hmi export``: the jobs that deliver the plant's data, what they are doing, and what is asked of them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hmi.cli._export_tokens import Wish, token_act
from hmi.cli._options import AsJson, DataDir, LogFormat, PlantFolder, data_for
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError, WatchkeeperError
from hmi.core.priority import step_back
from hmi.core.texts import tr
from hmi.project.exports import EXPORTS_FOLDER

if TYPE_CHECKING:
    from hmi.export import Asked, JobFigures
    from hmi.project.plant import Plant


class Act(Enum):
    LIST = "list"
    RUN = "run"
    STATUS = "status"
    REPLAY = "replay"
    PAUSE = "pause"
    RESUME = "resume"
    QUARANTINE = "quarantine"
    TOKEN = "token"


def export(
    plant: PlantFolder,
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.STATUS,
    jobs: Annotated[list[str] | None, typer.Argument(help="Jobs by name; all when left out.")] = None,
    start: Annotated[str, typer.Option("--from", help="replay: 2026-05-31T14:00 (local), …Z, or -8h.")] = "",
    end: Annotated[str, typer.Option("--to", help="replay: the same, or now.")] = "now",
    reason: Annotated[str, typer.Option(help="pause, resume, replay: why; it is kept in the journal.")] = "",
    once: Annotated[
        bool, typer.Option("--once", help="run: end when all there is now is delivered.")
    ] = False,
    scope: Annotated[
        list[str] | None, typer.Option(help="token add: read:live, read:history, read:events, read:audit.")
    ] = None,
    areas: Annotated[
        str, typer.Option(help="token add: areas it may see, with commas; all when left out.")
    ] = "",
    expires: Annotated[
        str, typer.Option(help="token add: its end, 2027-01-31 or a length such as 90d; never when left out.")
    ] = "",
    data: DataDir = None,
    life: Annotated[Path | None, typer.Option(hidden=True)] = None,
    parent_pipe: Annotated[bool, typer.Option(hidden=True, help="End when standard input closes.")] = False,
    as_json: AsJson = False,
    log_format: LogFormat = "text",
) -> None:
    """Deliver what is recorded to files, databases and brokers: list the jobs, run them, see how they do, send again.

    A session (hmi run, hmi demo) runs them by itself; ``run`` is for a runtime without one (hmi serve), or for once.
    ``token add NAME``, ``token remove NAME`` and ``token list`` are about who may ask the REST server.
    """
    from hmi.export import Asked
    from hmi.exporting import ExportOptions, check_jobs
    from hmi.project import open_plant

    opened = open_plant(plant)
    names = tuple(jobs or ())
    folder = data_for(opened.id, data)
    if act is Act.TOKEN:
        token_act(opened, folder, names, Wish(tuple(scope or ()), areas, expires), as_json=as_json)
        return
    if scope or areas or expires:
        raise UsageError(tr("--scope, --areas and --expires belong to: hmi export PLANT token add NAME"))
    if reason and act not in (Act.REPLAY, Act.PAUSE, Act.RESUME):
        raise UsageError(tr("--reason belongs to pause, resume and replay"))
    check_jobs(opened, names)
    if act is Act.RUN:
        _run(ExportOptions(plant, folder, names, once, life), parent_pipe=parent_pipe, as_json=as_json)
    elif act in (Act.REPLAY, Act.PAUSE, Act.RESUME):
        asked = Asked(0, "", act.value, reason=reason.strip())
        _ask(opened, folder / EXPORTS_FOLDER, asked, names, (start, end))
    else:
        _shown(act, opened, folder, names, as_json=as_json)


def _shown(act: Act, plant: Plant, folder: Path, names: tuple[str, ...], *, as_json: bool) -> None:
    if act is Act.LIST:
        _list(plant, names, as_json=as_json)
    elif act is Act.STATUS:
        _status(plant, folder, names, as_json=as_json)
    else:
        _quarantine(plant, folder / EXPORTS_FOLDER, names, as_json=as_json)


def _list(plant: Plant, names: tuple[str, ...], *, as_json: bool) -> None:
    from hmi.export import series_of

    rows = [
        {
            "job": job.name, "to": job.to, "what": job.what.value, "series": len(series_of(plant, job)),
            "every_s": job.every_s, "enabled": job.enabled,
        }
        for job in plant.exports
        if not names or job.name in names
    ]  # fmt: skip
    _print(rows, as_json=as_json, nothing=tr("the plant has no exports; docs/it.md tells how to add one"))


def _status(plant: Plant, data: Path, names: tuple[str, ...], *, as_json: bool) -> None:
    from hmi.export import EXPORTS_FOLDER, told

    found = {one.job: one for one in told(data / EXPORTS_FOLDER)}
    wanted = [job.name for job in plant.exports if not names or job.name in names]
    waits = _not_loaded(plant, data) if any(name not in found for name in wanted) else ()
    rows = [
        {"job": name, "condition": tr("not loaded yet: hmi reload PLANT")}
        if name in waits
        else _row(found[name], as_json=as_json)
        if name in found
        else {"job": name, "condition": tr("never ran")}
        for name in wanted
    ]
    _print(rows, as_json=as_json, nothing=tr("the plant has no exports; docs/it.md tells how to add one"))


def _not_loaded(plant: Plant, data: Path) -> list[str]:
    """Jobs of the folder that the revision in force has not."""
    from hmi.core.errors import StorageError
    from hmi.exporting import applied_revision
    from hmi.runtime import plant_of_revision

    applied = applied_revision(data)
    if applied in ("", plant.revision):
        return []
    try:
        in_force = [job.name for job in plant_of_revision(data, applied).exports]
    except (StorageError, UsageError):
        return []
    return [job.name for job in plant.exports if job.name not in in_force]


def _row(figures: JobFigures, *, as_json: bool) -> dict[str, Any]:
    """What was told too long ago says nothing of how the job is now: its figures stay empty."""
    import msgspec

    from hmi.core.clock import wall_ns

    is_fresh = figures.is_fresh(wall_ns())
    if as_json:
        return {**msgspec.to_builtins(figures), "is_fresh": is_fresh}
    known = is_fresh and figures.is_measured
    silent = tr("no sign of life since {time}", time=_time(figures.told))
    return {
        "job": figures.job, "to": figures.to, "condition": figures.condition.value if is_fresh else silent,
        "rows": f"{figures.rows:,}", "rows/s": f"{figures.rate:,.0f}" if known else "",
        "behind s": f"{figures.lag_s:,.1f}" if known else "", "backlog s": f"{figures.backlog_s:,.0f}" if known else "",
        "complete until": _time(figures.complete_until), "dropped": figures.dropped,
        "quarantined": figures.quarantined, "last error": figures.text or figures.last_error,
    }  # fmt: skip


def _quarantine(plant: Plant, folder: Path, names: tuple[str, ...], *, as_json: bool) -> None:
    from hmi.export import quarantined

    rows = [
        {"job": job.name, "package": package, "at": _time(at), "reason": reason, "row": row}
        for job in plant.exports
        if not names or job.name in names
        for package, at, reason, row in quarantined(folder, job.name)
    ]
    _print(rows, as_json=as_json, nothing=tr("nothing is in quarantine"))


def _run(options: Any, *, parent_pipe: bool, as_json: bool) -> None:
    from hmi.exporting import ExportProcess, StuckJob

    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, lambda *_: stop.set())
    if parent_pipe:
        threading.Thread(target=_until_closed, args=(stop,), name="parent pipe", daemon=True).start()
    process = ExportProcess(options, stop)
    if not options.once:
        step_back()  # nobody waits for it at a screen
        try:
            process.run()
        except StuckJob as error:
            _end_at_once(error)
        return
    rows: list[dict[str, Any]] = []
    try:
        process.once(lambda figures: rows.append(_row(figures, as_json=as_json)))
    except WatchkeeperError:
        if rows:
            _print(rows, as_json=as_json, nothing="")
        raise
    _print(rows, as_json=as_json, nothing=tr("nothing was delivered"))


def _end_at_once(error: WatchkeeperError) -> NoReturn:
    """A thread that hangs in a library, and those of that library, would hold an ordinary end back."""
    logging.getLogger(__name__).error("%s", error)
    logging.shutdown()
    os._exit(1)


def _until_closed(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass  # only its end says something
    stop.set()


def _ask(plant: Plant, folder: Path, wish: Asked, names: tuple[str, ...], span: tuple[str, str]) -> None:
    """Left for the process that delivers, and for the journal of the runtime under the user of this computer."""
    from msgspec.structs import replace

    from hmi.cli._times import instant_ns
    from hmi.cli._users import console_actor
    from hmi.core.clock import wall_ns
    from hmi.export import ask

    if not names:
        raise UsageError(tr("say which export: {names}", names=", ".join(job.name for job in plant.exports)))
    start, end, now = 0, 0, wall_ns()
    if wish.act == "replay":
        if not span[0]:
            raise UsageError(tr("say from when: --from 2026-05-31T14:00"))
        start = instant_ns(span[0], plant.zone, "from", now)
        end = instant_ns(span[1], plant.zone, "to", now)
        if start >= end:
            raise UsageError(tr("the range ends before it begins"))
    for name in names:
        asked = replace(wish, job=name, start=start, end=end, by=console_actor(), at=now)
        ask(folder, asked, is_noted=False)
        typer.echo(tr("{job}: {act} is asked for", job=name, act=wish.act))


def _time(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at > 0 else ""


def _print(rows: list[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if not rows:
        typer.echo(nothing)
        return
    columns = list(dict.fromkeys(key for row in rows for key in row))
    print_table(columns, ([str(row.get(column, "")) for column in columns] for row in rows))
