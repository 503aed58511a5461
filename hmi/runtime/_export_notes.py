"""What was asked of the export jobs, for the journal; also what somebody asked at the command line."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import Principal
from hmi.export import Asked, noted, unnoted

PROGRAM: Final = "hmi export"
"""The station of a request that was made at the command line."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def entry_of(asked: Asked, principal: Principal, at_ns: int) -> Entry:
    """The record of a request. ``at_ns``: when it was made, UTC ns."""
    payload: dict[str, Any] = {"name": asked.job, "reason": asked.reason}
    if asked.act == "replay":
        text = f"{_iso(asked.start)} – {_iso(asked.end)}"
        payload |= {"start": asked.start, "end": asked.end, "text": text}
    return Entry(Kind.AUDIT, f"export.{asked.act}", principal, f"export:{asked.job}", at_ns, payload)


async def take_notes(folder: Path, journal: JournalWriter) -> list[JournalRecord]:
    """Journal what was asked without the runtime, under the user of the operating system; the records of it.

    A request goes from the file when its record is durable. StorageError where either is not possible.
    """
    waiting = await asyncio.to_thread(unnoted, folder)
    found = [one for _, one in waiting if one is not None]
    entries = [entry_of(one, Principal(one.by, "local", PROGRAM), one.at) for one in found]
    records = list(await journal.append(*entries)) if entries else []
    if waiting:
        await asyncio.to_thread(noted, folder, waiting[-1][0])
    return records


def _iso(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at // 1_000)).strftime("%Y-%m-%dT%H:%M:%SZ")
