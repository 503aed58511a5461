"""The process itself: listens to the runtimes, asks the desk twenty times a second, plays."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from hmi.client.port import Event, LiveUpdate
from hmi.client.socket import SocketClient
from hmi.client.sounds import LEAST_PERCENT, SounderState, read_wishes, write_state
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.sounder._desk import Due, Loudness, SoundDesk
from hmi.sounder._player import NoDevice, Player, RecordingPlayer, this_machines_player
from hmi.sounder._tones import louder, seconds_of, tone

log = logging.getLogger(__name__)

LOCK_FILE = "sounder.lock"
LOOK_S = 0.05
TELL_S = 0.5
DEVICE_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class SounderOptions:
    """``data``: folder of the home runtime, ``further``: those of more, by name. ``life``: file for a life sign.

    ``record``: write what is played to this file instead of playing it. With ``parent_pipe`` it ends when its
    standard input closes.
    """

    data: Path
    further: Mapping[str, Path] = field(default_factory=dict[str, Path])
    life: Path | None = None
    record: Path | None = None
    parent_pipe: bool = False


def run_sounder(options: SounderOptions) -> int:
    """Play until asked to end."""
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, lambda *_: stop.set())
    if options.parent_pipe:
        threading.Thread(target=_wait_for_parent, args=(stop,), name="parent pipe", daemon=True).start()
    asyncio.run(_Sounder(options, stop).run())
    return 0


class _Ear:
    """What one runtime says, to the desk."""

    def __init__(self, desk: SoundDesk, name: str) -> None:
        self._desk, self._name = desk, name

    def on_live(self, update: LiveUpdate) -> None:
        return

    def on_link(self, up: bool, text: str) -> None:
        self._desk.link(self._name, up, monotonic_ns())

    def on_event(self, event: Event) -> None:
        if event.kind == "alarms":
            self._desk.take_list(self._name, event.payload)
        elif event.kind == "alarm_changes":
            self._desk.take_delta(self._name, event.payload)
        else:
            self._desk.take_event(self._name, event.kind, event.payload)


class _Sounder:
    """Only one plays for a data folder on this machine; a second one stands by until the first is gone."""

    def __init__(self, options: SounderOptions, stop: threading.Event) -> None:
        self._options, self._stop = options, stop
        self._folders = {"": options.data, **options.further}
        self._desk = SoundDesk(self._folders, monotonic_ns())
        self._device = _Device(_chosen(options.record))
        self._playing: Due | None = None
        self._ends_at = self._told_at = self._count = 0
        self._asked: tuple[int, int] | None = None
        self._lock: IO[str] | None = None

    async def run(self) -> None:
        clients = [SocketClient(folder, _Ear(self._desk, name)) for name, folder in self._folders.items()]
        try:
            while not self._stop.is_set():
                self._step(monotonic_ns())
                await asyncio.sleep(LOOK_S)
        finally:
            for client in clients:
                await client.close()
            self._device.close()
            if self._options.life:
                self._options.life.unlink(missing_ok=True)

    def _step(self, now_ns: int) -> None:
        plays = self._is_first()
        if plays:
            self._take_wishes()
            self._play(now_ns)
        if now_ns - self._told_at >= TELL_S * NS_PER_S:
            self._told_at, self._count = now_ns, self._count + 1
            self._tell(plays=plays)

    def _play(self, now_ns: int) -> None:
        if now_ns >= self._ends_at:
            self._playing = None
        due = self._desk.next(now_ns, self._playing)
        if due is None:
            self._device.look(now_ns)
            return
        loudness = self._desk.loudness
        percent = max(loudness.percent, LEAST_PERCENT)
        self._device.play(due.tone, louder(tone(due.tone), percent), now_ns)
        self._playing, self._ends_at = due, now_ns + int(seconds_of(due.tone) * NS_PER_S)

    def _take_wishes(self) -> None:
        wishes = read_wishes(self._options.data)
        if wishes is None:
            self._asked = self._asked or (0, 0)
            return
        self._desk.loudness = Loudness(wishes.percent, wishes.muted)
        asked = (wishes.tests, wishes.silences)
        before, self._asked = self._asked, asked
        if before is None or before == asked:
            return
        if asked[0] != before[0]:
            self._desk.test()
        if asked[1] != before[1]:
            self._desk.silence_lost()

    def _tell(self, *, plays: bool) -> None:
        """To the supervisor and, by the one that plays, to the station."""
        try:
            if self._options.life:
                self._options.life.write_text(str(self._count), encoding="ascii")
            if plays:
                write_state(self._options.data, self._state())
        except OSError as error:
            log.warning("The state of the sounds cannot be written: %s", error)

    def _state(self) -> SounderState:
        if problem := self._device.problem:
            return SounderState("no_device", tr("No sound device: {problem}", problem=problem), self._count)
        if lost := self._desk.lost:
            names = ", ".join(filter(None, lost))
            text = tr("The sounds do not see the runtime {names}", names=names).strip()
            return SounderState("no_runtime", text, self._count)
        return SounderState("ok", "", self._count)

    def _is_first(self) -> bool:
        if self._lock is None:
            self._lock = _locked(self._options.data / LOCK_FILE)
        return self._lock is not None


class _Device:
    """A player, opened again after a failure; ``problem`` is empty while it works."""

    def __init__(self, make: Callable[[], Player]) -> None:
        self._make = make
        self._player: Player | None = None
        self._tried_at = -DEVICE_NS
        self.problem = ""

    def look(self, now_ns: int) -> None:
        """Look for a device when there is none, now and then."""
        if self._player is None and now_ns - self._tried_at >= DEVICE_NS:
            self._tried_at = now_ns
            try:
                self._player, self.problem = self._make(), ""
            except NoDevice as error:
                self.problem = str(error)

    def play(self, name: str, wav: bytes, now_ns: int) -> None:
        """A tone that cannot be heard is a state, never a crash."""
        self.look(now_ns)
        if self._player is None:
            return
        try:
            self._player.play(name, wav)
        except NoDevice as error:
            self.problem = str(error)
            self.close()
        except Exception as error:
            # The border to the sound library: whatever it does is told at the station and tried again.
            log.exception("The sound device failed.")
            self.problem = f"{type(error).__name__}: {error}"
            self.close()

    def close(self) -> None:
        player, self._player = self._player, None
        if player is not None:
            player.close()


def _chosen(record: Path | None) -> Callable[[], Player]:
    return (lambda: RecordingPlayer(record)) if record else this_machines_player


def _wait_for_parent(stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass  # only its end says something
    stop.set()


def _locked(file: Path) -> IO[str] | None:
    """The file while this process has it alone; the system gives it back when the process ends."""
    try:
        stream = file.open("a+", encoding="ascii")
    except OSError:
        return None
    try:
        _lock(stream)
    except OSError:
        stream.close()
        return None
    return stream


def _lock(stream: Any) -> None:
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
