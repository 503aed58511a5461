"""Exception test and swinging door: the vectors of the standard, the error bound, and all tags at once as one alone."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from hmi.core import quality
from hmi.historian._reduction import Reducer, settled
from hmi.historian._rows import ROW, Table, rounds
from hmi.historian.samples import ValueKind
from hmi.project.recording import LINEAR, STEP, RecordSettings

S = 1_000_000_000


@dataclass(frozen=True)
class Point:
    """One sample of the plain reference: time in s, number or None, status."""

    t: float
    v: float | None
    status: int = 0


@dataclass
class PlainDoor:
    """The swinging door of 7.1 for one tag, written as the standard writes it."""

    settings: RecordSettings
    out: list[Point] = field(default_factory=list[Point])
    a: Point | None = None
    h: Point | None = None
    status: int = 0
    s_min: float = 0.0
    s_max: float = 0.0

    def put(self, p: Point) -> None:
        if not self.settings.compression or self.a is None or p.v is None or p.status != self.status:
            self.flush()
            self.out.append(p)
            self.a = p if p.v is not None and p.status < quality.BAD else None
            self.status = p.status
            return
        assert self.a.v is not None
        passed, dev = p.t - self.a.t, self.settings.comp_dev
        slope = (p.v - self.a.v) / passed
        if self.h is None:
            self._corridor(p)
        elif self.s_min <= slope <= self.s_max and passed <= self.settings.comp_max_s:
            self.s_max = min(self.s_max, (p.v + dev - self.a.v) / passed)
            self.s_min = max(self.s_min, (p.v - dev - self.a.v) / passed)
        elif passed < self.settings.comp_min_s:
            self._corridor(p)
        else:
            self.flush()
            self._corridor(p)
        self.h = p

    def _corridor(self, p: Point) -> None:
        assert self.a is not None
        assert self.a.v is not None
        assert p.v is not None
        dev, passed = self.settings.comp_dev, p.t - self.a.t
        self.s_max, self.s_min = (p.v + dev - self.a.v) / passed, (p.v - dev - self.a.v) / passed

    def flush(self) -> None:
        if self.h is not None:
            self.out.append(self.h)
            self.a, self.h = self.h, None


@dataclass
class Plain:
    """The exception test of 7.1 for one tag, with its door behind it."""

    settings: RecordSettings
    last: Point | None = None
    prev: Point | None = None

    def __post_init__(self) -> None:
        self.door = PlainDoor(self.settings)

    def put(self, p: Point) -> None:
        last = self.last
        if last is None or last.status != p.status or last.v is None or p.v is None:
            return self._send(p)
        if p.t - last.t < self.settings.exc_min_s:
            self.prev = p
        elif abs(p.v - last.v) > self.settings.exc_dev or p.t - last.t >= self.settings.exc_max_s:
            self._send(p)
        else:
            self.prev = p
        return None

    def _send(self, p: Point) -> None:
        if self.prev is not None:
            self.door.put(self.prev)
        self.door.put(p)
        self.last, self.prev = p, None

    def flush(self) -> list[Point]:
        if self.prev is not None:
            self.door.put(self.prev)
            self.last, self.prev = self.prev, None
        self.door.flush()
        return self.door.out


def table_of(points: Sequence[tuple[int, Point]]) -> Table:
    made = np.zeros(len(points), ROW)
    made["slot"] = [slot for slot, _ in points]
    made["time"] = [round(p.t * S) for _, p in points]
    made["status"] = [p.status for _, p in points]
    made["number"] = [np.nan if p.v is None else p.v for _, p in points]
    made["kind"] = [ValueKind.NONE if p.v is None else ValueKind.FLOAT for _, p in points]
    return made


class Kept:
    """A reducer of some tags and what it let through, by slot."""

    def __init__(self, *settings: RecordSettings) -> None:
        self.tables: list[Table] = []
        self.reducer = Reducer(self.tables.append)
        self.count = len(settings)
        settled(self.reducer, settings)

    def put(self, points: Iterable[tuple[int, Point]]) -> None:
        table = table_of(tuple(points))
        for chosen in rounds(table["slot"]):
            self.reducer.put(table if chosen is None else table.take(chosen))

    def flush(self) -> dict[int, list[Point]]:
        self.reducer.flush(np.arange(self.count, dtype=np.int32))
        found: dict[int, list[Point]] = {slot: [] for slot in range(self.count)}
        names = ("slot", "time", "number", "status")
        columns = (np.concatenate([table[name] for table in self.tables]).tolist() for name in names)
        for slot, time, number, status in zip(*columns, strict=True):
            found[slot].append(Point(time / S, None if number != number else number, status))
        return found


EXCEPTION = RecordSettings(exc_dev=0.5, interpolation=LINEAR)
DOOR = RecordSettings(comp_dev=0.5, interpolation=LINEAR, compression=True)


def through(settings: RecordSettings, points: Iterable[Point], *, at_once: bool) -> list[Point]:
    kept = Kept(settings)
    if at_once:
        kept.put((0, p) for p in points)
    else:
        for p in points:
            kept.put([(0, p)])
    return kept.flush()[0]


@pytest.mark.parametrize("at_once", [False, True])
def test_hi_01_the_vector_of_the_exception_test_gives_exactly_its_points(at_once: bool) -> None:
    given = [(0, 50.0), (1, 50.2), (2, 50.3), (3, 50.1), (4, 53.0), (5, 53.1), (605, 53.2)]
    kept = through(EXCEPTION, [Point(t, v) for t, v in given], at_once=at_once)
    assert [p.t for p in kept] == [0, 3, 4, 5, 605]


@pytest.mark.parametrize("at_once", [False, True])
def test_hi_01_the_vector_of_the_swinging_door_gives_exactly_its_points(at_once: bool) -> None:
    given = [10.0, 10.2, 10.3, 10.9, 11.6, 12.3, 12.2, 12.1, 12.0]
    kept = through(DOOR, [Point(t, v) for t, v in enumerate(given)], at_once=at_once)
    assert [p.t for p in kept] == [0, 4, 6, 8]


def walk(seed: int, count: int) -> list[Point]:
    rng = random.Random(seed)
    points, t, v = list[Point](), 1_000.0, 50.0
    for _ in range(count):
        t += rng.choice((1.0, 1.0, 0.25, 7.0, 300.0))
        v += rng.gauss(0, 1) * rng.choice((0.05, 0.5, 3.0))
        points.append(Point(t, round(v, 3)))
    return points


def test_hi_02_a_line_through_the_kept_points_is_never_off_by_more_than_the_deviation() -> None:
    series = [walk(seed, 120) for seed in range(1_000)]
    kept = Kept(*[DOOR] * len(series))
    for step in range(120):
        kept.put((slot, points[step]) for slot, points in enumerate(series))
    found = kept.flush()
    worst, stored = 0.0, 0
    for slot, points in enumerate(series):
        stored += len(found[slot])
        drawn = np.interp([p.t for p in points], [p.t for p in found[slot]], [p.v for p in found[slot]])  # type: ignore[arg-type]
        worst = max(worst, float(np.max(np.abs(drawn - [p.v for p in points]))))  # type: ignore[operator]
    assert worst <= DOOR.comp_dev + 1e-9
    assert stored < 0.75 * 120 * len(series)


SETTINGS = (
    RecordSettings(exc_dev=0.25, comp_dev=0.5, interpolation=LINEAR, compression=True),
    RecordSettings(exc_dev=0.25, exc_min_s=2.0, exc_max_s=30.0, comp_dev=0.5, interpolation=LINEAR,
                   compression=True),
    RecordSettings(comp_dev=0.4, comp_min_s=5.0, comp_max_s=60.0, interpolation=LINEAR, compression=True),
    RecordSettings(exc_dev=1.0, interpolation=STEP),
    RecordSettings(),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_all_tags_at_once_are_reduced_as_each_of_them_alone(seed: int) -> None:
    """Several samples of one tag in one batch, Bad values and status changes among them."""
    rng = random.Random(seed)
    plain = [Plain(one) for one in SETTINGS]
    kept, t = Kept(*SETTINGS), [100.0] * len(SETTINGS)
    for _ in range(60):
        batch: list[tuple[int, Point]] = []
        for _ in range(rng.randrange(1, 12)):
            slot = rng.randrange(len(SETTINGS))
            t[slot] += rng.choice((0.5, 1.0, 4.0, 40.0))
            status = rng.choices(
                (0, quality.UNCERTAIN_EU_EXCEEDED, quality.BAD_NO_COMMUNICATION), (20, 1, 1)
            )[0]
            number = None if status >= quality.BAD else round(50 + rng.gauss(0, 0.6), 2)
            batch.append((slot, Point(t[slot], number, status)))
        for slot, p in batch:
            plain[slot].put(p)
        kept.put(batch)
    found = kept.flush()
    for slot, one in enumerate(plain):
        assert found[slot] == one.flush()


def test_hi_03_a_status_change_in_a_flat_time_is_kept_with_its_own_time() -> None:
    flat = [Point(t, 50.0) for t in range(100)]
    flat[50] = Point(50, 50.0, quality.UNCERTAIN_EU_EXCEEDED)
    kept = through(SETTINGS[0], flat, at_once=True)
    assert Point(50, 50.0, quality.UNCERTAIN_EU_EXCEEDED) in kept
    assert {p.t for p in kept} == {0, 49, 50, 51, 99}


def test_a_step_keeps_its_shape_where_an_unchanged_value_sent_nothing() -> None:
    kept = Kept(SETTINGS[0])
    kept.put([(0, Point(0, 10.0))])
    kept.reducer.stood(np.zeros(1, np.int32), np.array([3_599 * S]))
    kept.put([(0, Point(3_600, 20.0))])
    assert [(p.t, p.v) for p in kept.flush()[0]] == [(0, 10.0), (3_599, 10.0), (3_600, 20.0)]


def test_nothing_older_than_the_hour_is_held_back() -> None:
    kept = Kept(SETTINGS[0], SETTINGS[0])
    kept.put([(0, Point(0, 1.0)), (1, Point(0, 1.0))])
    kept.put([(0, Point(10, 1.1)), (1, Point(3_700, 1.1))])
    kept.reducer.flush_before(3_600 * S)
    assert [len(one) for one in kept.reducer.waiting(np.arange(2, dtype=np.int32))] == [1, 0]
    assert {p.t for p in kept.flush()[0]} == {0, 10}
