"""Gathers what the runtime knows of one tag, and asks its device: the answer to "why this number?"."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hmi.acquisition.port import Trace
from hmi.client.why import Why
from hmi.core.alarms import AlarmRow
from hmi.core.errors import CommunicationError, StorageError
from hmi.core.history import ReadRaw
from hmi.core.journal import JournalRecord, Kind
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.project.plant import Plant, TagDef
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest
from hmi.runtime._why import EVENTS, why
from hmi.runtime._why_known import Known, LinkNow, Source

if TYPE_CHECKING:  # a runtime starts without the linter
    from hmi.check.where import Use, WhereUsed

DEVICE_S = 10.0
JOURNAL_S = 2.0
MOST_ALARMS = 50


def _looked_up(plant: Plant) -> WhereUsed:
    from hmi.check.where import WhereUsed

    return WhereUsed(plant)


def told(uses: Iterable[Use]) -> list[Mapping[str, str]]:
    """What people read of uses: each display once, whatever of it shows the tag; the history has its own line."""
    rows = dict.fromkeys((use.kind, use.name, use.text) for use in uses if use.kind != "history")
    return [{"kind": kind, "name": name, "text": text} for kind, name, text in rows]


async def ask_device(runtime: Runtime, tag: TagDef) -> tuple[Trace | None, str]:
    """What the device says of a tag now, or why it says nothing; neither for a tag without a connection."""
    acquisition = runtime.acquisition
    if not tag.connection or acquisition is None:
        return None, ""
    try:
        async with asyncio.timeout(DEVICE_S):
            return await acquisition.trace(tag.handle), ""
    except TimeoutError:
        return None, tr("the device did not answer within {s} s", s=f"{DEVICE_S:g}")
    except CommunicationError as error:
        return None, str(error)


class Inquiry:
    """One for a runtime. Nothing here writes; the device is read once for each question, and never with ``quick``."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._uses: tuple[Plant, WhereUsed] | None = None
        self._looking: asyncio.Task[None] | None = None

    async def why(self, tag: TagDef, *, quick: bool) -> Why:
        """The answer; ``quick`` leaves out the device and whatever else takes its time."""
        runtime = self._runtime
        resting = not tag.expression and bool(runtime.scan.demand.resting(frozenset((tag.handle,))))
        runtime.scan.glance([tag.handle])
        self._look_through()
        trace, error = (None, "") if quick else await self._asked(tag)
        alarms = runtime.services.alarms.about(tag.handle)[:MOST_ALARMS]
        events = await self._events(alarms)
        last = await asyncio.to_thread(self._last, tag)
        if (now := runtime.plant.by_id.get(tag.id)) is None:
            raise BadRequest(f"the tag {tag.name} was taken out of the plant meanwhile")
        known = Known(
            plant=runtime.plant,
            tag=now,
            values=runtime.services.tags.values,
            now_ns=runtime.services.clock.now_ns(),
            source=self._source(now, resting),
            link=self._link(now),
            trace=trace,
            trace_error=error,
            asking=quick and bool(now.connection),
            alarms=alarms,
            events=events,
            last=last,
            uses=self._uses_of(now),
            override=runtime.holds.book.override(now.id),
            beneath=runtime.services.tags.source_value(now.handle),
        )
        return why(known)

    async def _asked(self, tag: TagDef) -> tuple[Trace | None, str]:
        """Everything that takes its time, side by side."""
        found, _ = await asyncio.gather(ask_device(self._runtime, tag), self._looked_through())
        return found

    def _source(self, tag: TagDef, resting: bool) -> Source:
        """``resting`` is what it was before this question woke the tag."""
        tags = self._runtime.services.tags
        group, ages, limits = tags.group_of(tag.handle), tags.ages_ms(), tags.limits_ms()
        live = tags.is_live(tag.handle)
        return Source(group, ages.get(group, -1), limits.get(group, -1), live, resting)

    def _link(self, tag: TagDef) -> LinkNow | None:
        acquisition = self._runtime.acquisition
        link = acquisition.links.get(tag.connection) if acquisition else None
        if link is None:
            return None
        unit = self._runtime.units.of_group(self._runtime.services.tags.source_group_of(tag.handle))
        name, state = (unit.name, unit.state) if unit else ("", "")
        clock_ms = self._runtime.clock_differences().get(link.name, 0)
        return LinkNow(
            link.name, link.definition.driver, link.state, link.since, link.text, name, state, clock_ms
        )

    def _last(self, tag: TagDef) -> DataValue | None:
        """The newest sample."""
        if not tag.history:
            return None
        page = self._runtime.services.history.read_raw(ReadRaw(tag.id, 2**63 - 1, 0, 1))
        return page.samples[0] if page.samples else None

    async def _events(self, alarms: Sequence[AlarmRow]) -> Sequence[JournalRecord] | None:
        """The newest alarm records of these alarms; None when the journal does not answer."""
        journal, found = self._runtime.services.journal, list[JournalRecord]()
        try:
            async with asyncio.timeout(JOURNAL_S):
                for row in alarms:
                    found += await journal.last(EVENTS, kind=Kind.ALARM.value, object_id=row.alarm_id)
        except (StorageError, TimeoutError):
            return None
        return sorted(found, key=lambda record: -record.seq)[:EVENTS]

    # where it is used: looked up once for a revision, on another thread

    def _look_through(self) -> None:
        plant = self._runtime.plant
        if self._looking is not None or (self._uses is not None and self._uses[0] is plant):
            return
        self._looking = asyncio.create_task(self._build(plant), name="where tags are used")

    async def _build(self, plant: Plant) -> None:
        try:
            self._uses = plant, await asyncio.to_thread(_looked_up, plant)
        finally:
            self._looking = None

    async def _looked_through(self) -> None:
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=DEVICE_S / 2)

    def _uses_of(self, tag: TagDef) -> Sequence[Mapping[str, str]] | None:
        if self._uses is None or self._uses[0] is not self._runtime.plant:
            return None
        return told(self._uses[1].of_tag(tag.name))
