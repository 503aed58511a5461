"""Status codes of processed values: severity, and the info bits of Part 13 5.3.3."""

from __future__ import annotations

from typing import Final

from hmi.core import quality
from hmi.core.history import AggregateConfiguration

CALCULATED: Final = 0x01
INTERPOLATED: Final = 0x02
PARTIAL: Final = 0x04
EXTRA_DATA: Final = 0x08
MULTI_VALUE: Final = 0x10
INFO_TYPE_DATA_VALUE: Final = 0x0400
GOOD_CLASS, UNCERTAIN_CLASS, BAD_CLASS = 0, 1, 2
_OF_CLASS: Final = (quality.GOOD, quality.UNCERTAIN_DATA_SUBNORMAL, quality.BAD)


def with_bits(status: int, bits: int) -> int:
    """The info bits only mean something where the info type says so."""
    return status | bits | INFO_TYPE_DATA_VALUE if bits else status


def of_class(klass: int) -> int:
    """The code of a calculated value of that severity."""
    return _OF_CLASS[klass]


def by_percent(good: float, bad: float, configuration: AggregateConfiguration) -> int:
    """Severity from two shares of anything: the good share is judged first (standards 3.6)."""
    total = good + bad
    if 100 * good >= configuration.percent_good * total:
        return GOOD_CLASS
    if 100 * bad >= configuration.percent_bad * total:
        return BAD_CLASS
    return UNCERTAIN_CLASS
