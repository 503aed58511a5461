"""Equipment inside of equipment: members of types, their parameters, differences by path, and all that names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from renamed_plant import renaming

from hmi.check import check_plant, references
from hmi.check.where import WhereUsed
from hmi.project import Finding, format_plant, open_plant
from hmi.project._bulk import change_alarm
from hmi.project._load import read_draft
from hmi.project.compiled import keep_compiled, kept_plant, key_of
from hmi.project.diff import plant_diff
from hmi.project.import_plan import apply_import
from hmi.project.plant import Plant
from hmi.project.query import instances_of, tags_of

HEAD = """schema = "plant/1"
id = "p_0h2k4m6n8p00"
name = "works"

[[area]]
path = "north"
title = "North"

[connection.plc1]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:5020"]

[connection.plc2]
driver = "modbus"
endpoints = ["tcp://127.0.0.1:5021"]
"""
PUMP = """schema = "type/1"
name = "pump"

[parameters.base]
type = "integer"
minimum = 1

[parameters.source]
type = "string"
default = ""

[signals.running]
type = "bool"
address = "DI{base}"
history = true

[signals.speed]
type = "float32"
address = "HR{base+2}"
unit = "%"
range = [0, 100]
history = true

[alarms.stopped]
signal = "running"
kind = "discrete"
limit = 0
priority = 3
cause = "It stands"
consequence = "No water"
action = "Start it"
time_to_respond = "10 min"
"""
SET = """schema = "type/1"
name = "pumpset"

[parameters.base]
type = "integer"

[signals.both]
type = "bool"
expression = "'{name}/p1.running' and '{name}/p2.running'"
history = true

[members.p1]
type = "pump"
parameters = {base = "{base+10}", speed.high = 80}

[members.p2]
type = "pump"
description = "{description} stand-by"
connection = "plc2"

[members.p2.parameters]
base = "{2*base}"
"""
STATION = """schema = "type/1"
name = "station"

[parameters.base]
type = "integer"

[signals.door]
type = "bool"
address = "DI{base}"
history = true

[members.left]
type = "pumpset"
parameters = {base = "{base+100}", p1.speed.unit = "Hz"}
"""
ROWS = """kind,name,id,description,connection,parameters
pumpset,north/set1,i_aaaaaa000001,Set 1,plc1,base=100
pumpset,north/set2,i_aaaaaa000002,Set 2,plc1,base=200;p1.speed.high=90;p2.base=300;p1.stopped.priority=1
station,north/st1,i_aaaaaa000003,Station,plc1,base=1000;left.p1.base=7;left.p2.present=false;left.both.present=false
pump,north/p9,i_aaaaaa000004,Pump 9,plc1,base=9
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "works")


def written(folder: Path, *, rows: str = ROWS, **types: str) -> Path:
    (folder / "types").mkdir(parents=True, exist_ok=True)
    (folder / "displays").mkdir(exist_ok=True)
    (folder / "plant.toml").write_text(HEAD, "utf-8")
    (folder / "tags.csv").write_text(rows, "utf-8")
    for name, text in {"pump": PUMP, "pumpset": SET, "station": STATION, **types}.items():
        (folder / "types" / f"{name}.toml").write_text(text, "utf-8")
    return folder


def errors(folder: Path) -> list[Finding]:
    return [one for one in check_plant(folder) if one.is_error]


def row(cell: str) -> str:
    return f"kind,name,id,description,connection,parameters\npumpset,north/s,i_aaaaaa000001,S,plc1,{cell}\n"


# --- what is made --------------------------------------------------------------------------------------


def test_a_member_is_an_instance_with_signals_and_alarms_of_its_own(folder: Path) -> None:
    plant = open_plant(folder)
    assert errors(folder) == []
    first = plant.instances["north/set1/p1"]
    assert (first.type, first.area, first.parent) == ("pump", "north", "north/set1")
    assert first.id == "i_aaaaaa000001.p1"
    assert plant.by_name["north/set1/p1.speed"].id == "i_aaaaaa000001.p1.speed"
    assert "i_aaaaaa000001.p1.alarm.stopped" in {alarm.id for alarm in plant.alarms}
    assert plant.types["pumpset"].members == {"p1": "pump", "p2": "pump"}
    assert plant.instances["north/set1"].parent == ""


def test_parameters_are_handed_down_with_formulas(folder: Path) -> None:
    tags = open_plant(folder).by_name
    speeds = {name: tags[f"{name}.speed"].address for name in ("north/set1/p1", "north/set1/p2")}
    assert speeds == {"north/set1/p1": "HR112", "north/set1/p2": "HR202"}
    assert tags["north/set1/p1.speed"].connection == "plc1"
    assert tags["north/set1/p2.speed"].connection == "plc2"
    assert tags["north/set1/p1.speed"].description == "Set 1 p1 speed"
    assert tags["north/set1/p2.speed"].description == "Set 1 stand-by speed"


