"""Alarm vocabulary of ISA-18.2 / IEC 62682 (standards section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from hmi.core.values import Value


class Priority(IntEnum):
    """P1 is the most urgent; P4 is for diagnostics; JOURNAL never enters the list."""

    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4
    JOURNAL = 5


SEVERITY_NAMES = ("P1", "P2", "P3", "P4")
SEVERITIES = (801, 601, 401, 201)
"""The lowest OPC UA severity of each of these; below the last one it is for the journal only (standards 1.7)."""


class AlarmState(Enum):
    """Names to persist, never letters (standards 1.2)."""

    NORM = "NORM"
    UNACK = "UNACK"
    ACKED = "ACKED"
    RTNUN = "RTNUN"
    LATCH_UNACK = "LATCH-UNACK"
    LATCH_ACKED = "LATCH-ACKED"
    SHLVD = "SHLVD"
    DSUPR = "DSUPR"
    OOSRV = "OOSRV"


class AlarmEvent(Enum):
    """Events of the alarm record (standards 1.6); REMOVED: a new plant revision has the alarm no longer."""

    ALM = "ALM"
    RTN = "RTN"
    ACK = "ACK"
    RESET = "RESET"
    SHELVE = "SHELVE"
    UNSHELVE = "UNSHELVE"
    SUPPRESS = "SUPPRESS"
    UNSUPPRESS = "UNSUPPRESS"
    OOS = "OOS"
    RTS = "RTS"
    REALARM = "REALARM"
    ENABLE = "ENABLE"
    DISABLE = "DISABLE"
    SILENCE = "SILENCE"
    COMMENT = "COMMENT"
    ATTR_CHANGE = "ATTR_CHANGE"
    REFUSED = "REFUSED"
    REMOVED = "REMOVED"


STATELESS = (AlarmEvent.REFUSED.value, AlarmEvent.SILENCE.value)
"""Events that are recorded about an alarm and leave its state as it was."""


@dataclass(frozen=True, slots=True)
class AlarmFlags:
    """Six independent flags; the state name is derived from them (standards 1.2)."""

    active: bool = False
    acked: bool = True
    latched: bool = False
    shelved: bool = False
    suppressed: bool = False
    oos: bool = False

    @property
    def state(self) -> AlarmState:
        """Display precedence OOSRV > DSUPR > SHLVD > the rest."""
        if self.oos:
            return AlarmState.OOSRV
        if self.suppressed:
            return AlarmState.DSUPR
        if self.shelved:
            return AlarmState.SHLVD
        return self._process_state()

    def _process_state(self) -> AlarmState:
        if self.active:
            return AlarmState.ACKED if self.acked else AlarmState.UNACK
        if self.latched:
            return AlarmState.LATCH_ACKED if self.acked else AlarmState.LATCH_UNACK
        return AlarmState.NORM if self.acked else AlarmState.RTNUN


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm as a list shows it. Times are UTC ns; ``limit`` and ``value`` in the tag's unit.

    ``condition_time``: first crossing; ``alarm_time``: delay expired. ``first_out``: rank in its first-out
    group, 1 = first, 0 = none; ``first_out_within_ms`` > 0: simultaneous with a neighbour within so much.
    ``shelve_until``: 0 = not shelved. ``quality``: status code of the value that raised it; ``q_flag`` in the
    list when it is Uncertain. ``source``: "" = evaluated here, else the connection whose server sent it.
    """

    alarm_id: str
    occurrence_id: str
    tag_id: str
    tag_name: str
    name: str
    message: str
    priority: Priority
    state: AlarmState
    area: str
    value: Value
    limit: Value
    unit: str
    alarm_time: int
    state_unknown: bool = False
    response: str = ""
    display: str = ""
    suppressed_reason: str = ""
    kind: str = ""
    condition_time: int = 0
    event_time: int = 0
    quality: int = 0
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
