"""Every column of alarms.csv is read, kept and checked; the alarms of types say the same (standards 1.4, 1.5, 1.7)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.core.alarms import Priority
from hmi.project import format_plant, load_plant, new_plant
from hmi.project._alarm_columns import ALARM_HELP
from hmi.project.plant import AlarmDef

TAGS = """kind,name,type,connection,address,low,high,scan
tag,area1/x,float32,plc1,IR901,0,100,fast
tag,area1/y,float32,plc1,IR903,0,100,slow
tag,area1/b,bool,plc1,DI901,,,normal
tag,area1/c,bool,plc1,DI902,,,normal
"""
WHOLE = {"consequence": "It overflows", "action": "Close the valve", "time_to_respond": "15 min"}
HIGH = {"tag": "area1/x", "kind": "high", "limit": "80", "deadband": "2", "priority": "3", **WHOLE}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = new_plant(tmp_path / "works")
    header, *rows = (folder / "tags.csv").read_text(encoding="utf-8").splitlines()
    connection = next(iter(load_plant(folder).plant.connections))  # type: ignore[union-attr]
    with (folder / "tags.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header.split(","), restval="")
        file.write("\n".join([header, *rows]) + "\n")
        for row in csv.DictReader(TAGS.replace("plc1", connection).splitlines()):
            writer.writerow(row)
    return folder


def write(folder: Path, *rows: dict[str, str]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "alarms.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def read(folder: Path) -> list[AlarmDef]:
    result = load_plant(folder)
    assert result.plant is not None, [f.sentence for f in result.errors]
    return [alarm for alarm in result.plant.alarms if ".alarm." not in alarm.id]


def sentences(folder: Path, *rows: dict[str, str]) -> list[str]:
    write(folder, *rows)
    return [
        f"{finding.severity}: {finding.sentence}"
        for finding in check_plant(folder)
        if Path(finding.file).name == "alarms.csv" and "no id yet" not in finding.text
    ]


FULL = {
    **HIGH, "id": "a_0123456789ab", "name": "level", "on_delay": "5", "off_delay": "6", "message": "Level high",
    "latching": "true", "ack": "false", "limits_when": "'area1/b' => 70; 'area1/y' >= 5 and 1 < 2 => 60.5",
    "setpoint": "area1/y", "hold": "30", "command": "area1/c", "tolerance": "0.5", "window": "60",
    "expression": "1 > 0", "count": "3", "count_window": "120", "severity": "Major", "class": "safety",
    "enabled": "no", "re_alarm": "600", "re_alarm_max": "4", "suppress_when": "'area1/b'", "group": "tank",
    "first_out_group": "trip", "first_out_window": "2.5", "cause": "Inflow", "display": "overview",
    "guidance": "SOP 7", "basis": "Overflow at 90", "rationalised_by": "AB", "rationalised_on": "2026-05-31",
    "approved_by": "CD", "approved_on": "2026-06-01", "release_forced": "none", "position": "east",
}  # fmt: skip


def test_every_column_fills_its_field(folder: Path) -> None:
    assert set(FULL) == set(ALARM_HELP)
    write(folder, FULL)
    (alarm,) = read(folder)
    assert alarm.limits_when == (("'area1/b'", 70.0), ("'area1/y' >= 5 and 1 < 2", 60.5))
    assert (alarm.on_delay_s, alarm.off_delay_s, alarm.hold_s, alarm.window_s) == (5.0, 6.0, 30.0, 60.0)
    assert (alarm.count, alarm.count_window_s, alarm.re_alarm_s, alarm.re_alarm_max) == (3, 120.0, 600.0, 4)
    assert (alarm.setpoint, alarm.command, alarm.tolerance) == ("area1/y", "area1/c", 0.5)
    assert (alarm.severity, alarm.alarm_class, alarm.enabled, alarm.ack_required) == (
        "major",
        "safety",
        False,
        False,
    )
    assert (alarm.first_out_group, alarm.first_out_window_s, alarm.group) == ("trip", 2.5, "tank")
    assert (alarm.guidance, alarm.basis, alarm.release_forced) == ("SOP 7", "Overflow at 90", "none")
    assert (alarm.rationalised_by, alarm.rationalised_on) == ("AB", "2026-05-31")
    assert (alarm.approved_by, alarm.approved_on) == ("CD", "2026-06-01")
    assert alarm.suppress_when == "'area1/b'"
    assert dict(alarm.extra) == {"position": "east"}


def test_format_keeps_every_column_in_order(folder: Path) -> None:
    write(folder, FULL)
    before = read(folder)
    format_plant(folder)
    with (folder / "alarms.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        (row,) = reader
        assert reader.fieldnames == list(ALARM_HELP)
    assert row == FULL
    assert read(folder) == before
    assert format_plant(folder) == ()


def test_the_alarms_of_a_type_have_the_same_fields(folder: Path) -> None:
    path = folder / "types" / "pump.toml"
    path.write_text(
        path.read_text(encoding="utf-8")
        + """
