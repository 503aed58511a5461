"""A plant with a past worth looking at: curves, a gap, Bad and doubtful stretches, states, alarms, for trend tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
from shell_plant import Desk, open_station, plant, values

from hmi.client.port import PlantInfo, TagInfo
from hmi.core.clock import NS_PER_S
from hmi.core.quality import BAD_NO_DATA, BAD_SENSOR_FAILURE, GOOD, UNCERTAIN_SENSOR_NOT_ACCURATE
from hmi.core.values import DataValue
from hmi.historian.samples import Samples
from hmi.testing.client import START_NS, make_tag
from hmi.testing.history import make_samples

FLOW, SETPOINT, LEVEL = "intake/fic1.pv", "intake/fic1.sp", "outlet/lt2.pv"
TURBIDITY, RESIDUAL = "filter/at310.pv", "clear/at402.pv"
RUNNING, STEP = "intake/p1.running", "filter/f1.step"
DAY_S = 86_400
STEPS = {0: "Idle", 1: "Drain", 2: "Air", 3: "Wash", 4: "Fill"}


def trend_plant(zone: str = "UTC") -> PlantInfo:
    """The small plant and a few tags more."""
    base = plant()
    more = [
        make_tag(TURBIDITY, unit="NTU", format=".2f", low=0.0, high=2.0, description="Finished turbidity",
                 normal_low=0.05, normal_high=0.3,
                 alarms=[{"kind": "high", "limit": 0.5, "priority": 2}]),
        make_tag(RESIDUAL, unit="mg/L", format=".2f", low=0.0, high=2.0, description="Chlorine residual"),
        make_tag(STEP, type="uint16", states=STEPS, description="Backwash step"),
    ]  # fmt: skip
    return msgspec.structs.replace(base, zone=zone, tags=[*base.tags, *more])


def make_live() -> dict[str, DataValue]:
    now = {TURBIDITY: 0.14, RESIDUAL: 0.62, STEP: 0}
    return values() | {tag: DataValue(value, GOOD, START_NS, START_NS) for tag, value in now.items()}


def every(seconds: float, hours: float, *, until: int = START_NS) -> np.ndarray[Any, Any]:
    """Instants up to ``until``, UTC ns."""
    count = round(hours * 3600 / seconds)
    return until - (np.arange(count)[::-1]) * round(seconds * NS_PER_S)


def record(desk: Desk, tag: str, samples: Samples) -> None:
    desk.client.columns[tag] = samples


def fill_past(desk: Desk, hours: float = 26) -> None:
    """A day that has something of everything."""
    rng = np.random.default_rng(7)
    times = every(5, hours)
    phase = (times - START_NS) / NS_PER_S
    noise = np.cumsum(rng.normal(0, 0.02, len(times)))
    noise -= np.linspace(noise[0], noise[-1], len(times))
    flow = 42 + 6 * np.sin(phase / 5400) + 1.2 * np.sin(phase / 700) + noise + rng.normal(0, 0.12, len(times))
    record(desk, FLOW, make_samples(times, flow))
    record(desk, SETPOINT, _steps(hours, [40, 44, 41, 46, 42]))
    level = 2.5 + 0.9 * np.sin(phase / 9000) + noise * 0.05
    statuses = np.zeros(len(times), np.uint32)
    gap = (phase > -5400) & (phase < -4500)
    statuses[gap] = BAD_NO_DATA
    record(desk, LEVEL, make_samples(times[_keep(gap)], level[_keep(gap)], statuses[_keep(gap)]))
    turbidity = 0.14 + 0.04 * np.sin(phase / 3000) + rng.normal(0, 0.004, len(times))
    turbidity[len(times) - 1500] = 0.72
    state = np.zeros(len(times), np.uint32)
    state[(phase > -10_800) & (phase < -9_300)] = BAD_SENSOR_FAILURE
    state[(phase > -9_300) & (phase < -6_600)] = UNCERTAIN_SENSOR_NOT_ACCURATE
    record(desk, TURBIDITY, make_samples(times, turbidity, state))
    residual = 0.9 - 0.28 / (1 + np.exp(-(phase + 3000) / 500)) + rng.normal(0, 0.01, len(times))
    record(desk, RESIDUAL, make_samples(times, residual))
    record(desk, RUNNING, _toggles(hours, 2900, [1, 0]))
    record(desk, STEP, _toggles(hours, 1300, [0, 0, 0, 1, 2, 3, 4]))


def _keep(gap: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """One sample says that a gap begins."""
    inside = gap.copy()
    inside[np.flatnonzero(gap)[:1]] = False
    return ~inside


def _steps(hours: float, levels: list[float]) -> Samples:
    times = (
        START_NS - np.array([round(hours * 3600 * share) for share in (1, 0.6, 0.3, 0.1, 0.03)]) * NS_PER_S
    )
    return make_samples(times, np.array(levels, float))


def _toggles(hours: float, period: float, states: list[int]) -> Samples:
    times = every(period, hours, until=START_NS - 400 * NS_PER_S)
    return make_samples(times, np.array([states[n % len(states)] for n in range(len(times))], float))


@contextmanager
def open_trends(
    qtbot: Any, *, theme: str = "light", zone: str = "UTC", past: Callable[[Desk], None] = fill_past
) -> Iterator[Desk]:
    """A station on that plant."""
    with open_station(qtbot, info=trend_plant(zone), live=make_live(), theme=theme) as desk:
        past(desk)
        yield desk


def tag_of(desk: Desk, name: str) -> TagInfo:
    return desk.station.catalogue.tags[name]
