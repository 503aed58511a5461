"""The tones, each a pattern of its own: made by ``hmi generate``, kept as WAV files in resources/sounds."""

from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hmi.project.shipped import shipped_path

RATE_HZ = 22_050
_PEAK = 0.8 * 32_767
_EDGE_S = 0.008
_OVERTONES = ((1, 0.72), (2, 0.2), (3, 0.08))  # a pure sine is hard to place in a room


@dataclass(frozen=True, slots=True)
class Note:
    """``hz`` 0 is a pause."""

    hz: float
    seconds: float


_SHORT_PAUSE, _PAUSE = Note(0, 0.05), Note(0, 0.1)

TONES: Mapping[str, tuple[Note, ...]] = {
    # the more urgent, the higher, the faster and the more notes
    "p1": (Note(988, 0.1), _SHORT_PAUSE, Note(784, 0.1), _SHORT_PAUSE) * 3,
    "p2": (Note(740, 0.16), _PAUSE, Note(740, 0.16), _PAUSE),
    "p3": (Note(523, 0.3), _PAUSE),
    "p4": (Note(330, 0.12), _PAUSE, Note(262, 0.2)),
    "prompt": (Note(440, 0.12), Note(554, 0.12), Note(659, 0.2)),
    "lost": (Note(392, 0.35), Note(311, 0.35), Note(247, 0.5)),
}


def wav_of(notes: tuple[Note, ...]) -> bytes:
    """A mono WAV of 16 bits."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(b"".join(struct.pack("<h", sample) for note in notes for sample in _samples(note)))
    return data.getvalue()


def louder(wav: bytes, percent: int) -> bytes:
    """The same tone at so many percent of its full amplitude (0 to 100)."""
    with wave.open(io.BytesIO(wav)) as file:
        frames = file.readframes(file.getnframes())
        rate = file.getframerate()
    samples = struct.unpack(f"<{len(frames) // 2}h", frames)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *(sample * percent // 100 for sample in samples)))
    return out.getvalue()


def tone(name: str) -> bytes:
    """The bundled WAV; it is made here when the file is gone, for a missing file must not silence an alarm."""
    try:
        return (folder() / f"{name}.wav").read_bytes()
    except OSError:
        return wav_of(TONES[name])


def seconds_of(name: str) -> float:
    """How long a tone lasts."""
    return sum(note.seconds for note in TONES[name])


def folder() -> Path:
    return shipped_path("resources") / "sounds"


def stale() -> tuple[Path, ...]:
    """The files that are missing or differ."""
    files = {folder() / f"{name}.wav": notes for name, notes in TONES.items()}
    return tuple(
        path for path, notes in files.items() if not path.is_file() or path.read_bytes() != wav_of(notes)
    )


def generate() -> tuple[Path, ...]:
    """Write the files that differ and return them."""
    changed = stale()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_of(TONES[path.stem]))
    return changed


def _samples(note: Note) -> Iterator[int]:
    count, edge = round(note.seconds * RATE_HZ), round(_EDGE_S * RATE_HZ)
    for n in range(count):
        if not note.hz:
            yield 0
            continue
        swell = min(1.0, n / edge, (count - n) / edge)  # no click at either end
        turn = 2 * math.pi * note.hz * n / RATE_HZ
        yield round(_PEAK * swell * sum(part * math.sin(turn * times) for times, part in _OVERTONES))
