"""The linter: what opens but cannot work is found with file and line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hmi.check import check_plant, exit_code, findings_as_json
from hmi.project import Finding, format_plant, load_plant, new_plant
from hmi.project.shipped import shipped_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_plant(tmp_path / "works")


def edit(folder: Path, name: str, old: str, new: str) -> int:
    """Replace a text once and return its line."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def found(folder: Path, words: str) -> Finding:
    findings = check_plant(folder)
    matching = [f for f in findings if words in f.sentence]
    assert len(matching) == 1, [f.sentence for f in findings]
    return matching[0]


def element(**properties: object) -> str:
    return json.dumps(
        {
            "id": properties.pop("id", "e_0123456789ab"),
            "type": "readout",
            "x": 1,
            "y": 2,
            "w": 80,
            "h": 40,
            **properties,
        }
    )


def add_element(folder: Path, **properties: object) -> int:
    return (
        edit(
            folder, "displays/overview.json", '"elements": [\n', f'"elements": [\n{element(**properties)},\n'
        )
        + 1
    )


def test_a_new_plant_has_no_finding(folder: Path) -> None:
    assert check_plant(folder) == ()
    assert exit_code(()) == 0


def test_a_display_naming_an_unknown_tag_is_an_error_with_its_line(folder: Path) -> None:
    line = add_element(folder, tag="area1/lt102")
    finding = found(folder, "'area1/lt102', which is not known")
    assert (finding.severity, finding.line) == ("error", line)
    assert finding.file == str(folder / "displays" / "overview.json")
    assert finding.do == "did you mean area1/lt101?"
    assert exit_code(check_plant(folder)) == 1


def test_a_binding_naming_an_unknown_tag_is_an_error_with_its_line(folder: Path) -> None:
    line = add_element(folder, tag="area1/lt101", label={"expr": "format('area1/gone', \".1f\")"})
    finding = found(folder, "'area1/gone'")
    assert (finding.severity, finding.line) == ("error", line)


def test_a_binding_that_does_not_compile_is_an_error_with_column(folder: Path) -> None:
    line = add_element(folder, tag="area1/lt101", label={"expr": "1 + open(2)"})
    finding = found(folder, "there is no function open")
    assert (finding.severity, finding.line) == ("error", line)
    assert "column 5" in finding.text


def test_an_unknown_element_type_and_its_tag(folder: Path) -> None:
    line = add_element(folder, type="hologram", tag="area1/gone")
    assert found(folder, "unknown type 'hologram'").line == line
    assert found(folder, "'area1/gone'").line == line


def test_a_property_of_the_wrong_type(folder: Path) -> None:
    line = add_element(folder, tag=17)
    assert found(folder, "tag is 17").line == line


def test_an_element_of_unknown_equipment(folder: Path) -> None:
    line = add_element(folder, type="pump", instance="area1/p109")
    finding = found(folder, "there is no instance 'area1/p109'")
    assert (finding.line, finding.do) == (line, "did you mean area1/p101?")


def test_a_dead_link_between_displays(folder: Path) -> None:
    line = add_element(folder, type="link", display="nowhere")
    assert found(folder, "there is no display 'nowhere'").line == line


def test_a_derived_tag_names_an_unknown_tag(folder: Path) -> None:
    line = edit(folder, "tags.csv", "'area1/lt101' / 5", "'area1/lt1' / 5")
    finding = found(folder, "'area1/lt1', which is not known")
    assert (finding.severity, finding.line) == ("error", line)


def test_a_derived_tag_that_does_not_compile(folder: Path) -> None:
    line = edit(folder, "tags.csv", "'area1/lt101' / 5 * 100", "'area1/lt101' ** 5")
    finding = found(folder, "** is no part of the language")
    assert (finding.severity, finding.line) == ("error", line)


def test_an_expression_of_a_type_is_reported_once_at_the_type(folder: Path) -> None:
    row = "pump,,area1/p102,,Pump P-102,area1,plc1,,,,,,,,,,,base=121"
    edit(folder, "tags.csv", "tag,", f"{row}\ntag,")
    edit(folder, "types/pump.toml", "not '{name}.tripped'", "not '{name}.tripped' +")
    finding = found(folder, "does not read as a calculation")
    assert finding.file == str(folder / "types" / "pump.toml")


def test_a_permissive_that_names_an_unknown_signal(folder: Path) -> None:
    edit(folder, "types/pump.toml", "not '{name}.tripped'", "not '{name}.trapped'")
    assert "area1/p101.speed_sp, permissive" in found(folder, "'area1/p101.trapped'").text


