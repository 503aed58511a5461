"""What the engine keeps of one alarm between two evaluations."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hmi.alarms._conditions import Comparator
from hmi.alarms._slope import Slope
from hmi.core.alarms import AlarmFlags
from hmi.core.clock import NS_PER_S
from hmi.core.values import Value
from hmi.expressions import Expression
from hmi.project.plant import AlarmDef

BAD_DELAY_S = 10.0
NORMAL = AlarmFlags()


@dataclass(frozen=True, slots=True)
class Case:
    """One limit by state: it counts while ``when`` is true; without ``when`` it is the plain limit."""

    when: Expression | None
    limit: float
    compare: Comparator


@dataclass(slots=True, eq=False)
class Alarm:
    """``present`` is the raw condition; ``due`` the session time at which its delay ends (0 = none runs).

    ``is_plain``: a Good value of its own tag is all that the comparator needs. ``partner`` is the handle of the
    set point or the command, ``seen`` the value of it (of a stale alarm: its own) that was looked at last, since
    ``seen_at``. ``wakes``: session times of further timers by name. ``raised_by``: status of the value that made
    the condition true. ``ranked_at``: source time by which the first-out group ranks it, 0 = it does not.
    """

    definition: AlarmDef
    handle: int
    compare: Comparator
    expression: Expression | None = None
    is_plain: bool = True
    suppress_when: Expression | None = None
    connection: str = ""
    cases: tuple[Case, ...] = ()
    slope: Slope | None = None
    partner: int = -1
    flags: AlarmFlags = NORMAL
    disabled: bool = False
    present: bool = False
    unknown: bool = False
    due: int = 0
    wakes: dict[str, int] = field(default_factory=dict[str, int])
    limit: float = 0.0
    seen: Value = None
    seen_at: int = 0
    crossings: deque[int] | None = None
    condition_time: int = 0
    alarm_time: int = 0
    source_time: int = 0
    raised_by: int = 0
    occurrence_id: str = ""
    value: Value = None
    rule_hidden: bool = False
    link_hidden: bool = False
    suppressed_reason: str = ""
    shelve_until: int = 0
    one_shot: bool = False
    hidden_by: str = ""
    hidden_since: int = 0
    comment: str = ""
    re_alarms: int = 0
    ranked_at: int = 0
    rank: int = 0
    within_ms: int = 0

    @property
    def delay_ns(self) -> int:
        """Delay that the present raw condition has to last."""
        definition = self.definition
        seconds = definition.on_delay_s if self.present else definition.off_delay_s
        if definition.kind == "bad" and self.present:
            seconds = seconds or BAD_DELAY_S
        return int(seconds * NS_PER_S)

    @property
    def settled(self) -> bool:
        """True when the flags already say what the raw condition says."""
        return self.flags.active == self.present

    @property
    def is_hidden(self) -> bool:
        """Shelved, suppressed or out of service."""
        flags = self.flags
        return flags.shelved or flags.suppressed or flags.oos
