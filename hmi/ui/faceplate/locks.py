"""Tags and locks on one object, as far as plant and station tell them (standards 5.6). No Qt."""

from __future__ import annotations

from typing import Final

from hmi.core.quality import Mark
from hmi.core.texts import tr
from hmi.mimics import mark_of
from hmi.ui.faceplate.source import ObjectSource

_HELD: Final = {
    Mark.FORCED.value: "Forced",
    Mark.SIMULATED.value: "Simulated",
    Mark.MANUAL.value: "Entered by hand",
    Mark.OUT_OF_SERVICE.value: "Out of service",
}


def locks_of(source: ObjectSource) -> list[str]:
    """One line each; empty when nothing is told to hold the object."""
    found = [*_tagged(source), *_pending(source), *_held(source)]
    status = source.station.status_of(source.content.name)
    if status is not None and status.commands_blocked:
        found.append(tr("All commands: {reason}", reason=status.commands_blocked))
    return found


def _tagged(source: ObjectSource) -> list[str]:
    name = source.signals.get("tagged")
    if not name:
        return []
    reading = source.tag(name)
    if reading.current is None:
        return [tr("Tag on the equipment: not known")]
    return [tr("DO NOT OPERATE: the equipment is tagged")] if reading.truth else []


def _pending(source: ObjectSource) -> list[str]:
    road = source.station.commands
    asked = [proposal for tag in source.content.commands if (proposal := road.pending(tag)) is not None]
    return [tr("Locked by a command under way: {command}", command=p.words) for p in asked]


def _held(source: ObjectSource) -> list[str]:
    """Points that do not follow the process."""
    by_word: dict[str, list[str]] = {}
    for tag in source.content.tags:
        reading = source.tag(tag)
        if (word := _HELD.get(mark_of(reading))) and reading.info is not None:
            by_word.setdefault(word, []).append(reading.info.signal or tag)
    return [f"{tr(word)}: {', '.join(names)}" for word, names in by_word.items()]
