"""Texts of a plant as JSON can hold them, and how much room values with texts take."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from hmi.core.values import Value
from hmi.historian.samples import Samples, ValueKind

ROW_BYTES: Final = 120
"""About one row of an answer, but for a text in it."""
_HALF: Final = re.compile("[\ud800-\udfff]")


def sound(value: Value) -> Value:
    """Half of a surrogate pair is no character, and JSON in UTF-8 cannot hold it: U+FFFD stands in its place."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple(sound(one) for one in value)
    return value


def sound_samples(samples: Samples) -> Samples:
    """Samples with such texts alone."""
    return replace(samples, objects=tuple(map(sound, samples.objects))) if samples.objects else samples


def fitting(samples: Samples, most: int) -> tuple[int, int]:
    """(how many of the first samples take no more than about ``most`` bytes, at least one; their bytes)."""
    if not samples.objects:
        count = min(len(samples), max(1, most // ROW_BYTES))
        return count, count * ROW_BYTES
    lengths = np.array([_length(one) for one in samples.objects], np.int64)
    sizes = np.full(len(samples), ROW_BYTES, np.int64)
    places = samples.kinds == ValueKind.OBJECT
    sizes[places] += lengths[samples.bits[places].astype(np.int64)]
    upto = np.cumsum(sizes)
    count = min(len(samples), max(1, int(np.searchsorted(upto, most, side="right"))))
    return count, int(upto[count - 1]) if count else 0


def _length(value: Value) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    return 8 * len(value) if isinstance(value, tuple) else 8
