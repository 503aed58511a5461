"""Every trip code that a drive of the waterworks can send has its name on the screen."""

from __future__ import annotations

from pathlib import Path

from hmi.project import open_plant
from simulators.kit import drives

WATERWORKS = Path(__file__).parents[2] / "screens" / "waterworks"
CODES = {0, drives.OVERLOAD, drives.LOW_LEVEL, drives.START_FAILURE, drives.LOW_PRESSURE}


def test_each_trip_code_has_a_state_text_on_every_drive() -> None:
    tags = [tag for tag in open_plant(WATERWORKS).tags if tag.signal == "trip_code"]
    assert len(tags) >= 8
    assert {tag.name: CODES - tag.states.keys() for tag in tags if CODES - tag.states.keys()} == {}
    assert tags[0].states[drives.LOW_PRESSURE] == "Low pressure"
