"""A restart is journalled once, with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord
from hmi.runtime.supervisor_notes import take_notes
from hmi.supervisor import write_note


class Kept:
    def __init__(self, *, broken: bool = False) -> None:
        self.entries: list[Entry] = []
        self.broken = broken

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]:
        if self.broken:
            raise StorageError("the disk is full")
        self.entries += entries
        return ()


@pytest.mark.asyncio
async def test_a_note_is_taken_once(tmp_path: Path) -> None:
    journal = Kept()
    write_note(tmp_path, event="restarted", process="station", reason="The station gave no sign of life")
    assert await take_notes(tmp_path, journal) == 1
    assert await take_notes(tmp_path, journal) == 0
    (entry,) = journal.entries
    assert entry.event == "process.restarted"
    assert entry.payload == {"process": "station", "reason": "The station gave no sign of life"}


@pytest.mark.asyncio
async def test_a_note_waits_while_the_journal_cannot_be_written(tmp_path: Path) -> None:
    write_note(tmp_path, event="restarted", process="runtime", reason="killed")
    with pytest.raises(StorageError):
        await take_notes(tmp_path, Kept(broken=True))
    journal = Kept()
    assert await take_notes(tmp_path, journal) == 1
    assert journal.entries[0].object_id == "runtime"


@pytest.mark.asyncio
async def test_garbage_in_the_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "supervisor.jsonl").write_bytes(b"\xff\xfe{]\n{}\n[1]\n")
    journal = Kept()
    assert await take_notes(tmp_path, journal) == 0
    assert journal.entries == []
