"""What each type would cost at each place of the words that were read together; pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.drivers.modbus._guess_costs import (
    LIVES,
    NEVER,
    bits_cost,
    either_sign_cost,
    first_cost,
    float_cost,
    steps_cost,
)
from hmi.drivers.modbus._guess_kinds import KINDS, Bits, Kind, Samples, Words, in_order

_UNSET = {0: 0.0, 0xFFFF: 5.0, 0x8000: 8.0, 0x7FFF: 11.0}
"""Words that stand for "nothing here", with what it costs that they are not zero."""
_DAY_S = 86_400.0
_TIMES_S = 10 * 365 * _DAY_S  # a device tells a time of the last ten years


def scores(samples: Samples) -> dict[Kind, Bits]:
    """Cost by kind for every place where it fits; texts are judged apart, they depend on the word before."""
    width = samples.words.shape[1]
    return {
        kind: _cost(kind, samples)
        for kind in KINDS
        if kind.wire != "string" and kind.words <= width and len(samples.words)
    }


def _cost(kind: Kind, samples: Samples) -> Bits:
    words = samples.words
    if kind.wire == "unused":
        return _unused_cost(words)
    if kind.wire == "bits":
        return bits_cost(words)
    values = values_of(kind, words)
    if kind.wire in ("float32", "float64"):
        cost = float_cost(values, mantissa=23 if kind.wire == "float32" else 52)
        cost = np.where((np.isfinite(values) | _is_plain_unset(kind, words)).all(axis=0), cost, NEVER)
        return cost + np.where((values == 0).all(axis=0), 3.0, 0.0)
    if kind.family == "bcd":
        return _bcd_cost(values, kind.words * 4)
    if kind.wire == "unix32":
        return _time_cost(values, samples.times)
    return either_sign_cost(values, kind.words * 16)


def _is_plain_unset(kind: Kind, words: Words) -> NDArray[np.bool_]:
    """Infinity and the one NaN that processors make; any other one is no number that a device sends."""
    highest, *rest = in_order(words, kind.order, kind.words)
    plain = (0x7FC0, 0xFFC0, 0x7F80, 0xFF80) if kind.wire == "float32" else (0x7FF8, 0xFFF8, 0x7FF0, 0xFFF0)
    return np.isin(highest, plain) & ~np.any([part != 0 for part in rest], axis=0)


def values_of(kind: Kind, words: Words) -> NDArray[Any]:
    """Every place read as ``kind``: integers with their sign (int64), floats (float64), BCD with -1 for none."""
    parts = in_order(words, kind.order, kind.words)
    if kind.wire in ("float32", "float64"):
        raw = np.stack(parts, axis=-1).astype(">u2")
        form = ">f4" if kind.wire == "float32" else ">f8"
        with np.errstate(invalid="ignore"):
            return np.ascontiguousarray(raw).view(form)[..., 0].astype(np.float64)
    joined = np.zeros(parts[0].shape, np.uint64)
    for part in parts:
        joined = joined << np.uint64(16) | part.astype(np.uint64)
    if kind.family == "bcd":
        return _decimal(joined, kind.words * 4)
    bits = kind.words * 16
    if kind.wire == "unix32":
        return joined.astype(np.int64)
    shift = np.uint64(64 - bits)
    return (joined << shift).view(np.int64) >> np.int64(64 - bits)


def _decimal(joined: NDArray[np.uint64], digits: int) -> NDArray[np.int64]:
    number = np.zeros(joined.shape, np.int64)
    valid = np.ones(joined.shape, bool)
    for place in reversed(range(digits)):
        digit = (joined >> np.uint64(4 * place)).astype(np.int64) & 0xF
        valid &= digit <= 9
        number = number * 10 + digit
    return np.where(valid, number, -1)


def _unused_cost(words: Words) -> Bits:
    still = (words == words[0]).all(axis=0)
    cost = np.full(words.shape[1], NEVER)
    for word, bits in _UNSET.items():
        cost = np.where(still & (words[0] == word), bits, cost)
    return cost


def _bcd_cost(values: NDArray[np.int64], digits: int) -> Bits:
    """One digit alone is a plain number as well; only more of them tell."""
    fits = (values >= 0).all(axis=0) & (values.max(axis=0) > 9)
    bits = round(digits * 3.4)
    told = first_cost(values[0].astype(float), bits) + steps_cost(np.diff(values, axis=0).astype(float), bits)
    return np.where(fits, told, NEVER)


def _time_cost(values: NDArray[np.int64], times: Bits) -> Bits:
    """Seconds since 1970: one that goes with the clock, or one that stands still somewhere in the last years."""
    behind = times[:, None] - values
    near = np.abs(behind[0]) < _DAY_S
    past = (behind[0] > -_DAY_S) & (behind[0] < _TIMES_S)
    first = np.where(near, np.log2(2 * _DAY_S), np.where(past, np.log2(_TIMES_S), NEVER))
    if len(values) == 1:
        return first + LIVES
    still = (values == values[0]).all(axis=0)
    runs = (np.abs(np.diff(behind, axis=0)) < 2.0).all(axis=0) & ~still
    return first + np.where(still, LIVES, np.where(runs, LIVES + 1.0 * len(values), NEVER))
