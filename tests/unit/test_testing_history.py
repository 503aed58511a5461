"""What a FakeClient says of the past beyond raw samples: screens are built on it, so it must not lie."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hmi.client.history import TrendQuery, TrendSeries
from hmi.client.port import Event, LiveUpdate, PlantInfo
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import AccessRefused
from hmi.core.history import ReadAtTime, ReadRaw, SampleFlag
from hmi.testing.client import FakeClient, make_tag
from hmi.testing.history import make_samples

HOUR = 3_600 * NS_PER_S
BEGIN = 1_794_000_000 * NS_PER_S


class Deaf:
    def on_live(self, update: LiveUpdate) -> None: ...

    def on_event(self, event: Event) -> None: ...

    def on_link(self, up: bool, text: str) -> None: ...


def client() -> FakeClient:
    tags = [make_tag("a/level"), make_tag("a/run", type="bool")]
    plant = PlantInfo("p", "p", "P", "r1", "UTC", "simulator", "", [], tags, [], [])
    made = FakeClient(Deaf(), plant)
    times = BEGIN + np.arange(3_600) * NS_PER_S
    values = np.zeros(3_600)
    values[1_234] = 99.0
    made.columns["a/level"] = make_samples(times, values)
    return made


def column(series: TrendSeries, name: str) -> list[float]:
    kind = {"times": "<i8", "statuses": "<u4", "breaks": "u1"}.get(name, "<f8")
    return np.frombuffer(getattr(series, name), kind).tolist()


def trend(made: FakeClient, start: int, end: int, pixels: int) -> TrendSeries:
    answer = asyncio.run(made.read_trend(TrendQuery(["a/level"], start, end, pixels)))
    return answer.series[0]


def test_a_spike_of_one_sample_stays_in_its_column() -> None:
    series = trend(client(), BEGIN, BEGIN + HOUR, 60)
    assert not series.exact
    assert len(column(series, "times")) == 60
    assert [i for i, high in enumerate(column(series, "high")) if high == 99.0] == [1_234 // 60]
    assert max(column(series, "low")) == 0.0


def test_few_samples_come_as_they_are_with_both_neighbours() -> None:
    series = trend(client(), BEGIN + 10 * NS_PER_S + 1, BEGIN + 20 * NS_PER_S - 1, 100)
    assert series.exact
    assert column(series, "times") == [BEGIN + n * NS_PER_S for n in range(10, 21)]


def test_nothing_is_drawn_across_a_gap_or_out_of_a_bad_sample() -> None:
    made = client()
    statuses = [0, 0, quality.BAD_NO_COMMUNICATION, 0, 0]
    flags = [0, SampleFlag.GAP_BEFORE, 0, 0, 0]
    times = [BEGIN + n * NS_PER_S for n in range(5)]
    made.columns["a/level"] = make_samples(times, [1.0, 2.0, 3.0, 4.0, 5.0], statuses, flags)
    series = trend(made, BEGIN, BEGIN + HOUR, 100)
    assert column(series, "breaks") == [0, 1, 0, 1, 0]
    assert str(column(series, "first")) == str([1.0, 2.0, float("nan"), 4.0, 5.0])


def test_figures_state_what_is_good() -> None:
    made = client()
    made.columns["a/level"] = make_samples(
        [BEGIN, BEGIN + 10 * NS_PER_S, BEGIN + 20 * NS_PER_S],
        [0.0, 10.0, 10.0],
        [0, quality.BAD_NO_COMMUNICATION, 0],
    )
    found = asyncio.run(made.range_figures(["a/level"], BEGIN, BEGIN + 40 * NS_PER_S))[0]
    assert (found.minimum, found.maximum, found.count) == (0.0, 10.0, 2)
    assert found.percent_good == pytest.approx(75.0)
    assert found.seconds_bad == pytest.approx(10.0)
    assert found.average == pytest.approx((0.0 * 10 + 10.0 * 20) / 30)


def test_raw_reads_give_the_columns_too() -> None:
    made = client()
    page = asyncio.run(made.read_raw(ReadRaw("t_a/level", BEGIN, BEGIN + 9 * NS_PER_S)))
    assert [one.source_time for one in page.samples] == [BEGIN + n * NS_PER_S for n in range(10)]
    at = asyncio.run(made.read_at_time(ReadAtTime("t_a/level", (BEGIN + 1_234 * NS_PER_S,))))
    assert at.samples[0].value == 99.0


def test_an_annotation_needs_the_right_and_leaves_by_name() -> None:
    made = client()
    note = asyncio.run(made.annotate("a/level", BEGIN, "Filter changed"))
    assert note.user == "demo-operator"
    assert asyncio.run(made.annotations(["t_a/level"], BEGIN, BEGIN + 1)) == [note]
    asyncio.run(made.withdraw_annotation(note.id, "wrong tag"))
    assert asyncio.run(made.annotations(["t_a/level"], BEGIN, BEGIN + 1)) == []
    made.roles = ["view"]
    with pytest.raises(AccessRefused):
        asyncio.run(made.annotate("a/level", BEGIN, "again"))
