"""A command gate between fakes, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hmi.acquisition.port import Batch
from hmi.commands import CommandGate
from hmi.core.commands import (
    CommandClass,
    CommandResult,
    OperatorCommand,
    Reason,
    Refusal,
    Selection,
    Signature,
)
from hmi.core.holds import ControlTag
from hmi.core.identity import new_id
from hmi.core.principal import DEMO_OPERATOR, Principal
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.project.plant import CommandRule, TagDef
from hmi.tags import TagEngine
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag
from hmi.testing.services import FakeDevice, FakeJournal

SP, START, TRIP, CLOSED = "t_a/p1.sp", "t_a/p1.start", "t_a/p1.trip", "t_a/p1.closed"


class Signers:
    """Signatures by id, each for any command and once."""

    def __init__(self) -> None:
        self.signed: dict[str, Signature] = {}

    def sign(self, user: str) -> str:
        """The id of a fresh signature."""
        signature_id = new_id("sig")
        self.signed[signature_id] = Signature(user, user.title(), "authorised", 1, "digest")
        return signature_id

    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str:
        return self.signed.pop(signature_id, "the signature does not count any longer")


class Hanging:
    """What people put on objects, as a test says."""

    def __init__(self) -> None:
        self.tags: list[ControlTag] = []
        self.left_out: frozenset[str] = frozenset()
        self.refusal: Refusal | None = None

    def tags_on(self, tag: TagDef) -> Sequence[ControlTag]:
        return self.tags

    def bypassed(self, tag_id: str) -> frozenset[str]:
        return self.left_out

    def objection(self, principal: Principal, tag: TagDef) -> Refusal | None:
        return self.refusal


class Desk:
    """A pump with a set point, a start pulse and a trip behind a gate; everything Good unless a test says else.

    ``setpoint``: fields of the rule of the set point; ``tag``: of the set point itself.
    """

    def __init__(
        self, *, two_person: bool = False, tag: Mapping[str, Any] = MappingProxyType({}), **setpoint: Any
    ) -> None:
        sp = CommandRule(**{"limits": EURange(10, 90), "max_step": 0.0, "min_interval_ms": 0, **setpoint})
        start = CommandRule(
            klass=CommandClass.SIGNIFICANT,
            pulse=True,
            permissives=(
                ("'a/p1.remote'", "in remote"),
                ("not 'a/p1.auto'", "in manual"),
                ("'a/p1.level' > 1", "level"),
            ),
            interlocks=(("'a/p1.interlock'", "dry run"),),
            feedback="'a/p1.running'",
            expected_ms=5_000,
            min_interval_ms=0,
        )
        trip = CommandRule(klass=CommandClass.CRITICAL, pulse=True, min_interval_ms=0, two_person=two_person)
        flag = ValueType.BOOL
        tags = [
            make_tag("a/p1.sp", instance="a/p1", range=EURange(0, 100), command=sp, unit="%", **tag),
            make_tag("a/p1.start", instance="a/p1", type=flag, command=start),
            make_tag("a/p1.trip", type=flag, instance="a/p1", command=trip),
            make_tag("a/p1.closed", type=flag, command=CommandRule(klass=CommandClass.FORBIDDEN)),
            make_tag("a/p1.remote", type=flag),
            make_tag("a/p1.auto", type=flag),
            make_tag("a/p1.level"),
            make_tag("a/p1.interlock", type=flag),
            make_tag("a/p1.running", type=flag),
        ]
        self.clock, self.journal, self.device = ManualClock(), FakeJournal(), FakeDevice()
        self.tags = TagEngine(make_plant(tags), self.clock)
        self.put(50.0, False, False, False, True, False, 2.0, False, False)
        self.sent_at = self.clock.monotonic_ns()
        self.signers, self.holds, self.dark = Signers(), Hanging(), set[str]()
        self.settled: list[CommandResult] = []
        self.on_pause: Callable[[], None] = lambda: None
        self.gate = CommandGate(
            self.tags.plant,
            clock=self.clock,
            values=self.tags.values,
            is_live=lambda name: name not in self.dark,
            journal=self.journal,
            writer=self.device,
            reader=self.device,
            heartbeat_ns=lambda number: self.sent_at if number == 1 else None,
            pause=self._pause,
            holds=self.holds,
            signatures=self.signers,
            settled=self.settled.append,
        )

    async def _pause(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.on_pause()
        await asyncio.sleep(0)

    def put(self, *values: Value) -> None:
        self.tags.ingest(Batch("g", [(h, good(value)) for h, value in enumerate(values)]))

    def set(self, name: str, value: Value | DataValue) -> None:
        new = value if isinstance(value, DataValue) else good(value)
        self.tags.ingest(Batch("g", [(self.tags.handle(name), new)]))

    async def ask(
        self, tag_id: str = SP, value: Value = 55.0, principal: Principal = DEMO_OPERATOR, **more: Any
    ) -> CommandResult:
        more.setdefault("confirmed", tag_id == START)
        command = OperatorCommand(
            more.pop("id", new_id("c")), tag_id, value, more.pop("heartbeat", 1), **more
        )
        return await self.gate.submit(principal, command)

    def select(
        self, tag_id: str = TRIP, value: Value = True, principal: Principal = DEMO_OPERATOR
    ) -> Selection:
        return self.gate.select(principal, tag_id, value, 1)

    @property
    def audit(self) -> list[str]:
        return [entry.event for entry in self.journal.entries]


def reasons(result: CommandResult) -> list[Reason]:
    return [refusal.reason for refusal in result.refusals]
