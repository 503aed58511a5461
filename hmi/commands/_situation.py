"""What the checks of a command look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hmi.commands._selections import Held
from hmi.commands._tables import Conditions
from hmi.core import quality
from hmi.core.commands import OperatorCommand, Refusal
from hmi.core.holds import ControlTag
from hmi.core.principal import Principal, Role
from hmi.core.values import DataValue
from hmi.project.plant import CommandRule, TagDef

_NO_LINK = frozenset(
    {
        quality.BAD_NO_COMMUNICATION,
        quality.BAD_TIMEOUT,
        quality.BAD_NOT_CONNECTED,
        quality.BAD_WAITING_FOR_INITIAL_DATA,
        quality.UNCERTAIN_LAST_USABLE,
        quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Situation:
    """The command, its tag and rule, and the plant as it is now.

    ``selection`` is what the command named and got, or why it did not; ``lineage`` the areas of the tag, the most
    specific first; ``control_tags``, ``bypassed`` and ``objection`` are what people put on its object.
    """

    principal: Principal
    command: OperatorCommand
    tag: TagDef
    rule: CommandRule
    values: Mapping[str, DataValue]
    is_live: Callable[[str], bool]
    conditions: Conditions
    since_last_write_ms: float
    now_ns: int
    lineage: Sequence[str] = ()
    selection: Held | Refusal | None = None
    control_tags: Sequence[ControlTag] = ()
    bypassed: frozenset[str] = frozenset()
    objection: Refusal | None = None

    def may(self, role: Role) -> bool:
        return self.principal.has(role, self.lineage)

    @property
    def is_selected(self) -> bool:
        return isinstance(self.selection, Held)

    @property
    def is_confirmed(self) -> bool:
        """The second step was made: a selection carries the value that was looked at."""
        return self.command.confirmed or self.is_selected


def is_dark(status: int) -> bool:
    """The link is down, or what it said is old."""
    return status & quality.CODE_MASK in _NO_LINK


def is_known(result: DataValue) -> bool:
    """A stale answer is no answer."""
    return not result.is_bad and not is_dark(result.status)
