"""Rows, changes and the journal form of a server's condition; pure."""

from __future__ import annotations

from typing import Any

from hmi.alarms._change import AlarmChange
from hmi.alarms._server_state import Standing
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmRow, AlarmState, Priority
from hmi.core.conditions import ConditionUpdate
from hmi.core.journal import JournalRecord
from hmi.core.principal import Principal
from hmi.project.plant import TagDef

KEPT = "ua"
KEPT_LENGTH = 22


def alarm_id_of(connection: str, update: ConditionUpdate) -> str:
    """``ua:CONNECTION/CONDITION[/BRANCH]`` in printable letters."""
    name = f"{connection}/{update.condition}" + (f"/{update.branch}" if update.branch else "")
    return "ua:" + "".join(c if c.isprintable() and c != "%" else f"%{ord(c):X}" for c in name)


def row_of(one: Standing, tag: TagDef | None, area: str) -> AlarmRow:
    """The row of a condition; ``tag`` is what it is about, ``area`` that of its connection."""
    last, flags = one.last, one.flags
    waits = flags.latched and last.confirmed is False and last.acked is not False and not flags.active
    return AlarmRow(
        alarm_id=one.alarm_id,
        occurrence_id=one.occurrence_id,
        tag_id=tag.id if tag else "",
        tag_name=tag.name if tag else last.source or one.connection,
        name=last.name or last.kind,
        message=last.message or last.name or last.kind,
        priority=one.priority,
        state=flags.state,
        area=(tag.area if tag else "") or area,
        value=None,
        limit=None,
        unit="",
        alarm_time=one.alarm_time,
        state_unknown=one.is_unknown,
        response="confirm it with Reset" if waits else "",
        kind=last.kind,
        condition_time=one.alarm_time,
        event_time=last.time,
        quality=last.quality,
        shelve_until=one.shelve_until,
        one_shot=one.one_shot,
        hidden_by=one.connection if one.hidden_since else "",
        hidden_since=one.hidden_since,
        comment=last.comment,
        latching=flags.latched,
        source=one.connection,
    )


def change_of(
    one: Standing, event: AlarmEvent, was: AlarmFlags, now: AlarmFlags, row: AlarmRow,
    *, principal: Principal, comment: str,
) -> AlarmChange:  # fmt: skip
    """One step as the journal and the lists get it; only what turns to UNACK is annunciated."""
    raises = event in (AlarmEvent.ALM, AlarmEvent.REALARM)
    waits = one.last.quality & quality.CODE_MASK == quality.BAD_WAITING_FOR_INITIAL_DATA
    is_quiet = waits or one.priority is Priority.JOURNAL
    return AlarmChange(
        event=event,
        before=was.state,
        after=now.state,
        row=row,
        event_time=one.last.time,
        condition_time=one.last.time if event is AlarmEvent.ALM else one.alarm_time,
        annunciate=raises and now.state is AlarmState.UNACK and not is_quiet,
        hidden=now.shelved or now.suppressed or now.oos,
        principal=principal,
        comment=comment,
        quality=one.last.quality,
        kept=_kept(one, now),
    )


def _kept(one: Standing, flags: AlarmFlags) -> tuple[Any, ...]:
    last = one.last
    return (
        flags.active, flags.acked, flags.latched, flags.shelved, flags.suppressed, flags.oos, KEPT,
        one.occurrence_id, one.alarm_time, one.hidden_since, one.shelve_until, one.one_shot,
        one.connection, last.condition, last.branch, last.event_id, last.time, last.kind, last.severity,
        last.source, last.confirmed, last.handle,
    )  # fmt: skip


def adopted(record: JournalRecord) -> Standing | None:
    """A condition as the journal holds it; None when it had ended, or the record is of another kind."""
    kept: Any = record.payload.get("kept") or ()
    if len(kept) < KEPT_LENGTH or kept[6] != KEPT:
        return None
    flags = AlarmFlags(*kept[:6])
    if flags == AlarmFlags():
        return None
    last = ConditionUpdate(
        condition=kept[13], event_id=kept[15], time=kept[16], receive_time=record.receive_time,
        branch=kept[14], kind=kept[17], name=str(record.payload.get("name", "")), source=kept[19],
        message=str(record.payload.get("message", "")), severity=kept[18], confirmed=kept[20],
        active=flags.active, acked=flags.acked, handle=kept[21],
    )  # fmt: skip
    return Standing(
        record.object_id, kept[12], last, Priority.P1, flags, kept[7], kept[8], kept[9], kept[10], kept[11],
        unheard=True,
    )  # fmt: skip
