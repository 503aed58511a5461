"""What the plant says of commands: modes of types, ranges, steps; and one sentence for what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.core.commands import Reason
from hmi.core.principal import Role
from hmi.core.values import EURange
from hmi.project import load_plant, new_plant
from hmi.project.plant import CommandRule, LimitsWhen

SIGNALS = """[modes.mode]
signal = "mode"
words = {0 = "man", 1 = "auto", 2 = "cas", 3 = "iman"}
request = "mode"
texts = {auto = "Loop is in automatic"}

[modes.remote]
signal = "remote"

[modes.in_service]
signal = "oos"
value = 0

[modes.operator]
signal = "owner"
value = 0

[signals.remote]
type = "bool"
address = "HR{base}.2"

[signals.oos]
type = "bool"
address = "C{base}"
writable = true

[signals.owner]
type = "bool"
address = "HR{base}.3"

[signals.mode]
type = "enum"
address = "HR{base+8}"
states = {0 = "Manual", 1 = "Auto", 2 = "Cascade", 3 = "Forced"}
writable = true

[signals.sp]
type = "float32"
address = "HR{base+10}"
range = [0, 100]
writable = true

[signals.sp.command]
writable_in = ["auto"]
limits = [10, 90]
limits_tune = [0, 95]
limits_when = [{when = "'{name}.remote'", low = 20, high = 60, text = "in remote"}]
ramp = 0.5
right = "tune"
two_person = true
select_s = 60
reached = true

"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example plant, whose pumps have a mode and a set point."""
    made = new_plant(tmp_path / "works")
    path = made / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[alarms.trip]", SIGNALS + "[alarms.trip]", 1), encoding="utf-8")
    return made


def rule_of(folder: Path, signal: str) -> CommandRule:
    plant = load_plant(folder)
    assert not plant.errors, [found.sentence for found in plant.errors]
    assert plant.plant is not None
    tag = next(tag for tag in plant.plant.tags if tag.signal == signal)
    assert tag.command is not None
    name = tag.name.rpartition(".")[0]
    told = [(expression.replace(name, "X"), text) for expression, text in tag.command.permissives]
    assert [expression.replace(name, "X") for expression, _ in tag.command.causes] == [one for one, _ in told]
    return tag.command


def test_a_set_point_is_for_automatic_and_everything_for_remote_and_in_service(folder: Path) -> None:
    rule = rule_of(folder, "sp")
    assert [(cause, text) for (_, cause), (_, text) in zip(rule.causes, rule.permissives, strict=True)] == [
        (Reason.BLOCKED_BY_SWITCHING_HIERARCHY, "Control is in remote"),
        (Reason.BLOCKED_BY_MODE, "It is in service"),
        (Reason.BLOCKED_BY_MODE, "Loop is in automatic"),
        (Reason.BLOCKED_BY_MODE, "An operator owns it, no program"),
    ]
    assert rule.permissives[2][0].endswith(".mode' == 1")


def test_a_forced_mode_blocks_the_change_of_the_mode(folder: Path) -> None:
    rule = rule_of(folder, "mode")
    assert rule.permissives[2][0].startswith("not (")
    assert rule.permissives[2][0].endswith(".mode' == 3)")
    assert rule.permissives[2][1] == "Its mode is not IMAN"


def test_the_way_back_into_service_stays_open(folder: Path) -> None:
    assert [text for _, text in rule_of(folder, "oos").permissives] == ["Control is in remote"]


def test_the_fields_of_a_command(folder: Path) -> None:
    rule = rule_of(folder, "sp")
    assert (rule.limits, rule.limits_tune, rule.ramp) == (EURange(10, 90), EURange(0, 95), 0.5)
    assert (rule.right, rule.two_person, rule.select_s, rule.reached) == (Role.TUNE, True, 60, True)
    (state,) = rule.limits_when
    assert state == LimitsWhen(state.when, EURange(20, 60), "in remote")
    assert state.when.endswith(".remote'")
    plant = load_plant(folder).plant
    assert plant is not None
    assert next(tag.largest_step for tag in plant.tags if tag.signal == "sp") == 10.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('2 = "cas"', '2 = "cascade"', "'cascade' is no word of a mode"),
        ('0 = "man"', 'x = "man"', "the value of a mode 'x' is not a number"),
        ('signal = "oos"', 'signal = "out"', "the type has no signal 'out'"),
        ('request = "mode"', 'request = "modes"', "the type has no signal 'modes'"),
        ('["auto"]', '["rcas"]', "writable_in names 'rcas', which is no mode of the type"),
        ('right = "tune"', 'right = "engineer"', "right 'engineer' is not known"),
        ("select_s = 60", "select_s = 5", "select_s 5 is outside 10 to 120"),
        ("select_s = 60", "select_s = 500", "select_s 500 is outside 10 to 120"),
        ("ramp = 0.5", "ramp = -1", "ramp -1 is below zero"),
        ("ramp = 0.5", "max_step = -1", "max_step -1 is below zero"),
        ("low = 20, high = 60", "low = 60, high = 20", "range of limits_when runs from 60 to 20"),
        ("limits_tune = [0, 95]", "limits_tune = [95, 0]", "limits_tune runs from 95 to 0"),
        ("two_person = true", 'two_person = "perhaps"', "'perhaps' is neither true nor false"),
    ],
)
def test_what_is_wrong_with_a_command_is_one_sentence_at_its_line(
    folder: Path, old: str, new: str, words: str
) -> None:
    path = folder / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    matching = [found for found in load_plant(folder).errors if words in found.sentence]
    assert len(matching) == 1, [found.sentence for found in load_plant(folder).errors]
    assert matching[0].file == str(path)
    assert matching[0].line > 1


def test_writable_in_without_modes_is_told(folder: Path) -> None:
    path = folder / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[modes.mode]"), text.index("[signals.remote]")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    assert any("writable_in needs the modes" in found.sentence for found in load_plant(folder).errors)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("limits_tune = [0, 95]", "limits_tune = [0, 120]", "the limits for tuning 0 to 120 reach beyond"),
        ("low = 20, high = 60", "low = -20, high = 60", "the limits of in remote -20 to 60 reach beyond"),
        ("reached = true", "reached = true\npulse = true", "reached needs a feedback"),
        (
            "reached = true",
            'permissives = [{expression = "\'{name}.mode\' == 0", text = "by hand"}]',
            "'by hand' is taken for a mode by the names of its signals",
        ),
    ],
)
def test_the_check_finds_what_loads_and_makes_no_sense(folder: Path, old: str, new: str, words: str) -> None:
    path = folder / "types" / "pump.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert sum(words in found.sentence for found in check_plant(folder)) == 1
