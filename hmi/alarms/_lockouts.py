"""Alarms of wrong passwords: one for a locked account, one for a station where passwords are guessed (CR 1.11)."""

from __future__ import annotations

from typing import Final

from hmi.alarms._condition_state import Alarm
from hmi.core.alarms import Priority
from hmi.project.plant import AlarmDef

LOCKOUT_PREFIX: Final = "lockout:"
_TEXTS: Final = {
    "account": (
        "Account {name} is locked: too many wrong passwords",
        "Somebody typed a wrong password for this account several times",
        "Nobody can sign in with this account until the time of the lock is over; who is signed in goes on",
        "Ask its owner. Was it somebody else, find out who; unlock with: hmi user PLANT unlock {name}",
    ),
    "station": (
        "Wrong passwords at the station {name}",
        "Somebody typed wrong passwords at this station several times",
        "Each further try there has to wait up to a minute; viewing goes on",
        "Look who is at the station",
    ),
}


def lockout_alarm(kind: str, name: str) -> Alarm:
    """``kind`` is account or station."""
    message, cause, consequence, action = (text.format(name=name) for text in _TEXTS[kind])
    definition = AlarmDef(
        id=f"{LOCKOUT_PREFIX}{kind}/{name}",
        tag_id="",
        name=f"{kind} {name}",
        kind="diagnostic",
        priority=Priority.P2,
        message=message,
        cause=cause,
        consequence=consequence,
        action=action,
    )
    return Alarm(definition, -1, lambda value, was: bool(value))


def is_lockout(alarm_id: str) -> bool:
    """Whether an id names such an alarm."""
    kind, _, name = alarm_id.removeprefix(LOCKOUT_PREFIX).partition("/")
    return alarm_id.startswith(LOCKOUT_PREFIX) and kind in _TEXTS and bool(name)
