"""The command line: every capability is scriptable and runs without a display (design section 7).

Exit codes: 0 done, 1 findings or refusal, 2 bad usage or input. Heavy modules are imported by the verb
that needs them, so that ``hmi check`` never loads Qt and ``hmi --help`` is quick.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from hmi.core.errors import AccessRefused, UsageError, WatchkeeperError

_HELP = "Watchkeeper: control-room HMI and SCADA."
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=_HELP)

WARM_UP_RATE = 60.0
WARM_UP_LIMIT_MIN = 1440.0
PlantFolder = Annotated[Path, typer.Argument(help="Plant folder (the one with plant.toml).")]
DataDir = Annotated[Path | None, typer.Option("--data", help="Where run-time data lie.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Size = Annotated[str, typer.Option("--size", help="Width x height in pixels.")]
ThemeName = Annotated[str, typer.Option("--theme", help="light or dark.")]
OwnTheme = Annotated[str, typer.Option("--theme", help="light or dark; the one chosen last when left out.")]
Scale = Annotated[int, typer.Option("--scale", help="Size of texts in per cent: 100, 125, 150, 175 or 200.")]
OwnScale = Annotated[
    int,
    typer.Option("--scale", help="Size of texts in per cent, 100 to 200; the one chosen last when left out."),
]
Kiosk = Annotated[
    bool, typer.Option("--kiosk", help="Full screen on every monitor; nothing closes by mistake.")
]


def main() -> None:
    """Entry point: an error the product raises on purpose becomes one sentence and an exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        app()
    except AccessRefused as refusal:
        _end(str(refusal), 1)
    except WatchkeeperError as error:
        told = getattr(error, "was_told", False)
        _end("" if told else str(error), getattr(error, "exit_code", 2) or 2)


def _end(sentence: str, code: int) -> NoReturn:
    if sentence:
        typer.echo(sentence, err=True)
    sys.exit(code)


def _data_for(plant_id: str, chosen: Path | None) -> Path:
    from platformdirs import user_data_path

    return _made(chosen or user_data_path("watchkeeper", appauthor=False) / plant_id)


def _made(folder: Path) -> Path:
    """The folder, made for its owner alone when it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder}: this folder cannot be made ({error.strerror or error})") from error
    return folder


def _check_picture(out: Path) -> None:
    """Refuse a place for a picture before anything is started for it."""
    if out.suffix.lower() != ".png":
        raise UsageError(f"{out}: a picture is written as PNG; name it {out.stem or 'picture'}.png")
    if out.is_dir():
        raise UsageError(f"{out}: this is a folder; name a file in it")
    _made(out.parent)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise UsageError(f"--size {text} is not a size; write it as 1920x1080") from None
    if not (320 <= width <= 7680 and 240 <= height <= 4320):
        raise UsageError(f"--size {text} is outside 320x240 to 7680x4320")
    return width, height


def _check_named(plant: Any, display: str) -> None:
    """Refuse a display that the plant does not have; empty stands for its home."""
    if display and display not in plant.displays:
        raise UsageError(_no_display(plant, display))


def _no_display(plant: Any, display: str) -> str:
    return f"there is no display {display!r}; use one of: {', '.join(sorted(plant.displays))}"


def _check_display() -> None:
    from hmi.app import display_problem

    if problem := display_problem():
        raise UsageError(problem)


# ------------------------------------------------------------------------------------------ sessions


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="A shipped plant with a simulator.")] = "waterworks",
    shot: Annotated[Path | None, typer.Option(help="Render the session to a PNG; needs no display.")] = None,
    display: Annotated[str, typer.Option(help="Display to show; empty = the plant's home.")] = "",
    size: Size = "1920x1080",
    theme: OwnTheme = "",
    scale: OwnScale = 0,
    kiosk: Kiosk = False,
    warm_up: Annotated[float, typer.Option(help="Simulated minutes before the picture, at 60x.")] = 0.0,
    malfunction: Annotated[list[str] | None, typer.Option(help="Malfunction id to set before it.")] = None,
    first_paint: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Simulator, runtime and operator window of a shipped plant: nothing to configure."""
    from hmi.project import open_plant
    from hmi.supervisor import Session, StationLook, Supervisor

    plant = _shipped_plant(name)
    _check_named(open_plant(plant), display)
    picture = _size(size)
    if not 0 <= warm_up <= WARM_UP_LIMIT_MIN:
        raise UsageError(f"--warm-up {warm_up:g} is outside 0 to {WARM_UP_LIMIT_MIN:g} minutes")
    if shot is None:
        _check_display()
    else:
        _check_picture(shot)
    with tempfile.TemporaryDirectory(prefix="watchkeeper-", ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        session = Session(
            plant=plant,
            data=data,
            simulator=name,
            ports=_ports(plant),
            station=shot is None,
            display=display,
            look=StationLook(theme, scale, kiosk),
            first_paint=first_paint,
        )
        if shot is not None:
            steps = _Rehearsal(warm_up, tuple(malfunction or ()))
            _shoot(session, display, shot, picture, (theme or "light", scale or 100), steps)
            return
        code = Supervisor(session.specs(), data).run()
    raise typer.Exit(code)


def _shipped_plant(name: str) -> Path:
    from hmi.project.shipped import shipped_path

    folder = shipped_path("screens") / name
    if not (folder / "plant.toml").exists():
        known = sorted(p.parent.name for p in shipped_path("screens").glob("*/plant.toml"))
        raise UsageError(f"there is no demo called {name!r}; use one of: {', '.join(known)}")
    return folder


def _ports(plant: Path) -> str:
    """``default`` when the plant's fixed loopback ports are free, else ``auto``."""
    import socket
    from urllib.parse import urlsplit

    from hmi.project import open_plant

    for connection in open_plant(plant).connections.values():
        for endpoint in connection.endpoints:
            address = urlsplit(endpoint)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((address.hostname or "127.0.0.1", address.port or 0))
                except OSError:
                    return "auto"
    return "default"


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """What happens to the simulated plant before its picture is taken."""

    minutes: float = 0.0
    malfunctions: tuple[str, ...] = ()

    def play(self, ready: Path) -> None:
        from hmi.client.instructor import instructor_address, request

        if not self.minutes and not self.malfunctions:
            return
        address = instructor_address(ready)
        for name in self.malfunctions:
            answer = request(address, "malfunction", {"id": name, "action": "set"})
            if not answer.get("ok"):
                raise UsageError(f"--malfunction {name}: {answer.get('error', 'refused')}")
        request(address, "speed", {"rate": WARM_UP_RATE})
        time.sleep(self.minutes * 60 / WARM_UP_RATE)
        request(address, "speed", {"rate": 1.0})
        time.sleep(2.0)


def _shoot(
    session: Any,
    display: str,
    out: Path,
    size: tuple[int, int],
    look: tuple[str, int],
    rehearsal: _Rehearsal | None = None,
) -> None:
    from hmi.app import ShotOptions, shoot
    from hmi.supervisor import READY_FILE, Supervisor

    supervisor = Supervisor(session.specs(), session.data)
    try:
        supervisor.start_all()
        (rehearsal or _Rehearsal()).play(session.data / READY_FILE)
        theme, scale = look
        shoot(ShotOptions(session.data, out, display, size, theme, scale))
    finally:
        supervisor.end_all()
    typer.echo(f"{out}: {size[0]}x{size[1]}")


@app.command()
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
    _check_named(opened, display)
    if not without_station:
        _check_display()
    folder = _data_for(opened.id, data)
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


@app.command()
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
        data=_data_for(opened.id, data),
        endpoints=endpoints,
        listen=listen,
        reason=reason,
        parent_pipe=parent_pipe,
    )
    raise typer.Exit(run_runtime(options))


