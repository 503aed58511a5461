"""Fakes of what the command gate and the alarm service lean on: a journal in memory and one device."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.errors import CommunicationError, StorageError
from hmi.core.journal import Entry, JournalRecord
from hmi.core.values import DataValue, Value
from hmi.project.plant import TagDef


class FakeJournal:
    """A JournalWriter that keeps entries in ``entries``; with ``broken`` it keeps nothing and says so.

    While ``answers`` is cleared it does neither, like a disk that hangs.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.broken = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]:
        await self.answers.wait()
        if self.broken:
            raise StorageError("the disk is full")
        first = len(self.entries) + 1
        self.entries += entries
        return tuple(record_of(first + index, entry) for index, entry in enumerate(entries))


def record_of(seq: int, entry: Entry) -> JournalRecord:
    """An entry as the fake journal hands it back."""
    return JournalRecord(
        seq=seq,
        runtime_id="fake",
        run_id="fake",
        event_time=entry.event_time,
        receive_time=entry.event_time,
        actor=entry.principal.user,
        station=entry.principal.station,
        object_id=entry.object_id,
        plant_revision="",
        kind=entry.kind,
        event=entry.event,
        version=entry.version,
        simulated=True,
        payload=entry.payload,
        prev_hash="",
        hash="",
    )


@dataclass
class FakeDevice:
    """Writer and Reader of the gate.

    ``items`` holds what the device has by tag id. ``outcome`` answers the next writes; ``executes`` says
    whether they reach the item, ``stored`` what they leave there instead of the value; ``silent`` lets every
    read fail.
    """

    items: dict[str, Value] = field(default_factory=dict)
    outcome: WriteOutcome = field(default_factory=lambda: WriteOutcome(WriteState.DONE))
    executes: bool = True
    silent: bool = False
    stored: Value = None
    requests: list[WriteRequest] = field(default_factory=list)

    async def write(self, tag: TagDef, request: WriteRequest) -> WriteOutcome:
        self.requests.append(request)
        await asyncio.sleep(0)
        if self.executes:
            self.items[tag.id] = request.value if self.stored is None else self.stored
        return self.outcome

    async def read_now(self, tag: TagDef) -> DataValue:
        if self.silent or tag.id not in self.items:
            raise CommunicationError(f"{tag.name} does not answer")
        return DataValue(self.items[tag.id], 0, 1, 1)
