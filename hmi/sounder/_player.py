"""Plays a WAV on the sound device of this machine, or says that there is none."""

from __future__ import annotations

import array
import contextlib
import importlib
import io
import json
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol

from hmi.core.clock import monotonic_ns
from hmi.sounder._tones import RATE_HZ

COMMANDS = ("pw-play", "paplay", "aplay")
_NO_REAL_DEVICE = ("discard all samples", "dummy output", "null ")


class NoDevice(Exception):
    """Nothing on this machine can play; the text is one sentence."""


class Player(Protocol):
    """One tone at a time; a second ``play`` ends the first."""

    def play(self, name: str, wav: bytes) -> None:
        """Start a tone; NoDevice when it cannot be heard."""
        ...

    def close(self) -> None: ...


class RecordingPlayer:
    """Writes what it would play to a file, one JSON object a line: for tests and for machines without sound."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def play(self, name: str, wav: bytes) -> None:
        with wave.open(io.BytesIO(wav)) as tone:
            samples = array.array("h", tone.readframes(tone.getnframes()))
        line = {"tone": name, "at": monotonic_ns(), "peak": max(map(abs, samples), default=0)}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        return


class LibraryPlayer:
    """Over the miniaudio library: WASAPI, CoreAudio, PulseAudio or ALSA."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._device: Any = None
        self._rate = 0
        self._backends = [one for one in library.Backend if one.name not in {"NULL", "CUSTOM"}]
        self._id = self._real_device()
        try:
            self._open(RATE_HZ)
        except library.MiniaudioError as error:
            raise NoDevice(f"the sound device cannot be opened: {error}") from error

    def play(self, name: str, wav: bytes) -> None:
        with wave.open(io.BytesIO(wav)) as file:
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
        stream = _silent_after(array.array("h", frames))
        next(stream)
        try:
            self._open(rate)
            self._device.stop()
            self._device.start(stream)
        except self._library.MiniaudioError as error:
            self.close()
            raise NoDevice(str(error)) from error

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(self._library.MiniaudioError):
                device.close()

    def _open(self, rate: int) -> None:
        if self._device is not None and rate == self._rate:
            return
        self.close()
        self._rate = rate
        self._device = self._library.PlaybackDevice(
            output_format=self._library.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=rate,
            device_id=self._id,
            backends=self._backends,  # the first of them that works, as it was when the device was found
            app_name="Watchkeeper",
        )

    def _real_device(self) -> Any:
        """Devices that throw the samples away are none: silence must never look like a working device."""
        try:
            found = self._library.Devices(self._backends).get_playbacks()
        except self._library.MiniaudioError as error:
            raise NoDevice(str(error)) from error
        real = [one for one in found if not one["name"].lower().startswith(_NO_REAL_DEVICE)]
        if not real:
            raise NoDevice("this machine has no sound device")
        return None if len(real) == len(found) else real[0]["id"]


class CommandPlayer:
    """Over a player program of the system, where the library has no build."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._file = Path(tempfile.mkdtemp(prefix="watchkeeper-sound-")) / "tone.wav"
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, name: str, wav: bytes) -> None:
        if self._process is not None and self._process.poll() not in {None, 0, -15}:
            self._process = None
            raise NoDevice(f"{self._program} cannot play")
        self._end()
        self._file.write_bytes(wav)
        try:
            self._process = subprocess.Popen(
                [self._program, str(self._file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise NoDevice(f"{self._program}: {error}") from error

    def close(self) -> None:
        self._end()
        shutil.rmtree(self._file.parent, ignore_errors=True)

    def _end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def this_machines_player() -> Player:
    """NoDevice when nothing here can be heard."""
    try:
        library = importlib.import_module("miniaudio")
    except ImportError:
        program = next((path for name in COMMANDS if (path := shutil.which(name))), None)
        if program is None:
            raise NoDevice(f"none of {', '.join(COMMANDS)} is installed") from None
        return CommandPlayer(program)
    return LibraryPlayer(library)


def _silent_after(samples: array.array[int]) -> Generator[array.array[int], int, None]:
    """The tone, then silence: the device stays open, so that the next tone starts at once."""
    at = 0
    wanted = yield array.array("h")
    while True:
        part = samples[at : at + wanted]
        at += len(part)
        part.extend([0] * (wanted - len(part)))
        wanted = yield part
