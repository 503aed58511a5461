"""Which word a refusal gets where the type of the equipment declares no modes; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hmi.core.commands import Reason

_PLACES: Final = frozenset({"remote", "local", "location"})
_MODES: Final = frozenset({"auto", "manual", "mode"})


def guessed_cause(names: Iterable[str]) -> Reason:
    """By the names of the signals that a condition reads: local control and mode have words of their own."""
    signals = {name.rpartition(".")[2] for name in names}
    if signals & _PLACES:
        return Reason.BLOCKED_BY_SWITCHING_HIERARCHY
    return Reason.BLOCKED_BY_MODE if signals & _MODES else Reason.BLOCKED_BY_PROCESS
