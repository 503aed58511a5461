"""What the gate needs of others, and what stands in for them where there is nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hmi.core.commands import OperatorCommand, Refusal, Signature, WriteOutcome, WriteRequest
from hmi.core.holds import ControlTag
from hmi.core.principal import Principal
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.project.plant import TagDef


class Writer(Protocol):
    """The road to the devices: one transmission, never raises."""

    async def write(self, tag: TagDef, request: WriteRequest) -> WriteOutcome: ...


class Reader(Protocol):
    """A fresh value from the device, in engineering units; CommunicationError when there is none."""

    async def read_now(self, tag: TagDef) -> DataValue: ...


class Signatures(Protocol):
    """Signatures that people gave; each counts once, for exactly one command. A text says why it does not count."""

    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str: ...


class HoldsView(Protocol):
    """What people put on objects, as the gate looks at it."""

    def tags_on(self, tag: TagDef) -> Sequence[ControlTag]:
        """Control tags on the tag and on its equipment."""
        ...

    def bypassed(self, tag_id: str) -> frozenset[str]:
        """Texts of the conditions of its command that are left out."""
        ...

    def objection(self, principal: Principal, tag: TagDef) -> Refusal | None:
        """Why this position may not command in the tag's area."""
        ...


class Nobody:
    """No one can sign."""

    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str:
        return tr("nobody can sign here")


class NoHolds:
    """Nothing hangs on anything."""

    def tags_on(self, tag: TagDef) -> Sequence[ControlTag]:
        return ()

    def bypassed(self, tag_id: str) -> frozenset[str]:
        return frozenset()

    def objection(self, principal: Principal, tag: TagDef) -> Refusal | None:
        return None
