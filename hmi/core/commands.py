"""Operator commands and their results (standards section 5, design section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hmi.core.values import Value

TIME_TO_LIVE_MS = 5_000
SELECTION_MS = 30_000
SIGNATURE_MS = 60_000


class CommandClass(Enum):
    """R routine, S significant (confirm), C critical (select, reason), X forbidden (standards 5.1)."""

    ROUTINE = "R"
    SIGNIFICANT = "S"
    CRITICAL = "C"
    FORBIDDEN = "X"


class CommandState(Enum):
    """How a command ended; UNKNOWN blocks a repeat until read back (design section 4)."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Reason(Enum):
    """The reason vocabulary of standards 5.2; these words everywhere."""

    BLOCKED_BY_MODE = "blocked-by-mode"
    BLOCKED_BY_INTERLOCKING = "blocked-by-interlocking"
    BLOCKED_BY_PROCESS = "blocked-by-process"
    BLOCKED_BY_SWITCHING_HIERARCHY = "blocked-by-switching-hierarchy"
    LOCKED_BY_OTHER_CLIENT = "locked-by-other-client"
    OBJECT_NOT_SELECTED = "object-not-selected"
    OBJECT_ALREADY_SELECTED = "object-already-selected"
    COMMAND_ALREADY_IN_EXECUTION = "command-already-in-execution"
    POSITION_REACHED = "position-reached"
    INVALID_POSITION = "invalid-position"
    INCONSISTENT_PARAMETERS = "inconsistent-parameters"
    NO_ACCESS_AUTHORITY = "no-access-authority"
    TAGGED_DO_NOT_OPERATE = "tagged-do-not-operate"
    LIMIT_EXCEEDED = "limit-exceeded"
    RATE_EXCEEDED = "rate-exceeded"
    BAD_FEEDBACK = "bad-feedback"
    NO_COMMUNICATION = "no-communication"
    TIME_LIMIT_OVER = "time-limit-over"
    CANCELLED_BY_OPERATOR = "cancelled-by-operator"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One unmet condition: the reason word, a sentence, and the live value that decided it."""

    reason: Reason
    text: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """What an operator asks for.

    ``value`` in the tag's engineering unit; ``expected`` is the value on the asker's screen (compare and
    set, None = not checked); ``heartbeat`` is the number of the last runtime heartbeat the asker saw and
    ``ttl_ms`` the time to live from that heartbeat on the runtime's monotonic clock. The steps that were made:
    ``confirmed`` in a second place, ``selection`` the id of a ``Selection``, ``signatures`` ids of signatures to
    exactly this command, ``without_feedback`` knowingly on a Bad feedback, ``caution`` the ids of the caution tags
    that were shown and accepted (standards 5.1, 5.2, 5.6).
    """

    id: str
    tag_id: str
    value: Value
    heartbeat: int
    ttl_ms: int = TIME_TO_LIVE_MS
    expected: Value = None
    reason: str = ""
    confirmed: bool = False
    selection: str = ""
    signatures: tuple[str, ...] = ()
    without_feedback: bool = False
    caution: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """An object that one person at one station holds for one command with one value (IEC 61850 SBO).

    ``left_ms`` to its end when it was told; ``refusals`` say why there is none (``id`` is then empty).
    """

    id: str
    tag_id: str
    value: Value
    left_ms: int = SELECTION_MS
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed what and with which meaning (21 CFR 11.50); ``digest`` binds it to the command (11.70).

    ``time`` UTC ns of the wall clock.
    """

    user: str
    name: str
    meaning: str
    time: int
    digest: str


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The end of a command: state, every refusal, one sentence for the operator, the read-back value."""

    command_id: str
    tag_id: str
    state: CommandState
    text: str
    refusals: tuple[Refusal, ...] = ()
    read_back: Value = None


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """What the gate hands to acquisition: a raw (device) value with a deadline.

    ``deadline_ns`` is monotonic and is checked once more right before the socket write. ``epoch`` fences
    a runtime that lost its place (design 2b.9). ``plan`` is that of the connection when it took the request; what is
    asked by another one by now is not sent.
    """

    command_id: str
    tag_id: str
    handle: int
    value: Value
    deadline_ns: int
    epoch: int = 0
    plan: int = 0


class WriteState(Enum):
    """What is known after the one transmission."""

    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    NOT_CONNECTED = "not-connected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """Answer of a driver to one write: ``status`` is an OPC UA code, ``text`` one sentence."""

    state: WriteState
    status: int = 0
    text: str = ""
