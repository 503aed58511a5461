"""Every display of the shipped plant with good values in the middle of their ranges, and no alarm."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hmi.client.port import PlantInfo, TagInfo
from hmi.core.principal import Mode
from hmi.core.quality import GOOD
from hmi.core.values import DataValue, Value
from hmi.mimics import Catalogue, Scene, load_display, needs_arguments, shipped_definitions
from hmi.project import open_plant
from hmi.runtime import plant_info

FOLDER = Path(__file__).resolve().parents[2] / "screens" / "waterworks"
NOW_NS = 1_700_000_000 * 10**9
ARGUMENTS = {
    "filter": {"filter": "filtration/f301"},
}


@cache
def shipped_plant() -> tuple[PlantInfo, Catalogue]:
    info = plant_info(open_plant(FOLDER), Mode.SIMULATOR)
    return info, Catalogue.of(info)


def middle(info: TagInfo | None) -> Value:
    """A value that no rule of the tag finds abnormal."""
    if info is None or info.type == "bool":
        return False
    if info.type == "string":
        return "Normal"
    low, high = info.normal_low, info.normal_high
    if low is None or high is None:
        low, high = info.low, info.high
    number = (low + high) / 2 if low is not None and high is not None else 1.0
    return number if info.type.startswith("float") else int(number)


def scenes() -> Iterator[tuple[str, Scene]]:
    """Name and scene of each display that opens by itself or with the arguments above."""
    _, catalogue = shipped_plant()
    for name, source in sorted(catalogue.displays.items()):
        arguments = ARGUMENTS.get(name, {})
        if needs_arguments(source.document) and not arguments:
            continue
        display = load_display(
            source.document, shipped_definitions(), file=source.file, names=catalogue, arguments=arguments
        )
        scene = Scene(display, catalogue)
        values = {tag: DataValue(middle(catalogue.tags.get(tag)), GOOD, NOW_NS, NOW_NS) for tag in scene.tags}
        scene.apply(values, NOW_NS)
        scene.set_alarms({})
        scene.judge(lambda _tag: True, NOW_NS, hears=lambda _area: True)
        yield name, scene
