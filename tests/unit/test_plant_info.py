"""What a station is told of a command is what the plant files say."""

from __future__ import annotations

from pathlib import Path

from hmi.core.principal import Mode
from hmi.project import open_plant
from hmi.runtime._plant_info import plant_info

WATERWORKS = Path(__file__).parents[2] / "screens" / "waterworks"


def test_expected_time_and_pulse_of_each_command_reach_the_station() -> None:
    plant = open_plant(WATERWORKS)
    told = {tag.name: (tag.expected_ms, tag.pulse) for tag in plant_info(plant, Mode.SIMULATOR).tags}
    assert told["intake/p101a.start"] == (12_000, True)
    rules = {tag.name: (t.expected_ms, t.pulse) if (t := tag.command) else (0, False) for tag in plant.tags}
    assert told == rules