def test_an_instance_differs_by_path_from_what_the_type_says_of_its_members(folder: Path) -> None:
    plant = open_plant(folder)
    high = {
        name: plant.by_name[f"{name}.speed"].range.high  # type: ignore[union-attr]
        for name in ("north/set1/p1", "north/set2/p1", "north/set1/p2")
    }
    assert high == {"north/set1/p1": 80, "north/set2/p1": 90, "north/set1/p2": 100}
    assert plant.by_name["north/set2/p2.speed"].address == "HR302"
    priorities = {alarm.id: int(alarm.priority) for alarm in plant.alarms}
    assert priorities["i_aaaaaa000002.p1.alarm.stopped"] == 1
    assert priorities["i_aaaaaa000002.p2.alarm.stopped"] == 3


def test_members_of_members_take_what_is_said_on_the_way_and_may_be_absent(folder: Path) -> None:
    plant = open_plant(folder)
    inner = [name for name in plant.instances if name.startswith("north/st1/")]
    assert inner == ["north/st1/left", "north/st1/left/p1"]
    speed = plant.by_name["north/st1/left/p1.speed"]
    assert (speed.address, speed.unit) == ("HR9", "Hz")
    assert plant.instances["north/st1/left"].parameters == {"base": 1100}
    assert speed.range is not None
    assert speed.range.high == 80


def test_a_type_that_extends_another_has_its_members_and_may_change_them(tmp_path: Path) -> None:
    heir = 'schema = "type/1"\nname = "bigset"\nextends = "pumpset"\n\n[members.p2.parameters]\nbase = "{base+20}"\n'
    rows = row("base=100").replace("pumpset,", "bigset,")
    tags = open_plant(written(tmp_path, rows=rows, bigset=heir)).by_name
    assert (tags["north/s/p1.speed"].address, tags["north/s/p2.speed"].address) == ("HR112", "HR122")


# --- what is wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "said", "do"),
    [
        ("base=1;p3.base=2", "p3.base: the type has neither a signal nor an alarm 'p3'", "p1"),
        ("base=1;p1.high.low=2", "north/s/p1: high.low: the type has neither a signal", "running"),
        ("base=1;p1.bse=2", "north/s/p1: the type has no parameter 'bse'", "base"),
        ("base=1;p1.base=x", "north/s/p1: parameter base 'x' is not of type integer", ""),
        ("base=-20", "north/s/p1: parameter base is -10", "goes from 1"),
        ("base=1;p1.present=perhaps", "north/s/p1: present", ""),
    ],
)
def test_what_an_instance_says_wrong_of_a_member_is_told_with_its_line(
    tmp_path: Path, cell: str, said: str, do: str
) -> None:
    found = errors(written(tmp_path, rows=row(cell)))
    assert [(Path(one.file).name, one.line) for one in found][:1] == [("tags.csv", 2)]
    assert said in found[0].text
    assert do in found[0].do


def with_second(present: str) -> str:
    """Pump sets whose second pump is there or not, as the type or its parameter ``twin`` says."""
    kind = SET.replace("and '{name}/p2.running'", "").replace(
        "[members.p2.parameters]\n", f"[members.p2.parameters]\npresent = {present}\n"
    )
    return kind.replace(
        "[signals.both]", '[parameters.twin]\ntype = "boolean"\ndefault = false\n\n[signals.both]'
    )


@pytest.mark.parametrize(
    ("present", "cell", "there"),
    [
        ("false", "base=1", False),
        ("false", "base=1;p2.present=true", True),
        ('"{twin}"', "base=1", False),
        ('"{twin}"', "base=1;twin=true", True),
        ('"{twin}"', "base=1;twin=true;p2.present=false", False),
    ],
)
def test_a_type_may_have_a_member_that_not_every_instance_has(
    tmp_path: Path, present: str, cell: str, there: bool
) -> None:
    folder = written(tmp_path, rows=row(cell), pumpset=with_second(present))
    assert errors(folder) == []
    instances = set(open_plant(folder).instances)
    assert instances == {"north/s", "north/s/p1", *(["north/s/p2"] if there else [])}


def test_a_presence_that_is_neither_true_nor_false_is_told_in_the_file_of_the_type(tmp_path: Path) -> None:
    (found, *_) = errors(written(tmp_path, rows=row("base=1"), pumpset=with_second('"perhaps"')))
    assert Path(found.file).name == "pumpset.toml"
    assert "member p2: present" in found.text


