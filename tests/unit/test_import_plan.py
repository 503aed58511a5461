"""Proposals against a plant: found again, shown in words, written whole or not at all, and nothing the second time."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hmi.core.errors import ConfigurationError
from hmi.core.identity import is_tag_name
from hmi.project import format_plant, load_plant, new_plant, open_plant
from hmi.project.folder_files import FolderChanged
from hmi.project.import_names import legal_name
from hmi.project.import_plan import ImportPlan, apply_import, plan_import
from hmi.project.importing import (
    Imported,
    ImportFault,
    Place,
    ProposedAlarm,
    ProposedConnection,
    ProposedRow,
    ProposedType,
)

TYPE = """schema = "type/1"
name = "fan"

[parameters.base]
type = "integer"

[signals.speed]
address = "HR{base}"
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "plant")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def row(name: str, line: int = 2, **cells: str) -> ProposedRow:
    usual = {"kind": "tag", "type": "uint16", "connection": "plc1", "address": f"HR{1000 + 10 * line}"}
    return ProposedRow({**usual, **cells, "name": name}, Place(line))


def brought_in(folder: Path, imported: Imported, **how: object) -> ImportPlan:
    plan = plan_import(folder, imported, **how)  # type: ignore[arg-type]
    assert not plan.is_blocked, plan.faults
    apply_import(plan)
    return plan


def changed_row(folder: Path, old: str, new: str) -> None:
    path = folder / "tags.csv"
    text = path.read_text("utf-8")
    assert text.count(old) == 1, (old, text)
    path.write_text(text.replace(old, new), "utf-8")


# ------------------------------------------------------------------------------------------ rows


def test_new_rows_are_added_and_every_other_row_keeps_its_bytes(plant: Path) -> None:
    before = (plant / "tags.csv").read_bytes()
    assert b",options" not in before.split(b"\n")[0]
    plan = brought_in(plant, Imported(rows=[row("area1/x1", unit="m"), row("area1/x2", 3)]))
    after = (plant / "tags.csv").read_bytes()
    assert after.startswith(before)
    assert after[len(before) :].count(b"\n") == 2
    assert (plan.added, plan.changed, plan.unchanged) == (2, 0, 0)
    assert plan.summary == "2 tags added"
    assert plan.sentences == (
        "tag area1/x1 added (HR1020 of plc1, uint16, m)",
        "tag area1/x2 added (HR1030 of plc1, uint16)",
    )


def test_ids_are_those_that_format_would_give(plant: Path) -> None:
    brought_in(plant, Imported(rows=[row("area1/x1")]))
    by_import = open_plant(plant).by_name["area1/x1"].id
    changed_row(plant, by_import, "")
    format_plant(plant)
    assert open_plant(plant).by_name["area1/x1"].id == by_import
    assert format_plant(plant) == ()


def test_a_second_run_changes_no_byte(plant: Path) -> None:
    imported = Imported(
        rows=[row("area1/x1", clamp="no", history="yes", low="0", high="10.0"), row("Chan 1.Dev.Tag")],
        alarms=[ProposedAlarm({"tag": "Chan 1.Dev.Tag", "kind": "high", "limit": "5", "priority": "2"})],
        types=[ProposedType("fan", TYPE)],
        connections=[ProposedConnection("plc7", "modbus", "tcp://10.0.0.7:502", {"unit": 3})],
        areas={"Chan 1": "Channel 1"},
    )
    first = brought_in(plant, imported)
    before = contents(plant)
    second = plan_import(plant, imported)
    assert (second.added, second.changed, second.texts, second.faults) == (0, 0, {}, ())
    assert second.unchanged == first.added - 1  # the area is there and not told
    assert apply_import(second) == ()
    assert contents(plant) == before


