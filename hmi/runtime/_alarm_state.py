"""Alarm states over a restart: a snapshot file, and the journal's records after it (2b.4).

The journal is the truth: what it has and the snapshot has not is folded in, so that an acknowledgement that
was kept is never lost.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmState
from hmi.core.journal import JournalRecord

log = logging.getLogger(__name__)

STATE_FILE = "alarms.json"
FOLD_LIMIT = 10_000
_FLAGS = {
    AlarmState.NORM: AlarmFlags(),
    AlarmState.UNACK: AlarmFlags(active=True, acked=False),
    AlarmState.ACKED: AlarmFlags(active=True),
    AlarmState.RTNUN: AlarmFlags(acked=False),
    AlarmState.LATCH_UNACK: AlarmFlags(latched=True, acked=False),
    AlarmState.LATCH_ACKED: AlarmFlags(latched=True),
}


def save(data: Path, state: dict[str, Any], seq: int) -> None:
    """Write the snapshot that is true after journal record ``seq``."""
    temporary = data / (STATE_FILE + ".new")
    try:
        temporary.write_text(
            json.dumps({"schema": "alarms/1", "seq": seq, "alarms": state}), encoding="utf-8"
        )
        temporary.replace(data / STATE_FILE)
    except OSError as error:
        log.error("The alarm states cannot be kept for a restart: %s", error)


def load(data: Path) -> tuple[dict[str, Any], int]:
    """State and the record number it stands for; an unreadable snapshot is passed over for the journal."""
    try:
        content = json.loads((data / STATE_FILE).read_text(encoding="utf-8"))
        return dict(content["alarms"]), int(content["seq"])
    except FileNotFoundError:
        return {}, 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("The snapshot of the alarm states cannot be read (%s); the journal is used alone.", error)
        return {}, 0


def folded(state: dict[str, Any], records: Iterable[JournalRecord]) -> dict[str, Any]:
    """The state after these records, oldest first. Hidden states keep what the snapshot knows of them."""
    result = dict(state)
    for record in records:
        if record.event == AlarmEvent.REFUSED.value:
            continue
        flags = _flags_after(record)
        if flags is None:
            continue
        payload = record.payload
        times = [int(payload.get("condition_time") or 0), int(payload.get("alarm_time") or 0)]
        head = [flags.active, flags.acked, flags.latched, flags.shelved, flags.suppressed, flags.oos]
        result[record.object_id] = [*head, str(payload.get("occurrence_id", "")), *times, 0, False, False]
    return result


def _flags_after(record: JournalRecord) -> AlarmFlags | None:
    try:
        return _FLAGS.get(AlarmState(record.payload.get("after", "")))
    except ValueError:
        return None
