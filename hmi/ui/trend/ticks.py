"""Where a time axis is labelled: round times of the plant's clock, right across its changes; pure.

Instants are UTC ns throughout; only the labels are in the plant's zone.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.ui.times import EPOCH, date_text, local_time

_DAY_S: Final = 86_400
_STEPS_S: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600,
    _DAY_S, 2 * _DAY_S, 7 * _DAY_S, 14 * _DAY_S,
)  # fmt: skip
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
_MONTH_S: Final = 30.4 * _DAY_S
_MONDAY_S: Final = 4 * _DAY_S
"""1 January 1970 was a Thursday."""
_MILLIS: Final = (10, 20, 50, 100, 200, 500)


class Tick(NamedTuple):
    """A label at an instant; ``day`` is the date where another one begins, else empty."""

    at: int
    text: str
    day: str


def time_ticks(start: int, end: int, zone: tzinfo, most: int) -> list[Tick]:
    """Up to about ``most`` labels between two instants, each at a round time of the plant's clock."""
    wanted = (end - start) / NS_PER_S / max(most, 1)
    if wanted > _STEPS_S[-1]:
        return _named(_months(start, end, zone, wanted), zone, _MONTH_S)
    step = next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
    if wanted < 0.5:
        millis = next((step for step in _MILLIS if step >= wanted * 1000), 500)
        return _named(_even(start, end, millis * 1_000_000), zone, millis / 1000)
    return _named(_wall(start, end, zone, step), zone, step)


def _even(start: int, end: int, step: int) -> list[int]:
    return list(range(-(-start // step) * step, end + 1, step))


def _wall(start: int, end: int, zone: tzinfo, step: int) -> list[int]:
    """Instants at which the plant's clock shows a multiple of ``step`` seconds."""
    found: list[int] = []
    at = start
    while (at := _next(at, zone, step)) <= end:
        found.append(at)
        at += 1
    return found


def _next(at: int, zone: tzinfo, step: int) -> int:
    """The first such instant that is not before ``at``; where the clock is changed on the way, one by the new clock."""
    before = offset_ns(at, zone)
    found = _aligned(at, before, step)
    after = offset_ns(found, zone)
    return found if after == before else _aligned(changed_at(at, found, zone), after, step)


def _aligned(at: int, offset: int, step: int) -> int:
    width = step * NS_PER_S
    shift = offset - (_MONDAY_S * NS_PER_S if step % (7 * _DAY_S) == 0 else 0)
    return -(-(at + shift) // width) * width - shift


def offset_ns(at: int, zone: tzinfo) -> int:
    """How far the plant's clock is ahead of UTC at an instant."""
    offset = local_time(at, zone).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1) * 1_000


def changed_at(start: int, end: int, zone: tzinfo) -> int:
    """The instant (whole seconds) between two at which the clock is changed."""
    first = start // NS_PER_S
    before = offset_ns(start, zone)
    seconds = range(first, end // NS_PER_S + 1)
    index = bisect_left(seconds, True, key=lambda second: offset_ns(second * NS_PER_S, zone) != before)
    return (first + index) * NS_PER_S


def _months(start: int, end: int, zone: tzinfo, wanted: float) -> list[int]:
    step = next((step for step in _MONTHS if step * _MONTH_S >= wanted), _MONTHS[-1])
    first, last = local_time(start, zone), local_time(end, zone)
    month = (first.year * 12 + first.month - 1) // step * step
    found: list[int] = []
    while month <= last.year * 12 + last.month - 1:
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=zone)
        found.append((at - EPOCH) // timedelta(microseconds=1) * 1_000)
        month += step
    return [at for at in found if start <= at <= end]


def _named(instants: list[int], zone: tzinfo, step: float) -> list[Tick]:
    found: list[Tick] = []
    shown = ""
    for at in instants:
        day = str(local_time(at, zone).year) if step >= _DAY_S else date_text(at, zone)
        found.append(Tick(at, label(at, zone, step), day if day != shown else ""))
        shown = day
    return found


def label(at: int, zone: tzinfo, step: float) -> str:
    """A time as precise as its step; in the hour that the clock shows twice with the offset from UTC."""
    local = local_time(at, zone)
    if step >= _MONTH_S and local.month == 1 and local.day == 1:
        return str(local.year)
    if step >= _DAY_S:
        return date_text(at, zone).rpartition(" ")[0]
    text = f"{local:%H:%M}" if step >= 60 else f"{local:%H:%M:%S}"
    if step < 1:
        text += f".{local.microsecond // 1000:03d}"
    return f"{text} {offset_text(local)}" if _is_doubled(local) else text


def offset_text(local: datetime) -> str:
    """``+02:00``."""
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]


def _is_doubled(at: datetime) -> bool:
    return at.replace(fold=0).utcoffset() > at.replace(fold=1).utcoffset()  # type: ignore[operator]


_UNITS: Final = (
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000),
)  # fmt: skip


def span_text(span_ns: int) -> str:
    """How long, in its two largest units: ``2 d 3 h``, ``15 min``, ``1.250 s``."""
    sign, rest = ("−" if span_ns < 0 else ""), abs(span_ns)
    if rest < 10 * NS_PER_S:
        return tr("{n} s", n=f"{sign}{rest / NS_PER_S:.3f}".rstrip("0").rstrip("."))
    parts: list[str] = []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {tr(name)}" if count else "")
        if len(parts) == 2:
            break
    return sign + " ".join(part for part in parts if part)
