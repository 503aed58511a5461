"""``hmi export status``: what a job told last is never printed as how it is now."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from hmi.cli import _app
from hmi.core.clock import NS_PER_S, wall_ns
from hmi.export import EXPORTS_FOLDER, JobCondition, JobFigures, JobState
from hmi.project import new_plant

JOB = '\n[[exports]]\nname = "lake"\nto = "files"\nsettings = { folder = "out" }\n'


def test_status_tells_fresh_figures_and_leaves_old_ones_empty(tmp_path: Path) -> None:
    plant, data = new_plant(tmp_path / "works"), tmp_path / "data"
    head = plant / "plant.toml"
    head.write_text(head.read_text(encoding="utf-8") + JOB, encoding="utf-8")
    state = JobState(data / EXPORTS_FOLDER)

    def shown(age_s: int, *more: str) -> str:
        told = wall_ns() - age_s * NS_PER_S
        state.tell(
            JobFigures(
                job="lake", to="files", what="samples", condition=JobCondition.RUNNING, told=told, since=1,
                lag_s=1234.5, rows=77,
            )
        )  # fmt: skip
        result = CliRunner().invoke(_app(), ["export", str(plant), "status", "--data", str(data), *more])
        assert result.exit_code == 0, result.output
        return result.output

    assert "running" in shown(1)
    assert "1,234.5" in shown(1)
    old = shown(60)
    assert "no sign of life since" in old
    assert "1,234.5" not in old
    assert "77" in old
    assert json.loads(shown(60, "--json"))[0]["is_fresh"] is False
    state.close()
