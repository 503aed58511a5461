"""Which revision was in force when, also where the record of its application was not kept, or late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.journal import RevisionTime, SqliteJournal, revision_times
from hmi.testing.clock import ManualClock

pytestmark = pytest.mark.asyncio
ANNA = Principal("anna", "desk1", "test")
TOLD = {
    "old": "rev1",
    "new": "rev2",
    "reason": "a higher limit",
    "author": "console:anna",
    "changes": ["one"],
}


class Log:
    """A journal under the first revision of a plant."""

    def __init__(self, path: Path) -> None:
        self.clock, self.path = ManualClock(), path
        self.journal = SqliteJournal(
            path, clock=self.clock, runtime_id="rt", run_id="run1", plant_revision="rev1", simulated=True
        )

    async def keep(self, event: str, kind: Kind = Kind.SYSTEM, **payload: Any) -> int:
        """When (UTC ns)."""
        self.clock.advance(1)
        (record,) = await self.journal.append(
            Entry(kind, event, ANNA if payload else SYSTEM, "p", 0, payload)
        )
        return record.receive_time

    async def times(self) -> list[RevisionTime]:
        return await asyncio.to_thread(revision_times, self.path)


@pytest_asyncio.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    one = Log(tmp_path / "journal.sqlite")
    await one.journal.open()
    await one.keep("runtime.started")
    yield one
    await one.journal.close()


def story(one: RevisionTime) -> tuple[str, ...]:
    return (one.revision, one.actor, one.author, one.station, one.reason, *one.changes, one.before)


ITS_STORY = ("rev2", "anna", "console:anna", "desk1", "a higher limit", "one", "rev1")


async def test_a_revision_whose_application_was_not_recorded_is_in_force_from_its_first_record(
    log: Log,
) -> None:
    await log.keep("plant.applying", Kind.AUDIT, **TOLD)
    await log.keep("noted", Kind.NOTE)
    assert [one.revision for one in await log.times()] == ["rev1"]
    log.journal.begin_revision("rev2")
    at = await log.keep("noted", Kind.NOTE)
    first, second = await log.times()
    assert (first.end, second.start, second.end) == (at, at, 0)
    assert story(second) == ITS_STORY


async def test_a_runtime_that_was_killed_in_between_leaves_who_and_why(log: Log) -> None:
    await log.keep("plant.applying", Kind.AUDIT, **TOLD)
    log.journal.begin_revision("rev2")
    at = await log.keep("runtime.started")
    await log.keep("runtime.started")
    first, second = await log.times()
    assert (first.end, second.start) == (at, at)
    assert story(second) == ITS_STORY


async def test_one_that_was_recorded_late_is_in_force_from_its_first_record_and_stands_once(log: Log) -> None:
    await log.keep("plant.applying", Kind.AUDIT, **TOLD)
    log.journal.begin_revision("rev2")
    at = await log.keep("noted", Kind.NOTE)
    await log.keep("plant.applied", **TOLD)
    first, second = await log.times()
    assert (first.end, second.start) == (at, at)
    assert story(second) == ITS_STORY


async def test_one_that_was_never_taken_is_not_in_the_list(log: Log) -> None:
    await log.keep("plant.applying", Kind.AUDIT, **TOLD)
    await log.keep("noted", Kind.NOTE)
    await log.keep("plant.applying", Kind.AUDIT, **{**TOLD, "new": "rev3"})
    log.journal.begin_revision("rev3")
    await log.keep("plant.applied", **{**TOLD, "new": "rev3"})
    assert [one.revision for one in await log.times()] == ["rev1", "rev3"]
