"""Conditions that a connected server keeps itself (OPC UA Alarms & Conditions, standards 1.12).

A driver hands on what the server says, in the order it said it; the book of the conditions
(``hmi.alarms.ServerBook``) makes alarms of that. Times are UTC ns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class RefreshMark(Enum):
    """Marks between the updates. START: the server begins to tell all its conditions again, END: it has told
    them all. LOST: updates may be missing; nothing that is held is sure until it was told again.
    """

    START = "start"
    END = "end"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class ConditionUpdate:
    """One event of one condition, or of one ``branch`` of it ("" = the current state).

    ``event_id`` is the server's number of this event, in hex; an answer to the condition names it. A state of
    None was not said, or could not be said: ``quality`` is then the OPC UA status that tells why. ``kind`` is
    the nearest type of the standard, ``handle`` the tag that the condition is about (-1 = none is known).
    ``shelved`` is "", "timed" or "one-shot", ``unshelve_ms`` the time left at ``time``.
    """

    condition: str
    event_id: str
    time: int
    receive_time: int
    branch: str = ""
    kind: str = ""
    name: str = ""
    source_node: str = ""
    source: str = ""
    message: str = ""
    klass: str = ""
    severity: int = 0
    quality: int = 0
    retain: bool = True
    enabled: bool | None = None
    active: bool | None = None
    acked: bool | None = None
    confirmed: bool | None = None
    latched: bool | None = None
    suppressed: bool | None = None
    oos: bool | None = None
    shelved: str | None = None
    unshelve_ms: float = 0.0
    comment: str = ""
    client_user: str = ""
    handle: int = -1


ConditionItem: TypeAlias = ConditionUpdate | RefreshMark


class ConditionAct(Enum):
    """What an operator can ask the server to do with a condition."""

    ACKNOWLEDGE = "ACK"
    CONFIRM = "CONFIRM"
    COMMENT = "COMMENT"
    SHELVE = "SHELVE"
    SHELVE_ONCE = "SHELVE_ONCE"
    UNSHELVE = "UNSHELVE"
    RESET = "RESET"
    OUT_OF_SERVICE = "OOS"
    IN_SERVICE = "RTS"


@dataclass(frozen=True, slots=True)
class ConditionCall:
    """One method call to the server, sent once or not at all.

    ``deadline_ns`` is monotonic and checked once more right before the socket write; ``seconds`` is the time
    of a timed shelf; ``event_id`` (hex) is the event that the operator saw.
    """

    command_id: str
    connection: str
    condition: str
    act: ConditionAct
    deadline_ns: int
    event_id: str = ""
    comment: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ConditionOrder:
    """What an operator asks for; the command gate makes a ``ConditionCall`` of it.

    ``name`` is what people call the alarm, ``occurrence_id`` the occurrence that they saw, ``event_id`` (hex)
    its newest event. ``seconds``: the time of a timed shelf. ``asked_ns``: when it was asked, monotonic; its
    time to live runs from there (0 = now). ``objection``: why nothing shall be sent, which is journalled too.
    """

    id: str
    alarm_id: str
    occurrence_id: str
    name: str
    connection: str
    condition: str
    event_id: str
    act: ConditionAct
    comment: str = ""
    seconds: float = 0.0
    asked_ns: int = 0
    objection: str = ""