def test_derived_tags_in_a_ring(folder: Path) -> None:
    path = folder / "tags.csv"
    rows = "tag,,area1/r1,,,,,,,,,,,,,'area1/r2',,\ntag,,area1/r2,,,,,,,,,,,,,'area1/r1' + 1,,\n"
    path.write_text(path.read_text(encoding="utf-8") + rows, encoding="utf-8")
    assert "area1/r1 <- area1/r2 <- area1/r1" in found(folder, "is calculated from itself").text


@pytest.mark.parametrize(
    ("old", "new", "words", "severity"),
    [
        ("high,high,4.5,", "high,high,45,", "outside the range", "error"),
        ("high,high,4.5,", "high,high,0.4,", "is not below high", "error"),
        ("high,high,4.5,0.1,5,", "high,high,4.5,9,5,", "as wide as the range", "error"),
        ("high,high,4.5,0.1,5,", "high,high,4.5,,,", "no deadband", "warning"),
        (
            "area1/lt101,high,high,4.5,0.1,",
            "area1/p101.running,high,high,1,0,",
            "use a discrete alarm",
            "error",
        ),
    ],
)
def test_limits_stand_inside_the_range_and_in_order(
    folder: Path, old: str, new: str, words: str, severity: str
) -> None:
    edit(folder, "alarms.csv", old, new)
    assert found(folder, words).severity == severity


def test_an_alarm_on_a_tag_without_a_range(folder: Path) -> None:
    edit(folder, "tags.csv", "m,0,5,1,4", "m,,,,")
    assert {f.severity for f in check_plant(folder) if "without a range" in f.text} == {"warning"}


def test_what_no_one_uses_is_a_warning(folder: Path) -> None:
    (folder / "types" / "valve.toml").write_text('schema = "type/1"\nname = "valve"\n', encoding="utf-8")
    path = folder / "plant.toml"
    spare = '\n[connection.spare]\ndriver = "modbus"\nendpoints = ["tcp://127.0.0.1:503"]\n'
    path.write_text(path.read_text(encoding="utf-8") + spare, encoding="utf-8")
    text = (folder / "displays" / "overview.json").read_text(encoding="utf-8")
    lost = text.replace('"overview"', '"lost"').replace('"level": 1', '"level": 4')
    lost = lost.replace("d_", "d_9").replace("e_", "e_9")
    (folder / "displays" / "lost.json").write_text(lost, encoding="utf-8")
    findings = check_plant(folder)
    assert {f.severity for f in findings} == {"warning"}
    texts = " ".join(f.text for f in findings)
    assert all(word in texts for word in ("is a valve", "connection spare", "display lost"))
    assert exit_code(findings) == 0


def test_findings_as_json_can_be_read_by_machines(folder: Path) -> None:
    line = add_element(folder, tag="area1/lt102")
    (row,) = json.loads(findings_as_json(check_plant(folder)))
    assert row["severity"] == "error"
    assert row["line"] == line
    assert row["sentence"].startswith(f"{row['file']}:{line}: ")


def test_a_plant_with_load_errors_is_checked_as_far_as_it_goes(folder: Path) -> None:
    edit(folder, "tags.csv", "plc1,HR3", "plc7,HR3")
    add_element(folder, tag="area1/gone")
    texts = " ".join(f.text for f in check_plant(folder))
    assert "connection 'plc7'" in texts
    assert "area1/gone" in texts


@pytest.mark.parametrize(
    ("new", "words", "severity"),
    [
        ("limits = [0, 120]", "reach beyond the range", "error"),
        ("limits = [0, 10]", "wider than the command limits", "warning"),
    ],
)
def test_command_limits_stand_inside_the_range(folder: Path, new: str, words: str, severity: str) -> None:
    edit(folder, "types/pump.toml", "limits = [0, 100]", new)
    finding = found(folder, words)
    assert finding.severity == severity
    assert finding.file == str(folder / "types" / "pump.toml")


def test_a_number_that_may_be_anything(folder: Path) -> None:
    edit(folder, "types/pump.toml", "limits = [0, 100]\n", "")
    edit(folder, "types/pump.toml", 'set point"\nunit = "%"\nrange = [0, 100]', 'set point"\nunit = "%"')
    assert found(folder, "any number may be written").severity == "warning"


SHIPPED = [path.parent for path in shipped_path("screens").glob("*/plant.toml")]


@pytest.mark.parametrize("plant", SHIPPED, ids=lambda path: path.name)
def test_shipped_plants_have_no_error(plant: Path) -> None:
    assert [f.sentence for f in check_plant(plant) if f.is_error] == []


@pytest.mark.parametrize("plant", SHIPPED, ids=lambda path: path.name)
def test_shipped_plants_are_canonical(plant: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(plant, tmp_path / "copy"))
    assert format_plant(copy) == (), f"run: hmi format {plant}"


def test_an_area_of_an_element_may_be_the_beginning_of_names(folder: Path) -> None:
    add_element(folder, type="link", display="overview", area="area1/p1")
    assert check_plant(folder) == ()
    add_element(folder, id="e_0123456789ac", type="link", display="overview", area="area2/")
    assert found(folder, "there is no area 'area2/'").severity == "error"


