"""Tells the controls of the display in view what holds of their commands: blocked and why, asked, pending, ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PySide6.QtCore import QObject

from hmi.core.commands import CommandState
from hmi.core.texts import tr
from hmi.mimics import ASKED, DONE, FAILED, PENDING, UNKNOWN, Control, Scene
from hmi.ui.mimic.view import MimicView
from hmi.ui.station import Station

_PHASES = {CommandState.CONFIRMED: DONE, CommandState.UNKNOWN: UNKNOWN}


class ControlWatch(QObject):
    """Judges with every change of a deciding value, and on the station's clock; a display without controls costs
    nothing."""

    def __init__(self, station: Station, view: MimicView) -> None:
        super().__init__(view)
        self._station, self._view, self._road = station, view, station.commands
        self._tags: tuple[str, ...] = ()
        self._decided_by: dict[str, list[str]] = {}
        self._told: dict[str, Control] = {}
        self._asked: dict[str, tuple[str, float | None]] = {}
        station.valuesChanged.connect(self._values_changed)
        station.judged.connect(self.refresh)
        station.statusChanged.connect(self.refresh)
        station.clock.turned.connect(self.refresh)
        self._road.turned.connect(self.refresh)

    def show(self, scene: Scene | None) -> tuple[str, ...]:
        """Another scene is in view; the tags that decide about its commands, for the subscription."""
        self._tags = scene.written_tags if scene is not None else ()
        self._asked = {}
        self._decided_by, self._told = {}, {}
        for tag in self._tags:
            for name in self._road.deciding(tag):
                self._decided_by.setdefault(name, []).append(tag)
        self.refresh()
        return tuple(self._decided_by)

    def ask(self, tag: str, words: str, target: float | None) -> None:
        """A value is chosen and not sent: drawn apart from the actual one."""
        self._asked[tag] = (words, target)
        self.refresh()

    def forget(self, tag: str) -> None:
        if self._asked.pop(tag, None) is not None:
            self.refresh()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Tags for which a value is chosen and not sent."""
        return tuple(self._asked)

    def target(self, tag: str) -> float | None:
        """The number that is chosen at this moment."""
        return self._asked[tag][1] if tag in self._asked else None

    def refresh(self) -> None:
        """Judge every command in view again."""
        self._tell(self._tags)

    def _values_changed(self, changed: Iterable[str]) -> None:
        if self._tags:
            self._tell({tag for name in changed for tag in self._decided_by.get(name, ())})

    def _tell(self, tags: Collection[str]) -> None:
        if tags:
            self._told |= {tag: self._control(tag) for tag in tags}
            self._view.set_controls(self._told)

    def _control(self, tag: str) -> Control:
        if self._station.clock.is_past:
            return Control(self._station.clock.why_nothing)  # what is under way belongs to the present
        why = self._road.why(tag)
        if (proposal := self._road.pending(tag)) is not None:
            progress = self._road.progress(tag)
            words = f"{proposal.new}, {progress.words}" if progress else proposal.new
            return Control(why, PENDING, words, proposal.number)
        if tag in self._asked:
            words, target = self._asked[tag]
            return Control(why, ASKED, words, target)
        if (outcome := self._road.outcome(tag)) is not None:
            words = tr("{end}: {value}", end=outcome.word, value=outcome.proposal.new)
            return Control(why, _PHASES.get(outcome.state, FAILED), words)
        return Control(why)
