"""``hmi run``, ``hmi serve`` and ``hmi open``: a runtime, a station, or both under supervision."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._options import (
    DataDir,
    Kiosk,
    OwnScale,
    OwnTheme,
    PlantFolder,
    check_named,
    check_screen,
    data_for,
)
from hmi.core.errors import UsageError

SOUNDER_ENDS_S = 10.0


def run(
    plant: PlantFolder,
    data: DataDir = None,
    endpoints: Annotated[Path | None, typer.Option(help="Endpoints file of a simulator.")] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for stations on other machines (TLS).")] = "",
    without_station: Annotated[bool, typer.Option(help="Supervise the runtime alone.")] = False,
    display: Annotated[str, typer.Option(help="Display to open first.")] = "",
    theme: OwnTheme = "",
    scale: OwnScale = 0,
    kiosk: Kiosk = False,
) -> None:
    """Supervisor with runtime and station; a process that stops or hangs is restarted within 3 s."""
    from hmi.client.local import is_running
    from hmi.project import open_plant
    from hmi.supervisor import Session, StationLook, Supervisor

    opened = open_plant(plant)
    check_named(opened, display)
    if not without_station:
        check_screen()
    folder = data_for(opened.id, data)
    if is_running(folder):
        # the children's start clears what an earlier session left, which would hide the one that runs
        raise UsageError(
            f"{folder}: another runtime has this data folder; open a station on it: hmi open {folder}"
        )
    session = Session(
        plant=plant,
        data=folder,
        endpoints=endpoints,
        listen=listen,
        station=not without_station,
        ask_on_close=True,
        display=display,
        look=StationLook(theme, scale, kiosk),
    )
    raise typer.Exit(Supervisor(session.specs(), folder).run())


def serve(
    plant: PlantFolder,
    data: DataDir = None,
    endpoints: Annotated[Path | None, typer.Option(help="Endpoints file of a simulator.")] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for stations on other machines (TLS).")] = "",
    reason: Annotated[str, typer.Option(help="Why this runtime is started; journalled first.")] = "",
    parent_pipe: Annotated[bool, typer.Option(hidden=True, help="End when standard input closes.")] = False,
) -> None:
    """The runtime alone: no window, no Qt."""
    from hmi.bootstrap import RuntimeOptions, run_runtime
    from hmi.project import open_plant

    opened = open_plant(plant)
    options = RuntimeOptions(
        plant=plant,
        data=data_for(opened.id, data),
        endpoints=endpoints,
        listen=listen,
        reason=reason,
        parent_pipe=parent_pipe,
    )
    raise typer.Exit(run_runtime(options))


def sound(
    data: Annotated[Path, typer.Option(help="Data folder of the runtime.")],
    further: Annotated[list[str] | None, typer.Option(help="NAME=FOLDER of a further runtime.")] = None,
    life: Annotated[Path | None, typer.Option(hidden=True)] = None,
    record: Annotated[Path | None, typer.Option(help="Write what is played to this file instead.")] = None,
    parent_pipe: Annotated[bool, typer.Option(hidden=True, help="End when standard input closes.")] = False,
) -> None:
    """The alarm tones of a running runtime, without a window; a station starts this by itself."""
    from hmi.sounder import SounderOptions, run_sounder

    pairs = (text.partition("=") for text in further or ())
    folders = {name: Path(folder) for name, _, folder in pairs}
    raise typer.Exit(run_sounder(SounderOptions(data, folders, life, record, parent_pipe)))


def open_station(
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]URL",
            help="Plant folder or data folder of a runtime on this machine; further ones are reached as NAME::tag.",
        ),
    ] = None,
    data: DataDir = None,
    display: Annotated[str, typer.Option(help="Display to open first.")] = "",
    theme: OwnTheme = "",
    scale: OwnScale = 0,
    kiosk: Kiosk = False,
    life: Annotated[Path | None, typer.Option(hidden=True)] = None,
    ask_on_close: Annotated[bool, typer.Option(hidden=True)] = False,
    first_paint: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """A station on a running runtime: the home runtime, and further ones by name."""
    check_screen()
    from hmi.app import StationOptions, run_station

    first, *others = urls or [""]
    folder = data or _data_of(_named_url(first)[1])
    options = StationOptions(
        data=folder,
        further=_further(folder, others),
        display=display,
        theme=theme,
        scale=scale,
        kiosk=kiosk,
        life=life,
        ask_on_close=ask_on_close,
        first_paint=first_paint,
    )
    if life is not None:  # its supervisor has started the tones
        raise typer.Exit(run_station(options))
    with _sounder(folder, options.further):
        code = run_station(options)
    raise typer.Exit(code)


@contextlib.contextmanager
def _sounder(data: Path, further: Mapping[str, Path]) -> Iterator[None]:
    """The process of the tones, watched from a thread as long as the station is open."""
    from hmi.supervisor import Supervisor, sounder_spec

    supervisor = Supervisor([sounder_spec(data, further=further)], data)
    thread = threading.Thread(target=supervisor.run, name="sounder's supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        supervisor.stop()
        thread.join(SOUNDER_ENDS_S)


def _named_url(text: str) -> tuple[str, str]:
    """Name and URL of ``NAME=URL``; the name is empty for a URL alone, which may hold = itself."""
    from hmi.core.identity import is_runtime_name

    name, mark, url = text.partition("=")
    return (name, url) if mark and is_runtime_name(name) and not Path(text).exists() else ("", text)


def _further(home: Path, urls: list[str]) -> dict[str, Path]:
    """Data folders by runtime name; without a name a runtime has that of its folder."""
    from hmi.core.identity import is_runtime_name

    found: dict[str, Path] = {}
    for text in urls:
        name, url = _named_url(text)
        name = name or Path(url).resolve().name
        if not is_runtime_name(name):
            raise UsageError(f"{text}: {name!r} cannot stand before ::; write NAME={url} with another name")
        if name in found:
            raise UsageError(f"two runtimes are called {name}; write NAME={url} with another name")
        folder = _data_of(url)
        if folder.resolve() in {home.resolve(), *(one.resolve() for one in found.values())}:
            raise UsageError(f"{text}: this runtime is named twice")
        found[name] = folder
    return found


def _data_of(url: str) -> Path:
    """The data folder that a plant folder, a data folder or nothing stands for."""
    from platformdirs import user_data_path

    from hmi.project import open_plant

    if url and (Path(url) / "plant.toml").exists():
        return data_for(open_plant(Path(url)).id, None)
    if url and Path(url).is_dir():
        return Path(url)
    if url:
        raise UsageError(f"{url} is neither a plant folder nor the data folder of a runtime on this machine")
    running = sorted(user_data_path("watchkeeper", appauthor=False).glob("*/runtime.life"))
    if len(running) != 1:
        raise UsageError("name the plant folder: hmi open PLANT")
    return running[0].parent
