"""Sums of digests of rows, by package: what is taken out of the tables stays accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.export.digest import NO_ROWS, SEEDS, Words, mixed, words_of
from hmi.export.port import Rows
from hmi.exporters.postgres._encode import EPOCH_US, Index

_WORD: Final = 2**64


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows and the sum of their digests (``hmi.export.digest``)."""

    rows: int = 0
    sum: str = NO_ROWS

    def __add__(self, other: Count) -> Count:
        return Count(self.rows + other.rows, added(self.sum, other.sum))


def added(one: str, other: str) -> str:
    """The sum of two sums, halves apart."""
    halves = ((int(one[at : at + 16], 16) + int(other[at : at + 16], 16)) % _WORD for at in (0, 16))
    return "".join(f"{half:016x}" for half in halves)


def count_of(rows: Rows, places: Index) -> Count:
    """Of these rows of a package."""
    if not len(places):
        return Count()
    return _count(tuple(word[places] for word in words_of(rows)), len(places))


def counts_by_package(found: NDArray[Any], key_words: Mapping[int, int], deleted: int) -> dict[int, Count]:
    """Of rows that were taken out of a table, by the package that had brought them."""
    if not len(found):
        return {}
    numbers, inverse = np.unique(found["tag_no"].astype(np.int64), return_inverse=True)
    keys = np.array([key_words[number] for number in numbers.tolist()], np.uint64)[inverse]
    times = (found["ts"].astype(np.int64) + EPOCH_US) * 1000 + found["ns"]
    rest = (found["seq"], found["status"], found["bits"], found["kind"], found["flags"])
    words = (
        keys,
        times.view(np.uint64),
        *(one.astype(np.uint64) for one in rest),
        np.full(len(found), deleted, np.uint64),
    )
    packages = found["package"].astype(np.int64)
    order = np.argsort(packages, kind="stable")
    distinct, begins = np.unique(packages[order], return_index=True)
    ends = [*begins[1:].tolist(), len(order)]
    return {
        number: _count(tuple(word[order[begin:end]] for word in words), end - begin)
        for number, begin, end in zip(distinct.tolist(), begins.tolist(), ends, strict=True)
    }


def _count(words: tuple[Words, ...], rows: int) -> Count:
    halves: list[int] = []
    for seed in SEEDS:
        state = np.full(rows, seed, np.uint64)
        for word in words:
            state = mixed(state, word)
        halves.append(int(state.sum(dtype=np.uint64)))
    return Count(rows, f"{halves[0]:016x}{halves[1]:016x}")
