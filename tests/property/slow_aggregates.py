"""Part 13 the slow and obvious way: every interval on its own, sample by sample, straight from the rules.

Nothing of the product computes here. Times are ns, as everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from hmi.core.history import ReadProcessed
from hmi.core.values import DataValue

NO_DATA, UNCERTAIN, BAD = 0x809B0000, 0x40A40000, 0x80000000
CALCULATED, INTERPOLATED, PARTIAL, EXTRA, MULTI, DATA_VALUE = 1, 2, 4, 8, 16, 0x400
TICK = 1_000_000
NEVER_PARTIAL = {"Interpolative", "Average", "Start", "End"}


class Point(NamedTuple):
    time: int
    value: float | int | None
    status: int

    @property
    def severity(self) -> int:
        return self.status >> 30


@dataclass
class Slow:
    """One request over ``samples`` in time order."""

    samples: list[DataValue]
    request: ReadProcessed
    stepped: bool

    def __post_init__(self) -> None:
        self.points = [Point(one.source_time, one.value, one.status) for one in self.samples]  # type: ignore[arg-type]
        self.worst_usable = 0 if self.request.configuration.treat_uncertain_as_bad else 1
        self.backwards = self.request.start > self.request.end

    def results(self) -> list[DataValue]:
        low, high = sorted((self.request.start, self.request.end))
        step = self.request.interval_ns or high - low
        found: list[DataValue] = []
        if self.backwards:
            late = high
            while late > low:
                early = max(late - step, low)
                found.append(self.one(early, late, late - early < step))
                late = early
        else:
            early = low
            while early < high:
                late = min(early + step, high)
                found.append(self.one(early, late, late - early < step))
                early = late
        return found

    def one(self, early: int, late: int, is_cut: bool) -> DataValue:
        begin = late if self.backwards else early
        name = self.request.aggregate
        nothing = DataValue(None, NO_DATA, begin, begin)
        outside = self.outside(early, late)
        if outside and name not in {"Interpolative", "TimeAverage", "Total"}:
            return nothing
        found = getattr(self, f"of_{name}")(early, late, begin)
        if found is None:
            return nothing
        value, status, at = found
        if name not in NEVER_PARTIAL:
            first, last = self.points[0].time, self.points[-1].time
            if is_cut or early < first < late or last < late:
                status |= PARTIAL | DATA_VALUE
        if status >= BAD and name not in {"Start", "End"}:
            value = None
        return DataValue(value, status, at, at)

    def outside(self, early: int, late: int) -> bool:
        if not self.points:
            return True
        first, last = self.points[0].time, self.points[-1].time
        if self.backwards:
            return late < first or early >= last
        return late <= first or early > last

    # what the rules speak of

    def usable(self, point: Point) -> bool:
        return point.severity <= self.worst_usable

    def inside(self, early: int, late: int) -> list[Point]:
        if self.backwards:
            return [one for one in self.points if early < one.time <= late]
        return [one for one in self.points if early <= one.time < late]

    def simple(self, at: int, stepped: bool) -> Point:
        """3.1.9: the nearest neighbours, whatever they are."""
        here = [one for one in self.points if one.time == at]
        if here:
            return here[-1]
        before = [one for one in self.points if one.time < at]
        after = [one for one in self.points if one.time > at]
        if not before or not self.usable(before[-1]) or not after:
            return Point(at, None, NO_DATA)
        held = before[-1]
        mark = INTERPOLATED | DATA_VALUE
        if stepped:
            return Point(at, held.value, (UNCERTAIN if held.severity else 0) | mark)
        following = after[0]
        if not self.usable(following):
            return Point(at, held.value, UNCERTAIN | mark)
        doubt = held.severity or following.severity
        return Point(at, line(held, following, at), (UNCERTAIN if doubt else 0) | mark)

    def interpolated(self, at: int, stepped: bool) -> Point:
        """3.1.8: the nearest usable neighbours; what is passed over makes it Uncertain."""
        here = [one for one in self.points if one.time == at and self.usable(one)]
        if here:
            return here[-1]
        before = [one for one in self.points if one.time <= at and self.usable(one)]
        after = [one for one in self.points if one.time >= at and self.usable(one)]
        if not before:
            return Point(at, None, NO_DATA)
        held = before[-1]
        mark = INTERPOLATED | DATA_VALUE
        if not after and not stepped and self.request.configuration.sloped_extrapolation and len(before) > 1:
            earlier = before[-2]
            if earlier.time < held.time:
                return Point(at, line(earlier, held, at), UNCERTAIN | mark)
        if stepped:
            place = max(i for i, one in enumerate(self.points) if one is held)
            passed = [one for one in self.points[place + 1 :] if one.time <= at]
            ends = not [one for one in self.points if one.time > at]
            doubt = held.severity or passed or ends
            return Point(at, held.value, (UNCERTAIN if doubt else 0) | mark)
        if not after:
            return Point(at, held.value, UNCERTAIN | mark)
        following = after[0]
        places = [i for i, one in enumerate(self.points) if one is held or one is following]
        doubt = held.severity or following.severity or max(places) - min(places) > 1
        return Point(at, line(held, following, at), (UNCERTAIN if doubt else 0) | mark)

    def bounded(self, early: int, late: int, stepped: bool) -> list[Point]:
        """Start bound, raw samples between, end bound."""
        between = [one for one in self.points if early < one.time < late]
        exact = [one for one in self.points if one.time == early]
        return [self.simple(early, stepped), *(exact and []), *between, self.simple(late, stepped)]

    def regions(self, early: int, late: int, stepped: bool) -> list[tuple[int, float, float, int, int]]:
        """(length, first value, last value, severity of its start, severity of the region) of simple bounds."""
        points = self.bounded(early, late, stepped)
        found: list[tuple[int, float, float, int, int]] = []
        end_of_data = self.points[-1].time
        for one, other in pairwise(points):
            start = max(one.time, early)
            end = other.time
            if start > end_of_data:
                continue
            if one.time == end_of_data and other.time > end_of_data:
                end = min(end_of_data + TICK, other.time)
            if not self.usable(one):
                found.append((end - start, math.nan, math.nan, one.severity, 2))
            elif stepped:
                found.append((end - start, one.value, one.value, one.severity, one.severity))  # type: ignore[arg-type]
            elif self.usable(other):
                severity = max(one.severity, other.severity)
                found.append((end - start, one.value, other.value, one.severity, severity))  # type: ignore[arg-type]
            else:
                found.append((end - start, one.value, one.value, one.severity, 1))  # type: ignore[arg-type]
        return found

    def share(self, good: float, doubted: float, bad: float) -> int:
        if self.worst_usable == 0:
            bad += doubted
        else:
            good += doubted
        total = good + bad
        if good * 100 >= self.request.configuration.percent_good * total:
            return 0
        if bad * 100 >= self.request.configuration.percent_bad * total:
            return BAD
        return UNCERTAIN

    def by_values(self, early: int, late: int) -> int:
        inside = self.inside(early, late)
        return self.share(*(sum(one.severity == n for one in inside) for n in range(3)))

    def by_time(self, early: int, late: int, stepped: bool) -> int:
        regions = self.regions(early, late, stepped)
        return self.share(*(sum(one[0] for one in regions if one[4] == n) for n in range(3)))

    # one method for each aggregate: (value, status, time)

    def of_Interpolative(self, early: int, late: int, begin: int):
        found = self.interpolated(begin, self.stepped)
        return found.value, found.status, begin

    def of_Average(self, early: int, late: int, begin: int):
        inside = self.inside(early, late)
        if not inside:
            return None
        good = [one.value for one in inside if self.usable(one)]
        if not good:
            return None, BAD | CALCULATED | DATA_VALUE, begin
        return math.fsum(good) / len(good), self.by_values(early, late) | CALCULATED | DATA_VALUE, begin

    def bridged(self, early: int, late: int, stepped: bool):
        """(value x s, s, doubted) with interpolated bounds; stretches before the first usable sample are left out."""
        times = sorted({early, late, *(one.time for one in self.points if early < one.time < late)})
        area, covered, doubt = 0.0, 0.0, False
        for start, end in pairwise(times):
            first = self.interpolated(start, stepped)
            if first.value is None:
                usable = [one for one in self.points if self.usable(one) and start < one.time < end]
                assert not usable
                continue
            middle = self.interpolated((start + end) // 2, stepped)
            # of several samples at the end the line runs to the first, and goes on from the last
            arrived = [one for one in self.points if one.time == end and self.usable(one)]
            last = first if stepped else arrived[0] if arrived else self.interpolated(end, stepped)
            last_before = last if last.value is not None else first
            seconds = (end - start) / 1e9
            area += (first.value + last_before.value) / 2 * seconds
            covered += seconds
            doubt = doubt or middle.severity > 0
        return area, covered, doubt

    def of_TimeAverage(self, early: int, late: int, begin: int):
        area, covered, doubt = self.bridged(early, late, False)
        return (
            (area / covered, (UNCERTAIN if doubt else 0) | CALCULATED | DATA_VALUE, begin)
            if covered
            else None
        )

    def of_Total(self, early: int, late: int, begin: int):
        area, covered, doubt = self.bridged(early, late, self.stepped)
        return (area, (UNCERTAIN if doubt else 0) | CALCULATED | DATA_VALUE, begin) if covered else None

    def bounded_area(self, early: int, late: int):
        regions = [one for one in self.regions(early, late, self.stepped) if one[4] < 2]
        area = math.fsum((one[1] + one[2]) / 2 * one[0] / 1e9 for one in regions)
        return area, sum(one[0] for one in regions) / 1e9

    def of_TimeAverage2(self, early: int, late: int, begin: int):
        area, covered = self.bounded_area(early, late)
        status = self.by_time(early, late, self.stepped) if covered else BAD
        return area / covered if covered else None, status | CALCULATED | DATA_VALUE, begin

    def of_Total2(self, early: int, late: int, begin: int):
        area, covered = self.bounded_area(early, late)
        status = self.by_time(early, late, self.stepped) if covered else BAD
        return area, status | CALCULATED | DATA_VALUE, begin

    def extreme(self, early: int, late: int, begin: int, best: Callable, own_time: bool):
        inside = self.inside(early, late)
        good = [one for one in inside if one.severity == 0]
        if not good:
            return None
        value = best(one.value for one in good)
        same = [one for one in good if one.value == value]
        beyond = [one for one in inside if one.severity == 1 and one.value != value]
        doubt = any(one.severity == 2 for one in inside)
        doubt = doubt or any(best(one.value, value) == one.value for one in beyond)
        raw = not doubt and (own_time or same[0].time == begin)
        status = (UNCERTAIN if doubt else 0) | (0 if raw else CALCULATED) | (MULTI if len(same) > 1 else 0)
        if status & 0x1F:
            status |= DATA_VALUE
        return value, status, same[0].time if own_time else begin

    def of_Minimum(self, early: int, late: int, begin: int):
        return self.extreme(early, late, begin, min, False)

    def of_Maximum(self, early: int, late: int, begin: int):
        return self.extreme(early, late, begin, max, False)

    def of_MinimumActualTime(self, early: int, late: int, begin: int):
        return self.extreme(early, late, begin, min, True)

    def of_MaximumActualTime(self, early: int, late: int, begin: int):
        return self.extreme(early, late, begin, max, True)

    def of_Range(self, early: int, late: int, begin: int):
        low = self.extreme(early, late, begin, min, False)
        high = self.extreme(early, late, begin, max, False)
        if low is None or high is None:
            return None
        status = UNCERTAIN if UNCERTAIN in (low[1] & 0xFFFF0000, high[1] & 0xFFFF0000) else 0
        return high[0] - low[0], status | CALCULATED | DATA_VALUE, begin

    def bounded_extreme(self, early: int, late: int, begin: int, best: Callable):
        """(value, time, is raw, is more than one)"""
        found = [(one.value, one.time, True) for one in self.inside(early, late) if self.usable(one)]
        end = early if self.backwards else late
        start_bound, end_bound = self.simple(begin, self.stepped), self.simple(end, self.stepped)
        if start_bound.status & INTERPOLATED and self.usable(start_bound):
            found.append((start_bound.value, begin, False))
        if not self.stepped and self.usable(end_bound) and end_bound.value is not None:
            found.append((end_bound.value, end + TICK if self.backwards else end - TICK, False))
        if not found:
            return None
        value = best(one[0] for one in found)
        same = [one for one in found if one[0] == value]
        return *same[0], len(same) > 1

    def extreme2(self, early: int, late: int, begin: int, best: Callable, own_time: bool):
        found = self.bounded_extreme(early, late, begin, best)
        if found is None:
            return None
        value, time, is_raw, several = found
        bits = INTERPOLATED if not is_raw else 0 if own_time or time == begin else CALCULATED
        bits |= MULTI if several else 0
        status = self.by_time(early, late, self.stepped) | bits | (DATA_VALUE if bits else 0)
        return value, status, time if own_time else begin

    def of_Minimum2(self, early: int, late: int, begin: int):
        return self.extreme2(early, late, begin, min, False)

    def of_Maximum2(self, early: int, late: int, begin: int):
        return self.extreme2(early, late, begin, max, False)

    def of_MinimumActualTime2(self, early: int, late: int, begin: int):
        return self.extreme2(early, late, begin, min, True)

    def of_MaximumActualTime2(self, early: int, late: int, begin: int):
        return self.extreme2(early, late, begin, max, True)

    def of_Range2(self, early: int, late: int, begin: int):
        low = self.bounded_extreme(early, late, begin, min)
        high = self.bounded_extreme(early, late, begin, max)
        if low is None or high is None:
            return None
        return high[0] - low[0], self.by_time(early, late, self.stepped) | CALCULATED | DATA_VALUE, begin

    def of_Count(self, early: int, late: int, begin: int):
        count = sum(self.usable(one) for one in self.inside(early, late))
        return count, self.by_values(early, late) | CALCULATED | DATA_VALUE, begin

    def stood(self, early: int, late: int, begin: int, zero: bool):
        regions = self.regions(early, late, True)
        found = sum(one[0] for one in regions if one[4] < 2 and (one[1] == 0) == zero)
        return found / TICK, self.by_time(early, late, True) | CALCULATED | DATA_VALUE, begin

    def of_DurationInStateZero(self, early: int, late: int, begin: int):
        return self.stood(early, late, begin, True)

    def of_DurationInStateNonZero(self, early: int, late: int, begin: int):
        return self.stood(early, late, begin, False)

    def of_NumberOfTransitions(self, early: int, late: int, begin: int):
        inside = self.inside(early, late)
        known = [one for one in self.points if self.usable(one)]
        count = 0
        for before, one in zip([None, *known], known, strict=False):
            if any(one is other for other in inside) and (before is None or before.value != one.value):
                count += 1
        return count, self.by_values(early, late) | CALCULATED | DATA_VALUE, begin

    def edge(self, early: int, late: int, last: bool):
        inside = self.inside(early, late)
        if not inside:
            return None
        found = inside[-1] if last != self.backwards else inside[0]
        extra = sum(one.time == found.time for one in inside) > 1
        return found.value, found.status | (EXTRA | DATA_VALUE if extra else 0), found.time

    def of_Start(self, early: int, late: int, begin: int):
        return self.edge(early, late, False)

    def of_End(self, early: int, late: int, begin: int):
        return self.edge(early, late, True)

    def of_Delta(self, early: int, late: int, begin: int):
        inside = self.inside(early, late)
        good = [one.value for one in inside if self.usable(one)]
        if not good:
            return None
        delta = good[0] - good[-1] if self.backwards else good[-1] - good[0]
        status = UNCERTAIN if len(good) < len(inside) else 0
        return delta, status | CALCULATED | DATA_VALUE, begin

    def of_StartBound(self, early: int, late: int, begin: int):
        found = self.simple(begin, self.stepped)
        return None if found.status == NO_DATA else (found.value, found.status, begin)

    def of_EndBound(self, early: int, late: int, begin: int):
        found = self.simple(early if self.backwards else late, self.stepped)
        if found.status == NO_DATA:
            return None
        if found.severity == 2:
            return None, found.status, begin
        return found.value, found.status & ~INTERPOLATED | CALCULATED | DATA_VALUE, begin

    def of_DeltaBounds(self, early: int, late: int, begin: int):
        start = self.simple(begin, self.stepped)
        end = self.simple(early if self.backwards else late, self.stepped)
        if 2 in (start.severity, end.severity):
            return None
        status = UNCERTAIN if start.severity or end.severity else 0
        return end.value - start.value, status | CALCULATED | DATA_VALUE, begin

    def lasted(self, early: int, late: int, good: bool) -> int:
        wanted = {0} if good else {1, 2} if self.worst_usable == 0 else {2}
        return sum(one[0] for one in self.regions(early, late, self.stepped) if one[3] in wanted)

    def of_DurationGood(self, early: int, late: int, begin: int):
        return self.lasted(early, late, True) / TICK, CALCULATED | DATA_VALUE, begin

    def of_DurationBad(self, early: int, late: int, begin: int):
        return self.lasted(early, late, False) / TICK, CALCULATED | DATA_VALUE, begin

    def of_PercentGood(self, early: int, late: int, begin: int):
        return 100 * self.lasted(early, late, True) / (late - early), CALCULATED | DATA_VALUE, begin

    def of_PercentBad(self, early: int, late: int, begin: int):
        return 100 * self.lasted(early, late, False) / (late - early), CALCULATED | DATA_VALUE, begin

    def worst(self, statuses: list[int], begin: int):
        if not statuses:
            return None
        top = max(one >> 30 for one in statuses)
        worst = [one for one in statuses if one >> 30 == top]
        bits = CALCULATED | (MULTI if len(set(worst)) > 1 else 0)
        return worst[0], bits | DATA_VALUE, begin

    def of_WorstQuality(self, early: int, late: int, begin: int):
        return self.worst([one.status for one in self.inside(early, late)], begin)

    def of_WorstQuality2(self, early: int, late: int, begin: int):
        bound = self.simple(begin, self.stepped).status & 0xFFFF0000
        inside = self.inside(early, late)
        return self.worst([*(one.status for one in inside), bound], begin)

    def spread(self, early: int, late: int, begin: int, population: bool, root: bool):
        good = [one.value for one in self.inside(early, late) if self.usable(one)]
        if not good:
            return None
        mean = math.fsum(good) / len(good)
        squares = math.fsum((one - mean) ** 2 for one in good)
        variance = squares / (len(good) if population else max(len(good) - 1, 1))
        return math.sqrt(variance) if root else variance, CALCULATED | DATA_VALUE, begin

    def of_StandardDeviationSample(self, early: int, late: int, begin: int):
        return self.spread(early, late, begin, False, True)

    def of_VarianceSample(self, early: int, late: int, begin: int):
        return self.spread(early, late, begin, False, False)

    def of_StandardDeviationPopulation(self, early: int, late: int, begin: int):
        return self.spread(early, late, begin, True, True)

    def of_VariancePopulation(self, early: int, late: int, begin: int):
        return self.spread(early, late, begin, True, False)


def line(one: Point, other: Point, at: int) -> float:
    """The value at ``at`` on the straight line through two points."""
    assert one.value is not None
    assert other.value is not None
    return one.value + (other.value - one.value) * (at - one.time) / (other.time - one.time)
