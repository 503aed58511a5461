"""Plant time as texts, in the plant's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hmi.core.texts import tr

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def zone_of(name: str) -> tzinfo:
    """The plant's time zone; UTC when this computer does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def local_time(at_ns: int, zone: tzinfo) -> datetime:
    return (EPOCH + timedelta(microseconds=at_ns // 1000)).astimezone(zone)


def time_text(at_ns: int, zone: tzinfo, *, millis: bool = True) -> str:
    """Time of day as the alarm list shows it."""
    at = local_time(at_ns, zone)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}" if millis else f"{at:%H:%M:%S}"


def clock_text(at_ns: int, zone: tzinfo) -> str:
    return f"{date_text(at_ns, zone)}  {local_time(at_ns, zone):%H:%M:%S}"


def date_text(at_ns: int, zone: tzinfo) -> str:
    at = local_time(at_ns, zone)
    return f"{at.day} {tr(_MONTHS[at.month - 1])} {at.year}"


def duration(seconds: float) -> str:
    """The two largest units: 1.2 s, 45 s, 3 h 20 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    left, parts = round(seconds), list[str]()
    for length, unit in _UNITS:
        if left >= length and len(parts) < 2:
            parts.append(f"{left // length} {unit}")
            left %= length
        elif parts:
            break
    return " ".join(parts)