def test_a_change_is_told_in_words_and_only_named_cells_count(plant: Path) -> None:
    change = {"low": "0", "high": "10", "unit": "bar", "history": "1"}
    plan = plan_import(plant, Imported(rows=[ProposedRow({"kind": "tag", "name": "area1/lt101", **change})]))
    assert plan.sentences == ("tag area1/lt101: range 0 … 5 -> 0 … 10, unit m -> bar",)
    before = (plant / "tags.csv").read_text("utf-8").split("\n")
    apply_import(plan)
    after = (plant / "tags.csv").read_text("utf-8").split("\n")
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [2]
    tag = open_plant(plant).by_name["area1/lt101"]
    assert (tag.unit, tag.description, tag.address) == ("bar", "Tank level", "HR1")


def test_line_ends_and_the_mark_of_a_file_stay(plant: Path) -> None:
    path = plant / "tags.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    brought_in(plant, Imported(rows=[row("area1/x1")]))
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


def test_rows_written_otherwise_keep_their_bytes_where_another_one_changes(plant: Path) -> None:
    path = plant / "tags.csv"
    text = path.read_text("utf-8").replace("tag,,", "tag,,").replace(",Tank level,", ',"Tank level",')
    path.write_text(text + "\n,,,\n", "utf-8")
    change = ProposedRow({"kind": "tag", "name": "area1/ft101", "unit": "l/s"})
    brought_in(plant, Imported(rows=[change, row("area1/x1")]))
    after = path.read_text("utf-8")
    assert '"Tank level"' in after
    assert ",l/s," in after
    assert after.startswith(text.split("\n")[0])


def test_a_column_that_is_missing_is_added_in_its_place(plant: Path) -> None:
    brought_in(plant, Imported(rows=[row("area1/x1", options="order=CDAB", clamp="true")]))
    header = (plant / "tags.csv").read_text("utf-8").split("\n")[0].split(",")
    assert header[-1] == "options"
    assert header.index("clamp") < header.index("format")
    assert format_plant(plant) == ()


def test_a_tag_renamed_in_the_plant_is_found_by_its_address_and_keeps_its_name(plant: Path) -> None:
    imported = Imported(
        rows=[row("Dev.Level", unit="m"), row("Dev.Twice", 3, expression="", feedback="'Dev.Level' > 1")],
        alarms=[ProposedAlarm({"tag": "Dev.Level", "kind": "high", "limit": "5", "priority": "2"})],
    )
    brought_in(plant, imported)
    changed_row(plant, ",Dev.Level,", ",area1/level,")
    changed_row(plant, "'Dev.Level'", "'area1/level'")
    alarms = plant / "alarms.csv"
    alarms.write_text(alarms.read_text("utf-8").replace(",Dev.Level,", ",area1/level,"), "utf-8")
    before = contents(plant)
    plan = plan_import(plant, imported)
    assert (plan.texts, plan.faults, plan.unchanged) == ({}, (), 3)
    assert plan.notes == ("renamed tags keep their names: Dev.Level is area1/level in the plant",)
    more = Imported(rows=[replace(one, cells={**one.cells, "unit": "bar"}) for one in imported.rows[:1]])
    assert plan_import(plant, more).sentences == ("tag area1/level: unit m -> bar",)
    assert contents(plant) == before


def test_an_address_that_two_rows_have_finds_neither(plant: Path) -> None:
    brought_in(plant, Imported(rows=[row("a/x1", address="HR9"), row("a/x2", address="HR9")]))
    changed_row(plant, ",a/x1,", ",a/y1,")
    changed_row(plant, ",a/x2,", ",a/y2,")
    assert plan_import(plant, Imported(rows=[row("a/x1", address="HR9")])).added == 1


def test_a_row_with_its_id_is_found_and_takes_the_name_of_the_list(plant: Path) -> None:
    key = open_plant(plant).by_name["area1/ft101"].id
    plan = plan_import(plant, Imported(rows=[ProposedRow({"kind": "tag", "id": key, "name": "area1/ft102"})]))
    assert plan.sentences == ("tag area1/ft101: name area1/ft101 -> area1/ft102",)
    apply_import(plan)
    assert open_plant(plant).by_id[key].name == "area1/ft102"


