"""Which processes make up a session: simulator, runtime, station, and how each is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hmi.client.local import ADDRESS_FILE
from hmi.project.exports import EXPORTS_FOLDER, WANTED_FILE
from hmi.project.shipped import shipped_path
from hmi.supervisor._children import ChildSpec
from hmi.ui.exitcodes import BAD_USAGE, CLOSED, LEAVE_ON_WATCH

RUNTIME_LIFE = "runtime.life"
STATION_LIFE = "station.life"
EXPORTS_LIFE = "exports.life"
SOUNDER_LIFE = "sounder.life"
READY_FILE = "simulator.json"


@dataclass(frozen=True, slots=True)
class StationLook:
    """What the station's windows look like; an empty theme and a scale of 0 (per cent) are the user's own choice."""

    theme: str = ""
    scale: int = 0
    kiosk: bool = False

    def arguments(self) -> tuple[str, ...]:
        """For ``hmi open``."""
        theme = ("--theme", self.theme) if self.theme else ()
        scale = ("--scale", str(self.scale)) if self.scale else ()
        return (*theme, *scale, *(("--kiosk",) if self.kiosk else ()))


@dataclass(frozen=True, slots=True)
class Session:
    """What ``hmi demo``, ``hmi run`` and ``hmi shot`` start, in this order.

    ``record_sounds``: the tones are written to this file instead of being played. ``exports``: while the
    plant in force has export jobs, the process that delivers runs too.
    """

    plant: Path
    data: Path
    simulator: str = ""
    ports: str = "default"
    endpoints: Path | None = None
    listen: str = ""
    listen_anywhere: bool = False
    seals: Path | None = None
    watch: bool = False
    station: bool = True
    ask_on_close: bool = False
    display: str = ""
    look: StationLook = field(default_factory=StationLook)
    first_paint: Path | None = None
    record_sounds: Path | None = None
    exports: bool = False

    def specs(self) -> tuple[ChildSpec, ...]:
        """The children, the one that others need first."""
        simulator = (self._simulator(),) if self.simulator else ()
        station = (self._station(),) if self.station else ()
        sounder = (sounder_spec(self.data, record=self.record_sounds),) if self.station else ()
        exports = (self._exports(),) if self.exports else ()
        return (*simulator, self._runtime(), *exports, *sounder, *station)

    def _simulator(self) -> ChildSpec:
        ready = self.data / READY_FILE
        command = simulator_command(self.simulator, ready=ready, ports=self.ports)
        return ChildSpec(
            name="simulator",
            command=lambda reason: command,
            restart=False,
            ready=ready,
            environment=simulator_environment(),
        )

    def _runtime(self) -> ChildSpec:
        endpoints = self.data / READY_FILE if self.simulator else self.endpoints
        command = _hmi("serve", str(self.plant), "--data", str(self.data))
        command += ("--endpoints", str(endpoints)) if endpoints else ()
        command += (
            ("--parent-pipe",) if self.simulator else ()
        )  # without its simulator it has nothing to watch
        command += ("--listen", self.listen) if self.listen else ()
        command += ("--listen-anywhere",) if self.listen_anywhere else ()
        command += ("--seals", str(self.seals)) if self.seals else ()
        command += ("--watch",) if self.watch else ()
        return ChildSpec(
            name="runtime",
            command=lambda reason: (*command, "--reason", reason) if reason else command,
            life=self.data / RUNTIME_LIFE,
            ready=self.data / ADDRESS_FILE,
            wanted_exits=(BAD_USAGE,),
            closes_all=True,
        )

    def _exports(self) -> ChildSpec:
        life = self.data / EXPORTS_LIFE
        command = _hmi(
            "export", str(self.plant), "run", "--data", str(self.data), "--life", str(life), "--parent-pipe"
        )
        return ChildSpec(
            name="exports",
            command=lambda reason: command,
            life=life,
            wanted_exits=(),
            hang_ms=10_000,
            wanted=partial(os.path.exists, self.data / EXPORTS_FOLDER / WANTED_FILE),
        )

    def _station(self) -> ChildSpec:
        life = self.data / STATION_LIFE
        command = _hmi("open", "--data", str(self.data), "--life", str(life))
        command += self.look.arguments()
        command += ("--display", self.display) if self.display else ()
        command += ("--ask-on-close",) if self.ask_on_close else ()
        command += ("--first-paint", str(self.first_paint)) if self.first_paint else ()
        return ChildSpec(
            name="station",
            command=lambda reason: command,
            life=life,
            wanted_exits=(CLOSED, BAD_USAGE),
            leaving_exits=(LEAVE_ON_WATCH,),
            closes_all=True,
        )


def sounder_spec(
    data: Path, *, further: Mapping[str, Path] | None = None, record: Path | None = None
) -> ChildSpec:
    """The process that plays the tones of a station; its life sign has a name of its own in a shared folder."""
    life = data / f"{os.getpid()}-{SOUNDER_LIFE}"
    command = _hmi("sound", "--data", str(data), "--life", str(life), "--parent-pipe")
    for name, folder in (further or {}).items():
        command += ("--further", f"{name}={folder}")
    command += ("--record", str(record)) if record else ()
    return ChildSpec(name="sounder", command=lambda reason: command, life=life, wanted_exits=())


def _hmi(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "hmi", *arguments)


def simulator_command(
    name: str, *, ready: Path | None = None, ports: str = "default", extra: Sequence[str] = ()
) -> tuple[str, ...]:
    """The command line of a shipped simulator; it ends when the pipe from its parent closes."""
    command = (sys.executable, "-m", "simulators", "serve", name)
    command += ("--ports", "auto") if ports == "auto" else ()
    command += ("--ready", str(ready), "--parent-pipe") if ready else ()
    return (*command, *extra)


def simulator_environment() -> dict[str, str]:
    """The environment in which ``python -m simulators`` finds its package."""
    parent = str(shipped_path("simulators").parent)
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": f"{parent}{os.pathsep}{known}" if known else parent}