[alarms.late]
signal = "running"
kind = "discrepancy"
command = "{name}.ready"
on_delay = 20
priority = 2
class = "safety"
severity = "major"
re_alarm = 600
suppress_when = "'{name}.fault'"
first_out_group = "{name}"
consequence = "No flow"
action = "Start the other pump"
time_to_respond = "5 min"
""",
        encoding="utf-8",
    )
    plant = load_plant(folder).plant
    assert plant is not None, [f.sentence for f in load_plant(folder).errors]
    late = [alarm for alarm in plant.alarms if alarm.id.endswith(".alarm.late")]
    assert late
    for alarm in late:
        name = plant.by_id[alarm.tag_id].instance
        assert (alarm.command, alarm.suppress_when) == (f"{name}.ready", f"'{name}.fault'")
        assert (alarm.alarm_class, alarm.severity, alarm.re_alarm_s) == ("safety", "major", 600.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "wild"}, "alarm kind 'wild' is not known"),
        ({"limit": ""}, "a high alarm needs a limit"),
        ({"limit": "nan"}, "limit 'nan' is not a number"),
        ({"limit": "inf"}, "limit 'inf' is not a number"),
        ({"priority": "7"}, "priority '7' is not known"),
        ({"priority": ""}, "the alarm has no priority"),
        ({"on_delay": "-1"}, "on_delay -1 is below zero"),
        ({"deadband": "-1"}, "deadband -1 is below zero"),
        ({"kind": "deviation"}, "a deviation alarm needs a setpoint"),
        ({"kind": "deviation", "setpoint": "area1/y", "limit": "0"}, "the limit of a deviation alarm is not above"),
        ({"kind": "rate_up", "window": "0"}, "the window of a rate_up alarm is not above zero"),
        ({"kind": "rate_up"}, "a rate_up alarm needs a window"),
        ({"kind": "discrepancy", "on_delay": "5"}, "a discrepancy alarm needs a command"),
        ({"kind": "stale"}, "a stale alarm needs an on_delay"),
        ({"kind": "expression"}, "an expression alarm needs an expression"),
        ({"count": "2.5"}, "count '2.5' is not a whole number"),
        ({"limits_when": "'area1/b' 12"}, "limits_when \"'area1/b' 12\" has no =>"),
        ({"limits_when": "'area1/b' => many"}, "limits_when 'many' is not a number"),
        ({"severity": "huge"}, "severity 'huge' is not known"),
        ({"class": "?!"}, "class '?!' is no name of an alarm class"),
        ({"rationalised_on": "31.5.2026"}, "rationalised_on '31.5.2026' is not a date"),
        ({"enabled": "perhaps"}, "enabled 'perhaps' is neither true nor false"),
        # what loads and still is wrong
        ({"setpoint": "area1/z"}, "the setpoint 'area1/z' is not a tag"),
        ({"command": "area1/z"}, "the command 'area1/z' is not a tag"),
        ({"limits_when": "'area1/z' => 70"}, "limits_when: the expression names the tag 'area1/z'"),
        ({"limits_when": "'area1/b' => 170"}, "the high limit 170 is outside the range"),
        ({"on_delay": "601", "time_to_respond": "1 h"}, "on_delay is 601 s, more than 600 s"),
        ({"on_delay": "280"}, "on_delay 280 s is more than 30 % of 15 min"),
        ({"count": "3"}, "count has no count_window"),
        ({"kind": "rate_up", "limit": "1", "window": "1"}, "holds fewer than 5 scans"),
        ({"kind": "bad", "limits_when": "'area1/b' => 70"}, "limits_when stands on a bad alarm"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_error(folder: Path, given: dict[str, str], words: str) -> None:
    found = [one for one in sentences(folder, {**HIGH, **given}) if one.startswith("error")]
    assert len(found) == 1, found
    assert words in found[0]
    assert "alarms.csv:2: " in found[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"time_to_respond": "soon"}, "time_to_respond 'soon' is not a time"),
        ({"re_alarm_max": "3"}, "re_alarm_max has no re_alarm"),
        ({"first_out_group": "trip"}, "the first-out group 'trip' has one alarm only"),
        ({"severity": "severe", "time_to_respond": "2 min"}, "it is P3, the matrix gives P1"),
        ({"severity": "minor", "time_to_respond": "2 h"}, "it is P3, the matrix gives JOURNAL"),
    ],
)
def test_what_is_doubtful_is_one_warning(folder: Path, given: dict[str, str], words: str) -> None:
    found = sentences(folder, {**HIGH, **given})
    assert len(found) == 1, found
    assert found[0].startswith("warning")
    assert words in found[0]


def test_limits_of_one_side_have_their_order_and_more_than_a_deadband_between_them(folder: Path) -> None:
    upper = {**HIGH, "kind": "high_high", "limit": "82"}
    (found,) = sentences(folder, HIGH, {**upper, "deadband": "1"})
    assert "the high deadband 2 reaches the next limit" in found
    assert any("not below high_high 70" in one for one in sentences(folder, HIGH, {**upper, "limit": "70"}))


def test_a_boundary_of_the_matrix_allows_both_rows(folder: Path) -> None:
    for priority in (Priority.P3, Priority.P2):
        row = {**HIGH, "severity": "major", "time_to_respond": "10 min", "priority": str(int(priority))}
        assert sentences(folder, row) == []


def test_a_hundred_thousand_alarms_are_read(tmp_path: Path) -> None:
    """The time is measured by hmi bench; here only that nothing is lost."""
    folder = new_plant(tmp_path / "big")
    connection = next(iter(load_plant(folder).plant.connections))  # type: ignore[union-attr]
    tags = ["kind,name,type,connection,address,low,high"]
    rows = ["tag,kind,limit,deadband,priority,consequence,action,time_to_respond"]
    for number in range(25_000):
        name = f"area1/u{number // 10}/t{number}"
        tags.append(f"tag,{name},float32,{connection},IR{2 * (number % 30_000) + 1},0,100")
        limits = (("high_high", 95, 2), ("high", 90, 3), ("low", 10, 3), ("low_low", 5, 2))
        rows += [
            f"{name},{kind},{limit},1,{urgent},It stops,Look at it,10 min" for kind, limit, urgent in limits
        ]
    (folder / "tags.csv").write_text("\n".join(tags), encoding="utf-8")
    (folder / "alarms.csv").write_text("\n".join(rows), encoding="utf-8")
    for path in folder.glob("displays/*.json"):
        path.unlink()
    (folder / "plant.toml").write_text(
        (folder / "plant.toml").read_text(encoding="utf-8").replace('home = "overview"', ""), encoding="utf-8"
    )
    assert len(read(folder)) == 100_000
