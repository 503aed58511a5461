"""Counts the bits that Gorilla needs (Pelkonen et al., VLDB 2015, section 4.1), one sample after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hmi.historian.samples import Floats

_STEPS = ((0, 1), (64, 9), (256, 12), (2_048, 16))
"""(largest size of a delta of deltas, bits that it takes)."""


def gorilla_bits(times: Sequence[int], values: Floats) -> int:
    """Bits of one block; ``times`` in the unit that is stored (s or ms)."""
    return _time_bits(times) + _value_bits(values.view(np.uint64).tolist())


def _time_bits(times: Sequence[int]) -> int:
    bits, before, delta = 64, times[0], 0
    for time in times[1:]:
        change = abs(time - before - delta)
        bits += next((cost for size, cost in _STEPS if change <= size), 36)
        before, delta = time, time - before
    return bits


def _value_bits(patterns: Sequence[int]) -> int:
    bits, before, leading, trailing = 64, patterns[0], 65, 0
    for pattern in patterns[1:]:
        changed, before = pattern ^ before, pattern
        if not changed:
            bits += 1
            continue
        zeros, tail = min(64 - changed.bit_length(), 31), (changed & -changed).bit_length() - 1
        if zeros >= leading and tail >= trailing:
            bits += 2 + 64 - leading - trailing
        else:
            leading, trailing = zeros, tail
            bits += 13 + 64 - leading - trailing
    return bits
