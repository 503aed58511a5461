"""Several processes read an archive while one writes and compacts it: each sees whole commits, in order, none twice."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite import open_archive, open_reader

S = 1_000_000_000
BEGIN = 20_717 * 24 * HOUR + 22 * HOUR
TAGS = 20
STEP = 20
"""Seconds of the archive's time from one commit to the next."""
COMMITS = 4 * 3600 // STEP


def batch(number: int) -> Batch:
    """The same value for every tag: its number of commits."""
    times = np.full(TAGS, BEGIN + number * STEP * S)
    zeros = np.zeros(TAGS, np.uint32)
    narrow = zeros.astype(np.uint16)
    bits = np.full(TAGS, number, np.float64).view(np.uint64)
    kinds = np.ones(TAGS, np.uint8)
    return Batch(
        np.arange(1, TAGS + 1, dtype=np.int32),
        Samples(times, bits, kinds, zeros, times, narrow, narrow, zeros),
    )


def written(folder: str, done: multiprocessing.Event) -> None:  # type: ignore[valid-type]
    archive = open_archive(Path(folder))
    for tag in range(TAGS):
        archive.number(f"t{tag}")
    for number in range(COMMITS):
        archive.commit(batch(number), time=BEGIN + number * STEP * S)
        if number % 60 == 59:
            archive.compact(BEGIN + number * STEP * S)
    archive.compact(BEGIN + COMMITS * STEP * S)
    archive.close()
    done.set()


def watched(folder: str, tag: int, done: multiprocessing.Event, told: multiprocessing.Queue[str]) -> None:  # type: ignore[valid-type]
    """Puts what is wrong, at the end an empty text."""
    reader = open_reader(Path(folder))
    seen = 0
    while True:
        is_last = done.is_set()
        numbers = reader.read(tag, BEGIN, BEGIN + 24 * HOUR).numbers()
        if numbers.tolist() != list(range(len(numbers))) or len(numbers) < seen:
            told.put(f"{len(numbers)} samples after {seen}, from {numbers[:3]} to {numbers[-3:]}")
            return
        seen = len(numbers)
        if seen and int(reader.before(tag, BEGIN + 24 * HOUR).numbers()[0]) < seen - 1:
            told.put("the newest sample is older than one that was read")
            return
        if is_last:
            told.put("" if seen == COMMITS and not reader.damaged() else f"{seen} samples at the end")
            return


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its processes")
def test_processes_read_while_one_writes_and_compacts(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    archive = open_archive(tmp_path)
    archive.close()
    done, told = context.Event(), context.Queue()
    readers = [
        context.Process(target=watched, args=(str(tmp_path), tag, done, told), daemon=True)
        for tag in (1, 7, 20)
    ]
    writer = context.Process(target=written, args=(str(tmp_path), done), daemon=True)
    for process in (*readers, writer):
        process.start()
    texts = [told.get(timeout=120) for _ in readers]
    for process in (*readers, writer):
        process.join(30)
    assert texts == ["", "", ""]
    assert writer.exitcode == 0


def test_a_reader_pages_backwards_and_forwards_over_days(tmp_path: Path) -> None:
    archive = open_archive(tmp_path)
    for tag in range(TAGS):
        archive.number(f"t{tag}")
    for number in range(COMMITS):
        archive.commit(batch(number), time=BEGIN + number * STEP * S)
    archive.compact(BEGIN + 3 * HOUR)
    forward: list[float] = []
    start = BEGIN
    while len(page := archive.read(3, start, BEGIN + 24 * HOUR, 100)):
        forward += page.numbers().tolist()
        start = int(page.times[-1]) + 1
    assert forward == list(range(COMMITS))
    back: list[float] = []
    end = BEGIN + 24 * HOUR
    while len(page := archive.read(3, BEGIN, end, 100, backwards=True)):
        back += page.numbers().tolist()
        end = int(page.times[-1]) - 1
    assert back == forward[::-1]
    assert archive.before(3, BEGIN + 3000 * 24 * HOUR).numbers().tolist() == [COMMITS - 1]
    archive.close()
