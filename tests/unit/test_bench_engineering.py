"""The benchmark of engineering finds all its parts, and its plant is a plant without findings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hmi.bench import _engineering_plant as large
from hmi.bench import engineering
from hmi.bench._process_memory import resident_mb
from hmi.bench.runner import bench_names
from hmi.check import check_plant
from hmi.project import open_plant


def test_the_benchmark_can_be_asked_for() -> None:
    assert "engineering" in bench_names()


def test_every_part_gives_figures() -> None:
    parts = engineering.parts()
    assert {"check", "open"} <= {name.removeprefix("_engineering_") for name in parts}
    assert "_engineering_plant" not in parts


def test_its_plant_has_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in {
        "PUMPS": 20,
        "MEASURED": 60,
        "DERIVED": 30,
        "LIMITED": 40,
        "DISPLAYS": 6,
        "AREAS": 3,
    }.items():
        monkeypatch.setattr(large, name, number)
    folder = large.write_large_plant(tmp_path / "plant", port=1502)
    assert [f.sentence for f in check_plant(folder) if f.is_error] == []
    plant = open_plant(folder)
    assert len(plant.tags) == 20 * large.PUMP_SIGNALS + 60 + 30
    assert len(plant.alarms) == 2 * 20 + 2 * 40


@pytest.mark.skipif(sys.platform == "win32", reason="needs a system that tells the memory of processes")
def test_the_memory_of_a_process_is_told_in_megabytes() -> None:
    assert 5 < resident_mb(os.getpid()) < 4_000
