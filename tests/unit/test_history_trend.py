"""A trend shows every spike, no gap as a line, and is what brute force makes of the same samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian.rollups import HOUR, TEN_MINUTES, Rollups, rollups_of
from hmi.historian.samples import Batch, Samples, joined
from hmi.historian.trend import TrendColumns, TrendStopped, series_of, trend
from hmi.stores.sqlite._slim import slimmed
from hmi.testing.archive import MemoryArchive
from hmi.testing.rollups import slow_rollups

BEGIN = 472_000 * HOUR
S = NS_PER_S
TAG = 1


def samples(*rows: tuple[float, Value] | tuple[float, Value, int] | tuple[float, Value, int, int]) -> Samples:
    """(seconds since BEGIN, value, status, flags) of one tag."""
    parts = []
    for second, value, *rest in rows:
        status, flags = (*rest, 0, 0)[:2]
        at = BEGIN + int(second * S)
        parts.append(Samples.of([DataValue(value, status, at, at)], flags=flags))
    return joined(parts)


def regular(values: np.ndarray, step_s: float = 1.0, begin: int = BEGIN) -> Samples:
    """Good floats at a steady pace."""
    times = begin + (np.arange(len(values)) * step_s * S).astype(np.int64)
    one = Samples.of([DataValue(0.0, 0, 0, 0)]).take(np.zeros(len(values), np.intp))
    return replace(one, times=times, receives=times, bits=values.astype(np.float64).view(np.uint64))


def archive(kept: Samples, *, stepped: bool = False) -> MemoryArchive:
    """The samples of tag 1."""
    store = MemoryArchive(stepped=lambda tag: stepped)
    assert store.number("t") == TAG
    if len(kept):
        store.commit(Batch(np.full(len(kept), TAG, np.int32), kept), time=int(kept.times[-1]))
    return store


class Raw(MemoryArchive):
    """An archive without rollups that gives small pieces."""

    piece = 7

    def levels(self, tag: int) -> tuple[int, ...]:
        return ()

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        whole = self.read(tag, start, end)
        for begin in range(0, len(whole), self.piece):
            yield whole.take(slice(begin, begin + self.piece))


def assert_columns(columns: TrendColumns) -> None:
    """One length for all that is not left out, and times that rise."""
    count = len(columns)
    named = ("first", "last", "low", "high", "mean", "statuses", "breaks")
    empty = ("last", "low", "high", "mean") if columns.exact else ()
    assert [len(getattr(columns, name)) for name in named] == [
        0 if name in empty else count for name in named
    ]
    assert (np.diff(columns.times) >= 0).all()


def test_few_samples_are_given_as_they_are_with_their_neighbours() -> None:
    store = archive(samples((0, 1.0), (10, 2.0), (20, 3.0, quality.UNCERTAIN), (30, 4.0), (40, 5.0)))
    found = trend(store, TAG, BEGIN + 15 * S, BEGIN + 35 * S, 100, stepped=True)
    assert_columns(found)
    assert (found.exact, found.stepped, found.level_ns) == (True, True, 0)
    assert ((found.times - BEGIN) // S).tolist() == [10, 20, 30, 40]
    assert found.first.tolist() == [2.0, 3.0, 4.0, 5.0]
    assert found.statuses.tolist() == [0, quality.UNCERTAIN, 0, 0]
    assert found.breaks.tolist() == [0, 0, 0, 0]


def test_a_sample_at_either_end_belongs_to_the_range() -> None:
    store = archive(samples((0, 1.0), (10, 2.0), (20, 3.0), (30, 4.0)))
    found = trend(store, TAG, BEGIN + 10 * S, BEGIN + 20 * S, 10, stepped=True)
    assert found.first.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_hi_04_bad_samples_and_gaps_are_breaks() -> None:
    store = archive(
        samples(
            (0, 1.0),
            (10, None, quality.BAD_NO_DATA),
            (20, 2.0),
            (30, 3.0, 0, SampleFlag.GAP_BEFORE),
            (40, 9.0),
        )
    )
    found = trend(store, TAG, BEGIN, BEGIN + 50 * S, 100, stepped=False)
    np.testing.assert_array_equal(found.first, [1.0, math.nan, 2.0, 3.0, 9.0])
    assert found.breaks.tolist() == [0, 0, 1, 1, 0]


def test_an_empty_range_shows_what_stood_before_it() -> None:
    store = archive(samples((0, 1.0)))
    found = trend(store, TAG, BEGIN + 50 * S, BEGIN + 60 * S, 10, stepped=True)
    assert found.first.tolist() == [1.0]
    nothing = trend(store, TAG + 1, BEGIN, BEGIN + S, 10, stepped=True)
    assert_columns(nothing)
    assert len(nothing) == 0


def test_the_tail_follows_what_is_stored_and_nothing_comes_twice() -> None:
    store = archive(samples((0, 1.0), (10, 2.0)))
    tail = samples((10, 2.0), (20, 3.0), (30, 4.0))
    found = trend(store, TAG, BEGIN, BEGIN + 25 * S, 100, stepped=True, tail=tail)
    assert found.first.tolist() == [1.0, 2.0, 3.0, 4.0]
    later = trend(store, TAG, BEGIN + 25 * S, BEGIN + 26 * S, 100, stepped=True, tail=tail)
    assert later.first.tolist() == [3.0, 4.0]


def column_by_column(
    kept: Samples, start: int, end: int, pixels: int, stepped: bool
) -> list[tuple[float, ...]]:
    """(begin, first, last, low, high, mean, worst status, break) of every column, worked out the long way."""
    width = -(-(end - start) // pixels)
    begin, finish = start // width * width, (end // width + 1) * width
    inside = kept.between(begin, finish - 1)
    before = kept.between(0, begin - 1).take(slice(-1, None))
    means = slow_rollups(inside, width, before=before, stepped=stepped)
    drawn = ~inside.is_bad() & ~np.isnan(inside.numbers())
    gaps = (inside.flags & SampleFlag.GAP_BEFORE) > 0
    rows: list[tuple[float, ...]] = []
    joins = len(before) == 0 or bool(~before.is_bad()[0] & ~np.isnan(before.numbers())[0])
    torn = not joins
    for start_of_row, mean in zip(means.starts.tolist(), means.mean.tolist(), strict=True):
        numbers: list[float] = []
        breaks = False
        worst = 0
        for place in np.flatnonzero(inside.times // width * width == start_of_row).tolist():
            worst = max(worst, int(inside.statuses[place]))
            torn |= bool(gaps[place])
            if drawn[place]:
                breaks |= torn and not numbers
                torn = False
                numbers.append(float(inside.numbers()[place]))
            else:
                torn = True
        ends = (numbers[0], numbers[-1], min(numbers), max(numbers)) if numbers else (math.nan,) * 4
        rows.append((start_of_row, *ends, mean, worst, breaks or not numbers))
    return rows


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from((5, 11)))
def test_a_walk_over_samples_is_what_brute_force_gives(seed: int, stepped: bool, pixels: int) -> None:
    chance = np.random.default_rng(seed)
    count, soil = int(chance.integers(40, 120)), float(chance.choice([0.0, 0.1, 0.4]))
    rows = []
    for second in np.sort(chance.integers(0, 300, count)).tolist():
        dirt = chance.random(4) < soil
        status = quality.BAD if dirt[0] else quality.UNCERTAIN if dirt[1] else 0
        value = None if dirt[2] else float(np.round(chance.normal(), 1))
        rows.append((second, value, status, int(SampleFlag.GAP_BEFORE) * int(dirt[3])))
    kept = samples(*rows)
    store = Raw()
    store.commit(Batch(np.full(len(kept), TAG, np.int32), kept), time=1)
    start, end = BEGIN + 20 * S, BEGIN + 280 * S
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hmi.historian.trend._BATCH", int(chance.choice([8, 30, 1_000])))
        found = trend(store, TAG, start, end, pixels, stepped=stepped)
    if found.exact:
        assert len(kept.between(start, end)) <= 2 * pixels
        return
    assert_columns(found)
    begin, finish = start // found.level_ns * found.level_ns, (end // found.level_ns + 1) * found.level_ns
    bounds = len(store.before(TAG, begin)), len(store.after(TAG, finish - 1))
    cut = slice(bounds[0], len(found) - bounds[1])
    wanted = [
        np.array(column) for column in zip(*column_by_column(kept, start, end, pixels, stepped), strict=True)
    ]
    for name, column in zip(
        ("times", "first", "last", "low", "high", "mean", "statuses", "breaks"), wanted, strict=True
    ):
        if name == "mean":
            np.testing.assert_allclose(found.mean[cut], column, atol=1e-9, err_msg=name)
            continue
        np.testing.assert_array_equal(getattr(found, name)[cut].astype(column.dtype), column, err_msg=name)


def test_a_spike_of_one_sample_is_seen_at_one_year() -> None:
    values = np.sin(np.arange(8_760 * 6) / 400)
    values[31_234] = 77.0
    kept = regular(values, 600.0)
    start, end = BEGIN, BEGIN + 8_760 * HOUR
    found = trend(Fast(kept), TAG, start, end, 2_000, stepped=False)
    assert (found.exact, found.level_ns % HOUR) == (False, 0)
    assert len(found) <= 2_000 + 3
    assert found.high.max() == 77.0
    at = int(found.times[np.argmax(found.high)])
    assert at <= kept.times[31_234] < at + found.level_ns


class Fast(MemoryArchive):
    """Rollups as an archive keeps them."""

    def __init__(self, kept: Samples) -> None:
        super().__init__()
        self.commit(Batch(np.full(len(kept), TAG, np.int32), kept), time=1)
        self._levels = {
            level: rollups_of(kept, level, before=None, stepped=False) for level in (TEN_MINUTES, HOUR)
        }

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        rows = self._levels[level_ns]
        return rows.take((rows.starts >= start) & (rows.starts < end))


def test_the_coarsest_level_with_a_row_per_pixel_is_taken_and_columns_are_multiples_of_it() -> None:
    store = Fast(regular(np.arange(30 * 1_440, dtype=np.float64), 60.0))
    end = BEGIN + 30 * 24 * HOUR
    assert trend(store, TAG, BEGIN, end, 2_000, stepped=False).level_ns == 3 * TEN_MINUTES
    assert trend(store, TAG, BEGIN, end, 700, stepped=False).level_ns == 2 * HOUR
    assert trend(store, TAG, BEGIN, end, 7_000, stepped=False).level_ns == -(-30 * 24 * HOUR // 7_000)
    shifted = trend(store, TAG, BEGIN + 5 * S, end + 5 * S, 700, stepped=False)
    assert (shifted.times[1:-1] % (2 * HOUR) == 0).all(), "columns must not move under a pan"


def test_rollups_and_samples_tell_the_same_extremes() -> None:
    chance = np.random.default_rng(4)
    kept = regular(np.round(chance.normal(size=24 * 360), 3), 10.0)
    start, end = BEGIN, BEGIN + 24 * HOUR
    from_rows = trend(archive(kept), TAG, start, end, 140, stepped=False)
    assert from_rows.level_ns == 2 * TEN_MINUTES
    rows = slow_rollups(kept, from_rows.level_ns, before=Samples.empty(), stepped=False)
    for name in ("low", "high", "first", "last"):
        np.testing.assert_array_equal(getattr(from_rows, name), getattr(rows, name), err_msg=name)
    np.testing.assert_allclose(from_rows.mean, rows.mean, atol=0.03)
    assert not from_rows.breaks[1:].any()


def test_a_long_range_ends_with_the_tail() -> None:
    chance = np.random.default_rng(5)
    whole = regular(np.round(chance.normal(size=24 * 360), 3), 10.0)
    cut = 8_000
    store = archive(whole.take(slice(0, cut)))
    found = trend(
        store, TAG, BEGIN, BEGIN + 24 * HOUR, 140, stepped=False, tail=whole.take(slice(cut - 20, None))
    )
    wanted = trend(archive(whole), TAG, BEGIN, BEGIN + 24 * HOUR, 140, stepped=False)
    for name in ("times", "low", "high", "first", "last", "statuses", "breaks"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
    np.testing.assert_allclose(found.mean, wanted.mean, atol=1e-9)


def test_hi_04_a_link_loss_is_a_break_also_in_rollups() -> None:
    before, after = regular(np.ones(5_000)), regular(np.ones(9_000), begin=BEGIN + 9_000 * S)
    lost = samples((5_000, None, quality.BAD_NO_DATA))
    after.flags[0] = SampleFlag.GAP_BEFORE
    store = archive(joined([before, lost, after]))
    found = trend(store, TAG, BEGIN, BEGIN + 5 * HOUR, 25, stepped=False)
    assert found.level_ns == 2 * TEN_MINUTES
    breaks = ((found.times[found.breaks == 1] - BEGIN) // S).tolist()
    assert 8_400 in breaks
    assert not [at for at in breaks if 1_200 <= at <= 3_600 or at > 9_600]
    assert found.statuses[found.times == BEGIN + 4_800 * S] == quality.BAD_NO_DATA


def test_hi_07_the_mean_of_a_stepped_tag_holds_and_is_not_a_slope() -> None:
    rows = [(60.0 * step, float(step % 2) * 100) for step in range(400)]
    store = archive(samples(*rows), stepped=True)
    held = trend(store, TAG, BEGIN, BEGIN + 400 * 60 * S, 37, stepped=True)
    assert not held.exact
    np.testing.assert_allclose(held.mean[1:-2], 50.0, atol=6)
    one = samples((0, 0.0), (599, 100.0), *((600 + step, 100.0) for step in range(30)))
    raw = Raw()
    raw.commit(Batch(np.full(len(one), TAG, np.int32), one), time=1)
    step_mean = trend(raw, TAG, BEGIN, BEGIN + 4_800 * S, 8, stepped=True).mean[0]
    slope_mean = trend(raw, TAG, BEGIN, BEGIN + 4_800 * S, 8, stepped=False).mean[0]
    assert step_mean == pytest.approx(100 / 600)
    assert slope_mean == pytest.approx((599 * 50 + 100) / 600)


class Slim(Raw):
    """Gives samples as day files do: what a column says all along is held once."""

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        yield from map(slimmed, super().blocks(tag, start, end))


ODD = {"none": None, "not a number": math.nan, "endless": math.inf, "largest": 1.7e308}


@pytest.mark.parametrize("stepped", [True, False])
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("status", [0, quality.BAD])
@pytest.mark.parametrize(("step_s", "pixels"), [(1.0, 10), (1.0, 333), (2.5, 50), (7.0, 300), (0.25, 97)])
def test_samples_at_equal_steps_give_the_columns_that_any_give(
    step_s: float, pixels: int, status: int, odd: str, stepped: bool
) -> None:
    chance = np.random.default_rng(pixels)
    values = 5e6 + chance.normal(0, 3, 20_000).cumsum()
    if ODD[odd] is not None:
        values[[700, 701, 9_000]] = ODD[odd]
    kept = joined([samples((-40, 7.5, status)), regular(values, step_s, BEGIN + 300_000_007)])
    plain, slim = Raw(stepped=lambda tag: stepped), Slim(stepped=lambda tag: stepped)
    for store in (plain, slim):
        store.piece = 1_000
        store.number("t")
        store.commit(Batch(np.full(len(kept), TAG, np.int32), kept), time=int(kept.times[-1]))
    for low, high in ((-100.0, 20_100 * step_s), (11.0, 15_000.5 * step_s)):
        start, end = BEGIN + int(low * S), BEGIN + int(high * S)
        one, other = (trend(store, TAG, start, end, pixels, stepped=stepped) for store in (plain, slim))
        for name in ("times", "first", "last", "low", "high", "statuses", "breaks"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        np.testing.assert_allclose(other.mean, one.mean, rtol=1e-12)


class Endless(MemoryArchive):
    """Ten years of samples at 1 s that nobody holds at once."""

    given = 0

    def levels(self, tag: int) -> tuple[int, ...]:
        return ()

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        for hour in range(start // HOUR, end // HOUR):
            self.given += 1
            yield regular(np.arange(3_600.0), begin=hour * HOUR)


def test_hi_12_a_query_of_ten_years_ends_when_it_is_not_wanted_any_more() -> None:
    store = Endless()
    with pytest.raises(TrendStopped):
        trend(store, TAG, BEGIN, BEGIN + 87_600 * HOUR, 100_000, stepped=False, stop=lambda: store.given > 90)
    assert store.given == 91


def test_a_long_range_without_rollups_holds_only_a_batch() -> None:
    import tracemalloc

    store = Endless()
    tracemalloc.start()
    found = trend(store, TAG, BEGIN, BEGIN + 2_000 * HOUR, 1_000, stepped=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 1_002, "a column for each pixel, the one that has begun, and the sample before"
    assert found.low.min() == 0.0
    assert peak < 60_000_000, "7,200,000 samples would take 300 MB"


def test_a_series_is_the_columns_as_little_endian_bytes() -> None:
    store = archive(samples((0, 1.5), (10, None, quality.BAD)))
    series = series_of(trend(store, TAG, BEGIN, BEGIN + 50 * S, 100, stepped=True), "t_1")
    assert (series.tag_id, series.exact, series.stepped) == ("t_1", True, True)
    assert np.frombuffer(series.times, "<i8").tolist() == [BEGIN, BEGIN + 10 * S]
    assert np.frombuffer(series.statuses, "<u4").tolist() == [0, quality.BAD]
    assert np.frombuffer(series.first, "<f8")[0] == 1.5
    assert (series.last, series.mean) == (b"", b"")