def test_instances_are_rows_too_and_only_what_differs_from_the_type_is_written(plant: Path) -> None:
    fans = Imported(
        rows=[
            ProposedRow({"kind": "fan", "name": "area1/f1", "connection": "plc1", "parameters": "base=500"}),
            ProposedRow({"kind": "fan", "name": "area1/f2", "connection": "plc1", "parameters": "base=x"}, Place(3)),
        ],
        types=[ProposedType("fan", TYPE.replace('type = "integer"\n', 'type = "integer"\ndefault = 7\n'))],
    )  # fmt: skip
    plan = plan_import(plant, fans, skip_faulty=True)
    assert [fault.place.line for fault in plan.faults] == [3]
    assert plan.summary == "1 tag added; 1 type added"
    apply_import(plan)
    assert open_plant(plant).by_name["area1/f1.speed"].address == "HR500"
    whole = ProposedRow(
        {"kind": "fan", "name": "area1/f1", "parameters": "speed.high=80;base=500;speed.low=0"}
    )
    assert plan_import(plant, Imported(rows=[whole])).sentences == (
        "fan area1/f1: parameters base=500 -> speed.high=80;base=500;speed.low=0",
    )
    usual = ProposedRow({"kind": "fan", "name": "area1/f3", "connection": "plc1", "parameters": ""})
    brought_in(plant, Imported(rows=[usual]))
    same = ProposedRow({"kind": "fan", "name": "area1/f3", "parameters": "base=7.0"})
    assert plan_import(plant, Imported(rows=[same])).texts == {}


def test_a_tag_is_not_turned_into_an_instance(plant: Path) -> None:
    plan = plan_import(plant, Imported(rows=[row("area1/lt101", kind="pump", parameters="base=3")]))
    assert plan.is_blocked
    assert plan.faults[0].text == "area1/lt101 is a tag in the plant and a pump in the list"


# ------------------------------------------------------------------------------------------ names

EVIL = (
    "../../etc/passwd", "..\\..\\x", "a/../b", "😀", "Pumpe Größe 1", 'quo"te\'s', "a\x00b\x1b[31m.c", "..", "",
    "x" * 300, "/".join("abcdefghijk"), "=cmd|' /C calc'!A0", "\ud800half", "a\nb", "CON", "-", "tag,with,commas",
    "'; drop table", "{base}", "%s%n", "<script>",
)  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_an_evil_name_becomes_a_legal_one_or_a_fault(plant: Path, name: str) -> None:
    plan = plan_import(plant, Imported(rows=[row(name, 7)]))
    if plan.is_blocked:
        assert legal_name(name) == ""
        assert [fault.place.line for fault in plan.faults] == [7]
        assert "no tag name can be made" in plan.faults[0].text
        return
    apply_import(plan)
    made = open_plant(plant).by_name[legal_name(name)]
    assert is_tag_name(made.name)
    assert made.name == name or made.description
    assert plan_import(plant, Imported(rows=[row(name, 7)])).texts == {}
    assert sorted(path.name for path in plant.parent.iterdir()) == ["plant"]


def test_the_original_name_is_kept_in_the_description_or_told(plant: Path) -> None:
    rows = [row("Höhe 1"), row("Höhe 2", 3, description="Level two"), row("Chan.Dev.Tag", 4)]
    plan = brought_in(plant, Imported(rows=rows))
    tags = open_plant(plant).by_name
    assert tags["Hoehe_1"].description == "Höhe 1"
    assert tags["Hoehe_2"].description == "Level two"
    assert tags["Chan/Dev.Tag"].description == ""
    assert [(fault.text, fault.is_error) for fault in plan.faults] == [("'Höhe 2' becomes Hoehe_2", False)]


def test_names_that_become_the_same_are_a_fault_with_both(plant: Path) -> None:
    plan = plan_import(plant, Imported(rows=[row("a b"), row("a-b", 3), row("a_b", 4), row("a b", 5)]))
    assert [(fault.place.line, fault.text) for fault in plan.faults if fault.is_error] == [
        (4, "'a_b' and 'a b' (line 2) both become a_b"),
        (5, "a b stands in line 2 already"),
    ]


