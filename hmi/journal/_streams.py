"""Which of the operator's separate lists a record belongs to (standards 1.1); pure."""

from __future__ import annotations

from hmi.core.alarms import Priority
from hmi.core.journal import Kind

PROMPT = "prompt"
"""An event that is this word or begins with it and a dot asks the operator for something."""
_PLAIN_EVENTS = ("plant.", "run.", "simulator.")


def stream_of(kind: Kind, event: str, priority: int = 0) -> str:
    """One of ``hmi.client.alarms.STREAMS``. ``priority`` is that of an alarm record, 0 = it has none.

    P4 is for diagnostics and the journal-only class never was an alarm: neither belongs to the alarm stream.
    What the product itself reports is diagnostic, what was done to the plant or its run is an event.
    """
    if kind is Kind.NOTE:
        return "note"
    if event.casefold() == PROMPT or event.casefold().startswith(PROMPT + "."):
        return "prompt"
    if kind is Kind.AUDIT:
        return "command"
    if kind is Kind.SYSTEM:
        return "event" if event.startswith(_PLAIN_EVENTS) else "diagnostic"
    if priority == Priority.P4:
        return "diagnostic"
    return "event" if priority == Priority.JOURNAL else "alarm"
