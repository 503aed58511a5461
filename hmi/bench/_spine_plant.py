"""The plant of the spine benchmark: 20,000 scaled tags, every tenth with two limits."""

from __future__ import annotations

from hmi.core.alarms import Priority
from hmi.core.values import EURange
from hmi.project.plant import AlarmDef, ConnectionDef, Plant, Scaling
from hmi.testing.plant import make_plant, make_tag

TAGS = 20_000
CHANGES_PER_S = 20_000
PERIOD_S = 0.05
CHANGES_PER_BATCH = int(CHANGES_PER_S * PERIOD_S)


def spine_plant() -> Plant:
    scaling, span = Scaling(EURange(0, 1_000), EURange(0, 100)), EURange(0, 100)
    tags = [
        make_tag(f"bench/t{i}.pv", address=str(i), connection="plc", scaling=scaling, range=span, unit="%")
        for i in range(TAGS)
    ]
    alarms = [
        AlarmDef(f"a_{i}.{kind}", tags[i].id, kind, kind, Priority.P3, kind, limit=limit, deadband=1.0)
        for i in range(0, TAGS, 10)
        for kind, limit in (("high", 95.0), ("low", -1.0))
    ]
    connection = ConnectionDef("plc", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant(tags, alarms, connections={"plc": connection})
