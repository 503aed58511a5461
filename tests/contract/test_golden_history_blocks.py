"""The blocks of history of format 1 are kept and opened for ever (design 2b.11)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue, Value
from hmi.historian import blocks
from hmi.historian.rollups import MINUTE, Rollups
from hmi.historian.samples import Batch, Samples, joined

DATA = Path(__file__).resolve().parents[1] / "data" / "history-blocks-1"
BEGIN = 1_700_002_800 * NS_PER_S
CLOCK = BEGIN + np.arange(600, dtype=np.int64) * NS_PER_S + np.arange(600) % 7 * 1_000_000
CONTENTS: tuple[Value, ...] = (
    1.25, -0.0, float("nan"), 0.1, None, 2**64 - 1, -(2**63), 7, True, False, "Größe", "\ud800", b"\x00\xff",
    (1, 2.5, ("a",)), {"a": (1, None), "b": False}, (2**70,),
)  # fmt: skip


def odd() -> Samples:
    """Every kind of value with status, flags and receive times of their own."""
    rows = [
        DataValue(
            CONTENTS[place % 16],
            0x80310000 if place % 5 == 4 else 0x40900480 * (place % 3 == 1),
            at,
            at + place,
        )
        for place, at in enumerate(CLOCK[:160].tolist())
    ]
    return joined([Samples.of(rows[:90], flags=3, run=7), Samples.of(rows[90:], flags=320, run=8)])


def measured() -> Samples:
    """A measurement whose REALs were widened, of some scans of the clock."""
    places = np.flatnonzero(np.arange(600) % 4 > 0)
    steps = (places * 7_919 % 331 + places).astype(np.float64)
    rows = zip((steps * 0.25).tolist(), CLOCK[places].tolist(), strict=True)
    return Samples.of([DataValue(value, 0, at, at) for value, at in rows], run=1)


def batch() -> Batch:
    return Batch((np.arange(160, dtype=np.int32) * 37) % 101, odd())


def rows() -> Rollups:
    """Three rows, the second one without a number."""
    starts = BEGIN // MINUTE * MINUTE + np.array([0, 1, 5]) * MINUTE
    low, high = np.array([0.5, np.nan, 2.0]), np.array([1.5, np.nan, 2.0])
    at = np.where([True, False, True], starts + NS_PER_S, 0)
    counts = np.array([60, 1, 3], np.uint32)
    good = np.array([60, 0, 2], np.uint32)
    worst = np.array([0, 0x80310000, 0x40900000], np.uint32)
    covered = np.array([MINUTE, 0, MINUTE - 5])
    mean = np.array([1 / 3, np.nan, 2.0])
    return Rollups(
        MINUTE, starts, low, high, low, high, at, at + at // BEGIN, at, mean, counts, good, worst, covered
    )


def golden() -> dict[str, bytes]:
    """The samples as this program writes them; run this file to keep those of a new format."""
    return {
        "chunk": blocks.encode_chunk(odd()),
        "chunk-clock": blocks.encode_chunk(measured(), CLOCK),
        "chunk-plain": blocks.encode_chunk(odd(), level=0),
        "scan": blocks.encode_scan(batch()),
        "keyframe": blocks.encode_keyframe(batch()),
        "clock": blocks.encode_clock(CLOCK),
        "rollups": blocks.encode_rollups(rows()),
    }


def kept(name: str) -> bytes:
    return (DATA / f"{name}.block").read_bytes()


def assert_same(found: Samples | Rollups, wanted: Samples | Rollups) -> None:
    """Every column bit for bit."""
    for name in type(wanted).__slots__:
        one, other = getattr(found, name), getattr(wanted, name)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype, name
            assert one.tobytes() == other.tobytes(), name
        else:
            assert repr(one) == repr(other), name


def test_chunks_of_format_1_are_still_read() -> None:
    assert_same(blocks.decode_chunk(kept("chunk")), odd())
    assert_same(blocks.decode_chunk(kept("chunk-plain")), odd())
    assert_same(blocks.decode_chunk(kept("chunk-clock"), CLOCK), measured())
    times, numbers, statuses = blocks.decode_columns(kept("chunk"))
    assert times.tobytes() == odd().times.tobytes()
    assert numbers.tobytes() == odd().numbers().tobytes()
    assert statuses.tobytes() == odd().statuses.tobytes()


def test_scans_and_keyframes_of_format_1_are_still_read() -> None:
    for found in (blocks.decode_scan(kept("scan")), blocks.decode_keyframe(kept("keyframe"))):
        assert found.tags.tolist() == batch().tags.tolist()
        assert_same(found.samples, batch().samples)


def test_clocks_and_rollups_of_format_1_are_still_read() -> None:
    assert blocks.decode_clock(kept("clock")).tolist() == CLOCK.tolist()
    assert_same(blocks.decode_rollups(kept("rollups")), rows())


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for name, data in golden().items():
        if not (DATA / f"{name}.block").exists():
            (DATA / f"{name}.block").write_bytes(data)
