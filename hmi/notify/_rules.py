"""Who is told of what, and when; pure. Times are wall-clock UTC ns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from hmi.core.alarms import AlarmEvent
from hmi.core.clock import NS_PER_S
from hmi.core.journal import JournalRecord
from hmi.project.notifications import NotificationDef

UNACKED = frozenset(("UNACK", "RTNUN", "LATCH-UNACK"))
_ANNUNCIATES = frozenset((AlarmEvent.ALM.value, AlarmEvent.REALARM.value))
_FIRST_RETRY_S, _LONGEST_RETRY_S = 5.0, 300.0
URGENT = 1


def may_send(channel: NotificationDef, *, simulated: bool) -> bool:
    """A simulated plant tells nobody outside of this machine."""
    return not simulated or (channel.simulator and channel.is_local)


def wants(channel: NotificationDef, record: JournalRecord) -> bool:
    """Whether a record of an alarm is told by a channel: it annunciates, and nothing hides it."""
    payload = record.payload
    if record.event not in _ANNUNCIATES or payload.get("hidden") or not payload.get("annunciate"):
        return False
    if payload.get("priority") not in channel.priorities:
        return False
    if record.object_id == failing_id(channel.name):
        return False  # its own failure cannot go this way
    area = str(payload.get("area", ""))
    return not channel.areas or any(area == one or area.startswith(f"{one}/") for one in channel.areas)


def settles(record: JournalRecord) -> bool:
    """Somebody has seen to the alarm, or it is hidden: what waits for its delay is not sent."""
    after = record.payload.get("after")
    return bool(after) and after not in UNACKED


def due_at(channel: NotificationDef, record: JournalRecord, zone: tzinfo) -> int:
    """When it is sent first: after the delay, and after a quiet time unless it is priority 1."""
    at = record.receive_time + int(channel.delay_s * NS_PER_S)
    if channel.quiet is None or record.payload.get("priority") == URGENT:
        return at
    begin, end = channel.quiet
    local = datetime.fromtimestamp(at / NS_PER_S, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    if not (begin <= minute < end if begin < end else minute >= begin or minute < end):
        return at
    over = local.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
    if over <= local:
        over += timedelta(days=1)
    return int(over.timestamp() * NS_PER_S)


def retry_ns(tries: int) -> int:
    """The pause after so many failed attempts: 5 s, twice as long each time, 5 min at most."""
    return int(min(_FIRST_RETRY_S * 2 ** min(tries - 1, 16), _LONGEST_RETRY_S) * NS_PER_S)


def failing_id(channel: str) -> str:
    """The id of the diagnostic alarm of a channel."""
    return f"notify:{channel}"
