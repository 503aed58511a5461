"""Values that people enter instead of those of a tag's source, or for a tag without one."""

from __future__ import annotations

from typing import Final

from hmi.core import quality
from hmi.core.values import DataValue, Value

GROUP: Final = "entered"
"""The source group of every entered value: it lives as long as the runtime does."""


def entered(value: Value, at_ns: int, *, old: bool = False) -> DataValue:
    """As it is shown everywhere: marked as manual, or as stale once it is ``old``. ``at_ns``: when it was entered."""
    status = quality.UNCERTAIN_LAST_USABLE if old else quality.UNCERTAIN_SUBSTITUTE
    return DataValue(value, status, at_ns, at_ns)