def test_an_id_that_stands_twice_is_a_fault_of_the_second(plant: Path) -> None:
    key = open_plant(plant).by_name["area1/ft101"].id
    rows = [row("area1/ft101", id=key), row("area1/other", 3, id=key)]
    plan = plan_import(plant, Imported(rows=rows))
    assert [(f.place.line, f.text) for f in plan.faults] == [(3, f"the id {key} stands in line 2 already")]


def test_an_area_goes_before_names_that_have_none(plant: Path) -> None:
    rows = [row("Dev.T1"), row("area1/t2", 3)]
    plan = brought_in(plant, Imported(rows=rows), area="north")
    assert {"north/Dev.T1", "area1/t2"} <= set(open_plant(plant).by_name)
    assert "area north added" in plan.sentences
    assert [area.path for area in open_plant(plant).areas] == ["area1", "north"]
    assert plan_import(plant, Imported(rows=rows), area="north").texts == {}


# ------------------------------------------------------------------------------------------ plant.toml, types, alarms


def test_areas_and_connections_are_added_and_comments_stay(plant: Path) -> None:
    before = (plant / "plant.toml").read_text("utf-8")
    imported = Imported(
        rows=[row("hall/cell/x1")],
        areas={"hall": 'Hall "A"', "hall/cell": "Cell", "unused": "Not needed"},
        connections=[
            ProposedConnection("plc_2", "modbus", "tcp://10.0.0.2:502", {"unit": 2, "sparse": True})
        ],
    )
    plan = brought_in(plant, imported)
    after = (plant / "plant.toml").read_text("utf-8")
    kept = iter(after.split("\n"))
    assert all(line in kept for line in before.split("\n"))
    loaded = open_plant(plant)
    assert [(a.path, a.title, a.parent) for a in loaded.areas][1:] == [
        ("hall", 'Hall "A"', ""), ("hall/cell", "Cell", "hall"),
    ]  # fmt: skip
    assert loaded.connections["plc_2"].settings == {"unit": 2, "sparse": True}
    assert plan.summary == "1 tag added; 2 areas added; 1 connection added"


def test_a_connection_of_the_plant_is_never_changed(plant: Path) -> None:
    other = ProposedConnection("plc1", "modbus", "tcp://10.9.9.9:502")
    assert plan_import(plant, Imported(connections=[other])).texts == {}
    plan = plan_import(plant, Imported(connections=[replace(other, driver="opcua")]))
    assert plan.faults[0].text == "the connection plc1 is of the driver modbus in the plant, not opcua"


def test_a_type_of_the_plant_is_never_overwritten(plant: Path) -> None:
    before = contents(plant)
    pump = ProposedType("pump", TYPE.replace('"fan"', '"pump"'))
    assert plan_import(plant, Imported(types=[pump])).texts == {}
    assert contents(plant) == before


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("../../evil", TYPE, "no name of a type"), ("a/b", TYPE, "no name of a type"), ("", TYPE, "no name"),
        ("fan", "name = ", "not valid TOML"), ("fan", 'name = "other"\n', "of a type 'other'"),
        ("fan", 'schema = "type/1"\nname = "fan"\nextends = "fan"\n', "leads back"),
        ("fan", TYPE + '\n[signals.x]\naddress = "{nothing}"\n', "no parameter"),
    ],
)  # fmt: skip
def test_a_type_that_is_wrong_is_a_fault_of_it_alone(plant: Path, name: str, text: str, words: str) -> None:
    place = Place(0, "Types/fan")
    plan = plan_import(plant, Imported(rows=[row("area1/x1")], types=[ProposedType(name, text, place)]))
    assert plan.is_blocked
    fault = plan.faults[0]
    assert words in fault.text
    assert fault.place == place
    rest = plan_import(
        plant,
        Imported(rows=[row("area1/x1")], types=[ProposedType(name, text, place)]),
        skip_faulty=True,
    )
    assert (rest.is_blocked, rest.left_out, list(rest.texts)) == (False, 1, ["tags.csv"])


