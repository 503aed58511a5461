"""A question and its answer: the alarm of a plant with other cells, over its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hmi.alarms.what_if._answer import result_of
from hmi.alarms.what_if._case import case_of
from hmi.alarms.what_if._replay import Links, Pace, Source, replay
from hmi.client.what_if import SETTINGS, Setting, WhatIfResult
from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.project.alarm_edit import alarm_cells, changed_alarm
from hmi.project.plant import AlarmDef, Plant

Tally = Callable[[str, int, int], tuple[int, int]]
"""Alarm id, start and end -> how often it came by the journal, and when its settings changed last (0 = never)."""


def what_if(
    plant: Plant, alarm_id: str, changes: Mapping[str, str], source: Source, start: int, end: int,
    *, tally: Tally | None = None, pace: Pace = lambda done: None, links: Links | None = None,
) -> WhatIfResult:  # fmt: skip
    """The alarm as it is and with other cells over [start, end), UTC ns.

    UsageError or ConfigurationError in one sentence for a question that cannot be answered. Without ``tally`` the
    replay is not held against the journal, without ``links`` nobody speaks for the bad values of a lost device.
    """
    was = alarm_of(plant, alarm_id)
    proposed = changed_alarm(was, changes, SETTINGS)
    case = case_of(plant, was, proposed)
    compared, left_out = replay(case, source, start, end, pace, links)
    recorded, changed_at = tally(alarm_id, start, end) if tally is not None else (-1, 0)
    return result_of(
        case, compared, _settings(was, proposed), left_out=left_out, recorded=recorded,
        changed_at=_shown(changed_at, plant.zone) if changed_at else "", simulated=plant.simulated,
        revision=plant.revision,
    )  # fmt: skip


def alarm_of(plant: Plant, alarm_id: str) -> AlarmDef:
    """By its id; UsageError when the plant defines no such alarm."""
    found = next((one for one in plant.alarms if one.id == alarm_id), None)
    if found is None:
        raise UsageError(tr("the plant defines no alarm with the id {id}", id=alarm_id[:80]))
    return found


def _settings(was: AlarmDef, proposed: AlarmDef) -> list[Setting]:
    """What differs."""
    before, after = alarm_cells(was, SETTINGS), alarm_cells(proposed, SETTINGS)
    return [Setting(name, before[name], after[name]) for name in SETTINGS if before[name] != after[name]]


def _shown(at_ns: int, zone: str) -> str:
    moment = datetime.fromtimestamp(at_ns / 1e9, UTC).astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%d %H:%M")
