"""What a station may ask of alarms, of their journal and of the log, beyond the active list (standards 1)."""

from __future__ import annotations

from typing import Any

import msgspec

ALARM_LISTS = ("active", "shelved", "suppressed", "out_of_service")
"""What ``alarms(state=...)`` takes."""
ALARM_ACTS = ("SHELVE", "UNSHELVE", "RESET", "OOS", "RTS", "COMMENT")
"""What ``act_on_alarms`` takes; acknowledging goes by occurrence and is a verb of its own."""
SHELVE_REASONS = ("nuisance", "maintenance", "waiting for parts", "known condition", "test", "other")
STREAMS = ("alarm", "prompt", "diagnostic", "event", "command", "note")
"""The separate lists of the operator's log (standards 1.1)."""


class AlarmInfo(msgspec.Struct, frozen=True):
    """One alarm row on the wire; times UTC ns, see hmi.core.alarms.AlarmRow."""

    alarm_id: str
    occurrence_id: str
    tag_id: str
    tag_name: str
    name: str
    message: str
    priority: int
    state: str
    area: str
    value: Any
    limit: Any
    unit: str
    alarm_time: int
    state_unknown: bool = False
    response: str = ""
    display: str = ""
    cause: str = ""
    consequence: str = ""
    stored: bool = True
    kind: str = ""
    condition_time: int = 0
    event_time: int = 0
    quality: int = 0
    suppressed_reason: str = ""
    shelve_until: int = 0
    one_shot: bool = False
    hidden_by: str = ""
    hidden_since: int = 0
    comment: str = ""
    group: str = ""
    first_out: int = 0
    first_out_within_ms: int = 0
    latching: bool = False
    source: str = ""
    time_to_respond: str = ""
    guidance: str = ""
    alarm_class: str = ""


class AlarmDetails(msgspec.Struct, frozen=True):
    """One alarm in full. ``rule``: its suppression rule with ``rule_truth`` true, false or unknown, and in
    ``inputs`` [tag, value, quality] of every tag that the rule or the alarm's own expression reads.
    ``definition``: fields of standards 1.5 by name. ``records``: its newest journal records, newest first.
    """

    row: AlarmInfo
    definition: dict[str, Any] = {}
    rule: str = ""
    rule_truth: str = ""
    inputs: list[list[str]] = []
    records: list[dict[str, Any]] = []


class JournalQuery(msgspec.Struct, frozen=True):
    """Which records; empty = all. ``text``: words that all occur. ``start`` and ``end`` in UTC ns, end not
    included. ``before``: only records with a lower number (the next page). Newest first.
    """

    text: str = ""
    stream: str = ""
    area: str = ""
    priorities: tuple[int, ...] = ()
    event: str = ""
    object_id: str = ""
    start: int = 0
    end: int = 0
    before: int = 0
    limit: int = 200


class JournalPage(msgspec.Struct, frozen=True):
    """Records, newest first; ``next_before`` > 0 when there are more."""

    records: list[dict[str, Any]]
    next_before: int = 0


class HandoverItem(msgspec.Struct, frozen=True):
    """One thing that the next shift has to know. ``since`` and ``until`` UTC ns, 0 = not known or open."""

    object_id: str
    name: str
    text: str
    area: str = ""
    since: int = 0
    until: int = 0
    actor: str = ""
    reason: str = ""
    display: str = ""


class Handover(msgspec.Struct, frozen=True):
    """The shift's hand-over: sections by name, in this order: standing, shelved, out_of_service, suppressed,
    overridden, manual, links, notes. ``since``: start of the shift, UTC ns.
    """

    since: int
    until: int
    sections: dict[str, list[HandoverItem]] = {}
    counts: dict[str, int] = {}
