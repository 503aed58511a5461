"""Verbs of the past: the plant, its alarms and how much happened; nothing here touches what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from hmi.client.past import HoldChange, PastMoment, Timeline, TimelineMark
from hmi.commands import HoldBook
from hmi.core.alarms import STATELESS
from hmi.core.clock import NS_PER_S
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal, Role
from hmi.core.quality import is_bad
from hmi.historian import COLLECTOR
from hmi.journal import Outage, PastRecords
from hmi.project.plant import AlarmDef, Plant
from hmi.runtime._past_alarms import PastRows
from hmi.runtime._past_plants import PastPlant, PastPlants
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Verb

MOST_SLOTS: Final = 2_000
USUAL_SLOTS: Final = 400
MOST_AHEAD_NS: Final = 24 * 3600 * NS_PER_S
"""So far a moment tells the changes that follow it."""


class PastApi:
    """One for a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def plants(self) -> PastPlants:
        """What opens the revisions that the runtime kept."""
        return self._runtime.past_plants

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "GET", "/v1/alarms/past", Role.VIEW, self._alarms,
                "Every alarm as it stood at a time (UTC ns), with the plant revision valid then, and its changes up to "
                "`until`, a day at most.",
                {"at": "integer", "until": "integer"},
            ),
            Verb(
                "GET", "/v1/timeline", Role.VIEW, self._timeline,
                "How many alarms were raised and commands asked for in each of `slots` parts of a time (UTC ns), and "
                "when the runtime or its plant changed.",
                {"start": "integer", "end": "integer", "slots": "integer"},
            ),
        )  # fmt: skip

    async def plant_at(self, at: int) -> Any:
        """The plant of the revision that was valid then."""
        revision = await self._runtime.services.journal.revision_at(self._past(at))
        return (await self._plant(revision)).info

    async def _plant(self, revision: str) -> PastPlant:
        return await self.plants.of(revision or self._runtime.plant.revision, self._runtime.plant)

    def _past(self, at: int) -> int:
        """Nothing is told of the future; BadRequest for what is no time."""
        if at <= 0:
            raise BadRequest("at is a time, UTC ns")
        return min(at, self._runtime.services.clock.now_ns())

    async def _alarms(self, principal: Principal, given: Mapping[str, Any]) -> PastMoment:
        s = self._runtime.services
        at, now = self._past(given["at"]), s.clock.now_ns()
        until = max(at, min(given["until"], now, at + MOST_AHEAD_NS))
        found = await s.journal.past(at, until)
        past = await self._plant(found.revision)
        rows = PastRows(past.plant, lambda key: past.alarms.get(key) or self._own_definition(key))
        ran = found.ran and await asyncio.to_thread(self._was_alive, found, at)
        unknown = await asyncio.to_thread(self._unknown, found.states, past, at, ran)
        return PastMoment(
            at=at,
            now=now,
            revision=past.plant.revision,
            revision_until=found.revision_until,
            known=found.seq > 0,
            ran=ran,
            rows=rows.rows(found.states, lambda tag_id: not ran or tag_id in unknown),
            changes=rows.changes(found.changes),
            until=found.until,
            holds=_held(past.plant, found.holds),
            hold_changes=_hold_changes(past.plant, found),
        )

    def _was_alive(self, found: PastRecords, at: int) -> bool:
        """Of a runtime that broke off: its journal or its history still grew after ``at``."""
        if not found.alive_until or at <= found.alive_until:
            return True
        (recorded,) = self._runtime.values_at([COLLECTOR], at)
        return not is_bad(recorded.status) and recorded.value == "started"

    def _outage(self, one: Outage) -> tuple[int, int]:
        """From the last sign of life on, which may be later than the last record."""
        if not one.broke_off:
            return one.start, one.end
        pieces = self._runtime.services.history.samples(COLLECTOR, one.start, one.end)
        ends = [data.source_time for piece in pieces for data in piece.values() if data.value == "broke off"]
        return max((one.start, *ends)), one.end

    def _own_definition(self, alarm_id: str) -> AlarmDef | None:
        """Of alarms that the runtime makes itself (links, its own faults): they are in no plant file."""
        return self._runtime.alarms.definition_of(alarm_id) if ":" in alarm_id else None

    def _unknown(
        self, records: Iterable[JournalRecord], past: PastPlant, at: int, ran: bool
    ) -> frozenset[str]:
        """Tags of alarms whose value was Bad then; of a tag that is not recorded nothing is said."""
        if not ran:
            return frozenset()
        asked = {str(one.payload.get("tag_id", "")) for one in records if one.event not in STATELESS}
        known = [tag.id for tag in past.plant.tags if tag.history and tag.id in asked]
        values = self._runtime.values_at(known, at)
        return frozenset(tag_id for tag_id, value in zip(known, values, strict=True) if is_bad(value.status))

    async def _timeline(self, principal: Principal, given: Mapping[str, Any]) -> Timeline:
        now = self._runtime.services.clock.now_ns()
        start, end = given["start"], min(given["end"] or now, now)
        slots = given["slots"] or USUAL_SLOTS
        if not 0 < start < end:
            raise BadRequest("the time ends before it begins")
        if not 0 < slots <= MOST_SLOTS:
            raise BadRequest(f"slots={slots} is not between 1 and {MOST_SLOTS}")
        found = await self._runtime.services.journal.density(start, end, slots)
        marks = [TimelineMark(*mark) for mark in found.marks]
        outages = await asyncio.to_thread(lambda: [self._outage(one) for one in found.outages])
        return Timeline(start, end, found.alarms, found.worst, found.commands, marks, found.first, outages)


def _hold_changes(plant: Plant, found: PastRecords) -> list[HoldChange]:
    """What people held after each of the records that follow."""
    book = HoldBook(plant)
    book.restore(found.holds)
    changes: list[HoldChange] = []
    for record in found.hold_changes:
        book.restore([record])
        changes.append(HoldChange(record.receive_time, _plain(book)))
    return changes


def _plain(book: HoldBook) -> dict[str, Any]:
    return msgspec.to_builtins(book.snapshot(), enc_hook=str)


def _held(plant: Plant, newest: Iterable[JournalRecord]) -> dict[str, Any]:
    """What people held after these records."""
    book = HoldBook(plant)
    book.restore(newest)
    return _plain(book)
