"""How a column is packed: without loss whatever its length, and by the way that makes it smallest."""

from __future__ import annotations

import numpy as np
import pytest

from hmi.bench._history_signals import pens
from hmi.historian.blocks import _pco


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint32, np.uint64])
def test_every_length_comes_back_also_where_the_library_would_panic(dtype: type) -> None:
    chance = np.random.default_rng(5)
    slow = 5_000 + 900 * np.sin(np.arange(110_000) / 3_000) + chance.normal(0, 40, 110_000)
    for count in [
        *range(1, 20),
        *range(505, 520),
        *range(1_022, 1_032),
        3_600,
        4_097,
        4_099,
        99_841,
        100_001,
    ]:
        values = slow[:count].astype(dtype)
        packed = _pco.compressed(values, 5)
        assert packed is not None
        assert np.array_equal(_pco.expanded(packed, count, dtype), values)


def test_columns_without_an_order_come_back() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, 1e308] * 100)
    for column in (odd, odd[::-1].copy(), np.full(700, np.nan), np.arange(700.0) * 1e305):
        packed = _pco.compressed(column, 8)
        assert packed is not None
        assert np.array_equal(
            _pco.expanded(packed, len(column), np.float64).view(np.uint64), column.view(np.uint64)
        )


def test_one_look_packs_an_hour_as_small_as_all_ways_would() -> None:
    ways = (_pco._DIFFERENCES, _pco._PLAIN, _pco._FORETOLD)
    chosen = best = 0
    for signal in pens():
        column = signal.hour(2).astype(np.float32)
        chosen += len(_pco.compressed(column, 8) or b"")
        assert _pco.standalone is not None
        best += min(len(_pco.standalone.simple_compress(column, _pco._setting(way, 8))) for way in ways)
    assert chosen <= 1.01 * best
