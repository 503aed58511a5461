"""One condition of a server as the book holds it, and which events lead from one state to the next; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmState, Priority
from hmi.core.conditions import ConditionUpdate
from hmi.core.quality import is_bad

# these have no ActiveState of their own: they are active as long as they are of interest
_WITHOUT_ACTIVE = ("ConditionType", "AcknowledgeableConditionType")
_WITHOUT_ACKED = ("ConditionType", "DialogConditionType")
_HIDE = (
    ("oos", AlarmEvent.OOS, AlarmEvent.RTS),
    ("suppressed", AlarmEvent.SUPPRESS, AlarmEvent.UNSUPPRESS),
    ("shelved", AlarmEvent.SHELVE, AlarmEvent.UNSHELVE),
)


@dataclass(slots=True)
class Standing:
    """``unheard``: nothing was heard of it since the link was lost or events were; ``suspect``: the server
    tells its conditions again and has not come to this one; ``doubted``: it told an older state than the one
    that is held, so neither is sure. Times UTC ns.
    """

    alarm_id: str
    connection: str
    last: ConditionUpdate
    priority: Priority
    flags: AlarmFlags = field(default_factory=AlarmFlags)
    occurrence_id: str = ""
    alarm_time: int = 0
    hidden_since: int = 0
    shelve_until: int = 0
    one_shot: bool = False
    unheard: bool = False
    suspect: bool = False
    doubted: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether the state that is shown may no longer be the one in the server."""
        return self.unheard or self.doubted or is_bad(self.last.quality)


def flags_of(update: ConditionUpdate, old: AlarmFlags | None) -> AlarmFlags:
    """The flags that an update tells; what it could not tell stays as it was, and is never taken for False."""
    if not update.retain:
        # no longer of interest: the process part is normal, what hides it is what the server says
        active, acked = False, True
    else:
        active = _told(update.active, old.active if old else None, update.retain)
        acked = _told(update.acked, old.acked if old else None, False)
        if update.active is None and update.kind in _WITHOUT_ACTIVE:
            active = True
        if update.acked is None and update.kind in _WITHOUT_ACKED:
            acked = True
    waits = update.retain and update.confirmed is False and acked and not active
    return AlarmFlags(
        active=active,
        acked=acked,
        latched=waits or (update.retain and _told(update.latched, old.latched if old else None, False)),
        shelved=bool(update.shelved) if update.shelved is not None else bool(old and old.shelved),
        suppressed=_told(update.suppressed, old.suppressed if old else None, False),
        oos=_told(update.oos, old.oos if old else None, False),
    )


def _told(value: bool | None, held: bool | None, else_: bool) -> bool:
    if value is not None:
        return value
    return else_ if held is None else held


def steps(old: AlarmFlags, new: AlarmFlags) -> Iterator[tuple[AlarmEvent, AlarmFlags, AlarmFlags]]:
    """The events between two states in the order of standards 1.3: (event, before, after).

    What hides comes first, then the process, and what hides no longer last; an alarm that comes back unhidden
    and unacknowledged is annunciated again.
    """
    now = old
    for name, event, _end in _HIDE:
        if getattr(new, name) and not getattr(now, name):
            now, before = replace(now, **{name: True}), now
            yield event, before, now
    for event, after in _process_steps(now, new):
        yield event, now, after
        now = after
    was_hidden = now.shelved or now.suppressed or now.oos
    for name, _event, end in reversed(_HIDE):
        if getattr(now, name) and not getattr(new, name):
            now, before = replace(now, **{name: False}), now
            yield end, before, now
    if was_hidden and now.state is AlarmState.UNACK:
        yield AlarmEvent.ALM, now, now


def _process_steps(now: AlarmFlags, new: AlarmFlags) -> Iterator[tuple[AlarmEvent, AlarmFlags]]:
    if new.active and not now.active:
        now = replace(now, active=True, acked=new.acked, latched=new.latched)
        yield AlarmEvent.ALM, now
    elif now.active and not new.active:
        # an acknowledgement that comes with the return is a step of its own
        now = replace(now, active=False, latched=new.latched or now.latched)
        yield AlarmEvent.RTN, now
    elif not now.active and now.acked and not new.acked:
        now = replace(now, acked=False, latched=new.latched)
        yield AlarmEvent.RTN, now
    if new.acked and not now.acked:
        now = replace(now, acked=True)
        yield AlarmEvent.ACK, now
    elif now.acked and not new.acked:
        now = replace(now, acked=False)
        yield AlarmEvent.REALARM, now
    if now.latched and not new.latched:
        now = replace(now, latched=False)
        yield AlarmEvent.RESET, now
    elif new.latched and not now.latched:
        now = replace(now, latched=True)
        yield AlarmEvent.ATTR_CHANGE, now
