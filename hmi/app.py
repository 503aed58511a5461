"""The Qt program: checks the computer before Qt starts, then builds one station and runs it.

This module imports no Qt by itself, so that a missing library is met by a sentence and not by a traceback.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib.metadata
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hmi.core.errors import CommunicationError, UsageError
from hmi.core.openings import Opening

# library -> Debian package; what the offscreen platform needs, then what X needs on top
BASE_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
}
X_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
HEADLESS = frozenset(("offscreen", "minimal", "vnc"))
NO_DISPLAY = (
    "there is no display on this machine (DISPLAY and WAYLAND_DISPLAY are not set); "
    "make demo-shot renders the same session to a PNG without one"
)
SHOT_TIMEOUT_S = 20.0
SHOWN_MOST_MS = 5_000  # after that the tones begin by themselves


@dataclass(frozen=True, slots=True)
class StationOptions:
    """``data``: folder of the runtime to open; ``life``: file to keep writing a life sign to.

    ``first_paint``: file that is told when the first display stood.
    ``further``: data folders of more runtimes, by the name that references to them begin with.
    ``theme`` and ``scale`` (per cent): empty and 0 for what the user chose before. ``kiosk``: every screen is
    covered, and only a combination of keys and a question lead out.
    """

    data: Path
    further: Mapping[str, Path] = field(default_factory=dict)
    display: str = ""
    theme: str = ""
    scale: int = 0
    kiosk: bool = False
    life: Path | None = None
    ask_on_close: bool = False
    first_paint: Path | None = None


@dataclass(frozen=True, slots=True)
class ShotOptions:
    """One picture of a running session, with what is opened beside its display; ``at``: a time of the past that it
    shows, as ``hmi.core.instants`` reads it."""

    data: Path
    out: Path
    display: str = ""
    size: tuple[int, int] = (1920, 1080)
    theme: str = "light"
    scale: int = 100
    openings: tuple[Opening, ...] = ()
    at: str = ""
    timeout_s: float = SHOT_TIMEOUT_S


# ------------------------------------------------------------------------------------------ checks


def version_problem(qt_version: str, python: tuple[int, int]) -> str:
    """PySide6 6.12.0 drops references to None below Python 3.12 and aborts after some thousand calls."""
    if qt_version.startswith("6.12.0") and python < (3, 12):
        return (
            f"PySide6 {qt_version} crashes on Python {python[0]}.{python[1]}; "
            'install the tested one: pip install "PySide6-Essentials>=6.11.3,<6.12"'
        )
    return ""


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def library_problem(libraries: dict[str, str], loads: Callable[[str], bool] = _loads) -> str:
    """The exact line that installs what Qt misses; empty when nothing is missing."""
    missing = [package for name, package in libraries.items() if not loads(name)]
    if not missing:
        return ""
    return (
        f"Qt needs system libraries that are not installed; "
        f"run: sudo apt-get install -y --no-install-recommends {' '.join(missing)}"
    )


def _qt_version() -> str:
    for name in ("PySide6-Essentials", "PySide6"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def qt_problem() -> str:
    """Why Qt cannot be imported here; empty when it can."""
    version = _qt_version()
    if not version:
        return 'Qt is not installed; run: pip install "PySide6-Essentials>=6.11.3,<6.12"'
    if problem := version_problem(version, sys.version_info[:2]):
        return problem
    return library_problem(BASE_LIBRARIES) if sys.platform.startswith("linux") else ""


def display_problem() -> str:
    """Why no window can be opened on this machine; empty when one can."""
    if problem := qt_problem():
        return problem
    if not sys.platform.startswith("linux"):
        return ""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform in HEADLESS:
        return ""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return NO_DISPLAY
    return library_problem(X_LIBRARIES) if os.environ.get("DISPLAY") else ""


def _refuse(problem: str) -> None:
    if problem:
        raise UsageError(problem)


# ------------------------------------------------------------------------------------------ station


def _application(theme_name: str, percent: int) -> tuple[Any, Any]:
    from PySide6.QtWidgets import QApplication

    from hmi.ui.theme import Theme, apply_theme

    if sys.stderr is not None and not faulthandler.is_enabled():
        faulthandler.enable()  # a crash inside a library leaves the place where it happened
    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("Watchkeeper")
    theme = Theme.load(theme_name, percent)
    apply_theme(application, theme)  # type: ignore[arg-type]
    return application, theme


def _connected(data: Path, further: Mapping[str, Path]) -> tuple[Any, Any]:
    """Link and station on the runtime of a data folder, and on further ones by name; neither is started."""
    from hmi.client.federation import socket_clients
    from hmi.ui.link import Link
    from hmi.ui.mailbox import Mailbox
    from hmi.ui.station import Station

    mailbox = Mailbox()
    others = {name: Mailbox() for name in further}
    link = Link(socket_clients(data, further, others), mailbox)
    return link, Station(link, mailbox, further=others)


def _fleet(options: StationOptions, theme: Any, station: Any) -> Any:
    """The windows of a station, with what the user chose at this computer."""
    from hmi.ui.settings import Settings, settings_folder
    from hmi.ui.windows.fleet import Fleet
    from hmi.ui.windows.look import Look

    return Fleet(
        theme,
        station,
        Settings(settings_folder()),
        display=options.display,
        asks=options.ask_on_close,
        wanted=Look(options.theme, options.scale),
        kiosk=options.kiosk,
    )


def _sounds(data: Path, settings: Any) -> Any:
    """What the station says to the process that plays its tones, and hears of it."""
    from hmi.ui.sounds import Sounds

    return Sounds(data, settings)


def _refuse_mixed(options: StationOptions) -> None:
    """Before a window opens: a runtime that answers only later is judged then, and kept out the same way."""
    import asyncio

    from hmi.client.federation import mixed_problem

    _refuse(asyncio.run(mixed_problem(options.data, options.further)))


def _tell_first(host: Any, file: Path | None, shown: Callable[[], None]) -> None:
    """Say once that the first display stands, in whichever window that is.

    Where no ``file`` is to be written nobody waits for it for long, and then nothing is looked at any more.
    """
    from PySide6.QtCore import QTimer

    from hmi.ui.first_paint import FirstPaint, write_times

    told: list[int] = []

    def painted(window_ns: int, live_ns: int) -> None:
        if not told:
            told.append(live_ns)
            if file is not None:
                write_times(file, window_ns, live_ns)
            shown()

    def watch(page: Any) -> None:
        if not told:
            FirstPaint(page).painted.connect(painted)

    def give_up() -> None:
        told.append(0)
        for one in host.findChildren(FirstPaint):
            one.deleteLater()

    watch(host.page)
    host.renewed.connect(watch)
    if file is None:
        QTimer.singleShot(SHOWN_MOST_MS, host, give_up)


def run_station(options: StationOptions, shown: Callable[[], None] = lambda: None) -> int:
    """Open the window and stay until it is closed; the exit code is one of ``hmi.ui.exitcodes``.

    ``shown`` is called once, when the first display stands.
    """
    _refuse(display_problem())
    if options.further:
        _refuse_mixed(options)
    application, theme = _application(options.theme or "light", options.scale or 100)
    application.setQuitOnLastWindowClosed(False)
    from hmi.ui.ahead import ReadAhead
    from hmi.ui.collecting import Collecting
    from hmi.ui.life import LifeSign, end_on_signals

    collecting = Collecting(application)
    link, station = _connected(options.data, options.further)
    fleet = _fleet(options, theme, station)
    sounds = station.sounds = _sounds(options.data, fleet.settings)
    life = LifeSign(options.life) if options.life else None
    signals = end_on_signals(application)
    try:
        collecting.start()
        link.start()
        station.start()
        sounds.start()
        fleet.windowClosed.connect(application.exit)
        host = fleet.start()
        _tell_first(host, options.first_paint, shown)
        ReadAhead(station)
        code = int(application.exec())
    finally:
        station.stop()
        sounds.close()
        fleet.stop()
        fleet.settings.close()
        link.close()
        collecting.stop()
        del life, signals
    return code


def grab_station(options: ShotOptions) -> Any:
    """The whole window as a QImage, once everything in view has a value or an explicit mark.

    None when the runtime never said what the plant is.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _refuse(qt_problem())
    application, theme = _application(options.theme, options.scale)
    from hmi.ui.collecting import Collecting
    from hmi.ui.shot import grab_when_complete
    from hmi.ui.window import StationWindow

    link, station = _connected(options.data, {})
    window = StationWindow(theme, station, display=options.display)
    collecting = Collecting(application)
    collecting.start()
    link.start()
    station.start()
    try:
        window.resize(*options.size)
        image = grab_when_complete(
            window, timeout_s=options.timeout_s, openings=options.openings, at=options.at
        )
        if options.at and window.station.clock.is_seeking:
            raise CommunicationError(
                f"what was true at {options.at} cannot be shown: {window.notice.text.full_text}"
            )
        return image if station.plant is not None else None
    finally:
        station.stop()
        window.retire()
        link.close()
        collecting.stop()


def shoot(options: ShotOptions) -> None:
    """Write the picture as PNG; CommunicationError when the runtime never said what the plant is."""
    image = grab_station(options)
    if image is None:
        raise CommunicationError(f"the runtime of {options.data} did not answer; see its messages")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(options.out), "PNG"):  # type: ignore[call-overload]
        raise UsageError(f"{options.out} cannot be written; choose another place")
