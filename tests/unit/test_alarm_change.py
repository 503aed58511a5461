"""One alarm of a plant folder gets other cells: only these, only while the folder is as it was looked at."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hmi.client.what_if import SETTINGS
from hmi.core.errors import ConfigurationError, UsageError
from hmi.project import _bulk as bulk
from hmi.project import change_alarm, open_plant
from hmi.project.alarm_edit import alarm_cells, changed_alarm
from hmi.project.plant import AlarmDef
from hmi.project.shipped import shipped_path


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    folder = tmp_path / "plant"
    shutil.copytree(shipped_path("screens") / "waterworks", folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def alarm_of(folder: Path, *, of_type: bool) -> AlarmDef:
    kinds = ("high", "low", "high_high", "low_low")
    return next(
        one for one in open_plant(folder).alarms if (".alarm." in one.id) == of_type and one.kind in kinds
    )


def now_in(folder: Path, alarm_id: str) -> AlarmDef:
    return next(one for one in open_plant(folder).alarms if one.id == alarm_id)


@pytest.mark.parametrize(("of_type", "file"), [(False, "alarms.csv"), (True, "tags.csv")])
def test_only_the_row_of_the_alarm_changes(plant: Path, of_type: bool, file: str) -> None:
    alarm, before = alarm_of(plant, of_type=of_type), contents(plant)
    revision = open_plant(plant).revision
    changed, faults = change_alarm(plant, alarm.id, {"deadband": "0.37", "on_delay": "7"}, revision=revision)
    assert faults == ()
    assert changed is not None
    assert [path.name for path in changed.paths] == [file]
    after = contents(plant)
    assert [Path(name).name for name in after if after[name] != before[name]] == [file]
    old, new = before[str(plant / file)].split(b"\n"), after[str(plant / file)].split(b"\n")
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1
    now = now_in(plant, alarm.id)
    assert (now.deadband, now.on_delay_s, now.limit) == (0.37, 7.0, alarm.limit)
    changed.undo("test")
    assert contents(plant) == before


def test_line_ends_stay_as_they_were(plant: Path) -> None:
    file, alarm = plant / "alarms.csv", alarm_of(plant, of_type=False)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    before = file.read_bytes().split(b"\r\n")
    change_alarm(plant, alarm.id, {"limit": "123"}, revision=open_plant(plant).revision)
    after = file.read_bytes().split(b"\r\n")
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert now_in(plant, alarm.id).limit == 123.0


def test_a_folder_that_is_not_what_runs_is_left_alone(plant: Path) -> None:
    alarm, revision = alarm_of(plant, of_type=False), open_plant(plant).revision
    other = next(one for one in open_plant(plant).alarms if ".alarm." not in one.id and one.id != alarm.id)
    change_alarm(plant, other.id, {"on_delay": "77"}, revision=revision)
    before = contents(plant)
    changed, faults = change_alarm(plant, alarm.id, {"limit": "1"}, revision=revision)
    assert (changed, len(faults)) == (None, 1)
    assert "the plant folder holds changes that are not in force" in faults[0]
    assert contents(plant) == before


def test_a_file_that_changes_at_this_moment_is_left_alone(
    plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm, revision, file = alarm_of(plant, of_type=False), open_plant(plant).revision, plant / "alarms.csv"
    real = bulk._faults_of_result

    def and_somebody_saves(*given: object) -> object:
        file.write_bytes(file.read_bytes() + b"\n")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk, "_faults_of_result", and_somebody_saves)
    before = file.read_bytes()
    changed, faults = change_alarm(plant, alarm.id, {"limit": "1"}, revision=revision)
    assert (changed, faults) == (
        None, ("the plant folder was changed at this moment by somebody else; look again",),
    )  # fmt: skip
    assert file.read_bytes() == before + b"\n"


def test_what_does_not_fit_is_said_and_nothing_written(plant: Path) -> None:
    alarm, before = alarm_of(plant, of_type=False), contents(plant)
    revision = open_plant(plant).revision
    for cells, words in (
        ({"limit": "soon"}, "limit 'soon' is not a number"),
        ({"on_delay": "-1"}, "below zero"),
    ):
        changed, faults = change_alarm(plant, alarm.id, cells, revision=revision)
        assert changed is None
        assert words in faults[0]
    assert change_alarm(plant, "a_nothing", {}, revision=revision)[1] == (
        "the plant folder has no alarm with the id a_nothing",
    )
    assert contents(plant) == before


def test_a_file_that_cannot_be_written_is_said(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alarm, revision = alarm_of(plant, of_type=False), open_plant(plant).revision

    def refuse(_source: Path, _target: Path) -> None:
        raise PermissionError(13, "no rights")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        change_alarm(plant, alarm.id, {"limit": "1"}, revision=revision)


def test_cells_make_the_alarm_that_they_say(plant: Path) -> None:
    for alarm in open_plant(plant).alarms:
        cells = alarm_cells(alarm, SETTINGS)
        if alarm.kind != "bad":
            assert changed_alarm(alarm, cells, SETTINGS) == alarm
    one = alarm_of(plant, of_type=False)
    other = changed_alarm(one, {"deadband": "0.5", "on_delay": "5", "enabled": "false"}, SETTINGS)
    assert (other.deadband, other.on_delay_s, other.enabled, other.limit) == (0.5, 5.0, False, one.limit)
    assert changed_alarm(other, {"deadband": "", "enabled": ""}, SETTINGS) == changed_alarm(
        one, {"deadband": "0", "on_delay": "5", "enabled": "true"}, SETTINGS
    )
    with pytest.raises(UsageError, match="priority is no setting to try"):
        changed_alarm(one, {"priority": "1"}, SETTINGS)
    with pytest.raises(UsageError, match="needs a limit"):
        changed_alarm(one, {"limit": ""}, SETTINGS)
