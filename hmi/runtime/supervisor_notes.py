"""Takes the notes a supervisor left (restarts and their reasons) into the journal, each exactly once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hmi.core.journal import Entry, JournalWriter, Kind
from hmi.core.principal import Principal

NOTES_FILE = "supervisor.jsonl"
TAKEN_FILE = "supervisor.taken.jsonl"
SUPERVISOR = Principal("supervisor", "local", "supervisor")


def entries_of(text: str) -> tuple[Entry, ...]:
    """Journal entries of a notes file; a torn or foreign line is passed over."""
    return tuple(_entry(note) for line in text.splitlines() if (note := _parse(line)) is not None)


async def take_notes(data: Path, journal: JournalWriter) -> int:
    """Journal what is waiting and return how many; the file goes only when its records are durable."""
    waiting, taken = data / NOTES_FILE, data / TAKEN_FILE
    if not taken.exists():
        try:
            waiting.replace(taken)
        except OSError:
            return 0
    entries = entries_of(taken.read_text(encoding="utf-8", errors="replace"))
    if entries:
        await journal.append(*entries)
    taken.unlink(missing_ok=True)
    return len(entries)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        note = json.loads(line)
    except ValueError:
        return None
    return note if isinstance(note, dict) and isinstance(note.get("time"), int) else None


def _entry(note: dict[str, Any]) -> Entry:
    return Entry(
        kind=Kind.SYSTEM,
        event=f"process.{note.get('event', 'unknown')}",
        principal=SUPERVISOR,
        object_id=str(note.get("process", "")),
        event_time=int(note["time"]),
        payload={"process": str(note.get("process", "")), "reason": str(note.get("reason", ""))},
    )
