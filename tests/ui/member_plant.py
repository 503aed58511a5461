"""A dosing station with equipment inside of it, read from its files, and a window on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from faceplate_plant import at
from shell_plant import Desk, display, open_station

from hmi.client.port import PlantInfo
from hmi.core.principal import Mode
from hmi.core.values import DataValue
from hmi.project import new_plant, open_plant
from hmi.runtime._plant_info import plant_info

OUTER: Final = "area1/station1"
ALONE: Final = "area1/p101"
MEMBERS: Final = ("p1", "p2", "v1", "lt1", "skid")
STATION: Final = """schema = "type/1"
name = "station"
title = "Dosing station"

[signals.flow]
type = "float32"
address = "HR400"
unit = "m³/h"
range = [0, 100]
history = true

[members.p1]
type = "pump"
description = "Duty pump"
parameters = {base = 500}

[members.p2]
type = "pump"
description = "Stand-by pump of the second line to the network"
parameters = {base = 520}

[members.v1]
type = "valve"
description = "Outlet valve"

[members.lt1]
type = "vessel"
description = "Day tank"

[members.skid]
type = "skid"
description = "Transfer skid"
"""
VALVE: Final = """schema = "type/1"
name = "valve"
faceplate = "valve"

[signals.opened]
type = "bool"
address = "HR540.0"

[signals.closed]
type = "bool"
address = "HR540.1"
"""
VESSEL: Final = """schema = "type/1"
name = "vessel"
faceplate = "tank"

[signals.level]
type = "float32"
address = "HR550"
unit = "%"
range = [0, 100]
format = ".0f"
history = true
"""
SKID: Final = """schema = "type/1"
name = "skid"

[members.p9]
type = "pump"
parameters = {base = 560}
"""
LIVE: Final[Mapping[str, object]] = {
    ".flow": 42.0, "/p1.running": True, "/p1.tripped": False, "/p1.speed": 86.0, "/p1.speed_sp": 86.0,
    "/p2.running": False, "/p2.tripped": False, "/p2.speed": 0.0, "/p2.speed_sp": 50.0, "/v1.opened": True,
    "/v1.closed": False, "/lt1.level": 71.0, "/skid/p9.running": True, "/skid/p9.tripped": False,
    "/skid/p9.speed": 55.0, "/skid/p9.speed_sp": 55.0,
}  # fmt: skip


def written(folder: Path, **types: str) -> PlantInfo:
    """The new plant's pump beside a station of five members, one of which has a member of its own."""
    folder = new_plant(folder)
    for name, text in {"station": STATION, "valve": VALVE, "vessel": VESSEL, "skid": SKID, **types}.items():
        (folder / "types" / f"{name}.toml").write_text(text, "utf-8")
    tags = folder / "tags.csv"
    header, *rows = tags.read_text("utf-8").splitlines()
    known = {"kind": "station", "name": OUTER, "description": "Alum dosing", "connection": "plc1"}
    rows.append(",".join(known.get(name, "") for name in header.split(",")))
    tags.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    info = plant_info(open_plant(folder), Mode.PLANT)
    shown = display("overview", level=1, tags=(f"{OUTER}.flow",))
    return msgspec.structs.replace(info, home="overview", displays=[shown])


def member_values() -> dict[str, DataValue]:
    return {OUTER + name: at(value) for name, value in LIVE.items()}


@contextmanager
def open_members(
    qtbot: Any,
    folder: Path,
    changed: Mapping[str, DataValue] | None = None,
    *,
    theme: str = "light",
    **types: str,
) -> Iterator[Desk]:
    """A window on the plant, with no alarm of its equipment."""
    info = written(folder / "works", **types)
    alone = {tag.name: at(0.0) for tag in info.tags if tag.name.startswith(f"{ALONE}.")}
    live = alone | member_values() | dict(changed or {})
    with open_station(qtbot, info=info, live=live, theme=theme) as desk:
        yield desk
