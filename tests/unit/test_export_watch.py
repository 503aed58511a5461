"""System alarms of the exports: high water, lost data, a target that is away, a process that does not run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hmi.alarms import AlarmEngine, AlarmTables
from hmi.core.alarms import AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.export import WANTED_FILE, JobCondition, JobFigures, JobState
from hmi.project.exports import ExportDef
from hmi.project.plant import Plant
from hmi.runtime._export_watch import ExportWatch
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio
START = 1_795_000_000 * NS_PER_S
GONE = JobCondition.UNAVAILABLE


def job(**more: Any) -> ExportDef:
    return ExportDef("lake", "files", **{"simulator": True, **more})


def plant_with(*jobs: ExportDef, revision: str = "r1") -> Plant:
    return replace(make_plant([make_tag("a")], revision=revision), exports=jobs)


class Desk:
    """A watch over a state file, with a clock of its own; ``standing`` are the alarms that it says stand."""

    def __init__(self, folder: Path, *jobs: ExportDef) -> None:
        self.plant, self.now = plant_with(*(jobs or (job(),))), START
        self.state = JobState(folder)
        self.said: dict[str, bool] = {}
        self.alive = True
        self.watch = ExportWatch(
            lambda: self.plant, folder, self._tell, monotonic=lambda: self.now, wall=lambda: self.now
        )

    def _tell(self, name: str, is_so: bool) -> None:
        assert self.said.get(name) is not is_so
        self.said[name] = is_so

    @property
    def standing(self) -> set[str]:
        return {name for name, is_so in self.said.items() if is_so}

    async def look(self, after_s: float = 1.0, **figures: Any) -> set[str]:
        """So much later the job has told these figures."""
        self.now += round(after_s * NS_PER_S)
        usual: dict[str, Any] = {"condition": JobCondition.RUNNING, "since": 1, "told": self.now}
        if self.alive:
            self.state.live(self.now)
            self.state.tell(JobFigures(job="lake", to="files", what="samples", **{**usual, **figures}))
        await self.watch.look()
        return self.standing


async def test_high_water_is_seventy_percent_and_does_not_come_and_go(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    assert await it.look(quota_used=0.69) == set()
    assert await it.look(quota_used=0.7) == {"export/quota/lake"}
    assert await it.look(quota_used=0.65) == {"export/quota/lake"}
    assert await it.look(quota_used=0.59) == set()
    assert await it.look(quota_used=0.69) == set()
    paused = await it.look(quota_used=1.2, condition=JobCondition.PAUSED)
    assert paused == {"export/quota/lake"}  # nobody may forget a pause


async def test_a_refusal_is_told_at_once_and_silence_after_a_minute(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    assert await it.look(condition=JobCondition.REFUSED) == {"export/target/lake"}
    assert await it.look() == set()
    assert await it.look(condition=GONE) == set()
    assert await it.look(59, condition=GONE) == set()
    assert await it.look(2, condition=GONE) == {"export/target/lake"}
    assert await it.look(condition=JobCondition.CATCHING_UP) == set()
    assert await it.look(condition=GONE) == set()


async def test_a_job_that_hangs_is_away_like_its_target(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    told = it.now + NS_PER_S
    assert await it.look() == set()
    assert await it.look(30, told=told) == set()
    assert await it.look(61, told=told) == {"export/target/lake"}


async def test_what_is_dropped_is_told_what_was_dropped_before_is_not(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    assert await it.look(dropped=40) == set()
    assert await it.look(dropped=41) == {"export/dropped/lake"}
    assert await it.look(59, dropped=41) == {"export/dropped/lake"}
    assert await it.look(2, dropped=41) == set()


async def test_a_process_that_does_not_run_is_told_after_a_minute_and_the_rest_stays(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    await it.look(condition=JobCondition.REFUSED)
    it.alive = False
    assert await it.look(11) == {"export/target/lake"}
    assert await it.look(61) == {"export/target/lake", "exports"}
    it.alive = True
    assert await it.look() == set()


async def test_a_file_that_cannot_be_read_is_a_process_that_says_nothing(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    it.state.close()
    for file in tmp_path.iterdir():
        file.write_bytes(b"no database" * 500)
    it.alive = False
    await it.look()
    assert await it.look(61) == {"exports"}


async def test_jobs_that_may_not_run_raise_nothing_and_a_job_that_ends_takes_its_alarms_along(
    tmp_path: Path,
) -> None:
    it = Desk(tmp_path, job(enabled=False))
    it.alive = False
    for _ in range(3):
        assert await it.look(100) == set()
    it.plant = plant_with(job(simulator=False))  # a simulated plant
    assert await it.look(100) == set()
    it.plant, it.alive = plant_with(job()), True
    await it.look(condition=JobCondition.REFUSED, quota_used=0.9)
    assert it.standing == {"export/target/lake", "export/quota/lake"}
    it.plant = plant_with(job(enabled=False))
    assert await it.look(condition=JobCondition.REFUSED, quota_used=0.9) == set()


def listed(alarms: AlarmEngine) -> dict[str, Priority]:
    return {row.alarm_id: row.priority for row in alarms.active() if row.state is AlarmState.UNACK}


async def test_the_alarms_name_the_job_and_say_what_to_do() -> None:
    plant = plant_with(job())
    alarms = AlarmEngine(plant, [], {})
    for fault in ("target", "quota", "dropped"):
        (change,) = alarms.system_is(f"export/{fault}/lake", True, 1)
        assert "lake" in change.row.message
        definition = alarms.definition_of(change.row.alarm_id)
        assert definition is not None
        assert "Ctrl+Shift+E" in definition.action
    alarms.system_is("exports", True, 1)
    assert listed(alarms) == {
        "system:export/target/lake": Priority.P4, "system:export/quota/lake": Priority.P3,
        "system:export/dropped/lake": Priority.P3, "system:exports": Priority.P4,
    }  # fmt: skip
    again = AlarmEngine(plant, [], {})
    again.import_state(alarms.export_state())
    assert listed(again) == listed(alarms)
    gone = alarms.apply(AlarmTables(plant_with(revision="r2")), {}, 2)
    assert len(gone) == 4
    assert listed(alarms) == {}


async def test_the_process_is_wanted_while_the_plant_has_jobs(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    await it.look()
    assert (tmp_path / WANTED_FILE).exists()
    it.plant = plant_with(revision="r2")
    await it.look()
    assert not (tmp_path / WANTED_FILE).exists()
    it.plant = plant_with(job(enabled=False), revision="r3")  # it says that it is not enabled
    await it.look()
    assert (tmp_path / WANTED_FILE).exists()


async def test_a_journal_that_takes_nothing_does_not_hide_a_target_that_is_away(tmp_path: Path) -> None:
    async def refused() -> None:
        raise StorageError("the disk is full")

    it = Desk(tmp_path)
    it.watch._take_notes = refused
    assert await it.look(condition=JobCondition.REFUSED) == {"export/target/lake"}