def test_types_that_extend_each_other_are_refused(plant: Path) -> None:
    ring = [
        ProposedType(one, f'schema = "type/1"\nname = "{one}"\nextends = "{other}"\n')
        for one, other in (("a", "b"), ("b", "c"), ("c", "a"))
    ]
    assert plan_import(plant, Imported(types=ring)).is_blocked


def test_alarms_get_a_reason_until_somebody_rationalises_them(plant: Path) -> None:
    alarm = ProposedAlarm({"tag": "area1/ft101", "kind": "high", "limit": "90", "priority": "1"}, Place(4))
    brought_in(plant, Imported(alarms=[alarm]))
    loaded = next(one for one in open_plant(plant).alarms if one.limit == 90)
    assert loaded.release_forced == "imported, not rationalised yet"
    other = ProposedAlarm({**alarm.cells, "limit": "95.0"})
    plan = plan_import(plant, Imported(alarms=[other]))
    assert plan.sentences == ("alarm high of area1/ft101: limit 90 -> 95.0",)


def test_an_alarm_of_an_instance_that_was_renamed_follows_it(plant: Path) -> None:
    fan = ProposedRow({"kind": "fan", "name": "F.1", "connection": "plc1", "parameters": "base=500"})
    alarm = ProposedAlarm({"tag": "F.1.speed", "kind": "high", "limit": "9", "priority": "3"})
    imported = Imported(rows=[fan], types=[ProposedType("fan", TYPE)], alarms=[alarm])
    brought_in(plant, imported)
    assert {"F/1"} == {one.name for one in open_plant(plant).instances.values()} - {"area1/p101"}
    assert plan_import(plant, imported).texts == {}


# ------------------------------------------------------------------------------------------ faults


def test_every_fault_has_the_line_of_its_row_and_nothing_is_written(plant: Path) -> None:
    rows = [
        row("area1/ok"), row("area1/address", 3, address="nowhere"), row("area1/range", 4, low="5", high="1"),
        row("area1/type", 5, type="word"), row("area1/conn", 6, connection="plc99"), row("area1/scan", 7, scan="x"),
        row("area1/area", 8, area="nowhere"), row("area1/expr", 9, expression="1 +", address="", connection=""),
    ]  # fmt: skip
    alarm = ProposedAlarm({"tag": "no/such.tag", "kind": "high", "limit": "1", "priority": "2"}, Place(20))
    before = contents(plant)
    plan = plan_import(
        plant, Imported(rows=rows, alarms=[alarm], faults=[ImportFault("is no row", Place(30))])
    )
    assert plan.is_blocked
    assert [fault.place.line for fault in plan.faults if fault.is_error][:6] == [3, 4, 5, 6, 7, 8]
    assert {fault.place.line for fault in plan.faults} >= {20, 30}
    assert all("watchkeeper-" not in fault.text for fault in plan.faults)
    with pytest.raises(ValueError, match="faults"):
        apply_import(plan)
    assert contents(plant) == before


def test_what_is_at_fault_may_be_left_out_with_what_rests_on_it(plant: Path) -> None:
    rows = [row("area1/ok"), row("area1/bad", 3, address="nowhere")]
    alarms = [
        ProposedAlarm({"tag": name, "kind": "high", "limit": "1", "priority": "2"}, Place(line))
        for name, line in (("area1/ok", 10), ("area1/bad", 11))
    ]
    plan = plan_import(plant, Imported(rows=rows, alarms=alarms), skip_faulty=True)
    assert not plan.is_blocked
    assert [fault.place.line for fault in plan.faults if fault.is_error] == [3, 11]
    assert plan.left_out == 2
    apply_import(plan)
    assert "area1/ok" in open_plant(plant).by_name
    assert "area1/bad" not in open_plant(plant).by_name


