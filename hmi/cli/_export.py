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

from hmi.cli._options import AsJson, DataDir, LogFormat, PlantFolder, data_for
from hmi.cli._tables import print_table
from hmi.core.errors import UsageError, WatchkeeperError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.export import JobFigures
    from hmi.project.plant import Plant


class Act(Enum):
    LIST = "list"
    RUN = "run"
    STATUS = "status"
    REPLAY = "replay"
    PAUSE = "pause"
    RESUME = "resume"
    QUARANTINE = "quarantine"


def export(
    plant: PlantFolder,
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.STATUS,
    jobs: Annotated[list[str] | None, typer.Argument(help="Jobs by name; all when left out.")] = None,
    start: Annotated[str, typer.Option("--from", help="replay: 2026-05-31T14:00 (local), …Z, or -8h.")] = "",
    end: Annotated[str, typer.Option("--to", help="replay: the same, or now.")] = "now",
    once: Annotated[
        bool, typer.Option("--once", help="run: end when all there is now is delivered.")
    ] = False,
    data: DataDir = None,
    life: Annotated[Path | None, typer.Option(hidden=True)] = None,
    parent_pipe: Annotated[bool, typer.Option(hidden=True, help="End when standard input closes.")] = False,
    as_json: AsJson = False,
    log_format: LogFormat = "text",
) -> None:
    """Deliver what is recorded to files, databases and brokers: list the jobs, run them, see how they do, send again.

    A session (hmi run, hmi demo) runs them by itself; ``run`` is for a runtime without one (hmi serve), or for once.
    """
    from hmi.export import EXPORTS_FOLDER
    from hmi.exporting import ExportOptions, check_jobs
    from hmi.project import open_plant

    opened = open_plant(plant)
    names = tuple(jobs or ())
    check_jobs(opened, names)
    folder = data_for(opened.id, data)
    match act:
        case Act.LIST:
            _list(opened, names, as_json=as_json)
        case Act.STATUS:
            _status(opened, folder / EXPORTS_FOLDER, names, as_json=as_json)
        case Act.QUARANTINE:
            _quarantine(opened, folder / EXPORTS_FOLDER, names, as_json=as_json)
        case Act.RUN:
            _run(ExportOptions(plant, folder, names, once, life), parent_pipe=parent_pipe, as_json=as_json)
        case _:
            _ask(opened, folder / EXPORTS_FOLDER, act.value, names, (start, end))


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


def _status(plant: Plant, folder: Path, names: tuple[str, ...], *, as_json: bool) -> None:
    from hmi.export import told

    found = {one.job: one for one in told(folder)}
    rows = [
        _row(found[job.name], as_json=as_json)
        if job.name in found
        else {"job": job.name, "condition": tr("never ran")}
        for job in plant.exports
        if not names or job.name in names
    ]
    _print(rows, as_json=as_json, nothing=tr("the plant has no exports; docs/it.md tells how to add one"))


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


def _ask(plant: Plant, folder: Path, act: str, names: tuple[str, ...], span: tuple[str, str]) -> None:
    import getpass

    from hmi.cli._times import instant_ns
    from hmi.core.clock import wall_ns
    from hmi.export import Asked, ask

    if not names:
        raise UsageError(tr("say which export: {names}", names=", ".join(job.name for job in plant.exports)))
    start = end = 0
    if act == "replay":
        if not span[0]:
            raise UsageError(tr("say from when: --from 2026-05-31T14:00"))
        now = wall_ns()
        start = instant_ns(span[0], plant.zone, "from", now)
        end = instant_ns(span[1], plant.zone, "to", now)
        if start >= end:
            raise UsageError(tr("the range ends before it begins"))
    for name in names:
        ask(folder, Asked(0, name, act, start, end, getpass.getuser()))
        typer.echo(tr("{job}: {act} is asked for", job=name, act=act))


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
