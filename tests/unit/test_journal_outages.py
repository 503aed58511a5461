"""When a runtime ran: one that ended as it should, and one that broke off without a word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from hmi.core.clock import NS_PER_S
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.journal import SqliteJournal
from hmi.testing.clock import ManualClock

pytestmark = pytest.mark.asyncio
T0 = 1_795_000_000 * NS_PER_S
HOUR = 3_600 * NS_PER_S


@pytest_asyncio.fixture
async def story(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    """Started at 0 h, last record at 1 h, started again at 4 h, ended at 5 h, started at 6 h."""
    clock = ManualClock()
    clock.now_ns = lambda: told.at  # type: ignore[method-assign]
    told = SimpleNamespace(at=T0)
    journal = SqliteJournal(
        tmp_path / "journal.sqlite", clock=clock, runtime_id="rt", run_id="run1", plant_revision="rev1",
        simulated=True,
    )  # fmt: skip
    await journal.open()
    events = ((0, "runtime.started"), (1, "noted"), (4, "runtime.started"), (5, "runtime.stopped"),
              (6, "runtime.started"))  # fmt: skip
    for hours, event in events:
        told.at = T0 + hours * HOUR
        await journal.append(Entry(Kind.SYSTEM, event, SYSTEM, "p", told.at, {}))
    yield SimpleNamespace(journal=journal)
    await journal.close()


@pytest.mark.parametrize(
    ("hours", "ran", "alive_until"),
    [(0.5, True, 1), (2, True, 1), (4.5, True, 0), (5.5, False, 0), (7, True, 0)],
)
async def test_a_runtime_that_broke_off_tells_its_last_sign_of_life(
    story: SimpleNamespace, hours: float, ran: bool, alive_until: int
) -> None:
    at = T0 + int(hours * HOUR)
    found = await story.journal.past(at, at)
    assert found.ran is ran
    assert found.alive_until == (T0 + alive_until * HOUR if alive_until else 0)


async def test_before_the_first_record_no_runtime_ran(story: SimpleNamespace) -> None:
    found = await story.journal.past(T0 - HOUR, T0 - HOUR)
    assert (found.seq, found.ran, found.alive_until) == (0, False, 0)


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (-1, 7, [(1, 4, True), (5, 6, False)]),
        (2, 3, [(1, 4, True)]),
        (5.2, 5.8, [(5, 6, False)]),
        (6.1, 7, []),
    ],
)
async def test_the_outages_of_a_time_are_told_also_those_that_reach_beyond_it(
    story: SimpleNamespace, start: float, end: float, wanted: list[tuple[int, int, bool]]
) -> None:
    found = await story.journal.density(T0 + int(start * HOUR), T0 + int(end * HOUR), 10)
    inside = [one for one in found.outages if one.end > T0 + start * HOUR and one.start < T0 + end * HOUR]
    assert [(one.start - T0, one.end - T0, one.broke_off) for one in inside] == [
        (since * HOUR, until * HOUR, broke_off) for since, until, broke_off in wanted
    ]


async def test_what_people_held_turns_in_order_up_to_the_time_asked_for(story: SimpleNamespace) -> None:
    clock = story.journal._clock if hasattr(story.journal, "_clock") else None
    assert clock is not None
    for hours in (7, 8, 9):
        clock.now_ns = lambda hours=hours: T0 + hours * HOUR
        entry = Entry(Kind.AUDIT, "hold.placed", SYSTEM, f"tagged:t_{hours}", T0, {"kept": []})
        await story.journal.append(entry)
    found = await story.journal.past(T0 + 6 * HOUR, T0 + 8 * HOUR)
    assert [record.object_id for record in found.hold_changes] == ["tagged:t_7", "tagged:t_8"]
