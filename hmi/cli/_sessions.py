"""``hmi run``, ``hmi serve`` and ``hmi open``: a runtime, a station, or both under supervision."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._options import (
    DataDir,
    Kiosk,
    LogFormat,
    OwnScale,
    OwnTheme,
    PlantFolder,
    SealsDir,
    check_named,
    check_screen,
    data_for,
    data_place,
)
from hmi.cli._remote import remote_folder
from hmi.cli._users import offer_first_account
from hmi.client.remote import is_remote, parse_url
from hmi.core.errors import UsageError

SOUNDER_BEGINS_S, SOUNDER_ENDS_S = 5.0, 10.0
ListenAnywhere = Annotated[
    bool,
    typer.Option(
        "--listen-anywhere", help="Allow --listen at an address that is not of the plant network, on purpose."
    ),
]

Watch = Annotated[
    bool, typer.Option("--watch", help="Take changed files of the plant by themselves once they are right.")
]


def run(
    plant: PlantFolder,
    data: DataDir = None,
    endpoints: Annotated[Path | None, typer.Option(help="Endpoints file of a simulator.")] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for stations on other machines (TLS).")] = "",
    listen_anywhere: ListenAnywhere = False,
    seals: SealsDir = None,
    watch: Watch = False,
    without_station: Annotated[bool, typer.Option(help="Supervise the runtime alone.")] = False,
    display: Annotated[str, typer.Option(help="Display to open first.")] = "",
    theme: OwnTheme = "",
    scale: OwnScale = 0,
    kiosk: Kiosk = False,
    log_format: LogFormat = "text",
) -> None:
    """Supervisor with runtime and station; a process that stops or hangs is restarted within 3 s."""
    from hmi.client.local import is_running
    from hmi.project.compiled import kept_or_read, plant_id_of
    from hmi.supervisor import Session, StationLook, Supervisor

    opened = kept_or_read(plant, data_place(plant_id_of(plant), data))
    check_named(opened, display)
    if not without_station:
        check_screen()
    folder = data_for(opened.id, data)
    if is_running(folder):
        # the children's start clears what an earlier session left, which would hide the one that runs
        raise UsageError(
            f"{folder}: another runtime has this data folder; open a station on it: hmi open {folder}"
        )
    if endpoints is None and not listen:  # the runtime may refuse those; it asks for nothing in vain
        offer_first_account(opened, folder)
    session = Session(
        plant=plant,
        data=folder,
        endpoints=endpoints,
        listen=listen,
        listen_anywhere=listen_anywhere,
        seals=seals,
        watch=watch,
        station=not without_station,
        ask_on_close=True,
        display=display,
        look=StationLook(theme, scale, kiosk),
        exports=True,
    )
    raise typer.Exit(Supervisor(session.specs(), folder).run())


def serve(
    plant: PlantFolder,
    data: DataDir = None,
    endpoints: Annotated[Path | None, typer.Option(help="Endpoints file of a simulator.")] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for stations on other machines (TLS).")] = "",
    listen_anywhere: ListenAnywhere = False,
    seals: SealsDir = None,
    watch: Watch = False,
    reason: Annotated[str, typer.Option(help="Why this runtime is started; journalled first.")] = "",
    parent_pipe: Annotated[bool, typer.Option(hidden=True, help="End when standard input closes.")] = False,
    log_format: LogFormat = "text",
) -> None:
    """The runtime alone: no window, no Qt."""
    from hmi.core import heap
    from hmi.core.collector import without_collector

    with without_collector():  # a thousand modules and a million objects, and nothing of them is garbage
        from hmi.bootstrap import RuntimeOptions, opening, run_runtime
        from hmi.project.compiled import plant_id_of

        opened = opening(plant, data_place(plant_id_of(plant), data))
        heap.keep_all()
    options = RuntimeOptions(
        plant=plant,
        data=data_for(opened.plant.id, data),
        endpoints=endpoints,
        listen=listen,
        listen_anywhere=listen_anywhere,
        seals=seals,
        watch=watch,
        reason=reason,
        parent_pipe=parent_pipe,
        prepare=None if parent_pipe else offer_first_account,  # a supervisor has asked before
        opened=opened,
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
            help="Plant folder or data folder of a runtime on this machine, or https://HOST:PORT of one on another "
            "machine; further ones are reached as NAME::tag.",
        ),
    ] = None,
    data: DataDir = None,
    ca: Annotated[
        Path | None, typer.Option(help="ca.pem of the runtime at an https address; remembered.")
    ] = None,
    token_stdin: Annotated[
        bool,
        typer.Option(
            "--token-stdin", help="The token of this station is a line of standard input; remembered."
        ),
    ] = False,
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
    addresses = _Addresses(urls or [], ca, token_stdin)
    folder = data or addresses.data_of(_named_url(first)[1])
    options = StationOptions(
        data=folder,
        further=_further(folder, others, addresses),
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
    with _sounder(folder, options.further) as begin:
        code = run_station(options, begin)
    raise typer.Exit(code)


@contextlib.contextmanager
def _sounder(data: Path, further: Mapping[str, Path]) -> Iterator[Callable[[], None]]:
    """The process of the tones, watched from a thread as long as the station is open.

    It starts when the first display stands, which gets the processor for itself so, or after a few seconds.
    """
    from hmi.supervisor import Supervisor, sounder_spec

    supervisor = Supervisor([sounder_spec(data, further=further)], data)
    begin = threading.Event()

    def supervise() -> None:
        begin.wait(SOUNDER_BEGINS_S)
        if not ended.is_set():
            supervisor.run()

    ended = threading.Event()
    thread = threading.Thread(target=supervise, name="sounder's supervisor", daemon=True)
    thread.start()
    try:
        yield begin.set
    finally:
        ended.set()
        begin.set()
        supervisor.stop()
        thread.join(SOUNDER_ENDS_S)


def _named_url(text: str) -> tuple[str, str]:
    """Name and URL of ``NAME=URL``; the name is empty for a URL alone, which may hold = itself."""
    from hmi.core.identity import is_runtime_name

    name, mark, url = text.partition("=")
    return (name, url) if mark and is_runtime_name(name) and not Path(text).exists() else ("", text)


class _Addresses:
    """What the command line says of runtimes on other machines; ``--ca`` and ``--token-stdin`` are for one of them."""

    def __init__(self, urls: list[str], ca: Path | None, token_stdin: bool) -> None:
        self._ca, self._token_stdin = ca, token_stdin
        remote = [url for url in urls if is_remote(_named_url(url)[1])]
        if (ca or token_stdin) and len(remote) != 1:
            raise UsageError(
                "--ca and --token-stdin belong to one https address; open each one by itself once, then all together"
            )

    def data_of(self, url: str) -> Path:
        """The folder that stands for what was named."""
        if is_remote(url):
            return remote_folder(url, ca=self._ca, token_stdin=self._token_stdin)
        return _data_of(url)


def _further(home: Path, urls: list[str], addresses: _Addresses) -> dict[str, Path]:
    """Data folders by runtime name; without a name a runtime has that of its folder or host."""
    from hmi.core.identity import is_runtime_name

    found: dict[str, Path] = {}
    for text in urls:
        name, url = _named_url(text)
        name = name or (parse_url(url)[0] if is_remote(url) else Path(url).resolve().name)
        if not is_runtime_name(name):
            raise UsageError(f"{text}: {name!r} cannot stand before ::; write NAME={url} with another name")
        if name in found:
            raise UsageError(f"two runtimes are called {name}; write NAME={url} with another name")
        folder = addresses.data_of(url)
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
