"""Commands whose end is not known yet; pure (design section 4, reliability D6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hmi.core.clock import NS_PER_MS
from hmi.core.commands import CommandResult, CommandState, OperatorCommand
from hmi.core.values import Value
from hmi.project.plant import CommandRule

OPEN_ENDED: Final = frozenset({"command.requested", "command.unknown", "command.blocked"})
"""Events after which it is not known what a command did: whoever takes over has to read back."""
PATIENCE_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Open:
    """A command that was sent, or may have been; ``since_ns`` monotonic.

    ``place``: where it went (``GateTables.place``), "" = not known.
    """

    command_id: str
    tag_id: str
    value: Value
    since_ns: int
    place: str = ""

    @property
    def command(self) -> OperatorCommand:
        """As far as it matters for a read-back."""
        return OperatorCommand(self.command_id, self.tag_id, self.value, 0)

    @property
    def kept(self) -> dict[str, Any]:
        """For the journal, with what was refused meanwhile."""
        return {"command_id": self.command_id, "new": self.value, "place": self.place}


def open_of(tag_id: str, payload: Mapping[str, Any], now_ns: int) -> Open:
    """From the newest record of an item, which may be that of a later command that was refused."""
    kept: Mapping[str, Any] = payload.get("open") or payload
    place = str(kept.get("place", ""))
    return Open(str(kept.get("command_id", "")), tag_id, kept.get("new"), now_ns, place)


def is_final(result: CommandResult, rule: CommandRule, opened: Open, now_ns: int) -> bool:
    """A slow process may still follow: for a while only its success is believed."""
    if result.state is CommandState.CONFIRMED or not rule.feedback:
        return True
    return now_ns - opened.since_ns >= max(rule.expected_ms, PATIENCE_MS) * NS_PER_MS