def test_AL_20_an_alarm_that_does_not_say_what_to_do_is_not_released(folder: Path) -> None:
    edit(folder, "types/pump.toml", 'time_to_respond = "10 min"\n', "")
    line = edit(folder, "alarms.csv", "Reduce the inflow or start a pump", "")
    findings = check_plant(folder)
    assert {(Path(f.file).name, f.severity) for f in findings} == {
        ("tags.csv", "error"),
        ("alarms.csv", "error"),
    }
    assert found(folder, "has no action").line == line
    assert load_plant(folder).plant is None


def test_AL_20_a_reason_forces_the_release_and_is_counted(folder: Path) -> None:
    edit(
        folder, "types/pump.toml", 'time_to_respond = "10 min"\n', 'release_forced = "new pump, until May"\n'
    )
    finding = found(folder, "released without consequence, action, time_to_respond")
    assert finding.severity == "warning"
    assert "new pump, until May" in finding.sentence
    assert load_plant(folder).plant is not None


def test_suppress_when_is_known_and_checked(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    alarms = folder / "alarms.csv"
    rows = alarms.read_text(encoding="utf-8").splitlines()
    ends = ("suppress_when", "'area1/ft101' < 1", "'area1/ft909' <")
    alarms.write_text(
        "\n".join(f"{row},{end}" for row, end in zip(rows, ends, strict=True)), encoding="utf-8"
    )
    errors = [f.sentence for f in check_plant(folder)]
    assert len(errors) == 1
    assert errors[0].startswith(f"{alarms}:3: alarm low, suppress_when: ")


def test_displays_may_name_what_a_further_runtime_holds(folder: Path) -> None:
    add_element(folder, tag="north::intake/ft101.flow")
    add_element(folder, id="e_0123456789ac", type="pump", instance="north::intake/p101")
    add_element(folder, id="e_0123456789ad", type="text", text={"expr": "'north::intake/ft101.flow' > 1"})
    add_element(folder, id="e_0123456789ae", type="alarm_mark", area="north::intake")
    assert [f.sentence for f in check_plant(folder) if "north::" in f.sentence] == []


def test_a_prefix_that_no_runtime_can_have_is_found(folder: Path) -> None:
    line = add_element(folder, tag="north west::intake/ft101.flow")
    finding = found(folder, "names the tag 'north west::intake/ft101.flow', which is not known")
    assert (finding.severity, finding.line) == ("error", line)


def test_a_runtime_calculates_with_its_own_tags_only(folder: Path) -> None:
    line = edit(folder, "tags.csv", "'area1/lt101' / 5", "'north::area1/lt101' / 5")
    finding = found(folder, "names the tag 'north::area1/lt101' of another runtime")
    assert (finding.severity, Path(finding.file).name, finding.line) == ("error", "tags.csv", line)


OPCUA = """
[connection.dcs]
driver = "opcua"
endpoints = ["opc.tcp://127.0.0.1:4840"]

[connection.dcs.settings]
"""


@pytest.mark.parametrize(
    ("settings", "severity", "words"),
    [
        ("alarms = 3", "error", "alarms is 3, not of type boolean or array"),
        ("alarms = []", "error", "alarms is an empty list"),
        ('alarms = ["Area 1"]', "error", "is not an OPC UA node"),
        ("alarms = true\nseverity = { P1 = 100, P2 = 200 }", "error", "do not fall from P1 to P4"),
        ("alarms = true\nseverity = { P1 = 1001 }", "error", "no whole number from 1 to 1000"),
        ("alarms = true\nseverity = { P9 = 5 }", "error", "'P9', which is no priority"),
        ('alarms = true\narea = "nowhere"', "error", "there is no area 'nowhere'"),
        ("alarm_queue = 100", "warning", "the server's alarms are not shown"),
    ],
)
def test_settings_of_the_alarms_of_a_server(folder: Path, settings: str, severity: str, words: str) -> None:
    path = folder / "plant.toml"
    path.write_text(path.read_text(encoding="utf-8") + OPCUA + settings + "\n", encoding="utf-8")
    (finding,) = [f for f in check_plant(folder) if words in f.text]
    assert finding.severity == severity
    assert "dcs" in finding.text
    assert finding.line > 0


def test_a_connection_for_the_alarms_of_a_server_needs_no_tag(folder: Path) -> None:
    path = folder / "plant.toml"
    good = OPCUA + 'alarms = true\nseverity = { P1 = 667, P2 = 334 }\narea = "area1"\n'
    path.write_text(path.read_text(encoding="utf-8") + good, encoding="utf-8")
    assert [f.sentence for f in check_plant(folder) if "dcs" in f.text] == []
