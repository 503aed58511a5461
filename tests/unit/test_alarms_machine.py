"""AL-01, AL-10: the state machine of standards 1.3 over its six flags, explored whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hmi.alarms import Refused, Transition, step
from hmi.core.alarms import AlarmEvent, AlarmFlags, AlarmState

E = AlarmEvent
NORM = AlarmFlags()
UNACK = AlarmFlags(active=True, acked=False)
ACKED = AlarmFlags(active=True, acked=True)
RTNUN = AlarmFlags(active=False, acked=False)
L_ACTIVE = replace(UNACK, latched=True)
L_ACKED_ACTIVE = replace(ACKED, latched=True)
L_UNACK = AlarmFlags(active=False, acked=False, latched=True)
L_ACKED = AlarmFlags(active=False, acked=True, latched=True)
VISIBLE = (E.ALM, E.RTN, E.ACK, E.RESET, E.REALARM)
HIDING = (E.SHELVE, E.UNSHELVE, E.SUPPRESS, E.UNSUPPRESS, E.OOS, E.RTS)


def reachable(latching: bool, ack_required: bool) -> set[AlarmFlags]:
    found, waiting = {NORM}, [NORM]
    while waiting:
        flags = waiting.pop()
        for event in (*VISIBLE, *HIDING):
            result = step(flags, event, latching=latching, ack_required=ack_required)
            if isinstance(result, Transition) and result.flags not in found:
                found.add(result.flags)
                waiting.append(result.flags)
    return found


@pytest.mark.parametrize(
    ("latching", "ack_required", "count"),
    [(False, False, 24), (False, True, 32), (True, False, 40), (True, True, 40)],
)
def test_AL_01_reachable_flag_combinations(latching: bool, ack_required: bool, count: int) -> None:
    assert len(reachable(latching, ack_required)) == count


ROWS = [
    # from, event, latching, ack_required, to, annunciate
    (NORM, E.ALM, False, True, UNACK, True),
    (NORM, E.ALM, True, True, L_ACTIVE, True),
    (UNACK, E.ACK, False, True, ACKED, False),
    (UNACK, E.RTN, False, True, RTNUN, False),
    (UNACK, E.RTN, False, False, NORM, False),
    (L_ACTIVE, E.RTN, True, True, L_UNACK, False),
    (L_ACTIVE, E.RTN, True, False, L_UNACK, False),
    (ACKED, E.RTN, False, True, NORM, False),
    (L_ACKED_ACTIVE, E.RTN, True, True, L_ACKED, False),
    (ACKED, E.REALARM, False, True, UNACK, True),
    (RTNUN, E.ACK, False, True, NORM, False),
    (RTNUN, E.ALM, False, True, UNACK, True),
    (L_UNACK, E.ACK, True, True, L_ACKED, False),
    (L_ACKED, E.RESET, True, True, NORM, False),
    (L_UNACK, E.ALM, True, True, L_ACTIVE, True),
    (L_ACKED, E.ALM, True, True, L_ACTIVE, True),
]


@pytest.mark.parametrize(("start", "event", "latching", "ack_required", "end", "annunciate"), ROWS)
def test_AL_01_rows_of_the_table(
    start: AlarmFlags,
    event: AlarmEvent,
    latching: bool,
    ack_required: bool,
    end: AlarmFlags,
    annunciate: bool,
) -> None:
    result = step(start, event, latching=latching, ack_required=ack_required)
    assert isinstance(result, Transition)
    assert (result.flags, result.annunciate) == (end, annunciate)


@pytest.mark.parametrize(
    ("start", "event"),
    [
        (NORM, E.ACK),
        (ACKED, E.ACK),
        (L_ACKED, E.ACK),
        (NORM, E.RESET),
        (L_ACTIVE, E.RESET),
        (L_ACKED_ACTIVE, E.RESET),
        (L_UNACK, E.RESET),
        (NORM, E.REALARM),
        (UNACK, E.REALARM),
        (RTNUN, E.REALARM),
        (NORM, E.UNSHELVE),
        (NORM, E.UNSUPPRESS),
        (NORM, E.RTS),
        (replace(UNACK, shelved=True), E.ACK),
        (replace(L_ACKED, oos=True), E.RESET),
        (replace(UNACK, shelved=True), E.SHELVE),
        (replace(NORM, suppressed=True), E.SUPPRESS),
        (replace(NORM, oos=True), E.OOS),
    ],
)
def test_AL_01_illegal_events_are_refused_with_a_reason(start: AlarmFlags, event: AlarmEvent) -> None:
    result = step(start, event, latching=True, ack_required=True)
    assert isinstance(result, Refused)
    assert result.reason


@pytest.mark.parametrize("flag", ["shelved", "suppressed", "oos"])
def test_AL_01_a_hidden_alarm_follows_the_process_in_silence(flag: str) -> None:
    hidden = replace(NORM, **{flag: True})
    raised = step(hidden, E.ALM, latching=False, ack_required=True)
    assert isinstance(raised, Transition)
    assert (raised.annunciate, raised.hidden, raised.flags.active) == (False, True, True)
    assert raised.flags.state == hidden.state
    cleared = step(raised.flags, E.RTN, latching=False, ack_required=True)
    assert isinstance(cleared, Transition)
    assert (cleared.annunciate, cleared.hidden, cleared.flags.active) == (False, True, False)


@pytest.mark.parametrize(
    ("flag", "ending"), [("shelved", E.UNSHELVE), ("suppressed", E.UNSUPPRESS), ("oos", E.RTS)]
)
@pytest.mark.parametrize(
    ("start", "state", "annunciate"),
    [
        (ACKED, AlarmState.UNACK, True),
        (UNACK, AlarmState.UNACK, True),
        (RTNUN, AlarmState.NORM, False),
        (NORM, AlarmState.NORM, False),
        (L_ACKED, AlarmState.LATCH_UNACK, False),
        (L_UNACK, AlarmState.LATCH_UNACK, False),
    ],
)
def test_AL_10_what_an_unhidden_alarm_returns_to(
    flag: str, ending: AlarmEvent, start: AlarmFlags, state: AlarmState, annunciate: bool
) -> None:
    result = step(replace(start, **{flag: True}), ending, latching=start.latched, ack_required=True)
    assert isinstance(result, Transition)
    assert (result.flags.state, result.annunciate) == (state, annunciate)


def test_AL_10_the_remaining_hiding_flag_keeps_it_hidden() -> None:
    both = replace(UNACK, shelved=True, suppressed=True)
    result = step(both, E.UNSHELVE, latching=False, ack_required=True)
    assert isinstance(result, Transition)
    assert (result.flags.state, result.annunciate) == (AlarmState.DSUPR, False)
