"""Options that several verbs share, and how what was given is checked before anything starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from hmi.core.errors import UsageError
from hmi.core.logs import FORMATS, LOG_FORMAT, set_up

PlantFolder = Annotated[Path, typer.Argument(help="Plant folder (the one with plant.toml).")]
DataDir = Annotated[Path | None, typer.Option("--data", help="Where run-time data lie.")]
SealsDir = Annotated[
    Path | None,
    typer.Option(
        "--seals",
        envvar="WATCHKEEPER_SEALS",
        help="Further folder for seals of the journal, on another disk.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _take_log_format(chosen: str) -> str:
    """From here on, also in the processes that this one starts."""
    chosen = chosen.strip().lower()
    if chosen not in FORMATS:
        raise typer.BadParameter(f"{chosen!r} is no form of a log; use one of: {', '.join(FORMATS)}")
    os.environ[LOG_FORMAT] = chosen
    set_up()
    return chosen


LogFormat = Annotated[
    str,
    typer.Option(
        "--log-format",
        envvar=LOG_FORMAT,
        callback=_take_log_format,
        help="Form of the log on standard error: text, or json (one object a line).",
    ),
]
OwnTheme = Annotated[str, typer.Option("--theme", help="light or dark; the one chosen last when left out.")]
OwnScale = Annotated[
    int,
    typer.Option("--scale", help="Size of texts in per cent, 100 to 200; the one chosen last when left out."),
]
Kiosk = Annotated[
    bool, typer.Option("--kiosk", help="Full screen on every monitor; nothing closes by mistake.")
]


def data_for(plant_id: str, chosen: Path | None) -> Path:
    return made_folder(data_place(plant_id, chosen))


def data_place(plant_id: str, chosen: Path | None) -> Path:
    """Where the data of a plant lie, or would lie; makes nothing."""
    from platformdirs import user_data_path

    return chosen or user_data_path("watchkeeper", appauthor=False) / plant_id


def made_folder(folder: Path) -> Path:
    """The folder, made for its owner alone when it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder}: this folder cannot be made ({error.strerror or error})") from error
    return folder


def check_named(plant: Any, display: str) -> None:
    """Refuse a display that the plant does not have; empty stands for its home."""
    if display and display not in plant.displays:
        raise UsageError(no_display(plant, display))


def no_display(plant: Any, display: str) -> str:
    return f"there is no display {display!r}; use one of: {', '.join(sorted(plant.displays))}"


def check_screen() -> None:
    from hmi.app import display_problem

    if problem := display_problem():
        raise UsageError(problem)
