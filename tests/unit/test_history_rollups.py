"""Rollups are what brute force makes of the same samples, and coarser ones follow from finer ones."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, Rollups, joined_rollups, merged, rollups_of
from hmi.historian.samples import Samples
from hmi.testing.rollups import slow_rollups

BEGIN = 472_000 * HOUR
S = 1_000_000_000
LEVELS = st.sampled_from((MINUTE, TEN_MINUTES, HOUR))


def assert_same(found: Rollups, wanted: Rollups, *, but: tuple[str, ...] = ()) -> None:
    """Equal in every column; the mean within rounding."""
    for name in (field.name for field in fields(Rollups) if field.name not in ("level", *but)):
        one, other = getattr(found, name), getattr(wanted, name)
        assert one.dtype == other.dtype, name
        if name == "mean":
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(one, other, err_msg=name)


def soiled(seed: int, soil: float) -> Samples:
    """Samples of a few hours with Bad, Uncertain and missing values, gaps and equal instants among them."""
    chance = np.random.default_rng(seed)
    rows, flags = [], []
    span = int(chance.choice([3_000, 9_000, 100_000]))
    for second in np.sort(chance.integers(0, span, chance.integers(1, 60))).tolist():
        dirt = chance.random(4) < soil
        status = quality.BAD if dirt[0] else quality.UNCERTAIN if dirt[1] else 0
        value = None if dirt[2] else float(np.round(chance.normal(0, 5), 1))
        rows.append(DataValue(value, status, BEGIN + second * S, BEGIN + second * S))
        flags.append(int(SampleFlag.GAP_BEFORE) * int(dirt[3]))
    samples = Samples.of(rows)
    samples.flags[:] = flags
    return samples


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.1, 0.4)), LEVELS, st.booleans(), st.booleans())
def test_rows_are_those_of_brute_force(
    seed: int, soil: float, level: int, stepped: bool, standing: bool
) -> None:
    whole = soiled(seed, soil)
    before, samples = whole.take(slice(0, int(standing))), whole.take(slice(int(standing), None))
    wanted = slow_rollups(samples, level, before=before, stepped=stepped)
    assert_same(rollups_of(samples, level, before=before, stepped=stepped), wanted)
    if standing:
        assert_same(rollups_of(samples, level, before=before.values()[0], stepped=stepped), wanted)


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.2)), st.booleans())
def test_coarser_rows_keep_every_extreme(seed: int, soil: float, stepped: bool) -> None:
    samples = soiled(seed, soil)
    fine = rollups_of(samples, MINUTE, before=None, stepped=stepped)
    for level in (TEN_MINUTES, HOUR):
        wanted = slow_rollups(samples, level, before=Samples.empty(), stepped=stepped)
        assert_same(merged(fine, level, stepped=stepped), wanted, but=("mean", "covered"))


@given(st.integers(0, 2**32 - 1))
def test_what_stands_through_empty_intervals_counts_in_coarser_rows(seed: int) -> None:
    samples = soiled(seed, 0.0)
    before = Samples.of([DataValue(1.0, 0, BEGIN - S, BEGIN - S)])
    wanted = slow_rollups(samples, HOUR, before=before, stepped=True)
    found = merged(rollups_of(samples, MINUTE, before=before, stepped=True), HOUR)
    np.testing.assert_allclose(found.mean[1:], wanted.mean[1:], atol=1e-9)
    np.testing.assert_array_equal(found.covered[1:], wanted.covered[1:])


def test_a_line_through_empty_intervals_slopes_in_coarser_rows() -> None:
    ramp = [DataValue(float(second), 0, BEGIN + second * S, 0) for second in range(0, 7_200, 1_800)]
    fine = rollups_of(Samples.of(ramp), MINUTE, before=None, stepped=False)
    found = merged(fine, HOUR, stepped=False)
    np.testing.assert_allclose(found.mean[0], 1_800, atol=30)
    np.testing.assert_allclose(merged(fine, HOUR, stepped=True).mean[0], 900, atol=30)


def test_a_constant_keeps_its_last_bit() -> None:
    value = 0.1 + 0.2
    samples = Samples.of([DataValue(value, 0, BEGIN + place * 7_777_777_777, 0) for place in range(500)])
    for stepped in (True, False):
        assert set(rollups_of(samples, MINUTE, before=None, stepped=stepped).mean.tolist()) == {value}


def test_infinite_numbers_do_no_harm_to_their_neighbours() -> None:
    numbers = [1.0, float("inf"), 2.0, 2.0, float("-inf"), 5.0]
    samples = Samples.of(
        [DataValue(value, 0, BEGIN + place * MINUTE, 0) for place, value in enumerate(numbers)]
    )
    rows = rollups_of(samples, MINUTE, before=None, stepped=True)
    assert rows.low.tolist() == numbers
    assert rows.mean.tolist() == numbers


def test_a_level_that_does_not_fit_is_refused() -> None:
    samples = Samples.of([DataValue(1.0, 0, BEGIN, 0)])
    with pytest.raises(ValueError, match="no multiple"):
        merged(rollups_of(samples, TEN_MINUTES, before=None, stepped=True), 90 * MINUTE + 1)


def test_parts_are_joined_and_nothing_is_a_row_less_level() -> None:
    samples = soiled(3, 0.1)
    whole = rollups_of(samples, MINUTE, before=None, stepped=True)
    parts = [whole.take(slice(0, 3)), Rollups.empty(MINUTE), whole.take(slice(3, None))]
    assert_same(joined_rollups(parts, MINUTE), whole)
    assert (
        len(Rollups.empty(HOUR)),
        len(joined_rollups([], HOUR)),
        len(merged(Rollups.empty(HOUR), HOUR)),
    ) == (0, 0, 0)
