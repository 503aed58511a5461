"""UA-02: every aggregate against the slow and obvious reference, over random series, pieces and configurations."""

from __future__ import annotations

import random

import pytest

from hmi.core.history import AggregateConfiguration, ReadProcessed
from hmi.core.values import DataValue
from hmi.historian.aggregates import NAMES, SamplesSource, processed
from hmi.historian.samples import Samples
from tests.property.slow_aggregates import Slow

SECOND = 1_000_000_000
SERIES = 120
STATUSES = (0, 0, 0, 0x00960000, 0x40910000, 0x80310000)
OWN_SERIES = tuple(name for name in NAMES if name != "AnnotationCount")


def series(chance: random.Random) -> list[DataValue]:
    """Values on whole seconds, so that many of them fall on the edges of intervals."""
    times = sorted(chance.randrange(0, 60) for _ in range(chance.randrange(1, 25)))
    if chance.random() < 0.8:
        times = sorted(set(times))
    found: list[DataValue] = []
    for at in times:
        status = chance.choice(STATUSES)
        value = chance.choice((0.0, 1.0, float(chance.randrange(-50, 50)), chance.uniform(-5, 5)))
        found.append(DataValue(None if status >> 30 == 2 else value, status, at * SECOND, at * SECOND))
    return found


def request(chance: random.Random, name: str) -> ReadProcessed:
    low = chance.randrange(-10, 50)
    high = low + chance.randrange(1, 60)
    ends = (low, high) if chance.random() < 0.7 else (high, low)
    configuration = AggregateConfiguration(
        chance.random() < 0.5,
        chance.choice((100, 50, 20)),
        chance.choice((100, 50, 80)),
        chance.random() < 0.3,
    )
    interval = chance.choice((0, 5, 7, 10, 16)) * SECOND
    return ReadProcessed("t", ends[0] * SECOND, ends[1] * SECOND, interval, name, None, configuration)


@pytest.mark.parametrize("name", OWN_SERIES)
def test_ua_02_agrees_with_the_rules_sample_by_sample(name: str) -> None:
    for number in range(SERIES):
        chance = random.Random(f"{name} {number}")
        values, asked, stepped = series(chance), request(chance, name), chance.random() < 0.5
        expected = Slow(values, asked, stepped).results()
        found = processed(SamplesSource(Samples.of(values), chance.randrange(1, 9)), asked, stepped)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            told = f"{name} {number} {asked} stepped={stepped}\n{values}\n{one}\n{other}"
            assert (one.source_time, hex(one.status)) == (other.source_time, hex(other.status)), told
            assert is_same(one, other), told


def is_same(one: DataValue, other: DataValue) -> bool:
    if one.value is None or other.value is None:
        return one.value is other.value
    return one.value == pytest.approx(other.value, rel=1e-9, abs=1e-9)
