"""The states of equipment that every symbol shows the same way (standards 2.6), decided without Qt."""

from __future__ import annotations

from typing import Final, NamedTuple

from hmi.core.quality import Mark
from hmi.core.texts import tr
from hmi.mimics._inputs import Inputs
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
_OTHER_ROLES: Final = tuple(role for role in DRIVE_SIGNALS if role not in _STATE_ROLES)
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


def _truth(inputs: Inputs, role: str) -> bool | None:
    reading = inputs.signal(role)
    return None if reading is None else reading.truth


def equipment(inputs: Inputs, *, on_word: str, off_word: str) -> Equipment:
    """Decide the state from the signals that this equipment has; a Bad state signal is Unknown.

    A Bad signal beside the state, such as that of a fault, leaves the state and marks its cause.
    """
    state = _state_reading(inputs)
    alarm = inputs.alarm or (state.alarm if state else None)
    priority, unacked = (alarm.priority, alarm.unacked) if alarm else (0, False)
    badges = _badges(inputs, state)
    if state is None or state.is_bad:
        mark = mark_of(state) if state is not None else Mark.CONFIG.value
        return Equipment(NONE, "?", "", badges, mark, False, priority, unacked, usual=True)
    fill, word = _state(inputs, state, on_word=on_word, off_word=off_word)
    if fill in {OFF, HALF} and word != "TRIP" and _truth(inputs, "permissive") is False:
        badges = (*badges, ("P", True))
    figure, usual = _figure(inputs, fill), (fill, word) in _USUAL
    mark, stale = _mark(inputs, state)
    return Equipment(fill, tr(word), figure, badges, mark, stale, priority, unacked, usual)


def _mark(inputs: Inputs, state: Reading) -> tuple[str, bool]:
    """(quality mark, stale) of the state, else of the worst other signal; what a badge says is not said twice."""
    others = [reading for role in _OTHER_ROLES if (reading := inputs.signal(role)) is not None]
    stale = state.stale or any(reading.stale and not reading.is_bad for reading in others)
    mark = mark_of(state)
    if mark in _BADGES:
        mark = ""
    if not mark:
        mark = next((mark_of(reading) for reading in others if reading.is_bad), "")
    return Mark.STALE.value if stale and not mark else mark, stale


def _state_reading(inputs: Inputs) -> Reading | None:
    """The signal that says on or off, open or closed; a Bad one speaks for all of them."""
    found = [reading for role in _STATE_ROLES if (reading := inputs.signal(role)) is not None]
    if not found and (speed := inputs.signal("speed")) is not None:
        return speed
    bad = (reading for reading in found if reading.is_bad)
    stale = (reading for reading in found if reading.stale)
    return next(bad, next(stale, found[0] if found else None))


def _state(inputs: Inputs, state: Reading, *, on_word: str, off_word: str) -> tuple[str, str]:
    opened, closed = _truth(inputs, "opened"), _truth(inputs, "closed")
    if (opened and closed) or _truth(inputs, "discrepancy"):
        return _feedback(inputs), "DISC"
    if (named := _named_state(inputs)) is not None:
        return (_feedback(inputs), "DISC") if named[1] == "DISC" else named
    if _truth(inputs, "out_of_service"):
        return HATCHED, "OOS"
    if _truth(inputs, "fault"):
        return OFF, "TRIP"
    if opened is False and closed is False:
        return HALF, "TRAV"
    if on_word == "OPEN" and _is_position(inputs, state) and _ENDS[0] < (state.number or 0.0) < _ENDS[1]:
        return HALF, ""
    on = _is_on(inputs, state)
    command = _truth(inputs, "command")
    if command is not None and command != on:
        if on_word == "OPEN":
            return HALF, "TRAV"
        return HALF, "STRT" if command else "STPG"
    return (ON, on_word) if on else (OFF, off_word)


def _feedback(inputs: Inputs) -> str:
    """The fill that the feedback alone gives; half where it contradicts itself or says nothing."""
    opened, closed = _truth(inputs, "opened"), _truth(inputs, "closed")
    if opened is not None and opened == closed:
        return HALF
    on = next((truth for truth in (_truth(inputs, "running"), opened) if truth is not None), None)
    if on is None and closed is not None:
        on = not closed
    return HALF if on is None else ON if on else OFF


def _named_state(inputs: Inputs) -> tuple[str, str] | None:
    """Fill and word from the text of a state enumeration; an unknown text is shown as it is."""
    reading = inputs.signal("state")
    if (
        reading is None
        or reading.info is None
        or not reading.info.states
        or (number := reading.number) is None
    ):
        return None
    text = reading.info.states.get(int(number), "")
    return _STATES.get(text.lower(), (HALF, text)) if text else None


def _is_on(inputs: Inputs, state: Reading) -> bool:
    if (
        inputs.signal("running") is None
        and inputs.signal("opened") is None
        and inputs.signal("closed") is not None
    ):
        return not state.truth
    return abs(state.number or 0.0) > (_ENDS[0] if _is_position(inputs, state) else 0.0)


def _is_position(inputs: Inputs, state: Reading) -> bool:
    """True where nothing but the speed or position says whether it is on."""
    return state.tag == inputs.signals.get("speed")


def _figure(inputs: Inputs, fill: str) -> str:
    """Speed or position beside the word while it says something."""
    reading = inputs.signal("speed")
    if reading is None or fill not in {ON, HALF}:
        return ""
    if reading.is_bad:
        return NO_VALUE
    number = reading.number
    return "" if number is None else f"{number:.0f} %"


def _badges(inputs: Inputs, state: Reading | None) -> tuple[tuple[str, bool], ...]:
    """Mode and location letters; the second item says whether it must catch the eye."""
    badges: list[tuple[str, bool]] = []
    if (mode := _mode(inputs)) is not None:
        badges.append((mode, mode == "M"))
    remote, local = _truth(inputs, "remote"), _truth(inputs, "local")
    if remote is False or local:
        badges.append(("L", True))
    if _truth(inputs, "interlock"):
        badges.append(("I", True))
    if _truth(inputs, "tagged"):
        badges.append(("tag", True))
    if state is not None and not state.is_bad and (letter := _BADGES.get(mark_of(state))):
        badges.append((letter, True))
    return tuple(badges)


_BADGES: Final = {Mark.FORCED.value: "F", Mark.SIMULATED.value: "S"}
_MODES: Final = {"manual": "M", "man": "M", "auto": "A", "automatic": "A", "cascade": "C", "cas": "C"}


def _mode(inputs: Inputs) -> str | None:
    """A, M or C from an ``auto`` bit or from the text of a ``mode`` enumeration."""
    auto = _truth(inputs, "auto")
    if auto is not None:
        return "A" if auto else "M"
    reading = inputs.signal("mode")
    if reading is None or reading.is_bad or (number := reading.number) is None:
        return None
    text = reading.info.states.get(int(number), "") if reading.info else ""
    return _MODES.get(text.strip().lower(), "A" if number else "M")
