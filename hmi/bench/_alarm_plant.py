"""The plants of the alarm benchmark: one alarm on each tag; and a folder of 100,000 alarms on 25,000 tags."""

from __future__ import annotations

from pathlib import Path

from hmi.core.alarms import Priority
from hmi.project.plant import AlarmDef, ConnectionDef, Plant
from hmi.testing.plant import make_plant, make_tag

LIMIT = 90.0
AREAS = tuple(f"area{n}" for n in range(10))
FILE_TAGS, FILE_ALARMS = 25_000, 100_000
_HEAD = 'schema = "plant/1"\nid = "p_bench0000001"\nname = "bench"\ntitle = "Bench"\nzone = "UTC"\n'
_LINK = '\n[connection.plc]\ndriver = "modbus"\nendpoints = ["tcp://127.0.0.1:502"]\nsimulated = true\n'
_KINDS = (("high_high", 95.0, 1), ("high", 90.0, 2), ("low", 10.0, 3), ("low_low", 5.0, 1))
_WORDS = "Pump overload,Flow is lost,Look at the pump,10 min"


def flood_plant(count: int) -> Plant:
    """Priorities as standards 1.7 has them: 5 % high, 15 % medium, 80 % low."""
    names = [f"{AREAS[n % len(AREAS)]}/t{n}.pv" for n in range(count)]
    tags = [
        make_tag(name, address=str(n), connection="plc", scan="fast", area=name.split("/")[0], unit="%")
        for n, name in enumerate(names)
    ]
    alarms = [
        AlarmDef(
            f"a_{n}", f"t_{name}", "High", "high", _priority(n), f"Level of T-{n} is high", limit=LIMIT,
            deadband=1.0, cause="Pump overload", consequence="Flow is lost", action="Look at the pump",
        )
        for n, name in enumerate(names)
    ]  # fmt: skip
    connection = ConnectionDef("plc", "fake", ("fake://127.0.0.1:1",), simulated=True)
    return make_plant(tags, alarms, connections={"plc": connection})


def _priority(number: int) -> Priority:
    return Priority.P1 if number % 20 == 0 else Priority.P2 if number % 20 < 4 else Priority.P3


def write_large_plant(folder: Path) -> None:
    """A plant folder with four limits on each of 25,000 tags."""
    areas = "".join(f'\n[[area]]\npath = "{area}"\ntitle = "{area}"\n' for area in AREAS)
    (folder / "plant.toml").write_text(_HEAD + areas + _LINK, encoding="utf-8")
    names = [f"{AREAS[n % len(AREAS)]}/t{n}.pv" for n in range(FILE_TAGS)]
    tags = [
        f"tag,t_{n:012d},{name},float32,Level,{name.split('/')[0]},plc,HR{2 * n + 1},fast,%,0,100"
        for n, name in enumerate(names)
    ]
    head = "kind,id,name,type,description,area,connection,address,scan,unit,low,high"
    (folder / "tags.csv").write_text("\n".join((head, *tags, "")), encoding="utf-8")
    alarms = [
        f"a_{4 * n + k:012d},{name},{kind},{kind},{limit},1,15,15,{priority},Level of T-{n} {kind},{_WORDS}"
        for n, name in enumerate(names)
        for k, (kind, limit, priority) in enumerate(_KINDS)
    ]
    head = (
        "id,tag,name,kind,limit,deadband,on_delay,off_delay,priority,message,cause,consequence,action,"
        "time_to_respond"
    )
    (folder / "alarms.csv").write_text("\n".join((head, *alarms, "")), encoding="utf-8")
