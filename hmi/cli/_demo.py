"""``hmi demo``: simulator, runtime and window of a shipped plant in one call."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from hmi.cli._options import Kiosk, OwnScale, OwnTheme, check_named, check_screen
from hmi.cli._pictures import (
    Opens,
    Rehearsal,
    Size,
    check_picture,
    picture_size,
    shoot_session,
    wanted_openings,
)
from hmi.core.errors import UsageError

WARM_UP_LIMIT_MIN = 1440.0


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
    opens: Opens = None,
    first_paint: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Simulator, runtime and operator window of a shipped plant: nothing to configure."""
    from hmi.project import open_plant
    from hmi.supervisor import Session, StationLook, Supervisor

    plant = _shipped_plant(name)
    opened = open_plant(plant)
    check_named(opened, display)
    openings = wanted_openings(opened, opens)
    picture = picture_size(size)
    if not 0 <= warm_up <= WARM_UP_LIMIT_MIN:
        raise UsageError(f"--warm-up {warm_up:g} is outside 0 to {WARM_UP_LIMIT_MIN:g} minutes")
    if shot is None:
        check_screen()
    else:
        check_picture(shot)
    with tempfile.TemporaryDirectory(prefix="watchkeeper-", ignore_cleanup_errors=True) as folder:
        data = Path(folder)
        session = Session(
            plant=plant,
            data=data,
            simulator=name,
            ports=_ports(plant) if shot is None else "auto",  # a picture is made beside whatever runs
            station=shot is None,
            display=display,
            look=StationLook(theme, scale, kiosk),
            first_paint=first_paint,
            exports=shot is None or any(one.kind == "exports" for one in openings),
        )
        if shot is not None:
            steps = Rehearsal(warm_up, tuple(malfunction or ()))
            shoot_session(session, display, shot, picture, (theme or "light", scale or 100), steps, openings)
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
