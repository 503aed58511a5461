"""AL-02: random event sequences never break the five invariants of standards 1.3."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.alarms import Transition, step
from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmState

EVENTS = [
    AlarmEvent.ALM,
    AlarmEvent.RTN,
    AlarmEvent.ACK,
    AlarmEvent.RESET,
    AlarmEvent.REALARM,
    AlarmEvent.SHELVE,
    AlarmEvent.UNSHELVE,
    AlarmEvent.SUPPRESS,
    AlarmEvent.UNSUPPRESS,
    AlarmEvent.OOS,
    AlarmEvent.RTS,
]
UNHIDING = {AlarmEvent.UNSHELVE, AlarmEvent.UNSUPPRESS, AlarmEvent.RTS}


def hidden(flags: AlarmFlags) -> bool:
    return flags.shelved or flags.suppressed or flags.oos


any_path = given(
    events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=40),
    latching=st.booleans(),
    ack=st.booleans(),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@any_path
def test_AL_02_invariants_hold_on_every_path(events: list[AlarmEvent], latching: bool, ack: bool) -> None:
    walk(events, latching=latching, ack=ack)


@pytest.mark.soak
@pytest.mark.timeout(900)
@settings(max_examples=10_000, deadline=None)
@any_path
def test_AL_02_invariants_hold_on_ten_thousand_paths(
    events: list[AlarmEvent], latching: bool, ack: bool
) -> None:
    walk(events, latching=latching, ack=ack)


def walk(events: list[AlarmEvent], *, latching: bool, ack: bool) -> None:
    """One sequence of events; every transition on the way is judged."""
    flags = AlarmFlags()
    for event in events:
        result = step(flags, event, latching=latching, ack_required=ack)
        if not isinstance(result, Transition):
            continue
        before, after = flags, result.flags
        if result.annunciate:
            assert after.state is AlarmState.UNACK
            assert not hidden(after)
        if ack and before.state is AlarmState.UNACK and after.state is AlarmState.NORM:
            raise AssertionError("an alarm vanished without being acknowledged")
        if before.latched and not after.latched:
            assert event is AlarmEvent.RESET
        if event in UNHIDING and hidden(before) and not hidden(after):
            assert after.state in (AlarmState.NORM, AlarmState.UNACK, AlarmState.LATCH_UNACK)
        if hidden(after):
            assert not result.annunciate
        flags = after
