"""Finds integers that tell the same quantity as a float of the device: evidence of their scale; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hmi.drivers.modbus._guess import Guess
from hmi.drivers.modbus._guess_why import readings

_FACTORS = (1.0, 10.0, 100.0, 1000.0)
_DIFFERENT = 4  # numbers that an integer has to take, or it would fit by chance


def twins(items: Sequence[Guess]) -> Mapping[int, tuple[Guess, float]]:
    """By offset of an integer the float that it follows, and how many times larger it is.

    Only values of one answer are compared: those of two answers are of different times.
    """
    floats = [(item, readings(item)) for item in items if item.wire in ("float32", "float64")]
    found: dict[int, tuple[Guess, float]] = {}
    for item in items:
        if not item.kind.wire.startswith("integer"):
            continue
        numbers = readings(item)
        if len(set(numbers.tolist())) < _DIFFERENT:
            continue
        for other, values in floats:
            same_answers = np.array_equal(item.samples.times, other.samples.times)
            if not same_answers or not np.isfinite(values).all():
                continue
            factor = next((f for f in _FACTORS if np.abs(numbers - values * f).max() <= 1.0), None)
            if factor is not None:
                found[item.offset] = (other, factor)
                break
    return found
