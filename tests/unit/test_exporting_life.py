"""The exporting process says that it lives, and jobs that may not run say why as long as it does."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from hmi.core.clock import wall_ns
from hmi.export import EXPORTS_FOLDER, JobCondition, standing
from hmi.exporting import ExportOptions, ExportProcess, _Crew
from hmi.project import new_plant, open_plant

JOB = """
[[exports]]
name = "lake"
to = "files"
enabled = false
settings = { folder = "out" }
"""


def plant_with_a_job(folder: Path) -> Path:
    made = new_plant(folder / "works")
    head = made / "plant.toml"
    head.write_text(head.read_text(encoding="utf-8") + JOB, encoding="utf-8")
    return made


def until(is_so: object, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_process_says_that_it_lives_before_anything_was_recorded(tmp_path: Path) -> None:
    options, stop = ExportOptions(plant_with_a_job(tmp_path), tmp_path / "data"), threading.Event()
    thread = threading.Thread(target=ExportProcess(options, stop).run)
    before = wall_ns()
    thread.start()
    try:
        until(lambda: standing(tmp_path / "data" / EXPORTS_FOLDER).life >= before)
        first = standing(tmp_path / "data" / EXPORTS_FOLDER).life
        until(lambda: standing(tmp_path / "data" / EXPORTS_FOLDER).life > first)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_a_job_that_may_not_run_says_so_again_and_again(tmp_path: Path) -> None:
    plant = plant_with_a_job(tmp_path)
    options, folder = ExportOptions(plant, tmp_path), tmp_path / EXPORTS_FOLDER
    crew = _Crew(options, open_plant(plant), tmp_path / "archive", folder, threading.Event())
    crew.start()
    one = standing(folder).jobs["lake"]
    assert (one.condition, one.text, one.is_measured) == (
        JobCondition.STOPPED, "it is not enabled", False,
    )  # fmt: skip
    crew.tell_resting()
    assert standing(folder).jobs["lake"].told > one.told
    crew.end()
