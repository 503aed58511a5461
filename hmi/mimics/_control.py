"""Controls: what one shows of the command behind it, and which values it can ask for. No Qt.

A control never decides whether a command may be given: the station says so, and the gate judges again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hmi.client.port import TagInfo
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.mimics._gauge import scale_ends
from hmi.mimics._parameters import is_number as is_plain_number
from hmi.mimics._readings import NO_VALUE, Reading, Shown, show

if TYPE_CHECKING:
    from hmi.mimics._inputs import Inputs

HEAD: Final = 18.0
NOTE: Final = 18.0
_LOWEST: Final = 24.0  # a face is never lower than a click target
CONTROL_KINDS: Final = ("value", "number", "choice", "track")
ASKED, PENDING, DONE, FAILED, UNKNOWN = "asked", "pending", "done", "failed", "unknown"
_SIGNS: Final = {DONE: "✓", FAILED: "✗", UNKNOWN: "?"}
_NUMBERS: Final = frozenset(
    ("float32", "float", "float64", "int64", "uint64", "int16", "uint16", "int32", "uint32")
)
_FINE, _COARSE = 100, 10  # fine steps in a scale, fine steps in a coarse one
_DIGITS = 10


class Control(NamedTuple):
    """What the station says of the command behind a control at this moment.

    ``blocked``: why it may not act, empty when it may. ``phase``: empty, or asked (chosen, not sent), pending
    (sent, no answer yet), done, failed or unknown (the last one ended so, for some seconds); ``words`` tells the
    value or the end, ``target`` the number asked for or under way.
    """

    blocked: str = ""
    phase: str = ""
    words: str = ""
    target: float | None = None

    @property
    def is_target_shown(self) -> bool:
        return self.target is not None and self.phase in (ASKED, PENDING)


class Note(NamedTuple):
    """The line below a control. ``sign``: empty, lock, diamond, ✓, ✗ or ?; ``strong`` when it must catch the eye."""

    text: str
    sign: str = ""
    strong: bool = False


class Grip(NamedTuple):
    """The part of a control under the pointer: ``share`` (0 … 1 of its track), ``step`` (fine ones, signed)
    or ``choice`` (its number)."""

    kind: str
    amount: float


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: what it says and the value it asks for."""

    text: str
    value: Value


class Track(NamedTuple):
    """The numbers that a slider can ask for, in the tag's unit."""

    low: float
    high: float
    step: float

    @property
    def coarse(self) -> float:
        return self.step * _COARSE

    def at(self, share: float) -> float:
        """The number at a share of the track, on a whole step."""
        return self.kept(self.low + share * (self.high - self.low))

    def moved(self, number: float, steps: float) -> float:
        return self.kept(number + steps * self.step)

    def kept(self, number: float) -> float:
        """The nearest step inside the ends; the ends themselves can always be reached."""
        if number <= self.low or number >= self.high:
            return self.low if number <= self.low else self.high
        stepped = self.low + round((number - self.low) / self.step) * self.step
        return min(max(round(stepped, _DIGITS), self.low), self.high)


def control_face(height: float, *, head: bool) -> tuple[float, float, bool]:
    """Top and bottom of a control's face inside its element, and whether there is room for the note below."""
    top = HEAD if head else 0.0
    noted = height - top - NOTE >= _LOWEST
    return top, height - (NOTE if noted else 0.0), noted


def note(control: Control, hint: str = "") -> Note:
    """What stands below the control: a command under way first, then why it may not act."""
    if control.phase == PENDING:
        return Note(tr("Pending: {value}", value=control.words), "diamond", True)
    if control.blocked:
        return Note(control.blocked, "lock")
    if control.phase == ASKED:
        return Note(tr("Not sent: {value}", value=control.words), "diamond", True)
    if control.phase in _SIGNS:
        return Note(control.words, _SIGNS[control.phase], control.phase != DONE)
    return Note(hint)


def is_number(info: TagInfo) -> bool:
    return info.type in _NUMBERS and not info.states


def is_whole(info: TagInfo) -> bool:
    return info.type.startswith(("int", "uint"))


def is_pulse(info: TagInfo) -> bool:
    """A command that leaves nothing to read: its own value says nothing."""
    return info.writable and info.type == "bool" and info.pulse


