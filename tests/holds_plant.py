"""A plant and signatures for tests of holds on a whole runtime with a fake device."""

from __future__ import annotations

from dataclasses import replace

from hmi.core.commands import OperatorCommand, Signature
from hmi.core.principal import Principal
from hmi.core.values import EURange, ValueType
from hmi.project.plant import AlarmDef, Area, CommandRule, ConnectionDef, Instance, Plant
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

DRY = "Suction tank is dry"
LEVEL, START, LAB = "t_a/tank.level", "t_a/p1.start", "t_a/lab.ph"


def device() -> FakePlc:
    """A tank with 5 m and a pump that stands."""
    plc = FakePlc()
    plc.values = {0: 5.0, 1: False}
    return plc


def plant_of(revision: str = "r1") -> Plant:
    rule = CommandRule(interlocks=(("'a/tank.level' < 1", DRY),), min_interval_ms=0)
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    tags = [
        make_tag("a/tank.level", address="0", area="a", unit="m", range=EURange(0, 10)),
        make_tag("a/p1.start", address="1", area="a", type=ValueType.BOOL, instance="a/p1", command=rule),
        make_tag("a/twice", expression="'a/tank.level' * 2", area="a"),
        make_tag("a/lab.ph", manual=True, area="a", range=EURange(0, 14)),
    ]
    alarm = AlarmDef("al_high", LEVEL, "high", "high", 2, "tank is full", limit=9.0)  # type: ignore[arg-type]
    plant = make_plant(tags, [alarm], connections={"plc1": plc1}, revision=revision)
    pump = Instance("i_p1", "a/p1", "pump", "Pump 1", "a", {"start": START})
    return replace(plant, areas=(Area("a", "Unit A"),), instances={"a/p1": pump})


class Signers:
    """Whatever is asked for is signed."""

    async def take(
        self, signature_id: str, principal: Principal, command: OperatorCommand
    ) -> Signature | str:
        return Signature(principal.user, principal.name, "approved", 1, "digest")
