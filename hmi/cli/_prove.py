"""``hmi prove``: what the receiver of an export has to have, as a statement for ``export_checker.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._options import DataDir, PlantFolder, data_for
from hmi.cli._times import instant_ns
from hmi.core.clock import wall_ns
from hmi.core.errors import UsageError
from hmi.core.texts import tr


def prove(
    plant: PlantFolder,
    job: Annotated[str, typer.Argument(help="The export.")],
    start: Annotated[
        str, typer.Option("--from", help="Gaps from here on: 2026-05-31T14:00 (local), …Z, -8h.")
    ] = "-1d",
    end: Annotated[str, typer.Option("--to", help="The same, or now.")] = "now",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write to this file.")] = None,
    checker: Annotated[
        Path | None, typer.Option("--checker", help="Also write the stand-alone checker to this file.")
    ] = None,
    data: DataDir = None,
) -> None:
    """State what an export has delivered: number and digest of the last package, and of each series what is final and
    where nothing is known. The receiver checks it with export_checker.py, which needs nothing of ours.
    """
    from hmi.bootstrap import open_history
    from hmi.export import export_checker, progresses, series_of
    from hmi.export import prove as proving
    from hmi.export.digest import canonical
    from hmi.exporting import EXPORTS_FOLDER, check_jobs
    from hmi.project import open_plant

    opened = open_plant(plant)
    check_jobs(opened, [job])
    folder = data_for(opened.id, data)
    found = progresses(folder / EXPORTS_FOLDER).get(job)
    if found is None:
        raise UsageError(tr("export {job} has never run with {folder}", job=job, folder=folder))
    definition = next(one for one in opened.exports if one.name == job)
    now = wall_ns()
    span = instant_ns(start, opened.zone, "from", now), instant_ns(end, opened.zone, "to", now)
    if span[0] >= span[1]:
        raise UsageError(tr("the range ends before it begins"))
    series = series_of(opened, definition)
    reader = open_history(opened, folder) if series else None
    try:
        content = proving.statement(f"{opened.id}/{job}", found, series, reader, span, made=now)
    finally:
        if reader is not None:
            reader.close()
    text = canonical(content)
    _write(out, text)
    if checker is not None:
        _write(checker, Path(export_checker.__file__).read_text(encoding="utf-8"))


def _write(path: Path | None, text: str) -> None:
    if path is None:
        typer.echo(text)
        return
    try:
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
