"""``[alarm_targets]`` and the change number of plant.toml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hmi.alarms import AlarmEngine, AlarmTables
from hmi.check import check_plant
from hmi.core.alarms import Priority
from hmi.core.values import DataValue
from hmi.project import new_plant, open_plant
from hmi.project.diff import plant_diff
from hmi.project.plant import AlarmDef
from hmi.project.targets import BANDS, AlarmTargets, Band
from hmi.testing.plant import make_plant, make_tag


def written(folder: Path, text: str) -> Path:
    plant = folder / "plant"
    if not plant.exists():
        new_plant(plant)
    head = plant / "plant.toml"
    own = head.read_text(encoding="utf-8").partition("# targets\n")[0]
    head.write_text(f"{own}# targets\n{text}", encoding="utf-8")
    return plant


def test_a_plant_without_targets_has_the_usual_ones(tmp_path: Path) -> None:
    assert open_plant(written(tmp_path, "")).alarm_targets == AlarmTargets()


def test_targets_are_read_and_the_others_stay(tmp_path: Path) -> None:
    text = "[alarm_targets]\nper_10_min = [0.5, 1]\np1_ack_s = 60\np3_share = 75\n"
    found = open_plant(written(tmp_path, text)).alarm_targets
    assert found.per_10_min == Band(0.5, 1)
    assert (found.p3_share, found.ack_median_s) == (75, (60, 0, 0, 0))
    assert found.per_day == AlarmTargets().per_day
    assert all(isinstance(getattr(found, name), Band) for name in BANDS)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("per_hour = [12, 6]", "alarm_targets.per_hour: the limit 6 is below the target 12"),
        ("per_hour = [6]", "alarm_targets.per_hour has too few members"),
        ("per_hour = 6", "alarm_targets.per_hour is not a list"),
        ("per_hour = [6, nan]", "finite number"),
        ("standing = [-1, 2]", "greater than or equal to 0"),
        ("p3_share = 90", "p1_share, p2_share and p3_share are 110 % together"),
        ("per_houer = [1, 2]", "alarm_targets.per_houer is not a known field"),
    ],
)
def test_a_wrong_target_is_one_finding_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    plant = written(tmp_path, f"[alarm_targets]\n{line}\n")
    row = (plant / "plant.toml").read_text(encoding="utf-8").splitlines().index("[alarm_targets]") + 1
    findings = [f for f in check_plant(plant) if "alarm_targets" in f.text]
    assert len(findings) == 1
    assert words in findings[0].text
    assert findings[0].line in {row, row + 1}


def test_other_targets_are_a_change_of_the_plant(tmp_path: Path) -> None:
    old = open_plant(written(tmp_path, ""))
    new = open_plant(written(tmp_path, "[alarm_targets]\nstale = [3, 5]\n"))
    diff = plant_diff(old, new)
    assert diff.head == ("alarm_targets",)
    assert diff.sentences


def test_a_changed_limit_is_journalled_with_the_change_number_of_the_plant() -> None:
    tag = make_tag("a/t.pv", address="0")
    alarm = AlarmDef("a_high", tag.id, "High", "high", Priority.P2, "high", limit=4.0)
    plant = make_plant([tag])
    values = [DataValue(1.0, 0, 1, 1)]
    engine = AlarmEngine(replace(plant, alarms=(alarm,)), values, {"a/t.pv": values[0]})
    for number in ("", "C-17"):
        limit = 5.0 if number else 4.5
        other = replace(plant, alarms=(replace(alarm, limit=limit),), change_number=number)
        changes = engine.apply(AlarmTables(other), {"a/t.pv": values[0]}, 10)
        payload = next(c for c in changes if c.event.value == "ATTR_CHANGE").entry().payload
        assert payload.get("change_number", "") == number
