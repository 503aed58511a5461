"""Times and lengths as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.texts import tr

_LENGTH: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d|w)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def length_ns(text: str, option: str) -> int:
    """A length like 250ms, 10s, 15min, 8h, 7d; UsageError for anything else."""
    found = _LENGTH.fullmatch(text.strip())
    length = round(float(found[1]) * _SECONDS[found[2]] * NS_PER_S) if found else 0
    if length <= 0:
        raise UsageError(
            tr(
                "--{option} {given} is no length; write 250ms, 10s, 15min, 8h or 7d",
                option=option,
                given=text,
            )
        )
    return length


def instant_ns(text: str, zone: str, option: str, now_ns: int) -> int:
    """UTC ns of ``now``, a length ago (-8h or 8h), or an ISO time: with its own offset, else local in ``zone``.

    A local time that the clock shows twice is the first one. UsageError for anything else.
    """
    written = text.strip()
    if written == "now":
        return now_ns
    if _LENGTH.fullmatch(written.removeprefix("-")):
        return now_ns - length_ns(written.removeprefix("-"), option)
    try:
        at = datetime.fromisoformat(written)
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        instant = (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1_000
    except (ValueError, OverflowError):
        instant = 0
    if instant <= 0:
        raise UsageError(
            tr(
                "--{option} {given} is no time after 1970; write 2026-05-31T14:00, 2026-05-31T12:00Z, -8h or now",
                option=option, given=text,
            )
        )  # fmt: skip
    return instant
