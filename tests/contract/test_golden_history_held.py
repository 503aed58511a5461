"""The file of held points of version 1 is read for ever, and is written as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hmi.core.values import DataValue
from hmi.historian._held import FILE, HeldFile
from hmi.historian.samples import Batch, Samples

GOLDEN = Path(__file__).parents[1] / "data" / "history-held-1.bin"
START = 1_700_006_400_000_000_000
FIRST = [DataValue(50.5, 0, START, START), DataValue(-7, 0x40940000, START + 1, START + 2)]
SECOND = [DataValue(51.0, 0, START + 10, START + 10)]


def batch_of(values: list[DataValue]) -> Batch:
    return Batch(np.arange(3, 3 + len(values), dtype=np.int32), Samples.of(values, flags=128, run=1))


def written(folder: Path) -> bytes:
    held = HeldFile(folder)
    held.renew(batch_of(FIRST), START)
    held.add(None, START + 5)
    held.add(batch_of(SECOND), START + 10, closed=True)
    held.close()
    return (folder / FILE).read_bytes()


def test_a_file_of_version_1_says_what_it_said(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(GOLDEN.read_bytes())
    state = HeldFile(tmp_path).read()
    assert (state.alive, state.is_closed) == (START + 10, True)
    assert [batch.samples.values() for batch in state.batches] == [FIRST, SECOND]
    assert [batch.tags.tolist() for batch in state.batches] == [[3, 4], [3]]


def test_every_torn_end_gives_what_stood_before_it(tmp_path: Path) -> None:
    data = written(tmp_path)
    seen: set[tuple[int, int]] = set()
    for length in range(len(data)):
        (tmp_path / FILE).write_bytes(data[:length])
        state = HeldFile(tmp_path).read()
        assert not state.is_closed
        seen.add((state.alive, len(state.batches)))
    assert seen == {(0, 0), (START, 1), (START + 5, 1)}


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    data = written(tmp_path)
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0x10
        (tmp_path / FILE).write_bytes(bytes(broken))
        batches = HeldFile(tmp_path).read().batches
        told = [batch.samples.values() for batch in batches]
        assert told in ([], [FIRST])