@app.command(name="open")
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
    _check_display()
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
    raise typer.Exit(run_station(options))


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
        return _data_for(open_plant(Path(url)).id, None)
    if url and Path(url).is_dir():
        return Path(url)
    if url:
        raise UsageError(f"{url} is neither a plant folder nor the data folder of a runtime on this machine")
    running = sorted(user_data_path("watchkeeper", appauthor=False).glob("*/runtime.life"))
    if len(running) != 1:
        raise UsageError("name the plant folder: hmi open PLANT")
    return running[0].parent


# ------------------------------------------------------------------------------------------ simulators


@app.command()
def sim(
    name: Annotated[str, typer.Argument(help="Name of a shipped simulator.")] = "waterworks",
    ports: Annotated[str, typer.Option(help="default or auto.")] = "default",
    ready: Annotated[Path | None, typer.Option(help="Write the real endpoints to this file.")] = None,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 1,
) -> None:
    """A simulator alone: real sockets on loopback, for any client."""
    from hmi.supervisor import simulator_command, simulator_environment

    if ports not in ("default", "auto"):
        raise UsageError(f"--ports {ports} is neither default nor auto")
    extra = ["--speed", str(speed), "--seed", str(seed)]
    extra += ["--ready", str(ready or _default_ready())]
    command = simulator_command(name, ports=ports, extra=extra)
    try:
        raise typer.Exit(subprocess.call(command, env=simulator_environment()))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _default_ready() -> Path:
    from platformdirs import user_data_path

    return _made(user_data_path("watchkeeper", appauthor=False)) / "simulator.json"


@app.command()
def simctl(
    verb: Annotated[
        str, typer.Argument(help="status freeze run step speed malfunction snapshot restore shutdown")
    ],
    arguments: Annotated[list[str] | None, typer.Argument(help="name=value …")] = None,
    ready: Annotated[Path | None, typer.Option(help="The simulator's endpoints file.")] = None,
) -> None:
    """Speak to a running simulator: ``hmi simctl malfunction id=pump_trip_p101a action=set``."""
    from hmi.client.instructor import instructor_address, request

    answer = request(instructor_address(ready or _default_ready()), verb, _pairs(verb, arguments or []))
    typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
    if not answer.get("ok"):
        raise typer.Exit(1)


