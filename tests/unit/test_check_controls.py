"""The linter on controls: each one writes a tag that takes such a command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hmi.check import check_plant
from hmi.project import new_plant

START = """[signals.start]
type = "bool"
address = "HR{base}.2"
description = "{description} start"
writable = true

[signals.start.command]
class = "S"

"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example plant, with a pump that can be started."""
    made = new_plant(tmp_path / "works")
    path = made / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[alarms.trip]", START + "[alarms.trip]", 1), encoding="utf-8")
    return made


def sentences(folder: Path, **properties: Any) -> list[str]:
    """What is found of one control alone on a display, apart from what the lints say of its looks."""
    element = {"id": "e_0123456789ab", "x": 400, "y": 400, "w": 300, "h": 80, **properties}
    head = '{"schema":"display/1","id":"d_0123456789ab","name":"controls","title":"Controls","level":3,"elements":['
    text = f"{head}\n{json.dumps(element)}\n]}}\n"
    (folder / "displays" / "controls.json").write_text(text, encoding="utf-8")
    found = [f.sentence for f in check_plant(folder) if f.sentence.endswith("[control]")]
    assert all("controls.json:2: element e_0123456789ab" in sentence for sentence in found), found
    return found


def test_a_control_of_a_tag_without_commands_is_found(folder: Path) -> None:
    (found,) = sentences(folder, type="entry", tag="area1/lt101")
    assert "area1/lt101 takes no commands" in found
    assert "writable" in found


def test_a_control_of_an_expression_is_found(folder: Path) -> None:
    (found,) = sentences(folder, type="entry", tag={"expr": "'area1/lt101' * 2"})
    assert "writes one tag, not an expression" in found


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"type": "entry", "tag": "area1/p101.start"}, "is no number"),
        ({"type": "slider", "tag": "area1/p101.start"}, "is no number"),
        ({"type": "selector", "tag": "area1/p101.speed_sp"}, "has no states"),
        ({"type": "button", "tag": "area1/p101.speed_sp", "action": "toggle"}, "is not on or off"),
    ],
)
def test_a_control_that_does_not_fit_its_tag_is_found(
    folder: Path, properties: dict[str, Any], words: str
) -> None:
    (found,) = sentences(folder, **properties)
    assert words in found


@pytest.mark.parametrize(
    "properties",
    [
        {"type": "button", "tag": "area1/p101.start"},
        {"type": "entry", "tag": "area1/p101.speed_sp"},
        {"type": "slider", "tag": "area1/p101.speed_sp", "low": 0, "high": 100},
        {"type": "button", "tag": "south::area1/p101.start"},
    ],
)
def test_a_control_that_fits_its_tag_is_clean(folder: Path, properties: dict[str, Any]) -> None:
    assert sentences(folder, **properties) == []
