"""The state machine of ISA-18.2 over six flags (standards 1.2, 1.3): one event in, new flags out; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hmi.core.alarms import AlarmEvent, AlarmFlags

HIDING = {
    AlarmEvent.SHELVE: ("shelved", True),
    AlarmEvent.UNSHELVE: ("shelved", False),
    AlarmEvent.SUPPRESS: ("suppressed", True),
    AlarmEvent.UNSUPPRESS: ("suppressed", False),
    AlarmEvent.OOS: ("oos", True),
    AlarmEvent.RTS: ("oos", False),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """New flags; ``annunciate`` sounds and blinks; ``raised`` = a new occurrence; ``hidden`` = nobody sees it."""

    flags: AlarmFlags
    annunciate: bool = False
    raised: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The event has no place in this state; ``reason`` is a sentence."""

    reason: str


def step(
    flags: AlarmFlags, event: AlarmEvent, *, latching: bool, ack_required: bool
) -> Transition | Refused | None:
    """The result of one event; None when it changes nothing (a repeated condition)."""
    if event is AlarmEvent.ALM:
        return _raise(flags, latching=latching)
    if event is AlarmEvent.RTN:
        return _clear(flags, ack_required=ack_required)
    if event in HIDING:
        return _hide(flags, event)
    if is_hidden(flags):
        return Refused("the alarm is hidden (shelved, suppressed or out of service)")
    if event is AlarmEvent.ACK:
        return _acknowledge(flags)
    if event is AlarmEvent.RESET:
        return _reset(flags)
    if event is AlarmEvent.REALARM:
        return _realarm(flags)
    return Refused(f"{event.value} is not an event of the state machine")


def is_hidden(flags: AlarmFlags) -> bool:
    return flags.shelved or flags.suppressed or flags.oos


def _raise(flags: AlarmFlags, *, latching: bool) -> Transition | None:
    if flags.active:
        return None
    new = AlarmFlags(True, False, latching, flags.shelved, flags.suppressed, flags.oos)
    if is_hidden(flags):
        return Transition(new, raised=True, hidden=True)
    return Transition(new, annunciate=True, raised=True)


def _clear(flags: AlarmFlags, *, ack_required: bool) -> Transition | None:
    if not flags.active:
        return None
    nothing_to_do = not flags.latched and (is_hidden(flags) or not ack_required)
    acked = flags.acked or nothing_to_do
    new = AlarmFlags(False, acked, flags.latched, flags.shelved, flags.suppressed, flags.oos)
    return Transition(new, hidden=is_hidden(flags))


def _acknowledge(flags: AlarmFlags) -> Transition | Refused:
    if flags.acked:
        return Refused("the alarm is already acknowledged")
    return Transition(replace(flags, acked=True))


def _reset(flags: AlarmFlags) -> Transition | Refused:
    if not flags.latched:
        return Refused("the alarm is not latched")
    if flags.active:
        return Refused("the condition is still present")
    if not flags.acked:
        return Refused("the alarm is not acknowledged yet")
    return Transition(replace(flags, latched=False))


def _realarm(flags: AlarmFlags) -> Transition | Refused:
    if not (flags.active and flags.acked):
        return Refused("only an active, acknowledged alarm can alarm again")
    return Transition(replace(flags, acked=False), annunciate=True)


def _hide(flags: AlarmFlags, event: AlarmEvent) -> Transition | Refused:
    name, wanted = HIDING[event]
    if getattr(flags, name) == wanted:
        return Refused(
            f"the alarm is {'already' if wanted else 'not'} {'out of service' if name == 'oos' else name}"
        )
    new = replace(flags, **{name: wanted})
    if is_hidden(new):
        return Transition(new, hidden=True)
    return _shown_again(new)


def _shown_again(flags: AlarmFlags) -> Transition:
    """The last hiding flag went: B when present, E-UNACK when latched, else A (standards 1.3)."""
    if flags.active:
        return Transition(replace(flags, acked=False), annunciate=True, raised=True)
    if flags.latched:
        return Transition(replace(flags, acked=False))
    return Transition(replace(flags, acked=True))