def choices(info: TagInfo) -> tuple[Choice, ...]:
    """The values of a command that is no number: one for a pulse, one for each state otherwise."""
    name = info.signal.replace("_", " ").capitalize() if info.signal else info.description
    if is_pulse(info):
        return (Choice(tr(name), True),)
    if info.states:
        boolean = info.type == "bool"
        return tuple(Choice(text, bool(n) if boolean else n) for n, text in sorted(info.states.items()))
    if info.type == "bool":
        return (Choice(tr("On"), True), Choice(tr("Off"), False))
    return ()


def limits_of_command(info: TagInfo, *, tunes: bool = False) -> tuple[float | None, float | None]:
    """The ends that the gate accepts: engineering range and operator range, the tighter one each.

    ``tunes``: for a person who may tune, whose own range stands instead of the operator range where there is one.
    """
    wider = tunes and info.tune_low is not None and info.tune_high is not None
    own = (info.tune_low, info.tune_high) if wider else (info.limit_low, info.limit_high)
    lows = [end for end in (info.low, own[0]) if end is not None]
    highs = [end for end in (info.high, own[1]) if end is not None]
    return max(lows, default=None), min(highs, default=None)


def range_words(info: TagInfo, *, tunes: bool = False) -> str:
    """Range and step of a number that may be entered, in one line; empty when nothing bounds it."""
    low, high = limits_of_command(info, tunes=tunes)
    parts = []
    if low is not None and high is not None:
        parts.append(tr("{low} to {high} {unit}", low=f"{low:g}", high=f"{high:g}", unit=info.unit).strip())
    elif low is not None:
        parts.append(tr("from {low} {unit}", low=f"{low:g}", unit=info.unit).strip())
    elif high is not None:
        parts.append(tr("up to {high} {unit}", high=f"{high:g}", unit=info.unit).strip())
    if info.max_step:
        parts.append(tr("steps up to {step}", step=f"{info.max_step:g}"))
    return ", ".join(parts)


def track(inputs: Inputs) -> Track | None:
    """The track of a slider: its own ends inside those of the command; None when there is no range."""
    info = inputs.reading("tag").info
    if info is None or not is_number(info):
        return None
    own, limits = (inputs.get("low"), inputs.get("high")), limits_of_command(info)
    lows = [float(end) for end in (own[0], limits[0]) if end is not None and is_plain_number(end)]
    highs = [float(end) for end in (own[1], limits[1]) if end is not None and is_plain_number(end)]
    if not lows or not highs or max(lows) >= min(highs):
        return None
    low, high = max(lows), min(highs)
    given = inputs.get("step")
    step = float(given) if is_plain_number(given) and given > 0 else (high - low) / _FINE
    return Track(low, high, max(step, 1.0) if is_whole(info) else step)


def scale_of_track(inputs: Inputs) -> tuple[float, float]:
    """The ends that a slider is drawn with, also where it cannot be moved."""
    found = track(inputs)
    return (
        (found.low, found.high)
        if found
        else scale_ends(inputs.reading("tag"), inputs.get("low"), inputs.get("high"))
    )


def state_shown(reading: Reading) -> Shown:
    """A state in words; a plain on/off tag reads On and Off, not 1 and 0."""
    shown = show(reading, unit="")
    info = reading.info
    if shown.text == NO_VALUE or info is None or info.states or info.type != "bool":
        return shown
    return shown._replace(text=tr("On") if reading.truth else tr("Off"))


def pressed_value(inputs: Inputs) -> Value:
    """What a press of a button asks for now; None when it cannot be said (a toggle without a state)."""
    reading = inputs.reading("tag")
    info = reading.info
    if info is None:
        return None
    if inputs.get("action") == "toggle":
        truth = reading.truth
        return None if truth is None else _as_type(info, not truth)
    return _as_type(info, inputs.get("value"))


def _as_type(info: TagInfo, value: Any) -> Value:
    if not is_plain_number(value) and not isinstance(value, bool):
        return None
    if info.type == "bool":
        return bool(value)
    return int(value) if is_whole(info) or info.type == "enum" or info.states else float(value)


def value_text(info: TagInfo, value: Value) -> str:
    """The words for one value of a command that is no number."""
    return next((choice.text for choice in choices(info) if choice.value == value), "")
