"""Times between nanoseconds and ``timestamptz``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ns: int) -> datetime:
    """The microsecond that a time of UTC ns lies in; the rest is ``time_ns % 1000``."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
