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


def list_of(row: AlarmInfo) -> str:
    """Which of ``ALARM_LISTS`` an alarm in this state stands in."""
    return _LIST_OF.get(row.state, "active")


def is_unacked(row: AlarmInfo) -> bool:
    """It waits to be acknowledged."""
    return row.state in _UNACKED


_LIST_OF = {"SHLVD": "shelved", "DSUPR": "suppressed", "OOSRV": "out_of_service"}
_UNACKED = frozenset({"UNACK", "RTNUN", "LATCH-UNACK"})


class AlarmDelta(msgspec.Struct, frozen=True):
    """Payload of the event ``alarm_changes``: what turned since the one before, in any of the lists.

    ``rows``: the newest row of each alarm that turned; its ``state`` says in which list it stands. ``gone``: ids
    of alarms that stand in no list any more. ``counts``: how many stand in each of ``ALARM_LISTS``. ``areas``:
    area -> priority as text -> [unacknowledged, acknowledged] of the active list, only areas that turned, whole;
    {} = none left. ``sounds``: what annunciates with this delta, after the rule for floods. ``floods``: areas
    in flood now; None = as before. ``runtime``: whose counts these are, "" = the home runtime's.

    Every event ``alarms`` (the full active list) is followed by one with the counts, areas and floods of all.
    """

    rows: list[AlarmInfo] = []
    gone: list[str] = []
    counts: dict[str, int] = {}
    areas: dict[str, dict[str, list[int]]] = {}
    sounds: list[AlarmSound] = []
    floods: list[AlarmFlood] | None = None
    runtime: str = ""


def merged_counts(before: AlarmDelta, delta: AlarmDelta) -> AlarmDelta:
    """Counts, areas and floods as they are after a delta, without its rows and sounds."""
    areas = {area: counts for area, counts in (before.areas | delta.areas).items() if counts}
    floods = before.floods if delta.floods is None else delta.floods
    return AlarmDelta(counts=delta.counts or before.counts, areas=areas, floods=floods)


class AlarmSound(msgspec.Struct, frozen=True):
    """One alarm that sounds now."""

    priority: int
    area: str
    occurrence_id: str


class AlarmFlood(msgspec.Struct, frozen=True):
    """An area in flood (standards 1.9): ``since`` UTC ns, ``alarms`` annunciated since then."""

    area: str
    since: int
    alarms: int


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
    """Records, newest first, each with its ``stream``; ``next_before`` > 0 when there are more.

    ``searched_from`` > 0: records with a lower number were not searched, for an older file is still being read.
    """

    records: list[dict[str, Any]]
    next_before: int = 0
    searched_from: int = 0


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
    tagged, bypassed, overridden, manual, controlled, links, notes. ``since``: start of the shift, UTC ns.
    """

    since: int
    until: int
    sections: dict[str, list[HandoverItem]] = {}
    counts: dict[str, int] = {}