def test_a_parameter_that_nobody_gives_says_what_to_write(tmp_path: Path) -> None:
    kind = SET.replace('parameters = {base = "{base+10}", speed.high = 80}\n', "")
    (found,) = errors(written(tmp_path, rows=row("base=1"), pumpset=kind))
    assert "north/s/p1: parameter 'base' is missing" in found.text
    assert "write p1.base=…" in found.do
    assert errors(written(tmp_path, rows=row("base=1;p1.base=5"), pumpset=kind)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('type = "pump"\nparameters', 'type = "pomp"\nparameters', "is of type 'pomp', which is no type"),
        ('base = "{base+10}"', 'bose = "{base+10}"', "the type pump: has no parameter 'bose'"),
        ('base = "{base+10}"', 'base = "{bas+10}"', "uses {bas}, which is no parameter"),
        ('base = "{base+10}"', "base = -3", "parameter base is -3"),
        ("speed.high = 80", "spead.high = 80", "has neither a signal nor an alarm 'spead'"),
        ("[members.p1]", "[members.both]", "a signal or an alarm of the type has the same name"),
        ("[members.p1]", "[members.alarm]", "is not the name of a member"),
    ],
)
def test_a_member_that_does_not_fit_is_one_sentence_with_file_and_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    found = errors(written(tmp_path, rows=row("base=1"), pumpset=SET.replace(old, new, 1)))
    (one,) = [each for each in found if "member" in each.text]
    assert said in one.text
    assert (Path(one.file).name, one.line) == ("pumpset.toml", 12)
    assert len(found) == 1


def test_a_column_of_a_member_that_nobody_reads_is_told_once_at_the_type(tmp_path: Path) -> None:
    kind = SET.replace("speed.high", "speed.hgh")
    found = [one for one in check_plant(written(tmp_path, pumpset=kind)) if "hgh" in one.text]
    assert [(Path(one.file).name, one.line) for one in found] == [("pumpset.toml", 12)]


def test_types_that_contain_each_other_are_one_sentence_with_the_way(tmp_path: Path) -> None:
    kind = PUMP + '\n[members.spare]\ntype = "station"\nparameters = {base = "{base}"}\n'
    found = errors(written(tmp_path, pump=kind))
    (one,) = [each for each in found if "leads back" in each.text]
    assert "pump > station > pumpset > pump" in one.text
    assert (Path(one.file).name, one.line) == ("pumpset.toml", 12)
    assert len(found) <= 2


def test_a_type_that_contains_what_extends_it_is_a_circle(tmp_path: Path) -> None:
    base = 'schema = "type/1"\nname = "base"\n\n[members.inner]\ntype = "heir"\n'
    heir = 'schema = "type/1"\nname = "heir"\nextends = "base"\n'
    found = errors(written(tmp_path, base=base, heir=heir))
    assert any("heir > heir" in one.text for one in found)


def test_a_bomb_of_members_is_refused(tmp_path: Path) -> None:
    many = "".join(f'\n[members.m{n}]\ntype = "pump"\nparameters = {{base = {n + 1}}}\n' for n in range(60))
    wide = f'schema = "type/1"\nname = "wide"\n{many}'
    inner = many.replace('"pump"', '"wide"').replace("parameters", "# parameters")
    deep = f'schema = "type/1"\nname = "deep"\n{inner}'
    found = errors(written(tmp_path, wide=wide, deep=deep))
    assert any("one deep has 3660 members" in one.text for one in found)


def test_a_row_with_the_name_of_a_member_is_refused(folder: Path) -> None:
    more = ROWS + "pump,north/set1/p1,i_aaaaaa000009,Twice,plc1,base=5\n"
    (found,) = errors(written(folder, rows=more))
    assert "is already in" in found.text


def test_what_names_a_member_that_could_not_be_made_is_not_reported_as_well(folder: Path) -> None:
    alarm = "tag,kind,priority,limit\nnorth/set1/p1.speed,high,2,70\n"
    (folder / "alarms.csv").write_text(alarm, "utf-8")
    found = errors(written(folder, rows=ROWS.replace("Set 1,plc1,base=100", "Set 1,plc1,base=x")))
    assert ["parameter base" in one.text for one in found] == [True]


# --- everything that names them ------------------------------------------------------------------------


def test_all_pumps_of_an_area_are_found_wherever_they_are(folder: Path) -> None:
    plant = open_plant(folder)
    pumps = {one.name for one in instances_of(plant, "type:pump area:north")}
    assert pumps == {
        "north/set1/p1", "north/set1/p2", "north/set2/p1", "north/set2/p2", "north/st1/left/p1", "north/p9",
    }  # fmt: skip
    assert "north/st1/left/p1.speed" in {tag.name for tag in tags_of(plant, "type:pump")}


