"""How one value is shown: text, unit, mark, frame and alarm, decided here for every element alike.

A Bad value is never shown as a number or a state word: it reads ``----`` with the letter of its cause.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hmi.client.port import TagInfo
from hmi.core import quality
from hmi.core.quality import Mark, quality_of
from hmi.core.values import WAITING, DataValue, Value
from hmi.mimics._catalogue import TagAlarm
from hmi.mimics._plain import drawn

NO_VALUE: Final = "----"
THOUSANDS: Final = "\u00a0"
FIGURE_SPACE: Final = "\u2007"
MINUS: Final = "\u2212"
UNKNOWN_TAG: Final = DataValue(None, quality.BAD_CONFIGURATION, 0, 0)
# a width beyond two digits would make a text that fills the memory
_SPEC: Final = re.compile(r"[+ ]?0?\d{0,2},?(\.\d{1,2})?[deEfFgGoxX%]?")
_MARKS: Final = {"low": "↓", "high": "↑"}


class Reading(NamedTuple):
    """One tag or binding at this moment, with all that is needed to show it."""

    tag: str
    data: DataValue
    info: TagInfo | None = None
    stale: bool = False
    alarm: TagAlarm | None = None

    @property
    def is_bad(self) -> bool:
        return self.data.is_bad or self.data.value is None

    @property
    def number(self) -> float | None:
        """The value as a number; None when it is Bad or no number."""
        value = self.data.value
        if self.is_bad or not isinstance(value, bool | int | float):
            return None
        return float(value)

    @property
    def current(self) -> float | None:
        """The number while it is what holds now; None for a stale one too."""
        return None if self.stale else self.number

    @property
    def truth(self) -> bool | None:
        """The value as a yes or no; None when it is Bad."""
        return None if (number := self.number) is None else number != 0


class Shown(NamedTuple):
    """A value as painted. ``frame`` is empty, ``dashed`` or ``dotted``; ``alarm`` 0 when there is none."""

    text: str
    unit: str = ""
    role: str = "value"
    mark: str = ""
    frame: str = ""
    alarm: int = 0
    unacked: bool = False

    @property
    def is_plain(self) -> bool:
        """True when nothing but the text has to be drawn."""
        return not (self.mark or self.frame or self.alarm)


UNBOUND: Final = Reading("", UNKNOWN_TAG)
NEVER: Final = Reading("", WAITING)


def mark_of(reading: Reading) -> str:
    """The mark of standards 2.8; staleness of a value that is not Bad outranks its own mark."""
    found = quality_of(reading.data.status)
    if reading.is_bad:
        return found.mark.value if found.is_bad else Mark.DEVICE.value
    if reading.stale:
        return Mark.STALE.value
    return found.mark.value or _MARKS.get(found.limit, "")


def doubt_of(reading: Reading) -> str:
    """The mark of a value that is not to be relied on; empty for a Good and current one, at a limit or not."""
    doubtful = reading.stale or reading.is_bad or not quality.is_good(reading.data.status)
    return mark_of(reading) if doubtful else ""


def frame_of(reading: Reading, mark: str) -> str:
    if reading.is_bad:
        return "dashed"
    return "dotted" if mark == Mark.STALE.value else ""


def show(reading: Reading, *, form: str = "", unit: str | None = None, role: str = "value") -> Shown:
    """Decide everything about one value; ``form`` and ``unit`` override the tag's own."""
    _, data, info, stale, of_tag = reading
    alarm, unacked = (of_tag.priority, of_tag.unacked) if of_tag is not None else (0, False)
    shown_unit = unit if unit is not None else info.unit if info is not None else ""
    mark = frame = ""
    if data.status or stale or data.value is None:
        mark = mark_of(reading)
        frame = frame_of(reading, mark) if mark else ""
        if frame == "dashed":
            return Shown(NO_VALUE, shown_unit, "text.secondary", mark, frame, alarm, unacked)
        if mark and (stale or not quality.is_good(data.status)):
            role = "text.secondary"
    if form == "mm:ss":
        shown_unit = ""
    return Shown(format_value(data.value, info, form), shown_unit, role, mark, frame, alarm, unacked)


def format_value(value: Value, info: TagInfo | None, form: str = "") -> str:
    """Enum and bool texts of the tag, numbers in the tag's format with spaces between thousands."""
    if type(value) is float:
        return _number(value, form or (info.format if info is not None else ""), _signed(info))
    if info is not None and info.states and isinstance(value, bool | int) and not form:
        return info.states.get(int(value), str(int(value)))
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return _number(value, form or (info.format if info else ""), _signed(info))
    return drawn(str(value))


def _signed(info: TagInfo | None) -> bool:
    return info is not None and info.low is not None and info.low < 0


def _number(value: float, form: str, signed: bool) -> str:
    if form == "mm:ss":
        return f"{int(value) // 60:02d}:{int(value) % 60:02d}"
    try:
        text = format(value, _spec(form) or _grouped(default_format(value)))
    except ValueError:
        text = format(value, default_format(value))
    text = text.replace(",", THOUSANDS)
    if text.startswith("-"):
        digits = text[1:].strip("0." + THOUSANDS)
        return MINUS + text[1:] if digits else (FIGURE_SPACE if signed else "") + text[1:]
    return FIGURE_SPACE + text if signed else text


@lru_cache(maxsize=256)
def _spec(form: str) -> str:
    """The format to use, thousands apart; empty for one that says nothing or cannot be used."""
    spec = form.lstrip(":")
    if not _SPEC.fullmatch(spec):
        return ""
    return spec if "," in spec else _grouped(spec)


def _grouped(spec: str) -> str:
    """Add the thousands separator to a fixed-point format."""
    if spec[-1:] in {"f", "d"}:
        head, dot, tail = spec[:-1].partition(".")
        return f"{head},{dot}{tail}{spec[-1]}"
    return spec


def default_format(value: float) -> str:
    """Three to four significant digits (standards 2.5)."""
    size = abs(value)
    if size >= 100 or isinstance(value, int):
        return ".0f"
    return ".1f" if size >= 10 else ".2f"


def fraction(number: float | None, low: Any, high: Any) -> float | None:
    """Where a number lies between two ends, clamped to 0 … 1; None when it cannot be said."""
    if number is None or not isinstance(low, int | float) or not isinstance(high, int | float) or high <= low:
        return None
    return min(max((number - low) / (high - low), 0.0), 1.0)
