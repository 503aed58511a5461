"""UA-02: aggregates against tables worked by hand from the rules of Part 13 (standards 3.6).

The series, values at seconds, intervals of 20 s from 0 to 100:

    10: 10   20: 20   25: Bad   30: 30   40: 40   55: 50   60: 60 (Uncertain)   80: 80

Nothing is known before 10 and after 80. Uncertain counts as Bad unless a test says so.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from hmi.core import quality
from hmi.core.history import AggregateConfiguration, ReadProcessed, SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian.aggregates import NAMES, ReadStopped, SamplesSource, named, processed
from hmi.historian.samples import Samples
from hmi.testing.history import make_samples

SECOND = 1_000_000_000
COMM = quality.BAD_NO_COMMUNICATION
GOOD, UNCERTAIN, BAD, NO_DATA = 0, quality.UNCERTAIN_DATA_SUBNORMAL, quality.BAD, quality.BAD_NO_DATA
C, N, P, X, M = (
    0x401,
    0x402,
    0x404,
    0x408,
    0x410,
)  # each info bit with the info type that gives it its meaning


def sample(second: float, value: Value, status: int = 0) -> DataValue:
    at = int(second * SECOND)
    return DataValue(value, status, at, at)


SERIES = [
    sample(10, 10.0), sample(20, 20.0), sample(25, None, COMM), sample(30, 30.0), sample(40, 40.0),
    sample(55, 50.0), sample(60, 60.0, quality.UNCERTAIN), sample(80, 80.0),
]  # fmt: skip


def read(
    name: str, *, stepped: bool = False, start: int = 0, end: int = 100, interval: int = 20,
    series: list[DataValue] | Samples = SERIES, configuration: AggregateConfiguration | None = None,
    known_until: int = 0,
) -> list[DataValue]:  # fmt: skip
    samples = series if isinstance(series, Samples) else Samples.of(series)
    request = ReadProcessed(
        "t",
        start * SECOND,
        end * SECOND,
        interval * SECOND,
        name,
        None,
        configuration or AggregateConfiguration(),
    )
    return processed(SamplesSource(samples, 3), request, stepped, known_until=known_until)


def told(found: list[DataValue]) -> list[tuple[Value, int]]:
    return [(round(one.value, 6) if isinstance(one.value, float) else one.value, one.status) for one in found]


# Sloped. Per interval: 0, 20, 40, 60, 80.
SLOPED = {
    # 60: the line from 50 (at 55) to 80 (at 80) passes the Uncertain sample: 50 + 30 * 5/25 = 56
    "Interpolative": [(None, NO_DATA), (20.0, GOOD), (40.0, GOOD), (56.0, UNCERTAIN | N), (80.0, GOOD)],
    # 20: (20+30)/2 with one of three Bad; 60: all of its values are Bad by configuration
    "Average": [(10.0, C), (25.0, UNCERTAIN | C), (45.0, C), (None, BAD | C), (80.0, C)],
    # 0: only 10..20 is known, its middle is 15, the data begin there; 20: lines bridge the Bad sample;
    # 40: 45*15 + 53*5 = 940 over 20 s; 60: 56..80 over 20 s; 80: 80 goes on, always Uncertain
    "TimeAverage": [
        (15.0, C | P),
        (30.0, UNCERTAIN | C),
        (47.0, UNCERTAIN | C),
        (68.0, UNCERTAIN | C),
        (80.0, UNCERTAIN | C | P),
    ],
    "Total": [
        (150.0, C | P),
        (600.0, UNCERTAIN | C),
        (940.0, UNCERTAIN | C),
        (1360.0, UNCERTAIN | C),
        (1600.0, UNCERTAIN | C | P),
    ],
    # 0: half of the time is unknown; 20: 20 stands for 5 s (Bad follows), 350 from 30 to 40, over 15 s;
    # 40: 675 + 50 standing for 5 s = 925; 60: begins with a Bad value; 80: one tick, its end is not known
    "TimeAverage2": [
        (15.0, UNCERTAIN | C | P),
        (30.0, UNCERTAIN | C),
        (46.25, UNCERTAIN | C),
        (None, BAD | C),
        (None, BAD | C | P),
    ],
    "Minimum": [(10.0, C | P), (20.0, UNCERTAIN | C), (40.0, GOOD), (None, NO_DATA), (80.0, P)],
    "Maximum": [(10.0, C | P), (30.0, UNCERTAIN | C), (50.0, C), (None, NO_DATA), (80.0, P)],
    "Range": [(0.0, C | P), (10.0, UNCERTAIN | C), (10.0, C), (None, NO_DATA), (0.0, C | P)],
    # the end bound takes part: 20 at the end of the first, 40 at the end of the second interval
    "Maximum2": [
        (20.0, UNCERTAIN | N | P),
        (40.0, UNCERTAIN | N),
        (50.0, UNCERTAIN | C),
        (None, BAD | N),
        (None, BAD | P),
    ],
    "Range2": [
        (10.0, UNCERTAIN | C | P),
        (20.0, UNCERTAIN | C),
        (10.0, UNCERTAIN | C),
        (None, BAD | C),
        (None, BAD | C | P),
    ],
    "Count": [(1, C | P), (2, UNCERTAIN | C), (2, C), (None, BAD | C), (1, C | P)],
    "Delta": [(0.0, C | P), (10.0, UNCERTAIN | C), (10.0, C), (None, NO_DATA), (0.0, C | P)],
    "StartBound": [(None, NO_DATA), (20.0, GOOD), (40.0, GOOD), (60.0, quality.UNCERTAIN), (80.0, P)],
    "EndBound": [(20.0, C | P), (40.0, C), (60.0, quality.UNCERTAIN | C), (80.0, C), (None, NO_DATA)],
    "DeltaBounds": [
        (None, NO_DATA),
        (20.0, C),
        (20.0, UNCERTAIN | C),
        (20.0, UNCERTAIN | C),
        (None, NO_DATA),
    ],
    # ms of what begins Good; the last sample stands for one tick
    "DurationGood": [(10_000.0, C | P), (15_000.0, C), (20_000.0, C), (0.0, C), (1.0, C | P)],
    "DurationBad": [(10_000.0, C | P), (5_000.0, C), (0.0, C), (20_000.0, C), (0.0, C | P)],
    "PercentGood": [(50.0, C | P), (75.0, C), (100.0, C), (0.0, C), (0.005, C | P)],
    "PercentBad": [(50.0, C | P), (25.0, C), (0.0, C), (100.0, C), (0.0, C | P)],
    "WorstQuality": [(0, C | P), (COMM, C), (0, C), (quality.UNCERTAIN, C), (0, C | P)],
    "WorstQuality2": [(NO_DATA, C | P), (COMM, C), (0, C), (quality.UNCERTAIN, C), (0, C | P)],
    "NumberOfTransitions": [(1, C | P), (2, UNCERTAIN | C), (2, C), (None, BAD | C), (1, C | P)],
    "StandardDeviationSample": [(0.0, C | P), (7.071068, C), (7.071068, C), (None, NO_DATA), (0.0, C | P)],
    "VarianceSample": [(0.0, C | P), (50.0, C), (50.0, C), (None, NO_DATA), (0.0, C | P)],
    "StandardDeviationPopulation": [(0.0, C | P), (5.0, C), (5.0, C), (None, NO_DATA), (0.0, C | P)],
    "VariancePopulation": [(0.0, C | P), (25.0, C), (25.0, C), (None, NO_DATA), (0.0, C | P)],
}

STEPPED = {
    "Interpolative": [(None, NO_DATA), (20.0, GOOD), (40.0, GOOD), (50.0, UNCERTAIN | N), (80.0, GOOD)],
    # always sloped, also for a stepped tag
    "TimeAverage": SLOPED["TimeAverage"],
    # 20: 20 stands for 10 s across the Bad sample, 30 for 10 s; 40: 40*15 + 50*5
    "Total": [
        (100.0, C | P), (500.0, UNCERTAIN | C), (850.0, C), (1000.0, UNCERTAIN | C), (1600.0, UNCERTAIN | C | P),
    ],
    # 20: 20*5 + 30*10 over 15 s; 40: 850 over 20 s; 80: one tick of a Good value
    "TimeAverage2": [(10.0, UNCERTAIN | C | P), (26.666667, UNCERTAIN | C), (42.5, C), (None, BAD | C), (80.0, C | P)],
    "Total2": [(100.0, UNCERTAIN | C | P), (400.0, UNCERTAIN | C), (850.0, C), (None, BAD | C), (0.08, C | P)],
    # the value at the end belongs to the next interval, and takes no part
    "Maximum2": [(10.0, UNCERTAIN | C | P), (30.0, UNCERTAIN | C), (50.0, C), (None, NO_DATA), (80.0, P)],
    "DurationInStateNonZero": [
        (10_000.0, UNCERTAIN | C | P), (15_000.0, UNCERTAIN | C), (20_000.0, C), (None, BAD | C), (1.0, C | P),
    ],
    "DurationInStateZero": [
        (0.0, UNCERTAIN | C | P), (0.0, UNCERTAIN | C), (0.0, C), (None, BAD | C), (0.0, C | P),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SLOPED)
def test_ua_02_sloped_table(name: str) -> None:
    assert told(read(name)) == SLOPED[name]


@pytest.mark.parametrize("name", STEPPED)
def test_ua_02_stepped_table(name: str) -> None:
    assert told(read(name, stepped=True)) == STEPPED[name]


def test_ua_02_results_carry_the_begin_of_their_interval_or_their_own_time() -> None:
    assert [one.source_time // SECOND for one in read("Average")] == [0, 20, 40, 60, 80]
    own = [one.source_time / SECOND for one in read("MaximumActualTime")]
    assert own == [10, 30, 55, 60, 80]
    # an end bound that wins is told at the instant right before the end
    assert [one.source_time / SECOND for one in read("MaximumActualTime2")][:2] == [19.999, 39.999]
    assert [one.source_time / SECOND for one in read("Start")] == [10, 20, 40, 60, 80]
    assert [one.source_time / SECOND for one in read("End")] == [10, 30, 55, 60, 80]


def test_ua_02_uncertain_may_count_as_good() -> None:
    mild = AggregateConfiguration(treat_uncertain_as_bad=False)
    assert told(read("Average", configuration=mild))[3] == (60.0, C)
    assert told(read("Count", configuration=mild))[3] == (1, C)
    # DurationGood still asks for Good ones, and nothing is Bad there
    assert told(read("DurationGood", configuration=mild))[3] == (0.0, C)
    assert told(read("DurationBad", configuration=mild))[3] == (0.0, C)
    assert told(read("TimeAverage2", configuration=mild))[3] == (70.0, C)
    # but the minimum of Good values is not touched by it
    assert told(read("Minimum", configuration=mild))[3] == (None, NO_DATA)
    assert told(read("Minimum2", configuration=mild))[3] == (60.0, GOOD)


def test_ua_02_the_good_share_is_judged_first() -> None:
    half = AggregateConfiguration(percent_bad=50, percent_good=50)
    # 10 of 20 s are Good, 10 are Bad: both limits are met, and Good wins
    assert told(read("TimeAverage2", stepped=True, configuration=half))[0] == (10.0, C | P)


def test_ua_02_a_last_interval_that_is_cut_off_is_partial_and_counts_its_real_length() -> None:
    found = told(read("PercentGood", start=30, end=60, interval=20))
    assert found == [(100.0, C), (100.0, C | P)]
    backwards = read("Average", start=60, end=30, interval=20)
    # (40, 60] holds 50 and the Uncertain 60; (30, 40] is cut and holds 40
    assert told(backwards) == [(50.0, UNCERTAIN | C), (40.0, C)]
    assert [one.source_time // SECOND for one in backwards] == [60, 40]


def test_ua_02_backwards_begins_at_the_later_end() -> None:
    assert told(read("StartBound", start=40, end=20)) == [(40.0, GOOD)]
    assert told(read("EndBound", start=40, end=20)) == [(20.0, C)]
    assert told(read("DeltaBounds", start=40, end=20)) == [(-20.0, C)]
    assert [one.value for one in read("Start", start=40, end=20)] == [40.0]


def test_ua_02_extrapolation_is_held_or_sloped_and_never_good() -> None:
    assert told(read("Interpolative", start=100, end=110, interval=10)) == [(80.0, UNCERTAIN | N)]
    sloped = AggregateConfiguration(sloped_extrapolation=True)
    # the last two usable: 50 at 55 and 80 at 80; 1.2 a second
    assert told(read("Interpolative", start=100, end=110, interval=10, configuration=sloped)) == [
        (104.0, UNCERTAIN | N)
    ]


def test_ua_02_the_same_extreme_twice_and_two_samples_of_one_instant_are_told() -> None:
    twice = [sample(1, 5.0), sample(2, 7.0), sample(3, 7.0), sample(30, 1.0)]
    assert told(read("Maximum", series=twice, end=20)) == [(7.0, C | M | P)]
    assert told(read("MaximumActualTime", series=twice, end=20)) == [(7.0, M | P)]
    doubled = [sample(1, 5.0), sample(1, 6.0), sample(30, 1.0)]
    assert told(read("Start", series=doubled, end=20)) == [(5.0, X)]
    assert told(read("End", series=doubled, end=20)) == [(6.0, X)]


def test_ua_02_integers_stay_integers() -> None:
    large = 2**63 - 1
    counter = [sample(1, large - 1), sample(2, large), sample(3, large - 2), sample(30, 0)]
    assert told(read("Maximum", series=counter, end=20, stepped=True))[0][0] == large
    assert told(read("Minimum", series=counter, end=20, stepped=True))[0][0] == large - 2
    assert told(read("Delta", series=counter, end=20, stepped=True))[0][0] == -1
    assert told(read("Range", series=counter, end=20, stepped=True))[0][0] == 2


def test_ua_02_texts_have_a_state_and_transitions_but_no_average() -> None:
    mode = [
        sample(1, "Auto"),
        sample(5, "Manual"),
        sample(9, "Manual"),
        sample(12, "Auto"),
        sample(30, "Off"),
    ]
    assert told(read("NumberOfTransitions", series=mode, end=20, stepped=True))[0][0] == 3
    assert told(read("Interpolative", series=mode, start=10, end=20, stepped=True, interval=10)) == [
        ("Manual", N)
    ]
    assert told(read("Average", series=mode, start=0, end=20, stepped=True)) == [(None, BAD | C)]


def test_hi_07_a_stepped_tag_is_never_interpolated_linearly() -> None:
    valve = [sample(0, 0), sample(60, 100), sample(120, 100)]
    at = [one.value for one in read("Interpolative", series=valve, stepped=True, end=120, interval=15)]
    assert set(at) == {0, 100}
    assert [one.value for one in read("TimeAverage2", series=valve, stepped=True, end=60, interval=60)] == [
        0.0
    ]
    assert [one.value for one in read("TimeAverage2", series=valve, stepped=False, end=60, interval=60)] == [
        50.0
    ]


def test_hi_04_a_gap_is_left_out_and_percent_good_says_so() -> None:
    """An hour of a value each second with 10 minutes of silence, told by its flag alone."""
    times = np.array([second for second in range(3_601) if not 1_200 < second < 1_800], np.int64) * SECOND
    flags = np.where(times == 1_800 * SECOND, int(SampleFlag.GAP_BEFORE), 0)
    values = np.where(times <= 1_200 * SECOND, 10.0, 40.0)
    hour = make_samples(times, values, None, flags.tolist())
    good = read("PercentGood", series=hour, end=3_600, interval=0)[0].value
    assert good == pytest.approx(100 * 3_000 / 3_600, abs=0.01)
    average = read("TimeAverage2", series=hour, end=3_600, interval=0, stepped=True)[0].value
    assert average == pytest.approx((10.0 * 1_200 + 40.0 * 1_800) / 3_000)
    assert told(read("TimeAverage2", series=hour, start=1_300, end=1_700, interval=0)) == [(None, BAD | C)]


def test_marks_of_the_collector_are_no_values() -> None:
    marked = make_samples(
        [0, 10 * SECOND, 20 * SECOND], [1.0, 0.0, 3.0], [0, NO_DATA, 0], [0, int(SampleFlag.MARK), 0]
    )
    assert told(read("Count", series=marked, end=30, interval=30)) == [(2, C | P)]
    assert told(read("DurationGood", series=marked, end=20)) == [(10_000.0, C)]


def test_the_newest_value_stands_as_long_as_it_is_known_to() -> None:
    one = [sample(0, 4.0)]
    asked = {"series": one, "end": 60, "interval": 60, "stepped": True}
    assert told(read("DurationGood", **asked)) == [(1.0, C | P)]
    assert told(read("DurationGood", **asked, known_until=60 * SECOND)) == [(60_000.0, C)]
    assert told(read("TimeAverage2", **asked, known_until=30 * SECOND)) == [(4.0, C | P)]


def test_names_are_taken_as_people_write_them() -> None:
    for name in NAMES:
        assert named(name).name == name
    for text in (
        "time average 2",
        "TIMEAVERAGE2",
        "AggregateFunction_TimeAverage2",
        "TimeAverage2 Aggregate",
    ):
        assert named(text).name == "TimeAverage2"
    with pytest.raises(ValueError, match="there is no aggregate 'Mode'"):
        named("Mode")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_recorded_gives_no_data_for_every_aggregate(name: str) -> None:
    found = read(name, series=[])
    assert len(found) == 5
    if name != "AnnotationCount":
        assert told(found) == [(None, NO_DATA)] * 5


@pytest.mark.parametrize(("start", "end", "interval"), [(5, 5, 1), (0, 10, -1), (0, 10**9, 1)])
def test_ranges_that_make_no_sense_are_refused_in_a_sentence(start: int, end: int, interval: int) -> None:
    with pytest.raises(ValueError, match=r"range is empty|not negative|use a longer interval"):
        read("Average", start=start, end=end, interval=interval)


class Endless:
    """Ten years of a value each second, made piece by piece; nothing of it is kept."""

    def __init__(self) -> None:
        self.handed = 0

    def samples(self, start: int, end: int) -> Iterator[Samples]:
        piece = 100_000
        for begin in range(start // SECOND, end // SECOND, piece):
            times = np.arange(begin, min(begin + piece, end // SECOND), dtype=np.int64) * SECOND
            self.handed += len(times)
            yield make_samples(times, (times // SECOND % 60).astype(np.float64))

    def before(self, at: int) -> Samples:
        return Samples.empty()

    def after(self, at: int) -> Samples:
        return Samples.empty()


@pytest.mark.parametrize(
    "name", ["TimeAverage", "TimeAverage2", "Average", "Maximum", "StandardDeviationSample"]
)
def test_hi_12_a_long_read_runs_in_bounded_memory(name: str) -> None:
    days = 30
    tracemalloc.start()
    try:
        request = ReadProcessed("t", 0, days * 86_400 * SECOND, 0, name)
        found = processed(Endless(), request, False)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found[0].value is not None
    # one piece is 4.3 MB of columns, the whole range 112 MB
    assert most < 60_000_000


def test_hi_12_a_long_read_is_ended_within_one_piece() -> None:
    source = Endless()
    request = ReadProcessed("t", 0, 3_650 * 86_400 * SECOND, 0, "TimeAverage2")
    with pytest.raises(ReadStopped):
        processed(source, request, False, stop=lambda: source.handed > 300_000)
    assert source.handed == 400_000
