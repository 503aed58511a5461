"""The types that the words of a device may have, and how common each one is before anything was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
Words = NDArray[np.uint16]
Bits = NDArray[np.float64]
"""Costs in bits: the length of the message that would tell what was seen. 1 bit more = half as likely."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``wire`` as in the option of a tag; ``unused``, ``bits`` and ``integer`` are names of guesses only."""

    family: str
    wire: str
    words: int
    order: str = "ABCD"


@dataclass(frozen=True, slots=True)
class Samples:
    """Words from ``start`` on (offsets from 0), one row for each answer; ``times`` in s, UTC, of the answers."""

    start: int
    words: Words
    times: Bits

    @property
    def end(self) -> int:
        return self.start + self.words.shape[1]


FAMILIES = (
    "unused",
    "integer",
    "bits",
    "bcd",
    "integer32",
    "float32",
    "wide",
    "time",
    "text",
    "swapped text",
)
"""What neighbours tend to have in common: devices put values of one family one after the other."""

COMMON = {
    "unused": 0.15, "integer": 0.32, "bits": 0.05, "bcd": 0.005, "integer32": 0.13, "float32": 0.27, "wide": 0.03,
    "time": 0.005, "text": 0.002, "swapped text": 0.001,
}  # fmt: skip
LASTS = {
    "unused": 0.93, "integer": 0.7, "bits": 0.5, "bcd": 0.7, "integer32": 0.7, "float32": 0.8, "wide": 0.7,
    "time": 0.3, "text": 0.9, "swapped text": 0.9,
}  # fmt: skip
"""How often the next value is of the same family."""

KINDS: tuple[Kind, ...] = (
    Kind("unused", "unused", 1),
    Kind("integer", "integer16", 1),
    Kind("bits", "bits", 1),
    Kind("bcd", "bcd16", 1),
    Kind("text", "string", 1, "ABCD"),
    Kind("swapped text", "string", 1, "BADC"),
    *(Kind("integer32", "integer32", 2, order) for order in ORDERS),
    *(Kind("float32", "float32", 2, order) for order in ORDERS),
    *(Kind("bcd", "bcd32", 2, order) for order in ORDERS[:2]),
    *(Kind("time", "unix32", 2, order) for order in ORDERS),
    *(Kind("wide", "integer64", 4, order) for order in ORDERS),
    *(Kind("wide", "float64", 4, order) for order in ORDERS),
)
WIDEST = max(kind.words for kind in KINDS)

# Before anything was seen: the order of a device, and that one item differs from its device.
ORDER_SHARES = {"ABCD": 0.5, "CDAB": 0.36, "BADC": 0.05, "DCBA": 0.09}
MIXED_SHARE = 0.06
SAME_ORDER = 0.97


def hypotheses() -> tuple[tuple[str, float], ...]:
    """Orders that a device may have all through with their shares; an empty name = each item has its own."""
    return (*((order, share * (1 - MIXED_SHARE)) for order, share in ORDER_SHARES.items()), ("", MIXED_SHARE))


def share_of_order(kind: Kind, hypothesis: str) -> float:
    """How likely an item of the family has the order of ``kind`` in a device of the order ``hypothesis``."""
    if kind.words == 1:
        return 1.0
    orders = ORDERS[:2] if kind.family == "bcd" else ORDERS
    if not hypothesis:
        return ORDER_SHARES[kind.order] / sum(ORDER_SHARES[order] for order in orders)
    if hypothesis not in orders:
        return 1 / len(orders)
    return SAME_ORDER if kind.order == hypothesis else (1 - SAME_ORDER) / (len(orders) - 1)


def in_order(words: Words, order: str, width: int) -> list[Words]:
    """Columns of each word of every place, highest first, for items of ``width`` words from that place on."""
    places = words.shape[1] - width + 1
    parts: Sequence[Words] = [words[:, at : at + places] for at in range(width)]
    if order in ("BADC", "DCBA"):
        parts = [part.byteswap() for part in parts]
    return list(reversed(parts)) if order in ("CDAB", "DCBA") else list(parts)
