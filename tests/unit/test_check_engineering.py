"""What the linter finds of addresses, numbers, units, alarms, rights and names; each in one sentence with its code."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from hmi.check import check_plant
from hmi.check.codes import code_of
from hmi.project import Finding, new_plant


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def add_rows(path: Path, *rows: dict[str, str]) -> None:
    """Rows by column; columns that the file lacks are added behind the others."""
    found = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    header = [*found[0], *dict.fromkeys(name for row in rows for name in row if name not in found[0])]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([*(row + [""] * (len(header) - len(row)) for row in found[1:])])
    writer.writerows([[row.get(name, "") for name in header] for row in rows])
    path.write_text(out.getvalue(), encoding="utf-8")


def tag(name: str, address: str = "", **more: str) -> dict[str, str]:
    place = {"connection": "plc1", "address": address} if address else {}
    return {
        "kind": "tag",
        "id": "t_" + name[-6:].lower().rjust(8, "0"),
        "name": f"area1/{name}",
        "type": "uint16",
        **place,
        **more,
    }


def alarm(kind: str, **more: str) -> dict[str, str]:
    words = {"cause": "c", "consequence": "c", "action": "a", "time_to_respond": "30 min", "on_delay": "5"}
    return {
        "id": f"a_{kind.replace('_', '')[:6]:0<8}",
        "tag": "area1/ft101",
        "kind": kind,
        "priority": "3",
        **words,
        **more,
    }


def found(folder: Path, name: str) -> list[Finding]:
    return [f for f in check_plant(folder, notes=True) if code_of(f).name == name]


def only(folder: Path, name: str) -> str:
    findings = found(folder, name)
    assert len(findings) == 1, [f.sentence for f in check_plant(folder, notes=True)]
    assert findings[0].do
    return findings[0].text


# addresses


def test_two_points_on_each_other_are_told_with_both_addresses(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("total1", "HR11", type="uint32"), tag("level1", "HR12", type="float32"))
    assert "area1/total1 (HR11) and area1/level1 (HR12) lie on each other" in only(folder, "address-overlap")


def test_one_register_read_as_two_types_is_an_overlap(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("raw001", "HR11"), tag("raw002", "HR11", type="int16"))
    assert found(folder, "address-overlap")


def test_another_byte_order_is_another_way_to_read(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("f00001", "HR11", type="float32"),
             tag("f00002", "HR11", type="float32", options="order=CDAB"))  # fmt: skip
    assert found(folder, "address-overlap")


def test_a_status_word_and_its_bits_are_meant(folder: Path) -> None:
    bits = [tag(f"bit00{n}", f"HR11.{n}", type="bool") for n in (3, 4)]
    field = tag("field1", "HR11", options="wire=bitfield;first=8;count=4")
    add_rows(folder / "tags.csv", tag("word01", "HR11"), *bits, field)
    assert not [f for f in check_plant(folder, notes=True) if code_of(f).name.startswith("address")]


def test_points_beside_each_other_and_in_other_units_are_meant(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("a00001", "HR11", type="uint32"), tag("a00002", "HR13", type="uint32"),
             tag("a00003", "2.HR11", type="float32"), tag("a00004", "IR11", type="float32"))  # fmt: skip
    assert not [f for f in check_plant(folder, notes=True) if code_of(f).name.startswith("address")]


def test_one_place_written_twice_is_a_warning_read_twice_a_note(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("sp0001", "HR11", writable="true", **{"class": "R"}, low="0", high="9"),
             tag("sp0002", "HR11", writable="true", **{"class": "R"}, low="0", high="9"),
             tag("sp0003", "HR12"), tag("sp0004", "HR12"))  # fmt: skip
    assert "area1/sp0001 (HR11) and area1/sp0002 (HR11)" in only(folder, "address-written-twice")
    assert "area1/sp0003 (HR12)" in only(folder, "address-twice")
    assert not [f for f in check_plant(folder) if f.severity == "info"]


def test_two_instances_on_each_other_are_one_finding(folder: Path) -> None:
    pump = {
        "kind": "pump",
        "id": "i_second000",
        "name": "area1/p102",
        "connection": "plc1",
        "parameters": "base=101",
    }
    add_rows(folder / "tags.csv", {**pump, "parameters": "base=102"})
    text = only(folder, "address-overlap")
    assert "area1/p101" in text
    assert "area1/p102" in text


def test_one_opcua_node_of_two_types(folder: Path) -> None:
    with (folder / "plant.toml").open("a", encoding="utf-8") as file:
        file.write('\n[connection.lab]\ndriver = "opcua"\nendpoints = ["opc.tcp://127.0.0.1:4840"]\n')
    node = {"connection": "lab", "address": "ns=2;s=X"}
    add_rows(
        folder / "tags.csv",
        tag(
            "node01",
            **node,
        ),
        tag("node02", **{**node, "type": "string"}),
    )
    assert "area1/node01 (ns=2;s=X)" in only(folder, "address-overlap")


def test_an_address_that_the_driver_does_not_know_has_its_code(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("bad001", "Q17"))
    assert "no mapping row covers 'Q17'" in found(folder, "address")[0].text


# numbers


def test_raw_ends_beyond_the_type_in_the_device(folder: Path) -> None:
    add_rows(
        folder / "tags.csv",
        tag("scaled", "HR11", type="int16", raw_low="4000", raw_high="40000", low="0", high="9"),
    )
    assert "raw values 4000 to 40000 go beyond int16" in only(folder, "raw-beyond-type")


def test_a_range_beyond_the_type_in_the_device(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("count1", "HR11", low="0", high="100000"))
    assert "range 0 to 100000 go beyond uint16" in only(folder, "range-beyond-type")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"deadband": "9", "low": "0", "high": "9"}, "deadband-wide"),
        ({"type": "string", "raw_low": "0", "raw_high": "9", "low": "0", "high": "9", "options": "length=8"},
         "scaled-no-number"),
        ({"type": "enum", "states": "0=Off;7=On", "low": "0", "high": "2"}, "state-outside-range"),
    ],
)  # fmt: skip
def test_numbers_that_do_not_fit_each_other(folder: Path, row: dict[str, str], name: str) -> None:
    add_rows(folder / "tags.csv", tag("odd001", "HR11", **row))
    assert only(folder, name).startswith("area1/odd001")


# units


def test_tags_of_two_units_are_not_added(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("sum001", type="float", expression="'area1/lt101' + 'area1/ft101'"))
    assert "area1/lt101 in m is calculated with area1/ft101 in m³/h" in only(folder, "unit-clash")


@pytest.mark.parametrize(
    "text", ["'area1/lt101' * 'area1/ft101'", "'area1/ft101' + 3", "'area1/ft101' > 5 and 'area1/lt101' > 1"]
)
def test_what_may_be_of_two_units(folder: Path, text: str) -> None:
    add_rows(folder / "tags.csv", tag("sum001", type="float", expression=text))
    assert not found(folder, "unit-clash")


def test_an_alarm_that_compares_two_units(folder: Path) -> None:
    add_rows(folder / "alarms.csv", alarm("deviation", limit="20", setpoint="area1/lt101", hold="5"))
    assert "area1/ft101 in m³/h is compared with area1/lt101 in m" in only(folder, "unit-clash")


def test_the_code_of_another_unit(folder: Path) -> None:
    add_rows(
        folder / "tags.csv",
        tag("press1", "HR11", unit="bar", unit_code="KPA"),
        tag("press2", "HR12", unit="bar", unit_code="BAR"),
    )
    assert "the unit is bar, its code KPA stands for kPa" in only(folder, "unit-code")


def test_a_message_in_another_unit(folder: Path) -> None:
    add_rows(
        folder / "alarms.csv", alarm("high", limit="200", message="Flow above 55 l/s, look at 3 m of pipe")
    )
    assert "the message speaks of l/s, area1/ft101 is in m³/h" in only(folder, "unit-in-text")


# alarms


@pytest.mark.parametrize(
    "row",
    [
        alarm("deviation", limit="250", setpoint="area1/ft101", hold="5"),
        alarm("rate_up", limit="100", window="10"),
        alarm("discrete", tag="area1/p101.running", limit="2"),
    ],
)
def test_an_alarm_that_never_comes(folder: Path, row: dict[str, str]) -> None:
    add_rows(folder / "alarms.csv", row)
    assert only(folder, "alarm-never")


def test_two_alarms_of_one_limit_or_one_name(folder: Path) -> None:
    add_rows(
        folder / "alarms.csv",
        {**alarm("high", limit="200"), "name": "one"},
        {**alarm("high", limit="200"), "id": "a_other00", "name": "two"},
    )
    assert "two and one are raised by the same limit" in only(folder, "alarm-twice")


def test_a_set_point_that_goes_where_its_value_never_does(folder: Path) -> None:
    add_rows(
        folder / "tags.csv",
        tag("flowsp", "HR11", unit="m³/h", low="0", high="400", writable="true", **{"class": "R"}),
    )
    add_rows(folder / "alarms.csv", alarm("deviation", limit="20", setpoint="area1/flowsp", hold="5"))
    assert "goes from 0 to 400, beyond the range" in only(folder, "setpoint-outside-range")


# rights


def test_a_command_without_a_class_is_a_note(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("sp0001", "HR11", writable="true", low="0", high="9"))
    assert only(folder, "command-no-class").startswith("area1/sp0001")


def test_a_command_that_nobody_can_give(folder: Path) -> None:
    with (folder / "plant.toml").open("a", encoding="utf-8") as file:
        file.write('\n[security]\narea_control = "required"\n')
    row = tag("sp0001", "HR11", writable="true", low="0", high="9", **{"class": "R"})
    add_rows(folder / "tags.csv", {**row, "name": "elsewhere/sp0001"})
    assert "nobody can take control of it" in only(folder, "nobody-controls")


def test_a_critical_command_without_any_guard(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("trip01", "HR11", writable="true", low="0", high="1", **{"class": "C"}))
    assert only(folder, "critical-unguarded")


# names, links, files


def test_names_that_differ_in_capital_letters(folder: Path) -> None:
    add_rows(folder / "tags.csv", tag("LT101", "HR11"))
    assert "area1/LT101 differs from area1/lt101" in only(folder, "similar-name")


@pytest.mark.parametrize("name", ["../../etc/passwd", "area1/..", "/area1/x", "area1\\x", "area1/a b"])
def test_a_name_with_parts_of_a_path_is_no_name(folder: Path, name: str) -> None:
    add_rows(folder / "tags.csv", {**tag("x00001", "HR11"), "name": name})
    assert found(folder, "name")


def test_a_scenario_that_names_what_is_not_there(folder: Path) -> None:
    (folder / "training").mkdir()
    (folder / "training" / "start.toml").write_text(
        'schema = "scenario/1"\nname = "start"\n\n[[step]]\ntag = "area1/gone"\n\n[[step]]\ntag = "area1/lt101"\n'
        'display = "nowhere"\n',
        encoding="utf-8",
    )
    told = found(folder, "dead-link")
    assert [(f.line, f.text) for f in told] == [
        (5, "the scenario names the tag 'area1/gone', which is not known"),
        (9, "the scenario names the display 'nowhere', which is not known"),
    ]


def test_an_export_of_an_unknown_type_and_one_of_nothing(folder: Path) -> None:
    job = '\n[[exports]]\nname = "{}"\nto = "files"\ntags = ["{}"]\n[exports.settings]\nfolder = "{}"\n'
    with (folder / "plant.toml").open("a", encoding="utf-8") as file:
        file.write(job.format("a", "type:engine", "x") + job.format("b", "area9/*", "y"))
    assert "export a: the type 'engine' is not known" in only(folder, "dead-link")
    lines = (folder / "plant.toml").read_text(encoding="utf-8").splitlines()
    assert lines[found(folder, "dead-link")[0].line - 1].startswith("tags")
    assert "export b: 'area9/*' names no recorded tag" in only(folder, "export-empty")


def test_a_query_that_cannot_be_read_is_an_error_of_its_export(folder: Path) -> None:
    with (folder / "plant.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[[exports]]\nname = "a"\nto = "files"\ntags = ["typ:pump"]\n[exports.settings]\nfolder = "x"\n'
        )
    assert "export a: a query has no typ:" in only(folder, "plant-file")


def test_marks_of_a_merge_are_told_with_their_line(folder: Path) -> None:
    path = folder / "tags.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    rows[2:2] = ["<<<<<<< ours", rows[2], "=======", rows[2], ">>>>>>> theirs"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    (finding,) = found(folder, "merge-conflict")
    assert finding.line == 3


def test_a_ring_of_types_is_said_once_for_each(folder: Path) -> None:
    for name, above in (("one", "two"), ("two", "one")):
        (folder / "types" / f"{name}.toml").write_text(
            f'schema = "type/1"\nname = "{name}"\nextends = "{above}"\n', encoding="utf-8"
        )
    assert len(found(folder, "type-cycle")) == 2


def test_a_huge_file_is_refused_before_it_is_read(folder: Path) -> None:
    path = folder / "tags.csv"
    with path.open("r+b") as file:
        file.truncate(2 * 2**30)  # sparse: takes no room on the disk
    assert "is 2048 MiB" in found(folder, "too-large")[0].text


def test_a_picture_that_nothing_shows_is_a_note(folder: Path) -> None:
    (folder / "images").mkdir()
    (folder / "images" / "old.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert only_note(folder) == "no display shows this picture"


def only_note(folder: Path) -> str:
    (finding,) = found(folder, "unused-picture")
    return finding.text
