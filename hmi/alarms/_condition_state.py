"""What the engine keeps of one alarm between two evaluations."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.alarms._conditions import Comparator
from hmi.core.alarms import AlarmFlags
from hmi.core.clock import NS_PER_S
from hmi.core.values import Value
from hmi.expressions import Expression
from hmi.project.plant import AlarmDef

BAD_DELAY_S = 10.0
NORMAL = AlarmFlags()


@dataclass(slots=True, eq=False)
class Alarm:
    """``present`` is the raw condition; ``due`` the session time at which a delay ends (0 = none runs).

    ``is_plain``: a Good value of its own tag is all that the comparator needs.
    """

    definition: AlarmDef
    handle: int
    compare: Comparator
    expression: Expression | None = None
    is_plain: bool = True
    suppress_when: Expression | None = None
    rule_hidden: bool = False
    connection: str = ""
    flags: AlarmFlags = NORMAL
    present: bool = False
    unknown: bool = False
    due: int = 0
    condition_time: int = 0
    alarm_time: int = 0
    occurrence_id: str = ""
    value: Value = None
    suppressed_reason: str = ""
    shelve_until: int = 0
    one_shot: bool = False
    link_hidden: bool = False

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
