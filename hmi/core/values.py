"""A value as it comes from the plant: number, status and both times in one frozen object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from hmi.core import quality

Scalar: TypeAlias = bool | int | float | str | bytes
Value: TypeAlias = Scalar | tuple["Value", ...] | dict[str, "Value"] | None


class ValueType(Enum):
    """The value types of every port. Integers are kept as integers, never through a float."""

    BOOL = "bool"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float"
    STRING = "string"
    ENUM = "enum"
    TIME = "time"
    BYTES = "bytes"
    ARRAY = "array"
    STRUCTURE = "structure"


class DataValue(NamedTuple):
    """One value, whole; a named tuple because it is the object that is made most (docs/decisions/0008).

    ``status``: 32-bit OPC UA status code. ``source_time``: UTC in ns, given by the device or, failing
    that, equal to the receive time. ``receive_time``: UTC in ns at which this product took it in.
    """

    value: Value
    status: int
    source_time: int
    receive_time: int

    @property
    def is_good(self) -> bool:
        return self.status < quality.UNCERTAIN

    @property
    def is_bad(self) -> bool:
        return self.status >= quality.BAD

    def with_status(self, status: int) -> DataValue:
        """The same value and times under another status."""
        return DataValue(self.value, status, self.source_time, self.receive_time)


@dataclass(frozen=True, slots=True)
class EURange:
    """Engineering range of a tag in its unit; ``low < high``."""

    low: float
    high: float

    @property
    def span(self) -> float:
        return self.high - self.low

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high


def checked(value: Value, status: int, source_time: int, receive_time: int) -> DataValue:
    """Build a DataValue; NaN and infinity become Bad without a value (design section 3)."""
    if type(value) is float and not math.isfinite(value):
        return DataValue(None, quality.BAD_DEVICE_FAILURE, source_time, receive_time)
    return DataValue(value, status, source_time, receive_time)


def bad(status: int, at: int) -> DataValue:
    """A value that is not there, for the cause that ``status`` names."""
    return DataValue(None, status, at, at)


WAITING = DataValue(None, quality.BAD_WAITING_FOR_INITIAL_DATA, 0, 0)
