"""Blocks: damage is always found, nothing is allocated on the word of a block, and they are as small as promised."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from hmi.bench._history_signals import columns, plant, reported, scan_times, second_times
from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.core.values import DataValue, Value
from hmi.historian import blocks
from hmi.historian.blocks import BlockDamaged, BlockTooLarge
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, rollups_of
from hmi.historian.samples import Batch, Samples

BEGIN = 1_700_002_800 * NS_PER_S
CLOCK = BEGIN + np.arange(3_600, dtype=np.int64) * NS_PER_S
CONTENTS: tuple[Value, ...] = (
    1.5,
    float("nan"),
    -0.0,
    None,
    2**64 - 1,
    -5,
    True,
    False,
    "text",
    b"bytes",
    (1, 2.5, (3,)),
    {"a": (1, None)},
)


def mixed(count: int = 300) -> Samples:
    """Every kind of value, statuses, and receive times of their own."""
    return Samples.of(
        [
            DataValue(CONTENTS[place % 12], 0x80310000 if place % 9 == 4 else 0, at, at + place % 5)
            for place, at in enumerate(CLOCK[:count].tolist())
        ],
        flags=3,
        run=7,
    )


def numbers(seed: int = 1) -> Samples:
    """An hour of a noisy measurement at 1 s."""
    return columns(CLOCK, plant(1)[0].hour(seed))


@dataclass(frozen=True)
class Case:
    """A block and how it is opened."""

    data: bytes
    decode: Callable[[bytes], Any]


def cases() -> dict[str, Case]:
    batch = Batch(np.arange(300, dtype=np.int32), mixed())
    rows = rollups_of(mixed(), MINUTE, before=None, stepped=True)
    return {
        "chunk": Case(blocks.encode_chunk(mixed()), blocks.decode_chunk),
        "chunk with a clock": Case(
            blocks.encode_chunk(numbers(), CLOCK), lambda data: blocks.decode_chunk(data, CLOCK)
        ),
        "columns": Case(blocks.encode_chunk(numbers()), blocks.decode_columns),
        "chunk without pcodec": Case(blocks.encode_chunk(mixed(), level=0), blocks.decode_chunk),
        "scan": Case(blocks.encode_scan(batch), blocks.decode_scan),
        "keyframe": Case(blocks.encode_keyframe(batch), blocks.decode_keyframe),
        "clock": Case(blocks.encode_clock(CLOCK[::7]), blocks.decode_clock),
        "rollups": Case(blocks.encode_rollups(rows), blocks.decode_rollups),
    }


CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_every_flipped_bit_and_every_cut_is_found(name: str) -> None:
    case = CASES[name]
    chance = np.random.default_rng(1)
    case.decode(case.data)
    for place in chance.integers(0, 8 * len(case.data), 1_200).tolist():
        damaged = bytearray(case.data)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(BlockDamaged):
            case.decode(bytes(damaged))
    for size in chance.integers(0, len(case.data), 300).tolist():
        with pytest.raises(BlockDamaged):
            case.decode(case.data[:size])
        with pytest.raises(BlockDamaged):
            case.decode(case.data + case.data[:size] + b"x")


@pytest.mark.parametrize("name", CASES)
def test_wrong_content_under_a_right_checksum_never_does_more_than_raise(name: str) -> None:
    case = CASES[name]
    chance = np.random.default_rng(2)
    raised = 0
    for _ in range(600):
        content = bytearray(case.data[:-4])
        for place in chance.integers(4, min(len(content), 60), chance.integers(1, 4)).tolist():
            content[place] = int(chance.integers(256))
        content = content[: chance.integers(8, len(content))] if chance.random() < 0.2 else content
        try:
            case.decode(bytes(content) + struct.pack("<I", zlib.crc32(content)))
        except BlockDamaged:
            raised += 1
    assert raised > 300


def test_a_count_beyond_the_limit_is_refused_before_anything_is_allocated() -> None:
    content = struct.pack("<2sBBI", b"WK", ord("C"), 1, 2**32 - 1) + b"\x00\x00K\x00K" + bytes(8)
    with pytest.raises(BlockDamaged, match="4294967295 rows"):
        blocks.decode_chunk(content + struct.pack("<I", zlib.crc32(content)))
    with pytest.raises(BlockTooLarge, match="write several"):
        blocks.encode_clock(np.arange(blocks.MOST_ROWS + 1))


def test_a_block_of_another_kind_or_of_a_newer_format_is_refused_in_words() -> None:
    scan = CASES["scan"].data
    with pytest.raises(BlockDamaged, match="kind C was expected"):
        blocks.decode_chunk(scan)
    newer = scan[:3] + b"\x02" + scan[4:-4]
    with pytest.raises(BlockDamaged, match="format 2 is newer"):
        blocks.decode_scan(newer + struct.pack("<I", zlib.crc32(newer)))
    assert issubclass(BlockDamaged, StorageError)


def test_a_chunk_with_another_scan_clock_is_refused() -> None:
    samples = numbers().take(np.arange(0, 3_600, 7) + np.arange(515) % 3)
    received = replace(samples, times=samples.times - 1 - np.arange(515) ** 3)
    for one in (samples, received):
        data = blocks.encode_chunk(one, CLOCK)
        np.testing.assert_array_equal(blocks.decode_chunk(data, CLOCK).receives, one.receives)
        for other in (None, CLOCK + 1, CLOCK[:-1], CLOCK[1:], CLOCK[:0]):
            with pytest.raises(BlockDamaged, match="scan clock"):
                blocks.decode_chunk(data, other)


def test_a_block_that_needs_pcodec_says_so_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    data = blocks.encode_chunk(numbers())
    monkeypatch.setattr("hmi.historian.blocks._pco.standalone", None)
    with pytest.raises(StorageError, match="needs the package pcodec") as caught:
        blocks.decode_chunk(data)
    assert not isinstance(caught.value, BlockDamaged)


def test_a_text_of_1_mb_fits() -> None:
    wanted = Samples.of([DataValue("é" * 1_000_000, 0, BEGIN, BEGIN), DataValue("", 0, BEGIN + 1, BEGIN + 1)])
    assert blocks.decode_chunk(blocks.encode_chunk(wanted)).values() == wanted.values()
    batch = Batch(np.array([1, 1], np.int32), wanted)
    assert blocks.decode_scan(blocks.encode_scan(batch)).samples.values() == wanted.values()


def test_what_nearly_every_sample_says_costs_nothing() -> None:
    steady = columns(CLOCK, np.full(3_600, 21.5))
    assert len(blocks.encode_chunk(steady, CLOCK)) < 40
    switch = columns(CLOCK, (np.arange(3_600) // 400 % 2).astype(np.float64))
    assert len(blocks.encode_chunk(switch, CLOCK)) < 90


@pytest.mark.parametrize("odd", [0, 1, 1_800, 3_599])
def test_even_instants_of_a_commit_are_kept_as_their_step(odd: int) -> None:
    even, tags = numbers(), np.ones(3_600, np.int32)
    times = CLOCK.copy()
    times[odd] += odd
    uneven = replace(even, times=times, receives=times)
    for samples in (even, uneven, even.take(slice(None, None, -1)), even.take(slice(0, 2))):
        found = blocks.decode_scan(blocks.encode_scan(Batch(tags[: len(samples)], samples)))
        for name in ("times", "receives", "bits"):
            assert np.array_equal(getattr(found.samples, name), getattr(samples, name))
    if odd:
        sizes = [len(blocks.encode_scan(Batch(tags, one))) for one in (even, uneven)]
        assert sizes[0] < sizes[1]


def test_raw_data_of_1_s_takes_1_4_bytes_a_sample_with_its_rollups() -> None:
    clock, total, count = second_times(5), 0, 0
    for signal in plant(40):
        samples = columns(clock, signal.hour(5))
        rows = [
            rollups_of(samples, level, before=None, stepped=False) for level in (MINUTE, TEN_MINUTES, HOUR)
        ]
        total += len(blocks.encode_chunk(samples, clock)) + sum(
            len(blocks.encode_rollups(one)) for one in rows
        )
        count += len(samples)
    assert total / count <= 1.4


def test_exception_data_takes_2_4_bytes_a_sample_with_its_rollups() -> None:
    signals, clock, total, count = plant(40), scan_times(5), 0, 0
    table = np.stack([signal.hour(5) for signal in signals])
    for row, chosen in zip(table, reported(table), strict=True):
        samples = columns(clock[chosen], row[chosen])
        rows = [rollups_of(samples, level, before=None, stepped=False) for level in (TEN_MINUTES, HOUR)]
        total += len(blocks.encode_chunk(samples, clock)) + sum(
            len(blocks.encode_rollups(one)) for one in rows
        )
        count += len(samples)
    assert total / count <= 2.4
