"""The two small files between a station and the process that plays its tones, in the runtime's data folder.

Files, because either may hang or die: what the station wants is kept, and a sounder that is gone is seen by
the count that stands still.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

WISHES_FILE = "sounds.json"
STATE_FILE = "sounder.json"
LEAST_PERCENT = 20
"""The tone of P1 and that of a lost runtime never go below this loudness, and are never muted."""


class SoundWishes(msgspec.Struct, frozen=True):
    """What the station wants. ``percent`` 20 to 100. ``tests`` and ``silences`` count up with each request:
    for a sound test, and to stop the tone of a lost runtime.
    """

    percent: int = 100
    muted: bool = False
    tests: int = 0
    silences: int = 0


class SounderState(msgspec.Struct, frozen=True):
    """``state``: ok, no_device or no_runtime, with a sentence; ``count`` goes up as long as it lives."""

    state: str
    text: str = ""
    count: int = 0


def write_wishes(data: Path, wishes: SoundWishes) -> None:
    """OSError when it cannot be kept."""
    _write(data / WISHES_FILE, wishes)


def read_wishes(data: Path) -> SoundWishes | None:
    """None when there is nothing that can be read."""
    found = _read(data / WISHES_FILE, SoundWishes)
    if found is None:
        return None
    return msgspec.structs.replace(found, percent=min(max(found.percent, LEAST_PERCENT), 100))


def write_state(data: Path, state: SounderState) -> None:
    """OSError when it cannot be kept."""
    _write(data / STATE_FILE, state)


def read_state(data: Path) -> SounderState | None:
    """None when there is nothing that can be read."""
    return _read(data / STATE_FILE, SounderState)


def _write(file: Path, record: Any) -> None:
    """Whole or not at all."""
    fresh = file.with_suffix(f".{os.getpid()}.new")
    fresh.write_bytes(msgspec.json.encode(record))
    os.replace(fresh, file)


def _read(file: Path, kind: Any) -> Any:
    try:
        return msgspec.convert(json.loads(file.read_text(encoding="utf-8")), kind)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
