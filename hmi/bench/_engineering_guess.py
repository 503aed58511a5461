"""Measures how often the types and orders that a browse of a Modbus device proposes are right.

200 random register maps of known layout are watched for 20 s of their own time at ten requests a second, with the
jitter of a network, and guessed. A guess is right when place, width, kind and order are those of the map and every
answer that was seen reads as the map's own number.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hmi.bench.figure import Figure
from hmi.drivers.modbus._guess import SURE, Guess, guess
from hmi.drivers.modbus._guess_kinds import Samples
from hmi.testing.modbus_maps import START_S, Item, RegisterMap, random_map

MAPS = 200
FIRST_SEED = 50_000
WATCH_S = 20.0
READS_PER_S = 10.0
REGISTERS = 125
GOAL = 95.0
_BINS = 10
_KINDS = {
    "int16": "integer", "uint16": "integer", "int32": "integer", "uint32": "integer", "int64": "integer",
    "uint64": "integer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """One guess held against its map."""

    confidence: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """All guesses of one map, and how many of its values that are not always 0 it has."""

    verdicts: tuple[Verdict, ...]
    values: int


def watched(device: RegisterMap, seed: int) -> list[Samples]:
    """What a browse would have read: parts of up to 125 registers one after the other, overlapping by three."""
    rng = random.Random(f"watch {seed}")
    starts = range(0, max(1, device.size - 3), REGISTERS - 3)
    sweeps = max(4, int(WATCH_S * READS_PER_S / len(starts)))
    rows: list[list[list[int]]] = [[] for _start in starts]
    times: list[list[float]] = [[] for _start in starts]
    now = 0.0
    for _sweep in range(min(sweeps, 60)):
        for place, start in enumerate(starts):
            now += WATCH_S / min(sweeps, 60) / len(starts) * rng.uniform(0.9, 1.1)
            rows[place].append(device.words(now)[start : start + REGISTERS])
            times[place].append(START_S + now)
    return [
        Samples(device.start + start, np.array(rows[place], np.uint16), np.array(times[place]))
        for place, start in enumerate(starts)
    ]


def judge(device: RegisterMap, seed: int) -> Judged:
    """Watch and guess one map."""
    parts = watched(device, seed)
    guessed = guess([parts])
    items = {item.offset: item for item in device.items}
    verdicts = tuple(Verdict(one.confidence, _is_right(one, items.get(one.offset))) for one in guessed.items)
    words = {
        part.start + at for part in parts for at in range(part.words.shape[1]) if part.words[:, at].any()
    }
    values = sum(any(place in words for place in range(item.offset, item.end)) for item in device.items)
    return Judged(verdicts, values)


def _is_right(one: Guess, item: Item | None) -> bool:
    if item is None:
        return False
    kind = "bits" if one.kind.wire == "bits" else _KINDS.get(one.wire, one.wire)
    if kind != _KINDS.get(item.wire, item.wire):
        return False
    if item.wire == "string":
        return one.order == item.order and one.words <= item.words
    signs_agree = one.wire == item.wire or item.wire == "bits" or not _above_half(one)
    return one.words == item.words and (item.words == 1 or one.order == item.order) and signs_agree


def _above_half(one: Guess) -> bool:
    """Whether a number with a sign and one without would differ: the highest bit was set."""
    highest = one.samples.words[:, 0 if one.order in ("ABCD", "BADC") else -1]
    return bool((highest & (0x80 if one.order in ("BADC", "DCBA") else 0x8000)).any())


def figures() -> list[Figure]:
    """Share of right guesses among those stated as sure, how many values get one, and how honest confidences are."""
    started = time.perf_counter()
    judged = [judge(random_map(seed), seed) for seed in range(FIRST_SEED, FIRST_SEED + MAPS)]
    took = time.perf_counter() - started
    verdicts = [verdict for one in judged for verdict in one.verdicts]
    sure = [verdict for verdict in verdicts if verdict.confidence >= SURE]
    right = sum(verdict.is_right for verdict in sure)
    values = sum(one.values for one in judged)
    share = 100 * right / len(sure)
    against = f"{MAPS} random register maps, {values} values"
    return [
        Figure(
            "engineering.guess_right_of_sure", share, "%", against, f">= {GOAL:g} %", passed=share >= GOAL
        ),
        Figure("engineering.guess_coverage", 100 * right / values, "%", f"right and sure of {values} values"),
        Figure("engineering.guess_calibration_error", 100 * calibration_error(verdicts), "%", against),
        Figure(
            "engineering.guess_map_ms", 1000 * took / MAPS, "ms", "watching of a simulated map and guessing"
        ),
    ]


def calibration_error(verdicts: list[Verdict]) -> float:
    """Mean distance of confidence from the share of right guesses, over ten bins, weighted by their guesses."""
    return sum(len(one) * abs(stated - right) for stated, right, one in bins(verdicts)) / len(verdicts)


def bins(verdicts: list[Verdict]) -> Iterator[tuple[float, float, list[Verdict]]]:
    """Mean confidence, share of right ones and the guesses of each bin that has some."""
    for number in range(_BINS):
        some = [one for one in verdicts if min(_BINS - 1, int(one.confidence * _BINS)) == number]
        if some:
            stated = sum(one.confidence for one in some) / len(some)
            yield stated, sum(one.is_right for one in some) / len(some), some
