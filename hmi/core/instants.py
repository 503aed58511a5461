"""An instant as people write it: so long ago, a time of the plant's zone, or a time with its offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from hmi.core.errors import UsageError
from hmi.core.texts import tr

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGO: Final = re.compile(r"-(?:\d+[smhdw])+", re.ASCII)
_PART: Final = re.compile(r"(\d+)([smhdw])", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_NS_PER_S: Final = 1_000_000_000
_LONGEST_S: Final = 400 * 366 * 86_400


def instant(text: str, now: int, zone: tzinfo) -> int:
    """UTC ns of -10m, -1d12h, 2026-10-25 14:05, 14:05:30 (today) or 2026-10-25T12:05:00Z; ``now`` in UTC ns.

    A time without an offset is one of ``zone``; of the hour that a clock change repeats it is the first. UsageError in
    one sentence for anything else, and for a time that a clock change leaves out.
    """
    text = text.strip()
    if _AGO.fullmatch(text):
        seconds = sum(int(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))
        if seconds > _LONGEST_S:
            raise UsageError(tr("{given} is further back than any record", given=text))
        return now - seconds * _NS_PER_S
    try:
        found = datetime.fromisoformat(_with_date(text, now, zone))
    except (ValueError, OverflowError):
        raise UsageError(
            tr(
                "{given} is not a time; write -10m, -2h30m, 14:05, 2026-10-25 14:05:30 or 2026-10-25T12:05:30Z",
                given=text[:40] or tr("nothing"),
            )
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
        if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != found.replace(tzinfo=None):
            raise UsageError(tr("{given} does not exist: the clocks were put forward over it", given=text))
    at = (found - _EPOCH) // _US * 1_000
    if not 0 < at < 2**63:
        raise UsageError(tr("{given} is no time of a plant", given=text[:40]))
    return at


def _with_date(text: str, now: int, zone: tzinfo) -> str:
    """A time of day alone is one of today."""
    if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", text, re.ASCII):
        today = (_EPOCH + timedelta(microseconds=now // 1_000)).astimezone(zone)
        return f"{today:%Y-%m-%d} {text.zfill(5) if text.count(':') == 1 else text.zfill(8)}"
    return text
