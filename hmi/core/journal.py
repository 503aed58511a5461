"""The one envelope of everything that was done and that happened (design 2b.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from hmi.core.principal import Principal


class Kind(Enum):
    """One chain, one order; lists and reports are readers by kind."""

    ALARM = "alarm"
    AUDIT = "audit"
    NOTE = "note"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a service wants recorded; ``payload`` holds JSON types only, ``event_time`` UTC ns."""

    kind: Kind
    event: str
    principal: Principal
    object_id: str = ""
    event_time: int = 0
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: int = 1


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """An Entry as kept: with its place in the order, the run it belongs to and the hash chain."""

    seq: int
    runtime_id: str
    run_id: str
    event_time: int
    receive_time: int
    actor: str
    station: str
    object_id: str
    plant_revision: str
    kind: Kind
    event: str
    version: int
    simulated: bool
    payload: Mapping[str, Any]
    prev_hash: str
    hash: str


class JournalWriter(Protocol):
    """The only way to the journal: returns when the records are durable.

    Raises StorageError when they cannot be kept.
    """

    async def append(self, *entries: Entry) -> tuple[JournalRecord, ...]: ...