def test_a_plant_that_does_not_open_is_refused_first(plant: Path) -> None:
    changed_row(plant, "HR3", "nothing")
    with pytest.raises(ConfigurationError, match=r"tags\.csv:4"):
        plan_import(plant, Imported(rows=[row("area1/x1")]))


def test_faults_that_were_there_before_do_not_block(plant: Path) -> None:
    display = plant / "displays" / "broken.json"
    display.write_text('{"schema": "display/1", "level": "none", "elements": []}', "utf-8")
    assert load_plant(plant).plant is not None
    assert load_plant(plant).errors
    assert not plan_import(plant, Imported(rows=[row("area1/x1")])).is_blocked


# ------------------------------------------------------------------------------------------ two engineers


@pytest.mark.parametrize("file", ["tags.csv", "plant.toml", "types/pump.toml", "types/new.toml"])
def test_a_plan_is_refused_when_a_file_has_changed_since(plant: Path, file: str) -> None:
    plan = plan_import(plant, Imported(rows=[row("area1/x1")]))
    path = plant / file
    path.write_bytes((path.read_bytes() if path.exists() else b"") + b"\n")
    before = contents(plant)
    with pytest.raises(FolderChanged, match="changed by somebody else"):
        apply_import(plan)
    assert contents(plant) == before


def test_of_two_engineers_one_writes_and_the_other_is_told(plant: Path) -> None:
    plans = [plan_import(plant, Imported(rows=[row(f"area1/of{n}", 2 + n)])) for n in range(4)]
    done: list[int] = []
    refused: list[str] = []

    def one(number: int) -> None:
        try:
            apply_import(plans[number])
            done.append(number)
        except ConfigurationError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert len(refused) == 3
    assert all("somebody else" in text for text in refused)
    assert {name for name in open_plant(plant).by_name if "/of" in name} == {f"area1/of{done[0]}"}


def test_a_failure_of_one_file_puts_the_others_back(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_import(
        plant, Imported(rows=[row("north/x1")], types=[ProposedType("fan", TYPE)]), area="north"
    )
    assert set(plan.texts) == {"tags.csv", "plant.toml", "types/fan.toml"}
    before, real = contents(plant), os.replace
    calls: list[str] = []

    def failing(source: Path, target: Path) -> None:
        calls.append(target.name)
        if len(calls) == 4:  # the journal, two files, and the third one
            raise OSError(errno.ENOSPC, "disk is full")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(ConfigurationError, match="disk is full"):
        apply_import(plan)
    assert contents(plant) == before


# ------------------------------------------------------------------------------------------ any list

_CELLS = st.dictionaries(
    st.sampled_from(["unit", "low", "high", "description", "address", "type", "scan", "states", "history", "area"]),
    st.sampled_from(["", "1", "2.5", "m", "HR5", "HR6", "float32", "fast", "0=Off;1=On", "true", "x;y", "a\nb", "'"]),
    max_size=4,
)  # fmt: skip
_NAMES = st.sampled_from(["area1/a", "area1/b", "B 1.c", "B_1.c", "x/y/z", "area1/lt101", "😀", "a..b"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_NAMES, _CELLS), max_size=6), skip=st.booleans())
def test_any_list_is_applied_once_or_refused_with_places(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, Mapping[str, str]]], skip: bool
) -> None:
    folder = new_plant(tmp_path_factory.mktemp("any") / "plant")
    imported = Imported(rows=[row(name, n, **cells) for n, (name, cells) in enumerate(rows, 2)])
    before = contents(folder)
    plan = plan_import(folder, imported, skip_faulty=skip)
    if plan.is_blocked:
        assert not skip
        assert all(fault.place.line for fault in plan.faults)
        assert contents(folder) == before
    else:
        apply_import(plan)
        open_plant(folder)
        again = plan_import(folder, imported, skip_faulty=skip)
        assert again.texts == {}, (plan.sentences, again.sentences)
    shutil.rmtree(folder.parent)


