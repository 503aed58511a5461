"""A generated plant of many displays in areas inside areas, for tests of moving about."""

from __future__ import annotations

from typing import Any

from shell_plant import display

from hmi.client.port import DisplayInfo, InstanceInfo, PlantInfo, TypeInfo
from hmi.testing.client import make_tag

AREAS, UNITS = 4, 5


def nested_plant() -> PlantInfo:
    """One overview, a working display for each unit, details below it, and a page for each pump."""
    areas = [{"path": "site", "title": "Site"}]
    tags, instances = [], []
    displays = [display("overview", level=1)]
    for a in range(AREAS):
        areas.append({"path": f"area{a}", "title": f"Area {a}", "parent": "site"})
        displays.append(display(f"area{a}", f"area{a}", 2, (f"area{a}/unit0/flow.pv",)))
        for u in range(UNITS):
            path = f"area{a}/unit{u}"
            areas.append({"path": path, "title": f"Unit {a}{u}", "parent": f"area{a}"})
            tags.append(
                make_tag(f"{path}/flow.pv", area=path, description=f"Flow of unit {a}{u}", unit="m³/h")
            )
            pump = f"{path}/pump"
            tags.append(make_tag(f"{pump}.speed", area=path, instance=pump, signal="speed", unit="%"))
            signals = {"speed": f"{pump}.speed"}
            instances.append(
                InstanceInfo(
                    f"i_{a}{u}", pump, "pump", f"Pump {a}{u}", path, "", "", signals, {}, "pump_page"
                )
            )
            displays.append(display(f"unit{a}{u}", path, 2, (f"{path}/flow.pv",)))
            displays += [display(f"detail{a}{u}", path, 3), display(f"help{a}{u}", path, 4)]
    displays.append(_pump_page())
    types = [TypeInfo("pump", "Pump", "", ["speed"], {})]
    return PlantInfo("p_2", "nested", "Nested plant", "r1", "UTC", "plant", "overview", areas, tags, instances,
                     displays, types)  # fmt: skip


def _pump_page() -> DisplayInfo:
    made = display("pump_page", level=3)
    document: dict[str, Any] = dict(made.document)
    document["parameters"] = {"pump": {"type": "instance", "of": "pump"}}
    document["elements"] = [
        {"id": "e_1", "type": "readout", "x": 100, "y": 100, "w": 90, "h": 36, "tag": "{pump}.speed"}
    ]
    return DisplayInfo(made.id, made.name, made.title, made.level, made.area, document)