def test_where_tells_members_with_their_path_and_types_that_contain_one(folder: Path) -> None:
    found = WhereUsed(read_draft(folder))
    uses = {(use.kind, use.name, use.text) for use in found.of_type("pump")}
    assert ("type", "pumpset", "member p1, p2") in uses
    assert ("instance", "north/set1/p1", "Set 1 p1") in uses
    texts = [use.text for use in found.of_instance("north/set1")]
    assert any(text.startswith("p1.running") for text in texts)


def test_a_plant_with_members_is_kept_and_formatted_as_it_is(folder: Path, tmp_path: Path) -> None:
    format_plant(folder)
    before = (folder / "tags.csv").read_bytes()
    format_plant(folder)
    assert (folder / "tags.csv").read_bytes() == before
    plant, key = open_plant(folder), key_of(folder)
    assert key is not None
    assert keep_compiled(plant, key, tmp_path / "data")
    kept = kept_plant(folder, tmp_path / "data")
    assert kept is not None
    assert kept.plant == plant


def test_differences_name_equipment_once_with_all_that_is_in_it(folder: Path) -> None:
    old = open_plant(folder)
    added = ROWS + "pumpset,north/set3,i_aaaaaa000009,Set 3,plc1,base=500\n"
    new = open_plant(written(folder, rows=added))
    assert plant_diff(old, new).sentences == ("pumpset north/set3 added",)
    assert plant_diff(new, old).sentences == ("pumpset north/set3 removed",)
    renamed = open_plant(written(folder, rows=ROWS.replace("north/set1,", "north/first,")))
    sentences = plant_diff(old, renamed).sentences
    assert [text for text in sentences if "renamed" in text] == ["pumpset north/set1 renamed to north/first"]
    less = open_plant(
        written(
            folder,
            rows=ROWS.replace(
                "Set 1,plc1,base=100", "Set 1,plc1,base=100;p2.present=false;both.present=false"
            ),
        )
    )
    assert "pump north/set1/p2 removed" in plant_diff(old, less).sentences


def test_a_rename_takes_the_members_with_it_wherever_they_are_named(folder: Path) -> None:
    watch = (
        'schema = "type/1"\nname = "watch"\n\n[members.w]\ntype = "watched"\n'
        'parameters = {source = "{of}"}\n\n[parameters.of]\ntype = "string"\n'
    )
    watched = (
        'schema = "type/1"\nname = "watched"\n\n[parameters.source]\ntype = "string"\n\n'
        '[signals.fast]\ntype = "bool"\nexpression = "\'{source}.speed\' > 50"\nhistory = true\n'
    )
    rows = ROWS + (
        "watch,north/w1,i_aaaaaa000010,W,,of=north/set1/p1\n"
        "watch,north/w2,i_aaaaaa000011,W,,of=north/p9;w.source=north/set1/p2\n"
    )
    written(folder, rows=rows, watch=watch, watched=watched)
    alarm = "tag,kind,priority,limit,cause,consequence,action,time_to_respond,id\n"
    alarm += "north/set1/p1.speed,high,2,70,a,b,c,10 min,a_aaaaaa000001\n"
    (folder / "alarms.csv").write_text(alarm, "utf-8")
    before = open_plant(folder)
    assert before.by_name["north/w2/w.fast"].expression == "'north/set1/p2.speed' > 50"

    plan = renaming(folder, {"north/set1": "north/first"})
    assert plan.faults == ()
    apply_import(plan)
    after = open_plant(folder)
    assert after.by_name["north/w1/w.fast"].expression == "'north/first/p1.speed' > 50"
    assert after.by_name["north/w2/w.fast"].expression == "'north/first/p2.speed' > 50"
    assert "north/first/p1.speed" in (folder / "alarms.csv").read_text("utf-8")
    assert not any("set1" in one.name for one in references(folder))
    assert ids(after) == ids(before)


def ids(plant: Plant) -> set[str]:
    return {one.id for one in (*plant.tags, *plant.alarms, *plant.instances.values())}


def test_an_alarm_of_a_member_is_changed_in_the_cell_of_its_row(folder: Path) -> None:
    plant = open_plant(folder)
    alarm = "i_aaaaaa000003.left.p1.alarm.stopped"
    done, faults = change_alarm(folder, alarm, {"priority": "2"}, revision=plant.revision)
    assert faults == ()
    assert done is not None
    assert "left.p1.stopped.priority=2" in (folder / "tags.csv").read_text("utf-8")
    changed = {one.id: int(one.priority) for one in open_plant(folder).alarms}
    assert changed[alarm] == 2
    assert sum(priority == 2 for priority in changed.values()) == 1
