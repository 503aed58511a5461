"""What the supervisor did, handed to the runtime, which journals it.

A file, because the one that has to be told may be the one that died: the runtime reads it at its start
and while it runs. One JSON object a line: time (UTC ns), event, process, reason.
"""

from __future__ import annotations

import json
from pathlib import Path

from hmi.core.clock import wall_ns

NOTES_FILE = "supervisor.jsonl"


def write_note(data: Path, *, event: str, process: str, reason: str) -> None:
    """Append one note; a full disk must not stop the supervisor from restarting a process."""
    note = {"time": wall_ns(), "event": event, "process": process, "reason": reason}
    try:
        with (data / NOTES_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(note, ensure_ascii=False) + "\n")
    except OSError:
        return
