"""The states of equipment that every symbol shows the same way (standards 2.6), decided without Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from hmi.core.quality import Mark
from hmi.core.texts import tr
from hmi.mimics._catalogue import TagAlarm
from hmi.mimics._readings import NO_VALUE, Reading, mark_of

# role -> signal names, the usual first
DRIVE_SIGNALS: Final = {
    "state": ("state",),
    "running": ("running", "run", "on"),
    "opened": ("opened", "is_open", "zso"),
    "closed": ("closed", "is_closed", "zsc"),
    "fault": ("fault", "tripped", "trip", "failed"),
    "discrepancy": ("discrepancy", "disc"),
    "command": ("command", "cmd", "run_cmd", "open_cmd"),
    "auto": ("auto", "mode_auto", "in_auto"),
    "mode": ("mode",),
    "remote": ("remote",),
    "local": ("local",),
    "interlock": ("interlock", "interlocked"),
    "permissive": ("permissive", "ready", "permitted"),
    "out_of_service": ("out_of_service", "oos"),
    "tagged": ("tagged", "tagged_out", "do_not_operate"),
    "speed": ("speed", "position", "stroke"),
}
_STATE_ROLES: Final = ("state", "running", "opened", "closed")
ON, OFF, HALF, NONE, HATCHED, PLAIN = "on", "off", "half", "none", "hatched", "plain"
_USUAL: Final = frozenset(((ON, "RUN"), (ON, "OPEN"), (OFF, "CLSD")))
_SURE: Final = frozenset(("", "↓", "↑"))  # marks of a value that is as good as any
_ENDS: Final = (1.0, 99.0)  # a valve outside them counts as closed or open, in % of its travel

# text of a state enumeration -> fill and word; the words of standards 2.6
_STATES: Final[dict[str, tuple[str, str]]] = {
    "running": (ON, "RUN"),
    "stopped": (OFF, "STOP"),
    "starting": (HALF, "STRT"),
    "stopping": (HALF, "STPG"),
    "tripped": (OFF, "TRIP"),
    "fault": (OFF, "TRIP"),
    "standby": (OFF, "STBY"),
    "out of service": (HATCHED, "OOS"),
    "open": (ON, "OPEN"),
    "closed": (OFF, "CLSD"),
    "travelling": (HALF, "TRAV"),
    "intermediate": (HALF, ""),
    "discrepancy": (HALF, "DISC"),
}


class Equipment(NamedTuple):
    """How a piece of equipment looks.

    ``fill``: on, off, half, none (dashed outline), hatched, or plain for what has no state. ``usual`` states need
    no word where room is scarce.
    """

    fill: str
    word: str
    figure: str = ""
    badges: tuple[tuple[str, bool], ...] = ()
    mark: str = ""
    stale: bool = False
    alarm: int = 0
    unacked: bool = False
    usual: bool = False

    @property
    def is_doubtful(self) -> bool:
        """True when a figure beside it must not look live."""
        return self.stale or self.mark not in _SURE or ("S", True) in self.badges


STATELESS: Final = Equipment(PLAIN, "")


class EquipmentSource(Protocol):
    """What the state is decided from: tags by role, their readings, the worst alarm. ``Inputs`` is one."""

    @property
    def signals(self) -> Mapping[str, str]: ...

    @property
    def alarm(self) -> TagAlarm | None: ...

    def tag(self, name: str) -> Reading: ...


Known = Mapping[str, Reading]  # by role; only the signals that the equipment has


def _truth(known: Known, role: str) -> bool | None:
    reading = known.get(role)
    return None if reading is None else reading.truth


def equipment(inputs: EquipmentSource, *, on_word: str, off_word: str) -> Equipment:
    """Decide the state from the signals that this equipment has; a Bad state signal is Unknown.

    A Bad signal beside the state, such as that of a fault, leaves the state and marks its cause.
    """
    known = {role: inputs.tag(tag) for role, tag in inputs.signals.items() if role in DRIVE_SIGNALS}
    state = _state_reading(known)
    alarm = inputs.alarm or (state.alarm if state else None)
    priority, unacked = (alarm.priority, alarm.unacked) if alarm else (0, False)
    badges = _badges(known, state)
    if state is None or state.is_bad:
        mark = mark_of(state) if state is not None else Mark.CONFIG.value
        return Equipment(NONE, "?", "", badges, mark, False, priority, unacked, usual=True)
    fill, word = _state(known, state, on_word=on_word, off_word=off_word)
    if fill in {OFF, HALF} and word != "TRIP" and _truth(known, "permissive") is False:
        badges = (*badges, ("P", True))
    figure, usual = _figure(known, fill), (fill, word) in _USUAL
    mark, stale = _mark(known, state)
    return Equipment(fill, tr(word), figure, badges, mark, stale, priority, unacked, usual)


def _mark(known: Known, state: Reading) -> tuple[str, bool]:
    """(quality mark, stale) of the state, else of the worst other signal; what a badge says is not said twice."""
    stale, cause = state.stale, None
    for role, reading in known.items():
        if role in _STATE_ROLES:
            continue
        if reading.is_bad:
            cause = cause or reading
        elif reading.stale:
            stale = True
    mark = mark_of(state)
    if mark in _BADGES:
        mark = ""
    if not mark and cause is not None:
        mark = mark_of(cause)
    return Mark.STALE.value if stale and not mark else mark, stale


def _state_reading(known: Known) -> Reading | None:
    """The signal that says on or off, open or closed; a Bad one speaks for all of them."""
    found = [reading for role in _STATE_ROLES if (reading := known.get(role)) is not None]
    if not found and (speed := known.get("speed")) is not None:
        return speed
    bad = (reading for reading in found if reading.is_bad)
    stale = (reading for reading in found if reading.stale)
    return next(bad, next(stale, found[0] if found else None))


def _state(known: Known, state: Reading, *, on_word: str, off_word: str) -> tuple[str, str]:
    opened, closed = _truth(known, "opened"), _truth(known, "closed")
    if (opened and closed) or _truth(known, "discrepancy"):
        return _feedback(known), "DISC"
    if (named := _named_state(known)) is not None:
        return (_feedback(known), "DISC") if named[1] == "DISC" else named
    if _truth(known, "out_of_service"):
        return HATCHED, "OOS"
    if _truth(known, "fault"):
        return OFF, "TRIP"
    if opened is False and closed is False:
        return HALF, "TRAV"
    if on_word == "OPEN" and _is_position(known, state) and _ENDS[0] < (state.number or 0.0) < _ENDS[1]:
        return HALF, ""
    on = _is_on(known, state)
    command = _truth(known, "command")
    if command is not None and command != on:
        if on_word == "OPEN":
            return HALF, "TRAV"
        return HALF, "STRT" if command else "STPG"
    return (ON, on_word) if on else (OFF, off_word)


def _feedback(known: Known) -> str:
    """The fill that the feedback alone gives; half where it contradicts itself or says nothing."""
    opened, closed = _truth(known, "opened"), _truth(known, "closed")
    if opened is not None and opened == closed:
        return HALF
    on = next((truth for truth in (_truth(known, "running"), opened) if truth is not None), None)
    if on is None and closed is not None:
        on = not closed
    return HALF if on is None else ON if on else OFF


def _named_state(known: Known) -> tuple[str, str] | None:
    """Fill and word from the text of a state enumeration; an unknown text is shown as it is."""
    reading = known.get("state")
    if (
        reading is None
        or reading.info is None
        or not reading.info.states
        or (number := reading.number) is None
    ):
        return None
    text = reading.info.states.get(int(number), "")
    return _STATES.get(text.lower(), (HALF, text)) if text else None


def _is_on(known: Known, state: Reading) -> bool:
    if known.get("running") is None and known.get("opened") is None and known.get("closed") is not None:
        return not state.truth
    return abs(state.number or 0.0) > (_ENDS[0] if _is_position(known, state) else 0.0)


def _is_position(known: Known, state: Reading) -> bool:
    """True where nothing but the speed or position says whether it is on."""
    return "speed" in known and state.tag == known["speed"].tag


def _figure(known: Known, fill: str) -> str:
    """Speed or position beside the word while it says something."""
    reading = known.get("speed")
    if reading is None or fill not in {ON, HALF}:
        return ""
    if reading.is_bad:
        return NO_VALUE
    number = reading.number
    return "" if number is None else f"{number:.0f} %"


def _badges(known: Known, state: Reading | None) -> tuple[tuple[str, bool], ...]:
    """Mode and location letters; the second item says whether it must catch the eye."""
    badges: list[tuple[str, bool]] = []
    if (mode := _mode(known)) is not None:
        badges.append((mode, mode == "M"))
    remote, local = _truth(known, "remote"), _truth(known, "local")
    if remote is False or local:
        badges.append(("L", True))
    if _truth(known, "interlock"):
        badges.append(("I", True))
    if _truth(known, "tagged"):
        badges.append(("tag", True))
    if state is not None and not state.is_bad and (letter := _BADGES.get(mark_of(state))):
        badges.append((letter, True))
    return tuple(badges)


_BADGES: Final = {Mark.FORCED.value: "F", Mark.SIMULATED.value: "S"}
_MODES: Final = {
    "manual": "M",
    "man": "M",
    "hand": "M",
    "auto": "A",
    "automatic": "A",
    "cascade": "CAS",
    "cas": "CAS",
}


def _mode(known: Known) -> str | None:
    """A, M or CAS from an ``auto`` bit or the text of a ``mode`` enumeration; another mode has its first letter."""
    auto = _truth(known, "auto")
    if auto is not None:
        return "A" if auto else "M"
    reading = known.get("mode")
    if reading is None or reading.is_bad or (number := reading.number) is None:
        return None
    text = reading.info.states.get(int(number), "").strip() if reading.info else ""
    if not text:
        return "A" if number else "M"
    return _MODES.get(text.lower(), text[:1].upper())
