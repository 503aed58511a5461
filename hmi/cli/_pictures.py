"""``hmi shot``, and how a session is rendered to a PNG: no display is needed."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hmi.cli._options import DataDir, PlantFolder, data_for, made_folder, no_display
from hmi.core.errors import UsageError
from hmi.core.openings import Opening, asked_of, opening, trend_of

WARM_UP_RATE = 60.0
Size = Annotated[str, typer.Option("--size", help="Width x height in pixels.")]
ThemeName = Annotated[str, typer.Option("--theme", help="light or dark.")]
Scale = Annotated[int, typer.Option("--scale", help="Size of texts in per cent: 100, 125, 150, 175 or 200.")]

Opens = Annotated[
    list[str] | None,
    typer.Option(
        "--open",
        help="Open alarms, areas, certificates, comms, exports, figures, handover, log, log:TEXT, people, "
        "points, points:STATE, past:TIME, find:TEXT, why:TAG, faceplate:INSTANCE, held:INSTANCE or ask:TAG=NUMBER "
        "before the picture; may be repeated.",
    ),
]


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
    opens: Opens = None,
    at: Annotated[
        str,
        typer.Option(
            help="Show the past of a runtime that runs: -10m, 14:05, 2026-10-25 14:05:30 or with an offset."
        ),
    ] = "",
) -> None:
    """Render a display to a PNG, live from its runtime or as it was, or from a simulated session of its own."""
    from hmi.app import ShotOptions, shoot
    from hmi.client.local import is_running
    from hmi.project import open_plant
    from hmi.supervisor import Session

    opened = open_plant(plant)
    picture = picture_size(size)
    if display not in opened.displays:
        raise UsageError(no_display(opened, display))
    display = _opened_with(opened, display, parameter or [])
    openings = wanted_openings(opened, opens)
    check_picture(out)
    folder = data_for(opened.id, data)
    if at:
        _check_at(opened, at, is_running=is_running(folder))
    if is_running(folder):
        shoot(ShotOptions(folder, out, display, picture, theme, scale, openings, at))
        typer.echo(f"{out}: {size}")
        return
    with tempfile.TemporaryDirectory(prefix="watchkeeper-", ignore_cleanup_errors=True) as temporary:
        simulator = opened.name if opened.simulated and _has_simulator(opened.name) else ""
        session = Session(plant=plant, data=Path(temporary), simulator=simulator, ports="auto", station=False)
        shoot_session(session, display, out, picture, (theme, scale), openings=openings)


def _check_at(plant: Any, at: str, *, is_running: bool) -> None:
    """Refuse a time that is none before anything is started for it."""
    from zoneinfo import ZoneInfo

    from hmi.core.clock import wall_ns
    from hmi.core.instants import instant

    instant(at, wall_ns(), ZoneInfo(plant.zone))
    if not is_running:
        raise UsageError(
            f"--at {at}: no runtime of this plant runs; start it with hmi run, it keeps its past"
        )


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


def wanted_openings(plant: Any, given: list[str] | None) -> tuple[Opening, ...]:
    """What ``--open`` asks for; refused before anything is started for it."""
    from hmi.client.points import POINT_STATES

    found = tuple(opening(text) for text in given or ())
    for one in found:
        if one.kind == "why" and one.name not in plant.by_name:
            raise UsageError(f"--open why:{one.name}: there is no such tag")
        if (
            one.kind in {"faceplate", "held"}
            and one.name not in plant.instances
            and one.name not in plant.by_name
        ):
            raise UsageError(
                f"--open {one.kind}:{one.name}: there is no such piece of equipment and no such tag"
            )
        if one.kind == "ask" and (tag := asked_of(one.name)[0]) not in plant.by_name:
            raise UsageError(f"--open ask:{one.name}: there is no tag {tag}")
        if one.kind == "trend" and (
            gone := [tag for tag in trend_of(one.name)[0] if tag not in plant.by_name]
        ):
            raise UsageError(f"--open trend:{one.name}: there is no tag {gone[0]}")
        if one.kind == "points" and one.name and one.name not in POINT_STATES:
            raise UsageError(
                f"--open points:{one.name}: there is no such state; use one of: {', '.join(sorted(POINT_STATES))}"
            )
    return found


def _has_simulator(name: str) -> bool:
    from hmi.project.shipped import shipped_path

    return (shipped_path("simulators") / name).is_dir()


def check_picture(out: Path) -> None:
    """Refuse a place for a picture before anything is started for it."""
    if out.suffix.lower() != ".png":
        raise UsageError(f"{out}: a picture is written as PNG; name it {out.stem or 'picture'}.png")
    if out.is_dir():
        raise UsageError(f"{out}: this is a folder; name a file in it")
    made_folder(out.parent)


def picture_size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise UsageError(f"--size {text} is not a size; write it as 1920x1080") from None
    if not (320 <= width <= 7680 and 240 <= height <= 4320):
        raise UsageError(f"--size {text} is outside 320x240 to 7680x4320")
    return width, height


@dataclass(frozen=True, slots=True)
class Rehearsal:
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


def shoot_session(
    session: Any,
    display: str,
    out: Path,
    size: tuple[int, int],
    look: tuple[str, int],
    rehearsal: Rehearsal | None = None,
    openings: tuple[Opening, ...] = (),
) -> None:
    from hmi.app import ShotOptions, shoot
    from hmi.supervisor import READY_FILE, Supervisor

    supervisor = Supervisor(session.specs(), session.data)
    try:
        supervisor.start_all()
        (rehearsal or Rehearsal()).play(session.data / READY_FILE)
        theme, scale = look
        shoot(ShotOptions(session.data, out, display, size, theme, scale, openings))
    finally:
        supervisor.end_all()
    typer.echo(f"{out}: {size[0]}x{size[1]}")
