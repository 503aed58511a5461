"""Every column of every block comes back bit for bit, whatever is in it (standards 7.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hmi.historian import blocks
from hmi.historian.blocks._columns import (
    get_floats,
    get_integers,
    get_truth,
    put_floats,
    put_integers,
    put_truth,
)
from hmi.historian.blocks._frame import Cursor
from hmi.historian.rollups import Rollups, rollups_of
from hmi.historian.samples import Batch, Samples, ValueKind, joined

LEVELS = st.sampled_from((0, 1, 4, 8))
INT64 = st.integers(-(2**63), 2**63 - 1)
CALM = st.sampled_from((0, 1, 2, 1_000_000_000, -1))
TEXTS = st.text(max_size=8) | st.just("\ud800")
OBJECTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def integer_columns() -> st.SearchStrategy[np.ndarray]:
    """Wild, calm, regular and mostly constant ones."""
    sizes = st.integers(0, 80)
    wild = sizes.flatmap(lambda size: arrays.arrays(np.int64, size, elements=INT64))
    calm = sizes.flatmap(lambda size: arrays.arrays(np.int64, size, elements=CALM))
    return wild | calm | calm.map(np.cumsum) | calm.map(lambda column: np.repeat(column, 30))


@given(integer_columns(), LEVELS)
def test_integers_come_back(column: np.ndarray, level: int) -> None:
    data = put_integers(column, level)
    cursor = Cursor(data, 0, len(data))
    np.testing.assert_array_equal(get_integers(cursor, len(column)), column)
    cursor.finish()


@given(st.integers(0, 300).flatmap(lambda size: arrays.arrays(np.uint64, size, elements=st.integers(0, 1))))
def test_truth_comes_back(column: np.ndarray) -> None:
    data = put_truth(column, 8)
    cursor = Cursor(data, 0, len(data))
    np.testing.assert_array_equal(get_truth(cursor, len(column)), column)
    cursor.finish()


@given(
    st.integers(0, 200).flatmap(lambda size: arrays.arrays(np.uint64, size))
    | st.integers(0, 200).flatmap(
        lambda size: arrays.arrays(np.float32, size).map(
            lambda narrow: narrow.astype(np.float64).view(np.uint64)
        )
    ),
    LEVELS,
)
def test_floats_come_back_with_every_nan_and_the_sign_of_zero(bits: np.ndarray, level: int) -> None:
    data = put_floats(bits.view(np.float64), level)
    cursor = Cursor(data, 0, len(data))
    np.testing.assert_array_equal(get_floats(cursor, len(bits)).view(np.uint64), bits)
    cursor.finish()


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    """One tag in order of (time, version), of one kind or of many."""
    count = draw(st.integers(0, 60))
    kinds = draw(
        arrays.arrays(np.uint8, count, elements=st.sampled_from(list(ValueKind)))
        | st.sampled_from(list(ValueKind)).map(lambda kind: np.full(count, kind, np.uint8))
    )
    bits = draw(arrays.arrays(np.uint64, count))
    bits[kinds == ValueKind.BOOL] &= np.uint64(1)
    held = kinds == ValueKind.OBJECT
    bits[held] = np.arange(np.count_nonzero(held), dtype=np.uint64)
    objects = draw(st.lists(OBJECTS, min_size=int(held.sum()), max_size=int(held.sum())))
    times = np.sort(draw(arrays.arrays(np.int64, count, elements=INT64 | CALM)))
    receives = draw(arrays.arrays(np.int64, count, elements=INT64) | st.just(times))

    def column(dtype: type, *usual: int) -> np.ndarray:
        return draw(
            arrays.arrays(dtype, count) | st.sampled_from(usual).map(lambda one: np.full(count, one, dtype))
        )

    statuses = column(np.uint32, 0, 0x80310000)
    flags, versions, runs = column(np.uint16, 0, 32), column(np.uint16, 0), column(np.uint32, 0, 7)
    return Samples(times, bits, kinds, statuses, receives, flags, versions, runs, tuple(objects))


def assert_same(found: Samples, wanted: Samples) -> None:
    for field in fields(Samples):
        if field.name == "objects":
            assert repr(found.objects) == repr(wanted.objects)
            continue
        one, other = getattr(found, field.name), getattr(wanted, field.name)
        assert one.dtype == other.dtype, field.name
        np.testing.assert_array_equal(one, other, err_msg=field.name)


@given(samples(), LEVELS, st.booleans())
def test_a_chunk_comes_back_with_every_field(wanted: Samples, level: int, with_clock: bool) -> None:
    clock = np.unique(np.concatenate((wanted.times, wanted.receives))) if with_clock else None
    data = blocks.encode_chunk(wanted, clock, level=level)
    assert_same(blocks.decode_chunk(data, clock), wanted)
    times, numbers, statuses = blocks.decode_columns(data, clock)
    np.testing.assert_array_equal(times, wanted.times)
    np.testing.assert_array_equal(numbers.view(np.uint64), wanted.numbers().view(np.uint64))
    np.testing.assert_array_equal(statuses, wanted.statuses)


@settings(max_examples=40)
@given(st.lists(samples(), max_size=2), LEVELS, st.booleans(), INT64 | CALM)
def test_the_last_sample_of_a_chunk_is_that_of_the_whole_one(
    chunks: list[Samples], level: int, with_clock: bool, at: int
) -> None:
    ones = blocks.LastOnes(at)
    wanted: list[Samples] = []
    for whole in chunks:
        clock = np.unique(np.concatenate((whole.times, whole.receives))) if with_clock else None
        early = whole.take(slice(0, int(np.searchsorted(whole.times, at, side="right"))))
        assert ones.add(blocks.encode_chunk(whole, clock, level=level), clock) == (len(early) > 0)
        wanted.append(early.take(slice(-1, None)))
    assert_same(ones.samples(), joined(wanted))


@given(samples().filter(len), st.data())
def test_the_last_sample_of_a_damaged_chunk_is_none(whole: Samples, data: st.DataObject) -> None:
    block = bytearray(blocks.encode_chunk(whole))
    block[data.draw(st.integers(0, len(block) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(blocks.BlockDamaged):
        blocks.LastOnes(int(whole.times[-1])).add(bytes(block), None)


@given(samples())
def test_a_block_of_the_fallback_needs_no_pcodec(wanted: Samples) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hmi.historian.blocks._pco.standalone", None)
        assert_same(blocks.decode_chunk(blocks.encode_chunk(wanted)), wanted)


@pytest.mark.parametrize(
    ("encode", "decode"),
    [(blocks.encode_scan, blocks.decode_scan), (blocks.encode_keyframe, blocks.decode_keyframe)],
)
@given(wanted=samples(), data=st.data())
def test_a_scan_and_a_keyframe_come_back_in_their_order(
    encode: Callable[[Batch], bytes], decode: Callable[[bytes], Batch], wanted: Samples, data: st.DataObject
) -> None:
    tags = data.draw(arrays.arrays(np.int32, len(wanted)))
    found = decode(encode(Batch(tags, wanted)))
    np.testing.assert_array_equal(found.tags, tags)
    assert found.tags.dtype == np.int32
    assert_same(found.samples, wanted)


@given(arrays.arrays(np.int64, st.integers(0, 300), elements=INT64, unique=True).map(np.sort))
def test_a_scan_clock_comes_back(clock: np.ndarray) -> None:
    np.testing.assert_array_equal(blocks.decode_clock(blocks.encode_clock(clock)), clock)


@given(samples(), st.sampled_from((60, 600, 3_600)), st.booleans(), LEVELS)
def test_rollups_come_back(of: Samples, level_s: int, stepped: bool, level: int) -> None:
    near = of.take((of.times > -(2**61)) & (of.times < 2**61))
    wanted = rollups_of(near, level_s * 1_000_000_000, before=None, stepped=stepped)
    found = blocks.decode_rollups(blocks.encode_rollups(wanted, level=level))
    assert found.level == wanted.level
    for field in fields(Rollups):
        if field.name != "level":
            one, other = getattr(found, field.name), getattr(wanted, field.name)
            assert one.dtype == other.dtype, field.name
            assert one.tobytes() == other.tobytes(), field.name
