"""OPC UA status codes and what an operator is shown for each of them.

The 32 bits travel whole (OPC UA Part 4, 7.39; standards section 3.1). Only ``code & 0xFFFF0000`` is
compared; the limit bits 9-8 and the info bits stay with the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache

GOOD = 0x00000000
GOOD_LOCAL_OVERRIDE = 0x00960000
GOOD_CLAMPED = 0x00300000
GOOD_OVERLOAD = 0x002F0000
UNCERTAIN = 0x40000000
UNCERTAIN_NO_COMMUNICATION_LAST_USABLE = 0x408F0000
UNCERTAIN_LAST_USABLE = 0x40900000
UNCERTAIN_SUBSTITUTE = 0x40910000
UNCERTAIN_INITIAL = 0x40920000
UNCERTAIN_SENSOR_NOT_ACCURATE = 0x40930000
UNCERTAIN_EU_EXCEEDED = 0x40940000
UNCERTAIN_SUBNORMAL = 0x40950000
UNCERTAIN_DATA_SUBNORMAL = 0x40A40000
UNCERTAIN_TRANSDUCER_IN_MANUAL = 0x42080000
UNCERTAIN_SIMULATED = 0x42090000
UNCERTAIN_SENSOR_CALIBRATION = 0x420A0000
UNCERTAIN_CONFIGURATION = 0x420F0000
BAD = 0x80000000
BAD_USER_ACCESS_DENIED = 0x801F0000
BAD_NO_COMMUNICATION = 0x80310000
BAD_WAITING_FOR_INITIAL_DATA = 0x80320000
BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_CONFIGURATION = 0x80890000
BAD_NOT_CONNECTED = 0x808A0000
BAD_DEVICE_FAILURE = 0x808B0000
BAD_SENSOR_FAILURE = 0x808C0000
BAD_OUT_OF_SERVICE = 0x808D0000
BAD_OUT_OF_RANGE = 0x803C0000
BAD_TYPE_MISMATCH = 0x80740000
BAD_TIMEOUT = 0x800A0000
BAD_NO_DATA = 0x809B0000

CODE_MASK = 0xFFFF0000
LIMIT_LOW = 0x00000100 | 0x00000400
LIMIT_HIGH = 0x00000200 | 0x00000400
LIMIT_CONSTANT = 0x00000300 | 0x00000400
SEMANTICS_CHANGED = 0x00004000
STRUCTURE_CHANGED = 0x00008000
OVERFLOW = 0x00000080 | 0x00000400


class QualityClass(IntEnum):
    """Severity bits 31-30; a larger member is worse."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


class Mark(Enum):
    """The mark drawn beside or instead of a value (standards 2.8); the value is the glyph letter."""

    NONE = ""
    UNCERTAIN = "?"
    STALE = "stale"
    COMMS = "C"
    SENSOR = "S"
    DEVICE = "D"
    CONFIG = "K"
    OUT_OF_SERVICE = "O"
    WAITING = "W"
    FORCED = "F"
    SIMULATED = "sim"
    MANUAL = "M"
    OUT_OF_RANGE = "↯"


@dataclass(frozen=True, slots=True)
class Quality:
    """What a status code means on screen: class, cause, limit ('', 'low', 'high', 'constant') and mark."""

    klass: QualityClass
    sub: str
    limit: str
    mark: Mark

    @property
    def is_good(self) -> bool:
        return self.klass is QualityClass.GOOD

    @property
    def is_bad(self) -> bool:
        return self.klass is QualityClass.BAD


# code -> (cause, mark); standards 3.1
_TABLE: dict[int, tuple[str, Mark]] = {
    GOOD: ("", Mark.NONE),
    GOOD_LOCAL_OVERRIDE: ("forced", Mark.FORCED),
    GOOD_CLAMPED: ("clamped", Mark.NONE),
    GOOD_OVERLOAD: ("slow sampling", Mark.NONE),
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE: ("stale-comm", Mark.STALE),
    UNCERTAIN_LAST_USABLE: ("stale", Mark.STALE),
    UNCERTAIN_SUBSTITUTE: ("manual", Mark.MANUAL),
    UNCERTAIN_INITIAL: ("initial", Mark.UNCERTAIN),
    UNCERTAIN_SENSOR_NOT_ACCURATE: ("sensor limit", Mark.UNCERTAIN),
    UNCERTAIN_EU_EXCEEDED: ("out of range", Mark.OUT_OF_RANGE),
    UNCERTAIN_SUBNORMAL: ("partial sources", Mark.UNCERTAIN),
    UNCERTAIN_TRANSDUCER_IN_MANUAL: ("manual", Mark.MANUAL),
    UNCERTAIN_SIMULATED: ("simulated", Mark.SIMULATED),
    UNCERTAIN_SENSOR_CALIBRATION: ("calibration", Mark.UNCERTAIN),
    UNCERTAIN_CONFIGURATION: ("config", Mark.UNCERTAIN),
    BAD_USER_ACCESS_DENIED: ("rights", Mark.CONFIG),
    BAD_NO_COMMUNICATION: ("comm", Mark.COMMS),
    BAD_TIMEOUT: ("comm", Mark.COMMS),
    BAD_WAITING_FOR_INITIAL_DATA: ("waiting", Mark.WAITING),
    BAD_NO_DATA: ("no data", Mark.WAITING),
    BAD_NODE_ID_UNKNOWN: ("config", Mark.CONFIG),
    BAD_CONFIGURATION: ("config", Mark.CONFIG),
    BAD_NOT_CONNECTED: ("config", Mark.CONFIG),
    BAD_TYPE_MISMATCH: ("config", Mark.CONFIG),
    BAD_DEVICE_FAILURE: ("device", Mark.DEVICE),
    BAD_SENSOR_FAILURE: ("sensor", Mark.SENSOR),
    BAD_OUT_OF_SERVICE: ("oos", Mark.OUT_OF_SERVICE),
}
_FALLBACK: dict[QualityClass, tuple[str, Mark]] = {
    QualityClass.GOOD: ("", Mark.NONE),
    QualityClass.UNCERTAIN: ("uncertain", Mark.UNCERTAIN),
    QualityClass.BAD: ("device", Mark.DEVICE),
}
_LIMITS = ("", "low", "high", "constant")
LISTED_CODES = tuple(_TABLE)


def class_of(status: int) -> QualityClass:
    """Severity of a status code; the reserved pattern 11 counts as Bad."""
    return QualityClass(min(status >> 30 & 0b11, 2))


def is_good(status: int) -> bool:
    return status < UNCERTAIN


def is_bad(status: int) -> bool:
    return status >= BAD


def worst(first: int, second: int) -> int:
    """The worse of two status codes by severity; the first wins a tie."""
    return second if class_of(second) > class_of(first) else first


@lru_cache(maxsize=1024)
def quality_of(status: int) -> Quality:
    """Translate the 32 bits; unknown sub-codes fall back to the severity bits (standards 3.1)."""
    klass = class_of(status)
    sub, mark = _TABLE.get(status & CODE_MASK, _FALLBACK[klass])
    return Quality(klass, sub, _LIMITS[status >> 8 & 0b11], mark)


_OVERRIDES = frozenset({Mark.FORCED, Mark.SIMULATED, Mark.MANUAL, Mark.OUT_OF_SERVICE})


def is_overridden(status: int) -> bool:
    """Whether a value is not what the process says: forced, simulated, entered by hand or out of service."""
    return bool(status) and quality_of(status).mark in _OVERRIDES