_FIRST_ARGUMENT = {
    "step": "seconds",
    "speed": "rate",
    "malfunction": "id",
    "snapshot": "name",
    "restore": "name",
}


def _pairs(verb: str, arguments: list[str]) -> dict[str, Any]:
    """``name=value`` pairs; the first word may stand alone (``step 60``, ``speed 10``)."""
    pairs: dict[str, Any] = {}
    for index, text in enumerate(arguments):
        name, mark, value = text.partition("=")
        if not mark:
            if index or verb not in _FIRST_ARGUMENT:
                raise UsageError(f"{text!r} is not name=value")
            name, value = _FIRST_ARGUMENT[verb], text
        pairs[name] = _number(value)
    return pairs


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


# ------------------------------------------------------------------------------------------ plant folders


@app.command()
def new(folder: Annotated[Path, typer.Argument(help="Folder to make.")]) -> None:
    """A plant folder that works, to start from."""
    from hmi.project import new_plant

    new_plant(folder)
    typer.echo(f"{folder}: made. Next: hmi check {folder}")


@app.command()
def check(plant: PlantFolder, as_json: AsJson = False) -> None:
    """Lint a plant folder: one line a finding, exit 1 when there is an error."""
    from hmi.check import check_plant, findings_as_json

    findings = check_plant(plant)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        typer.echo(findings_as_json(findings))
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.sentence}")
        typer.echo(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)


@app.command(name="format")
def format_(plant: PlantFolder) -> None:
    """Rewrite in canonical form and keep missing ids; an unchanged plant changes no byte."""
    from hmi.project import format_plant

    changed = format_plant(plant)
    for path in changed:
        typer.echo(f"{path}: rewritten")
    if not changed:
        typer.echo("nothing to change")


@app.command()
def shot(
    plant: PlantFolder,
    display: Annotated[str, typer.Argument(help="Display name.")],
    out: Annotated[Path, typer.Argument(help="PNG to write.")],
    data: DataDir = None,
    size: Size = "1920x1080",
    theme: ThemeName = "light",
    scale: Scale = 100,
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for a parameter of the display; may be repeated.")
    ] = None,
) -> None:
    """Render a display to a PNG, live from its runtime, or from a simulated session of its own."""
    from hmi.app import ShotOptions, shoot
    from hmi.client.local import is_running
    from hmi.project import open_plant
    from hmi.supervisor import Session

    opened = open_plant(plant)
    picture = _size(size)
    if display not in opened.displays:
        raise UsageError(_no_display(opened, display))
    display = _opened_with(opened, display, parameter or [])
    _check_picture(out)
    folder = _data_for(opened.id, data)
    if is_running(folder):
        shoot(ShotOptions(folder, out, display, picture, theme, scale))
        typer.echo(f"{out}: {size}")
        return
    with tempfile.TemporaryDirectory(prefix="watchkeeper-", ignore_cleanup_errors=True) as temporary:
        simulator = opened.name if opened.simulated and _has_simulator(opened.name) else ""
        session = Session(plant=plant, data=Path(temporary), simulator=simulator, ports="auto", station=False)
        _shoot(session, display, out, picture, (theme, scale))


def _opened_with(plant: Any, display: str, given: list[str]) -> str:
    """The address of a display with its arguments, each written NAME=VALUE."""
    from hmi.check import opened_with

    texts: dict[str, str] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark or name in texts:
            raise UsageError(f"--parameter {text}: write each parameter once, as NAME=VALUE")
        texts[name] = value
    return opened_with(plant, display, texts)


def _has_simulator(name: str) -> bool:
    from hmi.project.shipped import shipped_path

    return (shipped_path("simulators") / name).is_dir()


@app.command()
def generate(
    check_only: Annotated[bool, typer.Option("--check", help="Only say whether files are current.")] = False,
) -> None:
    """Write what is generated from definitions: JSON schemas, widths of letters, tables of the guides."""
    from hmi.check import font_widths, schemas, tables
    from hmi.project.shipped import shipped_path

    folder = shipped_path("resources") / "schemas"
    guides = shipped_path("resources").parent / "docs"
    if check_only:
        if stale := (*schemas.stale(folder), *font_widths.stale(), *tables.stale_guides(guides)):
            _end(f"{stale[0]}: stale; run hmi generate", 1)
        return
    for path in (*schemas.generate(folder), *font_widths.generate(), *tables.write_guides(guides)):
        typer.echo(f"{path}: written")


# ------------------------------------------------------------------------------------------ figures


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="modbus opcua tags station …")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure, and report each figure as a ratio against a named peer or limit."""
    from hmi.bench.runner import print_table, run_benches

    figures = run_benches(names or [])
    if as_json:
        typer.echo(json.dumps([figure.as_dict() for figure in figures], indent=1))
    else:
        print_table(figures)
    if any(figure.passed is False for figure in figures):
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
