"""How long an alarm may be shelved (standards 1.8); pure."""

from __future__ import annotations

from hmi.alarms._condition_state import Alarm
from hmi.alarms._machine import Refused
from hmi.core.alarms import Priority

HOUR_S = 3_600
LONGEST_S = 12 * HOUR_S
LONGEST_P1_S = HOUR_S


def shelf_refusal(alarm: Alarm, seconds: float, reason: str) -> Refused | None:
    """Why this alarm may not be shelved like this; None when it may."""
    longest = LONGEST_P1_S if alarm.definition.priority is Priority.P1 else LONGEST_S
    if not reason.strip():
        return Refused("shelving needs a reason")
    if not 0 < seconds <= longest:
        return Refused(f"an alarm of this priority may be shelved for at most {longest // HOUR_S} h")
    return None