def test_ten_thousand_rows_take_a_time_that_grows_with_the_rows_alone(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        folder = new_plant(tmp_path / f"p{count}")
        rows = [row(f"line/u{n // 50}.t{n % 50}", n + 2, address=f"HR{200 + n}") for n in range(count)]
        begun = time.process_time()
        plan = plan_import(folder, Imported(rows=rows))
        apply_import(plan)
        assert plan_import(folder, Imported(rows=rows)).unchanged == count
        return time.process_time() - begun

    small, large = seconds(1_000), seconds(10_000)
    assert large < 25 * small


def test_a_type_that_differs_from_that_of_the_plant_is_told(plant: Path) -> None:
    pump = ProposedType("pump", TYPE.replace('"fan"', '"pump"'), Place(0, "Types/pump"))
    (fault,) = plan_import(plant, Imported(types=[pump])).faults
    assert (fault.text, fault.is_error) == ("the plant has a type pump already, and it stays as it is", False)
    own = replace(pump, text=(plant / "types" / "pump.toml").read_text("utf-8"))
    assert plan_import(plant, Imported(types=[own])).faults == ()


@pytest.mark.parametrize(
    ("column", "now", "same", "other"),
    [
        ("type", "float", "float64", "float32"), ("high", "5", "5.0", "5.1"), ("history", "true", "x", "no"),
        ("states", "0=Off;1=On", "1=On;0=Off", "0=Off"), ("deadband", "0.50", ".5", "0.6"), ("unit", "m", "m", "M"),
    ],
)  # fmt: skip
def test_cells_that_mean_the_same_are_no_change(
    plant: Path, column: str, now: str, same: str, other: str
) -> None:
    usual = {"low": "0", "high": "5", column: now}
    brought_in(plant, Imported(rows=[row("area1/x1", 2, **usual)]))
    assert plan_import(plant, Imported(rows=[row("area1/x1", 2, **{**usual, column: same})])).texts == {}
    assert plan_import(plant, Imported(rows=[row("area1/x1", 2, **{**usual, column: other})])).changed == 1


def test_empty_rows_and_cells_of_several_lines_stay_where_their_neighbours_change(plant: Path) -> None:
    path = plant / "tags.csv"
    lines = path.read_text("utf-8").rstrip("\n").split("\n")
    lines[2] = lines[2].replace("Tank level", '"Tank\n,,,\nlevel"')
    path.write_text("\n".join([*lines[:3], ",,,", "", *lines[3:], ",,", ""]), "utf-8")
    before = path.read_text("utf-8")
    unit = {"area1/lt101": "bar", "area1/ft101": "l/s", "area1/lt101_pct": "1"}
    rows = [ProposedRow({"kind": "tag", "name": name, "unit": text}) for name, text in unit.items()]
    brought_in(plant, Imported(rows=[*rows, row("area1/x1")]))
    after = path.read_text("utf-8")
    assert '"Tank\n,,,\nlevel"' in after
    assert "\n,,,\n\n" in after
    kept = after.replace(",bar,", ",m,").replace(",l/s,", ",m³/h,").replace(",1,0,100", ",%,0,100")
    assert kept.startswith(before)
    assert {name: open_plant(plant).by_name[name].unit for name in unit} == unit


@pytest.mark.parametrize(
    "wrong", ["parameters = 3", "[parameters]\nx = 3", "signals = 1", "signals = [1]", "extends = 3"]
)
@pytest.mark.parametrize("name", ["pump", "fan"])
def test_a_type_of_wrong_shape_is_no_crash(plant: Path, name: str, wrong: str) -> None:
    text = f'schema = "type/1"\nname = "{name}"\n{wrong}\n'
    plan = plan_import(
        plant, Imported(rows=[row("area1/x1")], types=[ProposedType(name, text, Place(0, "Types"))])
    )
    assert plan.faults
    assert plan.is_blocked or name == "pump"
