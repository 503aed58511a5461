"""The sounds of this station: loudness, mute, the test, and whether the process that plays them is well.

Files are read and written beside the Qt thread; the process goes on playing when this one hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, Final

import shiboken6
from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from hmi.client.sounds import (
    LEAST_PERCENT,
    SounderState,
    SoundWishes,
    read_state,
    read_wishes,
    write_wishes,
)
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.texts import tr
from hmi.ui.settings import Settings

log = logging.getLogger(__name__)

SECTION: Final = "sounds"
VERSION: Final = 1
LEVELS: Final = (100, 70, 40, LEAST_PERCENT)
LOOK_S: Final = 0.5
GONE_NS: Final = 4 * NS_PER_S
_STARTING: Final = SounderState("starting")
_GONE: Final = SounderState("gone")


class Sounds(QObject):
    """``told`` comes with (word for the title bar, sentence) when the state turned; both are empty when all is well."""

    told = Signal(str, str)
    _seen = Signal(object)

    def __init__(self, data: Path, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._data, self._settings = data, settings
        self.words = ("", "")
        self._wishes: SoundWishes | None = None
        self._work: SimpleQueue[SoundWishes | None] = SimpleQueue()
        self._stop = Event()
        self._seen.connect(self._take)
        settings.changed.connect(self._chosen)
        self._threads = [
            Thread(target=work, name="sounds", daemon=True) for work in (self._look, self._write)
        ]

    def start(self) -> None:
        """Begin to look after the process that plays."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        self._work.put(None)

    # ------------------------------------------------------------------ what the user wants

    @property
    def wishes(self) -> SoundWishes:
        """As it was chosen at this station."""
        return self._wishes or _from_section(self._settings.get(SECTION))

    def set_percent(self, percent: int) -> None:
        self._choose(replace(self.wishes, percent=percent))

    def toggle_mute(self) -> None:
        """All tones but that of priority 1 and that of a lost runtime."""
        self._choose(replace(self.wishes, muted=not self.wishes.muted))

    def test(self) -> None:
        """Every tone once."""
        self._want(replace(self.wishes, tests=self.wishes.tests + 1))

    def silence_lost(self) -> None:
        """Stop the tone of a lost runtime until it is back."""
        self._want(replace(self.wishes, silences=self.wishes.silences + 1))

    def _choose(self, wishes: SoundWishes) -> None:
        self._want(wishes)
        chosen = {"version": VERSION, "percent": wishes.percent, "muted": wishes.muted}
        self._settings.put(SECTION, chosen)

    def _want(self, wishes: SoundWishes) -> None:
        self._wishes = wishes
        self._work.put(wishes)

    def _chosen(self) -> None:
        if self._settings.is_read:
            chosen = _from_section(self._settings.get(SECTION))
            self._want(replace(self.wishes, percent=chosen.percent, muted=chosen.muted))

    # ------------------------------------------------------------------ how the process is

    def _take(self, state: SounderState) -> None:
        words = _words(state)
        if words != self.words:
            self.words = words
            self.told.emit(*words)

    def _look(self) -> None:
        state, since = _STARTING, monotonic_ns()
        while not self._stop.wait(LOOK_S):
            found = read_state(self._data)
            now_ns = monotonic_ns()
            if found is not None and found.count != state.count:
                state, since = found, now_ns
            if not shiboken6.isValid(self):
                return
            self._seen.emit(_GONE if now_ns - since > GONE_NS else state)

    def _write(self) -> None:
        """Requests of before count on: the process acts on numbers that it has not seen."""
        before = read_wishes(self._data) or SoundWishes()
        while (wishes := self._work.get()) is not None:
            counted = replace(
                wishes, tests=before.tests + wishes.tests, silences=before.silences + wishes.silences
            )
            try:
                write_wishes(self._data, counted)
            except OSError as error:
                log.warning("What was chosen for the sounds cannot be kept: %s", error)


def _words(state: SounderState) -> tuple[str, str]:
    if state.state in {"ok", "starting", "no_runtime"}:  # a lost runtime is told in its own place
        return "", ""
    if state.state == "no_device":
        return tr("No sound device"), tr("Alarms are shown and not heard. {problem}", problem=state.text)
    text = tr("Alarms are shown and not heard: the process that plays the sounds does not answer.")
    return tr("No sound"), text


def _from_section(section: Mapping[str, Any]) -> SoundWishes:
    """What was kept; what cannot be read is as usual."""
    if section.get("version") != VERSION:
        return SoundWishes()
    percent = section.get("percent")
    known = isinstance(percent, int) and LEAST_PERCENT <= percent <= 100
    return SoundWishes(int(percent or 100) if known else 100, section.get("muted") is True)
