"""HM-15 on the shipped plant: a control for every command there is, and none that is disabled without a word."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

pytest.importorskip("PySide6")

from shell_plant import open_station
from test_faceplate_conditions import _situations

from hmi.client.port import PlantInfo, TagInfo
from hmi.core.principal import Mode
from hmi.mimics import is_number
from hmi.project import open_plant
from hmi.project.shipped import shipped_path
from hmi.runtime import plant_info

pytestmark = pytest.mark.qt


def control(tag: TagInfo, number: int) -> dict[str, Any]:
    kind = "entry" if is_number(tag) else "selector" if tag.states else "button"
    return {
        "id": f"e_{number}",
        "type": kind,
        "x": 20 + 230 * (number % 8),
        "y": 10 + 80 * (number // 8),
        "tag": tag.name,
    }


def with_all_commands() -> PlantInfo:
    info = plant_info(open_plant(shipped_path("screens") / "waterworks"), Mode.SIMULATOR)
    home = next(display for display in info.displays if display.name == info.home)
    elements = [control(tag, n) for n, tag in enumerate(t for t in info.tags if t.writable)]
    document = {**home.document, "elements": elements, "size": [1920, 80 * (len(elements) // 8 + 2)]}
    others = [display for display in info.displays if display is not home]
    return msgspec.structs.replace(info, displays=[msgspec.structs.replace(home, document=document), *others])


@pytest.mark.parametrize("situation", ["off", "on", "bad", "viewer"])
def test_HM_15_every_disabled_control_of_the_waterworks_has_a_reason(qtbot: Any, situation: str) -> None:
    info = with_all_commands()
    data = _situations(info)["on" if situation == "viewer" else situation]
    with open_station(qtbot, info=info, live=data) as desk:
        station, scene = desk.station, desk.window.mimic.view.scene
        assert scene is not None
        if situation == "viewer":
            desk.client.roles = ["view"]
            station.ask_status()
            qtbot.waitUntil(lambda: station.status is not None and station.status.roles == ["view"])
        deciding = {name for tag in scene.written_tags for name in station.commands.deciding(tag)}
        qtbot.waitUntil(lambda: deciding & set(data) <= station.values.keys())
        station.judged.emit()
        blocked = {inputs.written_tag: inputs.control.blocked for inputs in scene.inputs}
        assert len(blocked) > 50
        assert {tag: station.commands.why(tag) for tag in blocked} == blocked
        disabled = {tag: why for tag, why in blocked.items() if why}
        assert len(disabled) > 20
        for index, inputs in enumerate(scene.inputs):
            shown = next(part for part in scene.looks[index] if type(part).__name__ == "Note")
            if inputs.written_tag in disabled:
                assert (shown.text, shown.sign) == (disabled[inputs.written_tag], "lock")
                assert disabled[inputs.written_tag] in desk.window.mimic.view.tooltip(index)
        if situation in ("bad", "viewer"):
            assert len(disabled) == len(blocked)
